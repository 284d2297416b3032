"""Joint tasks and whistles

A joint unit's part becomes a task: its own times, reply and clocks (B14). Co-handlers, communities
and called units are parts too, so that who sees a ticket keeps its one definition. Whistles and
report-ins are new (S, B33).

Revises: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

_ROLE = "ck_assignment_role_known"
_ROLES = "role in ('LEAD', 'JOINT', 'CO_HANDLER', 'COPY', 'HANDED_DOWN', 'CALLED')"
_TASK: dict[str, sa.types.TypeEngine[Any]] = {
    "contacted_at": sa.DateTime(timezone=True),
    "replied_at": sa.DateTime(timezone=True),
    "reply": sa.Text(),
    "resolved": sa.Boolean(),
    "progress": sa.Text(),
    "progress_at": sa.DateTime(timezone=True),
    "excused_at": sa.DateTime(timezone=True),
    "excuse": sa.Text(),
    "request": sa.Text(),
    "deadline": sa.DateTime(timezone=True),
    "warned_at": sa.DateTime(timezone=True),
    "overdue_at": sa.DateTime(timezone=True),
}
_TABLES = ("task_segment", "report_in", "whistle")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    for name, kind in _TASK.items():
        op.add_column("assignment", sa.Column(name, kind, nullable=True))
    op.drop_constraint(op.f(_ROLE), "assignment", type_="check")
    op.create_check_constraint(op.f(_ROLE), "assignment", _ROLES)
    op.create_index(
        "ix_assignment_unit_part",
        "assignment",
        ["unit_id", "ticket_id"],
        unique=False,
        postgresql_where=sa.text(
            "role in ('JOINT', 'CO_HANDLER', 'HANDED_DOWN', 'CALLED') and ended_at is null"
        ),
    )
    _task_segment()
    _whistle()
    _report_in()


def _task_segment() -> None:
    op.create_table(
        "task_segment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("assignment_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "clock in ('ACCEPT', 'CONTACT', 'REPLY')", name=op.f("ck_task_segment_clock_known")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_task_segment_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_task_segment_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_segment")),
        sa.UniqueConstraint(
            "assignment_id", "position", name=op.f("uq_task_segment_assignment_id_position")
        ),
    )
    op.create_index("ix_task_segment_ticket_id", "task_segment", ["ticket_id"], unique=False)
    op.execute(
        "create trigger refuse_change before update or delete on task_segment "
        "for each row execute function refuse_change()"
    )


def _whistle() -> None:
    op.create_table(
        "whistle",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("meet_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whistled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whistled_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_whistle_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_whistle_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whistle")),
    )
    op.create_index("ix_whistle_ticket_id_id", "whistle", ["ticket_id", "id"], unique=False)
    op.create_index("ix_whistle_unit_id_id", "whistle", ["unit_id", "id"], unique=False)


def _report_in() -> None:
    op.create_table(
        "report_in",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("whistle_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("assignment_id", sa.UUID(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("what", sa.Text(), nullable=True),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_to", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("caller_rating", sa.Integer(), nullable=True),
        sa.Column("caller_remark", sa.Text(), nullable=True),
        sa.Column("caller_rated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_report_in_rating_range")),
        sa.CheckConstraint(
            "caller_rating between 1 and 5", name=op.f("ck_report_in_caller_rating_range")
        ),
        sa.CheckConstraint(
            "(confirmed is null) = (confirmed_at is null)",
            name=op.f("ck_report_in_confirmed_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_report_in_assignment_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_report_in_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_report_in_unit_id")),
        sa.ForeignKeyConstraint(
            ["whistle_id"], ["whistle.id"], name=op.f("fk_report_in_whistle_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_in")),
        sa.UniqueConstraint("whistle_id", "unit_id", name=op.f("uq_report_in_whistle_id_unit_id")),
    )
    for columns in (
        ["ticket_id"], ["unit_id", "id"], ["called_at", "unit_id"], ["assignment_id"],
    ):  # fmt: skip
        op.create_index(f"ix_report_in_{'_'.join(columns)}", "report_in", columns, unique=False)
    op.create_index(
        "ix_report_in_awaited",
        "report_in",
        ["unit_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("reported_at is null"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute("drop trigger refuse_change on task_segment")
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("ix_assignment_unit_part", table_name="assignment")
    op.drop_constraint(op.f(_ROLE), "assignment", type_="check")
    # What the release before does not know cannot stay: it would refuse to read it.
    op.execute("delete from assignment where role not in ('LEAD', 'COPY')")
    op.create_check_constraint(op.f(_ROLE), "assignment", "role in ('LEAD', 'COPY')")
    for name in reversed(_TASK):
        op.drop_column("assignment", name)
