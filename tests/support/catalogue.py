"""A catalogue at work in the town: a draft, a replay, proposals; made by the domain's commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from domain.catalogue import drafting, proposals, replaying
from domain.catalogue.models import CatalogueReplay
from domain.kernel import timers
from domain.kernel.actor import SYSTEM
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ResponseLevel, TicketKind
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket
from domain.units.models import Unit
from domain.units.queries import active_by_code

if TYPE_CHECKING:
    from tests.support.data import Builder

STREET, DISTRICT, ROOT, DEPARTMENT = "110105015", "110105", "11", "BJ-ZJW"
EVERYTHING = drafting.EntryForm(
    rank=5, name="全部", area=ROOT, lead=DEPARTMENT, joint=("STREET",), copies=("DISTRICT",)
)
NARROW = drafting.EntryForm(
    rank=6,
    name="夜间供暖",
    category="HOUSING.HEATING",
    area=DISTRICT,
    kinds=(TicketKind.HELP, TicketKind.COMPLAINT),
    from_time="22:00",
    to_time="06:00",
    line="HEATING",
    keywords=("暖气",),
    level=ResponseLevel.L2,
)


async def fill_catalogue(builder: Builder, tickets: list[UUID]) -> dict[str, UUID]:
    """A draft with two entries and a replay of it, and a draft that took a proposal.

    Returns the ids of what was made, by what it is.
    """
    draft = await builder.run("admin", lambda work: drafting.draft_catalogue(work, reason="试行"))
    for form in (EVERYTHING, NARROW):
        await builder.run(
            "admin",
            lambda work, f=form: drafting.put_entry(work, draft.id, f, reason="调整"),
        )
    replay = await replayed(builder, draft.id)
    fresh = await builder.run("admin", lambda work: drafting.draft_catalogue(work, reason="采纳"))
    opened = await builder.run(SYSTEM, lambda work: _propose(work, tickets[0], DEPARTMENT))
    taken = await builder.run(SYSTEM, lambda work: _propose(work, tickets[1], DISTRICT))
    await builder.run(
        "admin",
        lambda work: proposals.decide_proposal(
            work, taken, proposals.ProposalDecision.TAKE, reason="属实", draft_id=fresh.id
        ),
    )
    return {"draft": draft.id, "replay": replay, "open": opened, "fresh": fresh.id, "taken": taken}


async def replayed(builder: Builder, draft: UUID) -> UUID:
    """A replay of all tickets that there are, done; no other timer is fired."""
    now = builder.clock.now()

    async def begin(work: UnitOfWork) -> Any:
        return await replaying.replay_catalogue(
            work, draft, from_at=now.replace(year=now.year - 1), to_at=now
        )

    async def chunk(work: UnitOfWork) -> None:
        replays = await replaying.lock(work, [made.id])
        ids = await work.session.scalars(select(Timer.id).where(Timer.subject_id == made.id))
        taken = await timers.take(work.session, ids.all(), work.now)
        await replaying.fire(work, builder.city.rules.zone, replays, taken)
        await timers.mark_fired(work.session, taken, work.now)

    made: CatalogueReplay = await builder.run("admin", begin)
    await builder.run(SYSTEM, chunk)
    return made.id


async def _propose(work: UnitOfWork, ticket_id: UUID, to: str) -> UUID:
    ticket = await work.session.get(Ticket, ticket_id)
    assert ticket is not None
    ticket.category_code, ticket.place_code = "HOUSING.HEATING", STREET
    units: list[Unit | None] = [await active_by_code(work.session, code) for code in (STREET, to)]
    from_unit, to_unit = units
    assert from_unit is not None and to_unit is not None
    return await proposals.propose_change(
        work, ticket=ticket, from_unit=from_unit, to_unit=to_unit, ground="职责在市级部门"
    )
