"""Emergency lines

A line's tickets go first in every queue: `priority` comes before the deadline, and before the hour
of a callback. Both indexes of the queues are made anew with it in front.

Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

_DUE = "COALESCE(deadline, '9999-12-31 00:00:00+00'::timestamp with time zone)"
_SCHEDULED = sa.text("status = 'SCHEDULED'")
_ON_A_LINE = sa.text("line_id is not null")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_table(
        "emergency_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closing_remark", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "level in ('L1', 'L2', 'L3', 'L4')", name=op.f("ck_emergency_line_level_known")
        ),
        sa.CheckConstraint(
            "cardinality(categories) + cardinality(keywords) > 0",
            name=op.f("ck_emergency_line_takes_something"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_line")),
    )
    op.create_index(
        "ux_emergency_line_open",
        "emergency_line",
        ["code"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index("ix_emergency_line_opened_at", "emergency_line", ["opened_at"])
    op.add_column("ticket", sa.Column("line_id", sa.UUID(), nullable=True))
    op.add_column(
        "ticket", sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.create_foreign_key(
        op.f("fk_ticket_line_id"), "ticket", "emergency_line", ["line_id"], ["id"]
    )
    op.create_index("ix_ticket_line_id", "ticket", ["line_id", "id"], postgresql_where=_ON_A_LINE)
    op.create_index("ix_ticket_priority_due_id", "ticket", ["priority", sa.text(_DUE), "id"])
    op.drop_index("ix_ticket_due_id", table_name="ticket")
    op.add_column(
        "callback", sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.create_index(
        "ix_callback_priority_due",
        "callback",
        ["priority", "due_at", "id"],
        postgresql_where=_SCHEDULED,
    )
    op.drop_index("ix_callback_due", table_name="callback", postgresql_where=_SCHEDULED)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.create_index("ix_callback_due", "callback", ["due_at", "id"], postgresql_where=_SCHEDULED)
    op.drop_index("ix_callback_priority_due", table_name="callback", postgresql_where=_SCHEDULED)
    op.drop_column("callback", "priority")
    op.create_index("ix_ticket_due_id", "ticket", [sa.text(_DUE), "id"])
    op.drop_index("ix_ticket_priority_due_id", table_name="ticket")
    op.drop_index("ix_ticket_line_id", table_name="ticket", postgresql_where=_ON_A_LINE)
    op.drop_constraint(op.f("fk_ticket_line_id"), "ticket", type_="foreignkey")
    op.drop_column("ticket", "priority")
    op.drop_column("ticket", "line_id")
    op.drop_index("ix_emergency_line_opened_at", table_name="emergency_line")
    op.drop_index(
        "ux_emergency_line_open",
        table_name="emergency_line",
        postgresql_where=sa.text("closed_at is null"),
    )
    op.drop_table("emergency_line")
