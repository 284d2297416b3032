"""The catalogue

Versions of the dispatch catalogue with their entries and steps, replays with their counts, proposals
from rulings; and on each ticket what the catalogue decided. What was published is a record: a
trigger refuses every change of it.

Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_FUNCTION = """
    create function refuse_change_of_published() returns trigger language plpgsql as $$
    declare
        held text;
    begin
        if tg_table_name = 'catalogue_version' then
            held := old.status;
        elsif tg_op = 'INSERT' then
            select status into held from catalogue_version where id = new.version_id;
        else
            select status into held from catalogue_version where id = old.version_id;
        end if;
        if held is distinct from 'DRAFT' then
            raise exception '% is append-only once it is no draft', tg_table_name
                using errcode = 'restrict_violation';
        end if;
        return case when tg_op = 'DELETE' then old else new end;
    end $$
"""
_ROLES = "ck_assignment_role_known"
_TICKET = ("place_code", "catalogue_number", "catalogue_rank")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    # Joint units and co-handlers have parts too. Every row there is fits the wider list already.
    op.execute(f"alter table assignment drop constraint {_ROLES}")
    op.execute(
        f"alter table assignment add constraint {_ROLES} "
        "check (role in ('LEAD', 'JOINT', 'CO_HANDLER', 'COPY'))"
    )
    op.add_column("ticket", sa.Column("place_code", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("catalogue_number", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("catalogue_rank", sa.Integer(), nullable=True))

    op.create_table(
        "catalogue_version",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'PUBLISHED') = (number is not null and effective_at is not null)",
            name=op.f("ck_catalogue_version_published_whole"),
        ),
        sa.CheckConstraint(
            "status in ('DRAFT', 'PUBLISHED', 'DISCARDED')",
            name=op.f("ck_catalogue_version_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_version")),
        sa.UniqueConstraint("number", name=op.f("uq_catalogue_version_number")),
    )
    op.create_index(
        "ix_catalogue_version_in_force",
        "catalogue_version",
        ["effective_at", "number"],
        unique=False,
        postgresql_where=sa.text("status = 'PUBLISHED'"),
    )
    op.create_table(
        "catalogue_entry",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("kinds", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("from_time", sa.Text(), nullable=True),
        sa.Column("to_time", sa.Text(), nullable=True),
        sa.Column("line_code", sa.Text(), nullable=True),
        sa.Column("keywords", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("joint", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("copies", postgresql.ARRAY(Text()), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "rank < 9999 or (category_code is null and area_code is null and kinds = '{}' and from_time is null and line_code is null and keywords = '{}' and lead = 'PLACE' and joint = '{}' and copies = '{}' and level is null)",
            name=op.f("ck_catalogue_entry_fallback_plain"),
        ),
        sa.CheckConstraint(
            "(from_time is null) = (to_time is null)", name=op.f("ck_catalogue_entry_hours_whole")
        ),
        sa.CheckConstraint("rank between 1 and 9999", name=op.f("ck_catalogue_entry_rank_known")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["catalogue_version.id"], name=op.f("fk_catalogue_entry_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_entry")),
    )
    op.create_index(
        "ix_catalogue_entry_version_id_rank",
        "catalogue_entry",
        ["version_id", "rank"],
        unique=False,
    )
    op.create_index(
        "ux_catalogue_entry_fallback",
        "catalogue_entry",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text("rank = 9999"),
    )
    op.create_table(
        "catalogue_step",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.CheckConstraint(
            "kind in ('DRAFT', 'PUT_ENTRY', 'REMOVE_ENTRY', 'MOVE_ENTRY', 'TAKE_PROPOSAL', 'REPLAY', 'PUBLISH', 'ROLL_BACK', 'DISCARD')",
            name=op.f("ck_catalogue_step_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["catalogue_version.id"], name=op.f("fk_catalogue_step_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_step")),
    )
    op.create_index(
        "ix_catalogue_step_version_id_id", "catalogue_step", ["version_id", "id"], unique=False
    )
    op.create_table(
        "catalogue_replay",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("draft_id", sa.UUID(), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("base_id", sa.UUID(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("joint_changed", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.UUID(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('RUNNING', 'DONE', 'OUTDATED')",
            name=op.f("ck_catalogue_replay_status_known"),
        ),
        sa.CheckConstraint("from_at < to_at", name=op.f("ck_catalogue_replay_range_whole")),
        sa.ForeignKeyConstraint(
            ["base_id"], ["catalogue_version.id"], name=op.f("fk_catalogue_replay_base_id")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["catalogue_version.id"], name=op.f("fk_catalogue_replay_draft_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_replay")),
    )
    op.create_index(
        "ix_catalogue_replay_draft_id_id", "catalogue_replay", ["draft_id", "id"], unique=False
    )
    op.create_table(
        "catalogue_move",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("replay_id", sa.UUID(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=True),
        sa.Column("to_code", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("samples", postgresql.ARRAY(Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["replay_id"], ["catalogue_replay.id"], name=op.f("fk_catalogue_move_replay_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_move")),
    )
    op.create_index(
        "ux_catalogue_move_whole",
        "catalogue_move",
        ["replay_id", "from_code", "to_code", "category_code"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "catalogue_proposal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("from_code", sa.Text(), nullable=False),
        sa.Column("to_code", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("draft_id", sa.UUID(), nullable=True),
        sa.CheckConstraint(
            "status in ('OPEN', 'TAKEN', 'DECLINED')",
            name=op.f("ck_catalogue_proposal_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["catalogue_version.id"], name=op.f("fk_catalogue_proposal_draft_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_proposal")),
    )
    op.create_index(
        "ix_catalogue_proposal_draft_id", "catalogue_proposal", ["draft_id"], unique=False
    )
    op.create_index(
        "ix_catalogue_proposal_status_id", "catalogue_proposal", ["status", "id"], unique=False
    )
    op.create_index(
        "ux_catalogue_proposal_open",
        "catalogue_proposal",
        ["category_code", "area_code", "from_code", "to_code"],
        unique=True,
        postgresql_where=sa.text("status = 'OPEN'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "proposal_case",
        sa.Column("proposal_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["catalogue_proposal.id"], name=op.f("fk_proposal_case_proposal_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_proposal_case_ticket_id")
        ),
        sa.PrimaryKeyConstraint("proposal_id", "ticket_id", name=op.f("pk_proposal_case")),
    )
    op.create_index("ix_proposal_case_ticket_id", "proposal_case", ["ticket_id"], unique=False)

    op.execute(_FUNCTION)
    op.execute(
        "create trigger catalogue_version_is_append_only before update or delete "
        "on catalogue_version for each row execute function refuse_change_of_published()"
    )
    op.execute(
        "create trigger catalogue_entry_is_append_only before insert or update or delete "
        "on catalogue_entry for each row execute function refuse_change_of_published()"
    )
    op.execute(
        "create trigger catalogue_step_is_append_only before update or delete "
        "on catalogue_step for each row execute function refuse_change()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")

    op.drop_table("proposal_case")
    op.drop_table("catalogue_proposal")
    op.drop_table("catalogue_move")
    op.drop_table("catalogue_replay")
    op.drop_table("catalogue_step")
    op.drop_table("catalogue_entry")
    op.drop_table("catalogue_version")

    op.execute("drop function refuse_change_of_published()")
    for column in reversed(_TICKET):
        op.drop_column("ticket", column)
    op.execute(f"alter table assignment drop constraint {_ROLES}")
    # Not valid for the rows that there are: a joint unit's part stays on record.
    op.execute(
        f"alter table assignment add constraint {_ROLES} check (role in ('LEAD', 'COPY')) not valid"
    )
