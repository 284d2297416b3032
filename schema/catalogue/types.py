"""The catalogue (派单目录) as it is read: versions, entries, steps, replays, proposals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, false

from domain.catalogue import models as rows
from domain.catalogue.entries import FALLBACK_RANK
from domain.catalogue.queries import in_force
from domain.kernel.actor import CENTRE, STAFF, Role
from domain.kernel.visibility import present
from schema.catalogue.words import (
    CatalogueStatus,
    CatalogueStepKind,
    ProposalStatus,
    ReplayStatus,
)
from schema.enums import ResponseLevel, TicketKind
from schema.node import Node, identifier
from schema.reading.declare import Many, One, column, read, reads
from schema.tickets.types import Category, Ticket
from schema.units.types import Unit


def to_staff(role: Role, _row: FromClause) -> ColumnElement[bool] | None:
    """How offices divide their work is shown to those who work there."""
    return None if role in STAFF else false()


def to_the_centre(role: Role, _row: FromClause) -> ColumnElement[bool] | None:
    """What rulings say of units is the centre's business until it is in the catalogue."""
    return None if role in CENTRE else false()


def _category(name: str) -> One:
    return One(lambda: Category, on=lambda row, category: category.c.code == row.c[name])


def _unit(name: str) -> One:
    return One(lambda: Unit, on=lambda row, unit: unit.c.code == row.c[name])


@reads(rows.CatalogueEntry, to_staff, node=True)
@strawberry.type(
    description="One entry of a version: where all its conditions hold, its units act (目录条目)."
)
class CatalogueEntry(Node):
    id: strawberry.ID = identifier("CatalogueEntry")
    rank: int = column(description="The lowest rank whose conditions hold decides (次序).")
    name: str = column(description="What it is about, in a word (名称).")
    category_code: str | None = column(
        description="Only this category and those below it (限定分类)."
    )
    category: Category | None = read(_category("category_code"), description="The same (分类).")
    area_code: str | None = column(description="Only in this unit and what lies in it (限定区域).")
    area: Unit | None = read(_unit("area_code"), description="The same (区域).")
    kinds: list[TicketKind] = column(description="Only these kinds; all if empty (限定类型).")
    from_time: str | None = column(description="Only from this local time, `HH:MM` (起始时刻).")
    to_time: str | None = column(
        description="Until before this local time; may be on the next day (截止时刻)."
    )
    line: str | None = column(
        lambda entry: entry.c.line_code,
        description="Only by this emergency line (限定专席).",
    )
    keywords: list[str] = column(
        description="Only where one of them stands in title or content; all if empty (关键词)."
    )
    lead: str = column(
        description="The unit that leads: its code, or PLACE, STREET, DISTRICT of the place (主办)."
    )
    lead_unit: Unit | None = read(
        _unit("lead"), description="The lead, where it is not relative to the place (主办单位)."
    )
    joint: list[str] = column(description="Units with a task beside it, as `lead` (联合双派).")
    copies: list[str] = column(description="Units that are shown the ticket, as `lead` (抄送).")
    level: ResponseLevel | None = column(
        description="The level of such tickets, unless danger is told (响应等级)."
    )
    is_fallback: bool = column(
        lambda entry: entry.c.rank == FALLBACK_RANK,
        description="Whether it decides what no other does; it cannot be changed (兜底条目).",
    )


@reads(rows.CatalogueStep, to_staff)
@strawberry.type(description="Who did what to a version, and why; never changed (目录操作记录).")
class CatalogueStep:
    kind: CatalogueStepKind = column(description="What (操作).")
    reason: str = column(description="Why (理由).")
    actor: str = column(lambda step: step.c.actor_subject, description="Who (操作人).")
    at: datetime = column(description="When (时间).")


@reads(rows.CatalogueMove, to_staff)
@strawberry.type(description="Tickets of a category that would change their lead (改派去向).")
class CatalogueMove:
    from_unit: Unit | None = read(
        _unit("from_code"), description="Where they went; null for triage (原主办)."
    )
    to_unit: Unit | None = read(
        _unit("to_code"), description="Where they would go; null for triage (新主办)."
    )
    category: Category | None = read(_category("category_code"), description="Category (分类).")
    tickets: int = column(description="How many (件数).")
    samples: list[str] = column(
        description="Codes of up to five of them that are not protected (样例)."
    )


