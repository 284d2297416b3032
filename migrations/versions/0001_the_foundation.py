"""The foundation

Revises:

Expand, backfill, enforce: add what is new so that the old code still runs, fill it in a migration
of its own, and only then make it `not null` or drop what is old. A migration that waits for a lock
makes everybody behind it wait; so it gives up and is run again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_FUNCTIONS = (
    # One sequence a day (tickets.code). Made ahead by the worker; made here when it is not there,
    # by one caller at a time. nextval() needs no lock, so submissions never queue for each other.
    """
    create function prepare_ticket_numbers(day date) returns void language plpgsql as $$
    begin
        perform pg_advisory_xact_lock(hashtext(current_schema() || 'ticket_code'));
        execute format('create sequence if not exists %I', 'ticket_code_' || to_char(day, 'YYYYMMDD'));
    end $$
    """,
    """
    create function next_ticket_number(day date) returns bigint language plpgsql as $$
    declare
        name text := 'ticket_code_' || to_char(day, 'YYYYMMDD');
    begin
        if to_regclass(quote_ident(name)) is null then
            perform prepare_ticket_numbers(day);
        end if;
        return nextval(quote_ident(name)::regclass);
    end $$
    """,
    # What is a record is added to and never changed, not even by a slip of ours.
    """
    create function refuse_change() returns trigger language plpgsql as $$
    begin
        raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end $$
    """,
)
_APPEND_ONLY = ("ticket_event", "clock_segment", "disclosure")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute("create extension if not exists pg_trgm with schema public")
    op.create_table(
        "attempt",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_at", "attempt", ["at"], unique=False)
    op.create_index("ix_attempt_bucket_at", "attempt", ["bucket", "at"], unique=False)
    op.create_table(
        "category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("keywords", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["category.code"], name=op.f("fk_category_parent_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_category")),
    )
    op.create_index("ix_category_parent_code", "category", ["parent_code"], unique=False)
    op.create_table(
        "citizen",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("masked_phone", sa.Text(), nullable=False),
        sa.Column("name_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("masked_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_citizen_phone_index")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("result_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "command", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        "ix_idempotency_key_created_at", "idempotency_key", ["created_at"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("published_at is null"),
    )
    op.create_table(
        "passcode",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passcode")),
    )
    op.create_index("ix_passcode_created_at", "passcode", ["created_at"], unique=False)
    op.create_index(
        "ix_passcode_phone_index_created_at",
        "passcode",
        ["phone_index", "created_at"],
        unique=False,
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "timer",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("armed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
    )
    op.create_index(
        "ix_timer_due",
        "timer",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("fired_at is null"),
    )
    op.create_index(
        "ix_timer_subject",
        "timer",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("fired_at is null"),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("lineage", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column(
            "aliases", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "duties", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("duty_phone", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "level in ('CITY', 'DISTRICT', 'STREET', 'COMMUNITY', 'DEPARTMENT', 'ENTERPRISE')",
            name=op.f("ck_unit_level_known"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    op.create_index("ix_unit_level_code", "unit", ["level", "code"], unique=False)
    op.create_index("ix_unit_lineage", "unit", ["lineage"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_unit_name",
        "unit",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_unit_parent_id_code", "unit", ["parent_id", "code"], unique=False)
    op.create_table(
        "unit_tree",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_tree")),
    )
    op.create_table(
        "disclosure",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("citizen_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "char_length(purpose) between 2 and 500", name=op.f("ck_disclosure_purpose_length")
        ),
        sa.ForeignKeyConstraint(
            ["citizen_id"], ["citizen.id"], name=op.f("fk_disclosure_citizen_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_citizen_id_at", "disclosure", ["citizen_id", "at"], unique=False)
    op.create_index("ix_disclosure_subject_at", "disclosure", ["subject", "at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "role <> 'handler' or unit_id is not null", name=op.f("ck_staff_handler_has_unit")
        ),
        sa.CheckConstraint(
            "role in ('admin', 'agent', 'evaluator', 'handler', 'supervisor')",
            name=op.f("ck_staff_role_known"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_staff_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("subject", name=op.f("uq_staff_subject")),
    )
    op.create_index("ix_staff_unit_id", "staff", ["unit_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("level_reason", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("citizen_id", sa.UUID(), nullable=True),
        sa.Column("submitter", sa.Text(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("lead_unit_id", sa.UUID(), nullable=True),
        sa.Column("route_reason", sa.Text(), nullable=True),
        sa.Column("route_explanation", sa.Text(), nullable=True),
        sa.Column("triage_ground", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("urge_count", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_to", sa.Text(), nullable=True),
        sa.Column("profile_version", sa.Integer(), nullable=False),
        sa.Column("history_length", sa.Integer(), nullable=False),
        sa.Column("history_head", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "channel in ('PHONE', 'WEB', 'WECHAT_MINI_PROGRAM', 'WECHAT_OFFICIAL_ACCOUNT', 'APP', 'SMS', 'MAILBOX', 'WEIBO', 'TOUTIAO', 'PEOPLE_CN', 'STATE_COUNCIL_SUPERVISION', 'NATIONAL_COMPLAINTS', 'OPEN311', 'PARTNER', 'IMPORT')",
            name=op.f("ck_ticket_channel_known"),
        ),
        sa.CheckConstraint(
            "kind in ('CONSULTATION', 'HELP', 'COMPLAINT', 'REPORT', 'SUGGESTION', 'PRAISE')",
            name=op.f("ck_ticket_kind_known"),
        ),
        sa.CheckConstraint("level in ('L1', 'L2', 'L3', 'L4')", name=op.f("ck_ticket_level_known")),
        sa.CheckConstraint(
            "status in ('RECEIVED', 'ANSWERED', 'REDIRECTED', 'MERGED', 'DISPATCHED', 'CONTESTED', 'ACCEPTED', 'SUSPENDED', 'REPLIED', 'CLOSED', 'WITHDRAWN')",
            name=op.f("ck_ticket_status_known"),
        ),
        sa.CheckConstraint(
            "(longitude is null) = (latitude is null)", name=op.f("ck_ticket_location_whole")
        ),
        sa.CheckConstraint(
            "char_length(content) between 1 and 8000", name=op.f("ck_ticket_content_length")
        ),
        sa.CheckConstraint(
            "char_length(title) between 1 and 200", name=op.f("ck_ticket_title_length")
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["category.code"], name=op.f("fk_ticket_category_code")
        ),
        sa.ForeignKeyConstraint(["citizen_id"], ["citizen.id"], name=op.f("fk_ticket_citizen_id")),
        sa.ForeignKeyConstraint(["lead_unit_id"], ["unit.id"], name=op.f("fk_ticket_lead_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("code", name=op.f("uq_ticket_code")),
    )
    op.create_index("ix_ticket_category_code_id", "ticket", ["category_code", "id"], unique=False)
    op.create_index("ix_ticket_citizen_id_id", "ticket", ["citizen_id", "id"], unique=False)
    op.create_index(
        "ix_ticket_deadline_open",
        "ticket",
        ["deadline", "id"],
        unique=False,
        postgresql_where=sa.text(
            "status in ('RECEIVED','DISPATCHED','CONTESTED','ACCEPTED','SUSPENDED')"
        ),
    )
    op.create_index("ix_ticket_lead_unit_id_id", "ticket", ["lead_unit_id", "id"], unique=False)
    op.create_index("ix_ticket_status_id", "ticket", ["status", "id"], unique=False)
    op.create_index("ix_ticket_submitter_id", "ticket", ["submitter", "id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('LEAD', 'COPY')", name=op.f("ck_assignment_role_known")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_assignment_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_assignment_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_ticket_id_id", "assignment", ["ticket_id", "id"], unique=False)
    op.create_index(
        "ix_assignment_unit_id",
        "assignment",
        ["unit_id"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "ux_assignment_lead",
        "assignment",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("role = 'LEAD' and ended_at is null"),
    )
    op.create_table(
        "audience",
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_audience_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_audience_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "ticket_id", name=op.f("pk_audience")),
    )
    op.create_index("ix_audience_ticket_id", "audience", ["ticket_id"], unique=False)
    op.create_table(
        "callback",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("called_by", sa.Text(), nullable=True),
        sa.CheckConstraint("source in ('CALL', 'CITIZEN')", name=op.f("ck_callback_source_known")),
        sa.CheckConstraint(
            "status in ('SCHEDULED', 'ANSWERED', 'UNREACHED', 'CANCELLED')",
            name=op.f("ck_callback_status_known"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_callback_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_callback_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
        sa.UniqueConstraint(
            "ticket_id", "round", "attempt", name=op.f("uq_callback_ticket_id_round_attempt")
        ),
    )
    op.create_index(
        "ix_callback_due",
        "callback",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'SCHEDULED'"),
    )
    op.create_index(
        "ix_callback_scored",
        "callback",
        ["answered_at", "unit_id"],
        unique=False,
        postgresql_where=sa.text("status = 'ANSWERED'"),
    )
    op.create_index(
        "ux_callback_answered",
        "callback",
        ["ticket_id", "round"],
        unique=True,
        postgresql_where=sa.text("status = 'ANSWERED'"),
    )
    op.create_table(
        "clock_segment",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "clock in ('ACCEPT', 'CONTACT', 'REPLY')", name=op.f("ck_clock_segment_clock_known")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_clock_segment_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_segment")),
        sa.UniqueConstraint(
            "ticket_id", "position", name=op.f("uq_clock_segment_ticket_id_position")
        ),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_contact_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_contact_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_ticket_id_id", "contact", ["ticket_id", "id"], unique=False)
    op.create_table(
        "reply",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "char_length(content) between 1 and 8000", name=op.f("ck_reply_content_length")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_reply_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_reply_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("ticket_id", "round", name=op.f("uq_reply_ticket_id_round")),
    )
    op.create_table(
        "supplement",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_supplement_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplement")),
    )
    op.create_index("ix_supplement_ticket_id_id", "supplement", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_subject", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_event_ticket_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_ticket_event_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_event")),
        sa.UniqueConstraint(
            "ticket_id", "position", name=op.f("uq_ticket_event_ticket_id_position")
        ),
    )
    op.create_index(
        "ix_ticket_event_ticket_id_id", "ticket_event", ["ticket_id", "id"], unique=False
    )
    for function in _FUNCTIONS:
        op.execute(function)
    for table in _APPEND_ONLY:
        op.execute(
            f"create trigger {table}_is_append_only before update or delete on {table} "
            "for each row execute function refuse_change()"
        )
    op.execute("insert into unit_tree (id, revision) values (1, 1)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_index("ix_ticket_event_ticket_id_id", table_name="ticket_event")
    op.drop_table("ticket_event")
    op.drop_index("ix_supplement_ticket_id_id", table_name="supplement")
    op.drop_table("supplement")
    op.drop_table("reply")
    op.drop_index("ix_contact_ticket_id_id", table_name="contact")
    op.drop_table("contact")
    op.drop_table("clock_segment")
    op.drop_index(
        "ux_callback_answered",
        table_name="callback",
        postgresql_where=sa.text("status = 'ANSWERED'"),
    )
    op.drop_index(
        "ix_callback_scored", table_name="callback", postgresql_where=sa.text("status = 'ANSWERED'")
    )
    op.drop_index(
        "ix_callback_due", table_name="callback", postgresql_where=sa.text("status = 'SCHEDULED'")
    )
    op.drop_table("callback")
    op.drop_index("ix_audience_ticket_id", table_name="audience")
    op.drop_table("audience")
    op.drop_index(
        "ux_assignment_lead",
        table_name="assignment",
        postgresql_where=sa.text("role = 'LEAD' and ended_at is null"),
    )
    op.drop_index(
        "ix_assignment_unit_id",
        table_name="assignment",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_index("ix_assignment_ticket_id_id", table_name="assignment")
    op.drop_table("assignment")
    op.drop_index("ix_ticket_submitter_id", table_name="ticket")
    op.drop_index("ix_ticket_status_id", table_name="ticket")
    op.drop_index("ix_ticket_lead_unit_id_id", table_name="ticket")
    op.drop_index(
        "ix_ticket_deadline_open",
        table_name="ticket",
        postgresql_where=sa.text(
            "status in ('RECEIVED','DISPATCHED','CONTESTED','ACCEPTED','SUSPENDED')"
        ),
    )
    op.drop_index("ix_ticket_citizen_id_id", table_name="ticket")
    op.drop_index("ix_ticket_category_code_id", table_name="ticket")
    op.drop_table("ticket")
    op.drop_index("ix_staff_unit_id", table_name="staff")
    op.drop_table("staff")
    op.drop_index("ix_disclosure_subject_at", table_name="disclosure")
    op.drop_index("ix_disclosure_citizen_id_at", table_name="disclosure")
    op.drop_table("disclosure")
    op.drop_table("unit_tree")
    op.drop_index("ix_unit_parent_id_code", table_name="unit")
    op.drop_index(
        "ix_unit_name",
        table_name="unit",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index("ix_unit_lineage", table_name="unit", postgresql_using="gin")
    op.drop_index("ix_unit_level_code", table_name="unit")
    op.drop_table("unit")
    op.drop_index(
        "ix_timer_subject", table_name="timer", postgresql_where=sa.text("fired_at is null")
    )
    op.drop_index("ix_timer_due", table_name="timer", postgresql_where=sa.text("fired_at is null"))
    op.drop_table("timer")
    op.drop_table("signing_key")
    op.drop_index("ix_passcode_phone_index_created_at", table_name="passcode")
    op.drop_index("ix_passcode_created_at", table_name="passcode")
    op.drop_table("passcode")
    op.drop_index(
        "ix_outbox_pending", table_name="outbox", postgresql_where=sa.text("published_at is null")
    )
    op.drop_table("outbox")
    op.drop_index("ix_idempotency_key_created_at", table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("citizen")
    op.drop_index("ix_category_parent_code", table_name="category")
    op.drop_table("category")
    op.drop_index("ix_attempt_bucket_at", table_name="attempt")
    op.drop_index("ix_attempt_at", table_name="attempt")
    op.drop_table("attempt")
    op.execute(
        """
        do $$ declare name text; begin
            for name in select sequencename from pg_sequences
                where schemaname = current_schema() and sequencename like 'ticket\\_code\\_%'
            loop execute format('drop sequence %I', name); end loop;
        end $$
        """
    )
    op.execute("drop function refuse_change()")
    op.execute("drop function next_ticket_number(date)")
    op.execute("drop function prepare_ticket_numbers(date)")
