"""Tickets with running clocks, many at a time: real rows, made by the domain's own pure parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from domain.dispatch.city import Rules
from domain.dispatch.ticking import start_clocks
from domain.kernel.actor import SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.vocabulary import ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.code import format_code
from domain.tickets.history import ORIGIN, advance
from domain.tickets.models import Ticket, TicketEvent
from domain.tickets.workflow import Action, Step
from domain.units.models import Unit

ROUND = 1
_PAGE = 500


async def make_unit(database: Database, code: str = "T0000001") -> UUID:
    """A unit of the test's own."""
    async with database.unit_of_work(SYSTEM) as work:
        unit_id = work.new_id()
        work.add(
            Unit(
                id=unit_id, code=code, name=f"试验街道{code}", level="STREET", lineage=[unit_id],
                created_at=work.now,
            )
        )  # fmt: skip
    return unit_id


async def dispatched(
    database: Database,
    rules: Rules,
    unit_id: UUID,
    count: int,
    *,
    level: ResponseLevel = ResponseLevel.L1,
    first: int = 1,
) -> list[UUID]:
    """`count` tickets, submitted and dispatched to the unit now, with all their clocks."""
    ids: list[UUID] = []
    for begin in range(first, first + count, _PAGE):
        async with database.unit_of_work(SYSTEM) as work:
            numbers = range(begin, min(begin + _PAGE, first + count))
            tickets = [_ticket(work, rules, unit_id, number, level) for number in numbers]
            work.session.add_all(tickets)
            for ticket in tickets:
                advance(work, ticket, Step.SUBMIT)
                advance(work, ticket, Action.DISPATCH, unit_id=unit_id)
            await work.flush()
            for ticket in tickets:
                await start_clocks(work, rules, ticket, again=False)
            ids += [ticket.id for ticket in tickets]
    return ids


def _ticket(
    work: UnitOfWork, rules: Rules, unit_id: UUID, number: int, level: ResponseLevel
) -> Ticket:
    return Ticket(
        id=work.new_id(),
        code=format_code(work.now.date(), number),
        kind="HELP",
        status="RECEIVED",
        level=level.value,
        level_reason="试验",
        title="路灯不亮",
        content="小区门口的路灯三天不亮",
        channel="PHONE",
        submitter="test",
        confidential=False,
        lead_unit_id=unit_id,
        round=ROUND,
        urge_count=0,
        version=0,
        submitted_at=work.now,
        dispatched_at=work.now,
        profile_version=rules.profile.version,
        history_length=0,
        history_head=ORIGIN,
    )


async def ticket_of(database: Database, ticket_id: UUID) -> Ticket:
    """The ticket as it now stands."""
    async with database.unit_of_work(SYSTEM) as work:
        ticket = await work.session.get(Ticket, ticket_id)
    assert ticket is not None
    return ticket


async def history(database: Database, ticket_id: UUID) -> Sequence[TicketEvent]:
    """All entries of a ticket, in order."""
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.scalars(
            select(TicketEvent)
            .where(TicketEvent.ticket_id == ticket_id)
            .order_by(TicketEvent.position)
        )
        return rows.all()


def move(clock: FixedClock, to: datetime) -> None:
    clock.advance(to - clock.now())
