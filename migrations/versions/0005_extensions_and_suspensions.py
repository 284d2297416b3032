"""Extensions, suspensions, declared holidays

A clock that stands has no deadline; requests for more time, suspensions and holidays that are
declared later have tables of their own.

Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_APPEND_ONLY = ("holiday_declaration", "declared_day")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.alter_column("clock_segment", "deadline", existing_type=_MOMENT, nullable=True)
    _extensions()
    _suspensions()
    _holidays()


def _extensions() -> None:
    op.create_table(
        "extension",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "status in ('REQUESTED', 'APPROVED', 'REFUSED', 'LAPSED')",
            name=op.f("ck_extension_status_known"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_extension_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_extension_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
    )
    op.create_index("ix_extension_ticket_id_id", "extension", ["ticket_id", "id"])
    op.create_index("ix_extension_status_id", "extension", ["status", "id"])
    op.create_index(
        "ux_extension_requested",
        "extension",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("status = 'REQUESTED'"),
    )


def _suspensions() -> None:
    op.create_table(
        "suspension",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("suspended_by", sa.Text(), nullable=False),
        sa.Column("suspended_at", _MOMENT, nullable=False),
        sa.Column("reviewed_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_suspension_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_suspension_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index("ix_suspension_ticket_id_id", "suspension", ["ticket_id", "id"])
    still = sa.text("ended_at is null")
    op.create_index(
        "ix_suspension_review", "suspension", ["review_on", "id"], postgresql_where=still
    )
    op.create_index(
        "ux_suspension_open", "suspension", ["ticket_id"], unique=True, postgresql_where=still
    )


def _holidays() -> None:
    op.create_table(
        "holiday_declaration",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("declared_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday_declaration")),
        sa.UniqueConstraint("revision", name=op.f("uq_holiday_declaration_revision")),
    )
    op.create_table(
        "declared_day",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("declaration_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["holiday_declaration.id"],
            name=op.f("fk_declared_day_declaration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_day")),
    )
    op.create_index("ix_declared_day_declaration_id", "declared_day", ["declaration_id"])
    for table in _APPEND_ONLY:
        op.execute(
            f"create trigger {table}_is_append_only before update or delete on {table} "
            "for each row execute function refuse_change()"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_table("declared_day")
    op.drop_table("holiday_declaration")
    op.drop_table("suspension")
    op.drop_table("extension")
    # What stood has no deadline to go back to; its start is when it was due at the earliest.
    op.execute("alter table clock_segment disable trigger user")
    op.execute("update clock_segment set deadline = at where deadline is null")
    op.execute("alter table clock_segment enable trigger user")
    op.alter_column("clock_segment", "deadline", existing_type=_MOMENT, nullable=False)
