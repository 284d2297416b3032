"""The ticket's tables: the ticket, its history, its audience, the categories."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.accounts.models import Citizen
from domain.kernel.tables import Table, one_of
from domain.kernel.vocabulary import (
    CategorySource,
    Channel,
    ResponseLevel,
    TicketKind,
    TicketStatus,
)

OPEN = ("RECEIVED", "DISPATCHED", "CONTESTED", "ACCEPTED", "SUSPENDED", "REPLIED")
_TAKES_FOLLOWERS = "status in ('RECEIVED','DISPATCHED','CONTESTED','ACCEPTED','SUSPENDED')"


class Category(Table):
    """诉求分类: a tree of three levels, the same words for every city."""

    __tablename__ = "category"
    __table_args__ = (Index("ix_category_parent_code", "parent_code"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    keywords: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(default=0, server_default="0")


class Ticket(Table):
    """诉求/工单: what one citizen asked for, once.

    `status` changes only through `tickets.history.advance`, which asks the transition table and
    writes the history. `deadline` repeats what the REPLY clock says, because every queue is
    ordered by it; a test recomputes it. `category_source` is null without a category, and for
    tickets from before it was kept. `place_code` is the unit that the place pointed to when the
    ticket came in, whichever unit the catalogue then chose: replays ask for it.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        one_of("kind", TicketKind),
        one_of("status", TicketStatus),
        one_of("level", ResponseLevel),
        one_of("channel", Channel),
        one_of("category_source", CategorySource),
        CheckConstraint("char_length(title) between 1 and 200", name="title_length"),
        CheckConstraint("char_length(content) between 1 and 8000", name="content_length"),
        CheckConstraint("(longitude is null) = (latitude is null)", name="location_whole"),
        Index("ix_ticket_citizen_id_id", "citizen_id", "id"),
        Index("ix_ticket_status_id", "status", "id"),
        Index("ix_ticket_lead_unit_id_id", "lead_unit_id", "id"),
        Index("ix_ticket_category_code_id", "category_code", "id"),
        # Of what is open only, and of titles: each step of a ticket writes its index entries anew,
        # and a title has ten trigrams where a content has hundreds.
        Index(
            "ix_ticket_title_open",
            "title",
            postgresql_using="gin",
            postgresql_ops={"title": "gin_trgm_ops"},
            postgresql_where=text(_TAKES_FOLLOWERS),
        ),
        Index(
            "ix_ticket_place_open",
            "latitude",
            "longitude",
            postgresql_where=text(f"latitude is not null and {_TAKES_FOLLOWERS}"),
        ),
        Index("ix_ticket_submitter_id", "submitter", "id"),
        CheckConstraint("part_of_id is null or primary_id is null", name="one_tie"),
        Index(
            "ix_ticket_part_of_id_id",
            "part_of_id",
            "id",
            postgresql_where=text("part_of_id is not null"),
        ),
        CheckConstraint("primary_id <> id", name="follows_another"),
        CheckConstraint("status <> 'MERGED' or primary_id is not null", name="merged_follows"),
        Index(
            "ix_ticket_primary_id_id",
            "primary_id",
            "id",
            postgresql_where=text("primary_id is not null"),
        ),
        Index(
            "ix_ticket_line_id",
            "line_id",
            "id",
            postgresql_where=text("line_id is not null"),
        ),
        Index(
            "ix_ticket_priority_due_id",
            "priority",
            text("COALESCE(deadline, '9999-12-31 00:00:00+00'::timestamp with time zone)"),
            "id",
        ),
        Index(
            "ix_ticket_deadline_open",
            "deadline",
            "id",
            postgresql_where=text(
                "status in ('RECEIVED','DISPATCHED','CONTESTED','ACCEPTED','SUSPENDED')"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    status: Mapped[str]
    level: Mapped[str]
    level_reason: Mapped[str]
    title: Mapped[str]
    content: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str | None]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    category_source: Mapped[str | None]
    citizen_id: Mapped[UUID | None] = mapped_column(ForeignKey(Citizen.id))
    submitter: Mapped[str]
    primary_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"))
    part_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"))
    confidential: Mapped[bool]
    accused_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    lead_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    line_id: Mapped[UUID | None] = mapped_column(ForeignKey("emergency_line.id"))
    priority: Mapped[int] = mapped_column(SmallInteger(), default=1, server_default="1")
    route_reason: Mapped[str | None]
    route_explanation: Mapped[str | None]
    place_code: Mapped[str | None]
    catalogue_number: Mapped[int | None]
    catalogue_rank: Mapped[int | None]
    triage_ground: Mapped[str | None]
    answer: Mapped[str | None]
    round: Mapped[int]
    urge_count: Mapped[int]
    version: Mapped[int]
    submitted_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    escalated_to: Mapped[str | None]
    profile_version: Mapped[int]
    history_length: Mapped[int]
    history_head: Mapped[bytes]

    @property
    def protected(self) -> bool:
        """Whether its citizen is kept from every unit (J32)."""
        return self.confidential or self.kind == TicketKind.REPORT

    @property
    def shut_unit_id(self) -> UUID | None:
        """被反映单位: the unit that must not know of this ticket, nor any below it (J32)."""
        return self.accused_unit_id if self.protected else None


class TicketEvent(Table):
    """One entry of the history (append-only; a trigger refuses update and delete).

    `digest` = SHA-256 over the previous digest and this entry's canonical JSON, so that tampering
    shows (`tickets.history.verify`). `public` entries may be shown to the citizen.
    """

    __tablename__ = "ticket_event"
    __table_args__ = (
        UniqueConstraint("ticket_id", "position"),
        Index("ix_ticket_event_ticket_id_id", "ticket_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    position: Mapped[int]
    kind: Mapped[str]
    status: Mapped[str]
    round: Mapped[int]
    actor_role: Mapped[str]
    actor_subject: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    remark: Mapped[str | None]
    detail: Mapped[dict[str, Any]]
    public: Mapped[bool]
    at: Mapped[datetime]
    digest: Mapped[bytes]


class Audience(Table):
    """Which unit may see which ticket: a row for every assigned unit and each unit above it.

    Derived from assignments and the tree, and stored because it was measured: the page of a street
    among 200,000 tickets needs twenty index probes instead of thousands (docs/decisions/0004).
    `tickets.audience.rebuild` is its definition, and a test compares.
    """

    __tablename__ = "audience"
    twice_is_once = True
    __table_args__ = (Index("ix_audience_ticket_id", "ticket_id"),)

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)


class Supplement(Table):
    """补充: what the citizen added later."""

    __tablename__ = "supplement"
    __table_args__ = (Index("ix_supplement_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    content: Mapped[str]
    at: Mapped[datetime]
