"""Contests and supervision

Contests of a dispatch with their rulings, transfers from lead to lead, orders of supervision with
their steps and tickets, escalations; and the lock that a ruling puts on an assignment.

Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

_APPEND_ONLY = ("transfer", "supervision_step", "escalation")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column(
        "assignment",
        sa.Column("locked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("from_unit_id", sa.UUID(), nullable=False),
        sa.Column("to_unit_id", sa.UUID(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cause in ('HAND', 'RULING')", name=op.f("ck_transfer_cause_known")),
        sa.ForeignKeyConstraint(
            ["from_unit_id"], ["unit.id"], name=op.f("fk_transfer_from_unit_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_transfer_ticket_id")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["unit.id"], name=op.f("fk_transfer_to_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index("ix_transfer_at", "transfer", ["at"], unique=False)
    op.create_index("ix_transfer_ticket_id_id", "transfer", ["ticket_id", "id"], unique=False)
    op.create_table(
        "contest",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("assignment_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("suggested_unit_id", sa.UUID(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ruling_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.Column("ruling_reason", sa.Text(), nullable=True),
        sa.Column("ruled_by", sa.Text(), nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_unit_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "coalesce(ruling = 'UPHELD', false) = (to_unit_id is not null)",
            name=op.f("ck_contest_upheld_whole"),
        ),
        sa.CheckConstraint(
            "ruling in ('UPHELD', 'REJECTED')", name=op.f("ck_contest_ruling_known")
        ),
        sa.CheckConstraint(
            "(ruling is null) = (ruled_at is null)", name=op.f("ck_contest_ruling_whole")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_contest_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["suggested_unit_id"], ["unit.id"], name=op.f("fk_contest_suggested_unit_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_contest_ticket_id")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["unit.id"], name=op.f("fk_contest_to_unit_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_contest_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest")),
    )
    op.create_index("ix_contest_raised_at", "contest", ["raised_at"], unique=False)
    op.create_index("ix_contest_ticket_id_id", "contest", ["ticket_id", "id"], unique=False)
    op.create_index("ix_contest_unit_id_id", "contest", ["unit_id", "id"], unique=False)
    op.create_index(
        "ux_contest_unruled",
        "contest",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("ruling is null"),
    )
    op.create_table(
        "supervision_order",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.Column("ruling_reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'CLOSED') = (closed_at is not null)",
            name=op.f("ck_supervision_order_closed_whole"),
        ),
        sa.CheckConstraint(
            "grade in ('ROUTINE', 'KEY', 'TASK_FORCE', 'DISCIPLINE')",
            name=op.f("ck_supervision_order_grade_known"),
        ),
        sa.CheckConstraint(
            "ruling in ('SATISFIED', 'RETURNED', 'WITHDRAWN')",
            name=op.f("ck_supervision_order_ruling_known"),
        ),
        sa.CheckConstraint(
            "status <> 'REPORTED' or report is not null",
            name=op.f("ck_supervision_order_report_whole"),
        ),
        sa.CheckConstraint(
            "status in ('OPEN', 'REPORTED', 'CLOSED')",
            name=op.f("ck_supervision_order_status_known"),
        ),
        sa.CheckConstraint(
            "trigger in ('HAND', 'OVERDUE', 'REWORKS', 'TRANSFERS', 'URGES', 'REPEATED', 'CONCENTRATED')",
            name=op.f("ck_supervision_order_trigger_known"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_supervision_order_ticket_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_supervision_order_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_order")),
    )
    op.create_index(
        "ix_supervision_order_closed_at", "supervision_order", ["closed_at"], unique=False
    )
    op.create_index(
        "ix_supervision_order_status_id", "supervision_order", ["status", "id"], unique=False
    )
    op.create_index(
        "ix_supervision_order_ticket_id", "supervision_order", ["ticket_id"], unique=False
    )
    op.create_index(
        "ix_supervision_order_unit_id_id", "supervision_order", ["unit_id", "id"], unique=False
    )
    op.create_index(
        "ux_supervision_order_open",
        "supervision_order",
        ["trigger", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_table(
        "supervised_ticket",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["supervision_order.id"], name=op.f("fk_supervised_ticket_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_supervised_ticket_ticket_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "ticket_id", name=op.f("pk_supervised_ticket")),
    )
    op.create_index(
        "ix_supervised_ticket_ticket_id", "supervised_ticket", ["ticket_id"], unique=False
    )
    op.create_table(
        "supervision_step",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "grade in ('ROUTINE', 'KEY', 'TASK_FORCE', 'DISCIPLINE')",
            name=op.f("ck_supervision_step_grade_known"),
        ),
        sa.CheckConstraint(
            "kind in ('OPENED', 'REPORTED', 'RETURNED', 'OVERDUE', 'CLOSED')",
            name=op.f("ck_supervision_step_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["supervision_order.id"], name=op.f("fk_supervision_step_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_step")),
        sa.UniqueConstraint(
            "order_id", "position", name=op.f("uq_supervision_step_order_id_position")
        ),
    )
    op.create_table(
        "escalation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "clock in ('ACCEPT', 'CONTACT', 'REPLY')", name=op.f("ck_escalation_clock_known")
        ),
        sa.CheckConstraint(
            "level in ('CITY', 'DISTRICT', 'STREET', 'COMMUNITY', 'DEPARTMENT', 'ENTERPRISE')",
            name=op.f("ck_escalation_level_known"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_escalation_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_escalation_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
    )
    op.create_index("ix_escalation_ticket_id_id", "escalation", ["ticket_id", "id"], unique=False)
    op.create_index("ix_escalation_unit_id_id", "escalation", ["unit_id", "id"], unique=False)
    for table in _APPEND_ONLY:
        op.execute(
            f"create trigger {table}_is_append_only before update or delete on {table} "
            "for each row execute function refuse_change()"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_table("escalation")
    op.drop_table("supervision_step")
    op.drop_table("supervised_ticket")
    op.drop_table("supervision_order")
    op.drop_table("contest")
    op.drop_table("transfer")
    op.drop_column("assignment", "locked")
