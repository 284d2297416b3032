"""Suggested categories

What a model suggested for each ticket, and what the centre made of it. Tickets from before have no
`category_source`: nobody kept who chose their category, and it is not made up afterwards.

Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_APPEND_ONLY = ("category_suggestion", "category_correction")
_SOURCES = "category_source in ('SUBMITTED', 'MODEL', 'CENTRE')"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("ticket", sa.Column("category_source", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_ticket_category_source_known"), "ticket", _SOURCES)
    op.create_table(
        "category_suggestion",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "probability between 0 and 1", name=op.f("ck_category_suggestion_probability_share")
        ),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_category_suggestion_rank_positive")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_category_suggestion_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_category_suggestion_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_suggestion")),
        sa.UniqueConstraint(
            "ticket_id", "rank", name=op.f("uq_category_suggestion_ticket_id_rank")
        ),
    )
    op.create_index(
        "ix_category_suggestion_category_code", "category_suggestion", ["category_code"]
    )
    op.create_table(
        "category_correction",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("previous_code", sa.Text(), nullable=True),
        sa.Column("suggestion_id", sa.UUID(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_category_correction_category_code")
        ),
        sa.ForeignKeyConstraint(
            ["previous_code"], ["category.code"], name=op.f("fk_category_correction_previous_code")
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"],
            ["category_suggestion.id"],
            name=op.f("fk_category_correction_suggestion_id"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_category_correction_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_correction")),
    )
    op.create_index(
        "ix_category_correction_ticket_id_id", "category_correction", ["ticket_id", "id"]
    )
    for column in ("category_code", "previous_code", "suggestion_id"):
        op.create_index(f"ix_category_correction_{column}", "category_correction", [column])
    for table in _APPEND_ONLY:
        op.execute(
            f"create trigger {table}_is_append_only before update or delete on {table} "
            "for each row execute function refuse_change()"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_table("category_correction")
    op.drop_table("category_suggestion")
    op.drop_column("ticket", "category_source")
