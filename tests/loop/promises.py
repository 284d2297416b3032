"""What holds for every ticket at every moment, asked of the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from domain.dispatch import clocks
from domain.dispatch.city import Rules
from domain.dispatch.ticking import running, segments_of
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.vocabulary import ClockName, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets import audience, queries
from domain.tickets.history import verify
from domain.tickets.models import Ticket
from domain.tickets.workflow import ENDED, Action, Step, next_status


async def promises_hold(database: Database, rules: Rules, tickets: Sequence[UUID]) -> None:
    """Raises AssertionError where one of the promises is broken for one of these tickets."""
    async with database.unit_of_work(SYSTEM) as work:
        for ticket_id in tickets:
            ticket = await work.session.get(Ticket, ticket_id)
            assert ticket is not None
            await history_holds(work, ticket)
            await one_lead(work, ticket)
            await deadline_holds(work, rules, ticket)
            await next_step(work, ticket)
            await contests_hold(work, ticket)
            await orders_hold(work, ticket)
        await audience_holds(work, tickets)
        failed = await work.session.scalar(
            text("select max(last_failure) from timer where subject_id = any(:ids)"),
            {"ids": tickets},
        )
        assert failed is None


async def history_holds(work: UnitOfWork, ticket: Ticket) -> None:
    """The chain is whole, each entry is a way of the table, and each is one version."""
    events = await queries.history_of(work, ticket.id)
    assert verify(ticket, events)
    status: TicketStatus | None = None
    for event in events:
        move = Action(event.kind) if event.kind in set(Action) else Step(event.kind)
        status = next_status(status, move)
        assert status.value == event.status
    assert status is not None and status.value == ticket.status
    assert ticket.version == len(events)
    news = await work.session.scalar(
        text("select count(*) from outbox where payload->>'ticket' = :id"), {"id": str(ticket.id)}
    )
    assert news == len(events), "each step is told once"


async def one_lead(work: UnitOfWork, ticket: Ticket) -> None:
    rows = await work.session.execute(
        text(
            "select unit_id from assignment "
            "where ticket_id = :id and role = 'LEAD' and ended_at is null"
        ),
        {"id": ticket.id},
    )
    leads = [row.unit_id for row in rows]
    assert leads == ([] if ticket.lead_unit_id is None else [ticket.lead_unit_id])


async def deadline_holds(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """`deadline` is what the segments of the reply clock say."""
    if ticket.lead_unit_id is None or ticket.status == "WITHDRAWN":
        assert ticket.deadline is None
        return
    segments = await segments_of(work, ticket.id, ClockName.REPLY, ticket.round)
    assert ticket.deadline == clocks.deadline(segments, rules.calendar, rules.zone)


async def next_step(work: UnitOfWork, ticket: Ticket) -> None:
    """No ticket lies where nobody and nothing will ever touch it again."""
    rows = await work.session.execute(
        text(
            "select kind, coalesce(payload->>'round', '0') as round from timer "
            "where subject_id = :id and fired_at is null"
        ),
        {"id": ticket.id},
    )
    armed = [(row.kind, int(row.round)) for row in rows]
    calls = await work.session.scalar(
        text("select count(*) from callback where ticket_id = :id and status = 'SCHEDULED'"),
        {"id": ticket.id},
    )
    status = TicketStatus(ticket.status)
    assert calls == (1 if status is TicketStatus.REPLIED else 0)
    if status in ENDED or status in {TicketStatus.RECEIVED, TicketStatus.REPLIED}:
        assert armed == []  # RECEIVED stands in the triage queue
        return
    rulings = [each for each in armed if each[0] == "contest.ruling"]
    if status is not TicketStatus.CONTESTED:
        assert rulings == []  # CONTESTED without a timer stands in the supervisors' queue, warned
    armed = [each for each in armed if each not in rulings]
    assert len(armed) == len(set(armed)), "a clock has one next point"
    ended = await _brought_to_the_city(work, ticket)
    due = {f"clock.{clock.value}" for clock in running(ticket)} - ended
    assert set(armed) == {(kind, ticket.round) for kind in due}


async def contests_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """A contested ticket waits for one ruling; what a ruling left or gave is locked."""
    rows = await work.session.execute(
        text("select unit_id, ruling, to_unit_id from contest where ticket_id = :id order by id"),
        {"id": ticket.id},
    )
    contests = rows.all()
    waiting = [contest for contest in contests if contest.ruling is None]
    if ticket.status == "CONTESTED":
        assert len(waiting) == 1 and waiting[0].unit_id == ticket.lead_unit_id
        return
    assert waiting == [] or ticket.status == "WITHDRAWN"
    told = await work.session.execute(
        text(
            "select t.from_unit_id, t.to_unit_id from transfer t "
            "where t.ticket_id = :id and t.cause = 'RULING' order by t.id"
        ),
        {"id": ticket.id},
    )
    upheld = [(one.unit_id, one.to_unit_id) for one in contests if one.ruling == "UPHELD"]
    assert [tuple(row) for row in told] == upheld
    locked = await work.session.scalar(
        text("select count(*) from assignment where ticket_id = :id and locked"), {"id": ticket.id}
    )
    assert locked == len([one for one in contests if one.ruling is not None])


async def orders_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """One open order a trigger; it waits for a report by its timer, or for the supervisor."""
    rows = await work.session.execute(
        text(
            "select o.trigger, o.grade, o.status, o.deadline, o.version, o.opened_at, "
            "  (select array_agg(due_at) from timer where subject_id = o.id and fired_at is null)"
            "    as armed, "
            "  (select array_agg(position order by position) from supervision_step"
            "    where order_id = o.id) as steps "
            "from supervision_order o where o.ticket_id = :id"
        ),
        {"id": ticket.id},
    )
    orders = rows.all()
    open_ = [order.trigger for order in orders if order.status != "CLOSED"]
    assert len(open_) == len(set(open_))
    for order in orders:
        assert order.steps == list(range(order.version)), "each step is on the order's record"
        if order.status != "OPEN":
            assert order.armed is None
        elif order.deadline > work.now:
            assert order.armed == [order.deadline]
    late = await work.session.scalar(
        text(
            "select count(*) from ticket_event where ticket_id = :id and kind = 'OVERDUE' "
            "and detail->>'clock' = 'REPLY'"
        ),
        {"id": ticket.id},
    )
    assert bool(late) == any(order.trigger == "OVERDUE" for order in orders)


async def _brought_to_the_city(work: UnitOfWork, ticket: Ticket) -> set[str]:
    """The clocks that have no further point, since their last escalation."""
    rows = await work.session.execute(
        text(
            "select e.detail->>'clock' as clock from ticket_event e where e.ticket_id = :id "
            "and e.kind = 'ESCALATE' and e.detail->>'to' = :city and e.position > coalesce(("
            "  select max(s.position) from ticket_event s where s.ticket_id = :id"
            "  and (s.kind in ('DISPATCH', 'REDISPATCH', 'REWORK') or s.kind = 'CLASSIFY'"
            "    and s.detail->'before'->>'level' <> s.detail->'after'->>'level')), -1)"
        ),
        {"id": ticket.id, "city": UnitLevel.CITY.value},
    )
    return {f"clock.{row.clock}" for row in rows}


async def audience_holds(work: UnitOfWork, tickets: Sequence[UUID]) -> None:
    """The stored audience is what its definition makes of assignments and tree."""
    stored = text("select unit_id, ticket_id from audience where ticket_id = any(:ids)")
    defined = text(
        "select distinct unnest(u.lineage), a.ticket_id from assignment a "
        "join unit u on u.id = a.unit_id where a.ticket_id = any(:ids)"
    )
    found = [
        {tuple(row) for row in await work.session.execute(statement, {"ids": tickets})}
        for statement in (stored, defined)
    ]
    assert found[0] == found[1]


async def rebuilt_is_the_same(database: Database) -> None:
    """`audience.rebuild` changes nothing in a database in which nothing went wrong."""
    everyone = text("select unit_id, ticket_id from audience")
    async with database.unit_of_work(SYSTEM) as work:
        stored = {tuple(row) for row in await work.session.execute(everyone)}
        await audience.rebuild(work.session)
        assert {tuple(row) for row in await work.session.execute(everyone)} == stored != set()
