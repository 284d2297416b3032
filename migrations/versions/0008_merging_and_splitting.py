"""Merging and splitting

A merged ticket names the one that it follows (并单), a part its whole (拆单), a report the unit that it is about (J32), and
people are taken off tickets (回避).

Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

_TAKES_FOLLOWERS = "status in ('RECEIVED','DISPATCHED','CONTESTED','ACCEPTED','SUSPENDED')"


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
    op.add_column("ticket", sa.Column("part_of_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_ticket_part_of_id"), "ticket", "ticket", ["part_of_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_ticket_one_tie"), "ticket", "part_of_id is null or primary_id is null"
    )
    op.create_index(
        "ix_ticket_part_of_id_id",
        "ticket",
        ["part_of_id", "id"],
        postgresql_where=sa.text("part_of_id is not null"),
    )
    op.add_column("ticket", sa.Column("accused_unit_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ticket_accused_unit_id"), "ticket", "unit", ["accused_unit_id"], ["id"]
    )
    op.create_table(
        "recusal",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_recusal_ticket_id")),
        sa.PrimaryKeyConstraint("subject", "ticket_id", name=op.f("pk_recusal")),
    )
    op.create_index("ix_recusal_ticket_id", "recusal", ["ticket_id"])
    op.execute(
        "create trigger recusal_is_append_only before update or delete on recusal "
        "for each row execute function refuse_change()"
    )
    op.create_index(
        "ix_ticket_title_open",
        "ticket",
        ["title"],
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
        postgresql_where=sa.text(_TAKES_FOLLOWERS),
    )
    op.create_index(
        "ix_ticket_place_open",
        "ticket",
        ["latitude", "longitude"],
        postgresql_where=sa.text(f"latitude is not null and {_TAKES_FOLLOWERS}"),
    )

    # A ticket that was taken from a unit that contested it may be contested by the next one.
    op.drop_index("ux_contest_unruled", table_name="contest")
    op.create_index(
        "ux_contest_unruled",
        "contest",
        ["assignment_id"],
        unique=True,
        postgresql_where=sa.text("ruling is null"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    # Refused where a ticket has two contests without a ruling: nothing is lost silently.
    op.drop_index("ux_contest_unruled", table_name="contest")
    op.create_index(
        "ux_contest_unruled",
        "contest",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("ruling is null"),
    )
    op.drop_index("ix_ticket_place_open", table_name="ticket")
    op.drop_index("ix_ticket_title_open", table_name="ticket")
    op.drop_table("recusal")
    op.drop_constraint(op.f("fk_ticket_accused_unit_id"), "ticket")
    op.drop_column("ticket", "accused_unit_id")
    op.drop_index("ix_ticket_part_of_id_id", table_name="ticket")
    op.drop_constraint(op.f("ck_ticket_one_tie"), "ticket")
    op.drop_constraint(op.f("fk_ticket_part_of_id"), "ticket")
    op.drop_column("ticket", "part_of_id")
    op.drop_index("ix_ticket_primary_id_id", table_name="ticket")
    op.drop_constraint(op.f("ck_ticket_merged_follows"), "ticket")
    op.drop_constraint(op.f("ck_ticket_follows_another"), "ticket")
    op.drop_constraint(op.f("fk_ticket_primary_id"), "ticket")
    op.drop_column("ticket", "primary_id")
