"""Merging and splitting

A merged ticket names the one that it follows (并单).

Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("ticket", sa.Column("primary_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_ticket_primary_id"), "ticket", "ticket", ["primary_id"], ["id"])
    op.create_check_constraint(op.f("ck_ticket_follows_another"), "ticket", "primary_id <> id")
    op.create_check_constraint(
        op.f("ck_ticket_merged_follows"), "ticket", "status <> 'MERGED' or primary_id is not null"
    )
    op.create_index(
        "ix_ticket_primary_id_id",
        "ticket",
        ["primary_id", "id"],
        postgresql_where=sa.text("primary_id is not null"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_index("ix_ticket_primary_id_id", table_name="ticket")
    op.drop_constraint(op.f("ck_ticket_merged_follows"), "ticket")
    op.drop_constraint(op.f("ck_ticket_follows_another"), "ticket")
    op.drop_constraint(op.f("fk_ticket_primary_id"), "ticket")
    op.drop_column("ticket", "primary_id")