@reads(rows.CatalogueReplay, to_staff, node=True)
@strawberry.type(
    description="Past tickets held against a draft: which would go elsewhere (目录回放)."
)
class CatalogueReplay(Node):
    id: strawberry.ID = identifier("CatalogueReplay")
    status: ReplayStatus = column(description="Where it stands (状态).")
    from_at: datetime = column(name="from", description="Tickets that came in from here (起).")
    to_at: datetime = column(name="to", description="Until before here (止).")
    total: int = column(
        description="Tickets of the range that a catalogue dispatches: no consultation, none whose "
        "unit an agent named (总数)."
    )
    done: int = column(description="Of them looked at so far (已回放).")
    changed: int = column(description="Would get another lead (主办变化).")
    joint_changed: int = column(
        description="Would keep the lead and get other joint units (联办变化)."
    )
    draft: Annotated[CatalogueVersion, strawberry.lazy("schema.catalogue.types")] | None = read(
        One(lambda: CatalogueVersion, on=lambda row, version: version.c.id == row.c.draft_id),
        description="What was tried (草稿).",
    )
    base: Annotated[CatalogueVersion, strawberry.lazy("schema.catalogue.types")] | None = read(
        One(lambda: CatalogueVersion, on=lambda row, version: version.c.id == row.c.base_id),
        description="What it was compared with: in force when it began (对照版本).",
    )
    moves: list[CatalogueMove] = read(
        Many(
            lambda: CatalogueMove,
            on=lambda replay, move: move.c.replay_id == replay.c.id,
            order=lambda move: [move.c.tickets.desc(), move.c.id],
            limit=1000,
        ),
        description="By units and category, the most tickets first; at most 1000 (改派去向).",
    )
    requested_by: str = column(description="Who asked for it (发起人).")
    requested_at: datetime = column(description="When (发起时间).")
    finished_at: datetime | None = column(description="When it was over (结束时间).")


@reads(rows.CatalogueVersion, to_staff, node=True)
@strawberry.type(description="One version of the catalogue, or a draft of one (目录版本).")
class CatalogueVersion(Node):
    id: strawberry.ID = identifier("CatalogueVersion")
    number: int | None = column(description="Its number once it is published (版本号).")
    status: CatalogueStatus = column(description="Where it stands (状态).")
    in_force: bool = column(
        lambda version: (version.c.id == in_force(present())).is_(True),
        description="Whether it decides now (现行).",
    )
    based_on: int | None = column(description="The version that it began as a copy of (依据版本).")
    reason: str = column(description="Why it was begun (起草理由).")
    created_at: datetime = column(description="When it was begun (起草时间).")
    created_by: str = column(description="By whom (起草人).")
    published_at: datetime | None = column(description="When it was published (发布时间).")
    published_by: str | None = column(description="By whom (发布人).")
    effective_at: datetime | None = column(description="From when it decides (生效时间).")
    version: int = column(description="Rises with every change; see `expectedVersion` (修订号).")
    entries: list[CatalogueEntry] = read(
        Many(
            lambda: CatalogueEntry,
            on=lambda version, entry: entry.c.version_id == version.c.id,
            order=lambda entry: [entry.c.rank, entry.c.id],
            limit=2001,
        ),
        description="Its entries, by rank (条目).",
    )
    steps: list[CatalogueStep] = read(
        Many(
            lambda: CatalogueStep,
            on=lambda version, step: step.c.version_id == version.c.id,
            order=lambda step: [step.c.id],
            limit=1000,
        ),
        description="Who did what to it and why, in order; the first 1000 (操作记录).",
    )
    replays: list[CatalogueReplay] = read(
        Many(
            lambda: CatalogueReplay,
            on=lambda version, replay: replay.c.draft_id == version.c.id,
            order=lambda replay: [replay.c.id],
        ),
        description="Past tickets held against it, in order (回放).",
    )


@reads(rows.ProposalCase, to_the_centre)
@strawberry.type(description="One ruling behind a proposal (建议依据).")
class ProposalCase:
    ticket: Ticket | None = read(
        One(lambda: Ticket, on=lambda case, ticket: ticket.c.id == case.c.ticket_id),
        description="The ticket that was contested (工单).",
    )
    ground: str = column(description="What the ruling said (裁定理由).")
    at: datetime = column(description="When (时间).")


@reads(rows.CatalogueProposal, to_the_centre, node=True)
@strawberry.type(
    description="Rulings on contests said that such tickets belong to another unit (目录修改建议)."
)
class CatalogueProposal(Node):
    id: strawberry.ID = identifier("CatalogueProposal")
    category: Category | None = read(
        _category("category_code"), description="Of the tickets (分类)."
    )
    area: Unit | None = read(_unit("area_code"), description="Where they were (区域).")
    from_unit: Unit | None = read(_unit("from_code"), description="Who contested (原主办).")
    to_unit: Unit | None = read(_unit("to_code"), description="Whose they are (应派单位).")
    ground: str = column(description="What the last ruling said (裁定理由).")
    count: int = column(description="How many rulings said so (次数).")
    status: ProposalStatus = column(description="What became of it (状态).")
    first_at: datetime = column(description="The first ruling (首次).")
    last_at: datetime = column(description="The last one (最近).")
    decided_at: datetime | None = column(description="When it was decided on (处理时间).")
    decided_by: str | None = column(description="By whom (处理人).")
    decision_reason: str | None = column(description="Why (处理理由).")
    draft: CatalogueVersion | None = read(
        One(lambda: CatalogueVersion, on=lambda row, version: version.c.id == row.c.draft_id),
        description="The draft that it went into (草稿).",
    )
    cases: list[ProposalCase] = read(
        Many(
            lambda: ProposalCase,
            on=lambda proposal, case: case.c.proposal_id == proposal.c.id,
            order=lambda case: [case.c.at, case.c.ticket_id],
        ),
        description="The rulings, in order; the first 200 (依据).",
    )
