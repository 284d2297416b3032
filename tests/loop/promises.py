"""What holds for every ticket at every moment, asked of the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text

from domain.dispatch import clocks, parts, task_clocks
from domain.dispatch.city import Rules
from domain.dispatch.models import TaskSegment
from domain.dispatch.ticking import read_segment, running, segments_of
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.vocabulary import ClockName, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets import audience, queries
from domain.tickets.assignments import Assignment, AssignmentRole
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
            await tasks_hold(work, rules, ticket)
            await report_ins_hold(work, ticket)
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
            "select kind, payload->>'round' as round from timer "
            "where subject_id = :id and fired_at is null and kind like 'clock.%'"
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
    assert len(armed) == len(set(armed)), "a clock has one next point"
    ended = await _brought_to_the_city(work, ticket)
    due = {f"clock.{clock.value}" for clock in running(ticket)} - ended
    assert set(armed) == {(kind, ticket.round) for kind in due}


async def tasks_hold(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """A joint task's deadline is what its segments say, an open one has one next point a clock, and
    the lead has not replied while one was open."""
    tasks = (
        await work.session.scalars(
            select(Assignment).where(
                Assignment.ticket_id == ticket.id, Assignment.role == AssignmentRole.JOINT.value
            )
        )
    ).all()
    status = TicketStatus(ticket.status)
    armed = await _armed(work, ticket, "task.%", "task")
    for task in tasks:
        segments = await work.session.scalars(
            select(TaskSegment)
            .where(TaskSegment.assignment_id == task.id)
            .order_by(TaskSegment.position)
        )
        reply = [
            read_segment(row.kind, row.at, row.cause, row.detail)
            for row in segments
            if row.clock == ClockName.REPLY.value
        ]
        assert task.deadline == clocks.deadline(reply, rules.calendar, rules.zone)
        kinds = [kind for kind, id_ in armed if id_ == str(task.id)]
        assert len(kinds) == len(set(kinds)), "a clock has one next point"
        working = {f"task.{clock.value}" for clock in task_clocks.running(task)}
        if status in ENDED or status is TicketStatus.REPLIED:
            working = set()
        assert set(kinds) <= working
        if task.overdue_at is None and working:
            assert set(kinds) == working
        if status is TicketStatus.REPLIED:
            assert not parts.is_open(task), "the lead replied before a joint unit"
    assert {id_ for _, id_ in armed} <= {str(task.id) for task in tasks}


async def report_ins_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """A report-in has a timer only while it is awaited, and both sides rate at most what was."""
    awaited = await work.session.scalars(
        text(
            "select r.id::text from report_in r join assignment a on a.id = r.assignment_id "
            "join whistle w on w.id = r.whistle_id where r.ticket_id = :id "
            "and r.reported_at is null and w.closed_at is null and a.ended_at is null"
        ),
        {"id": ticket.id},
    )
    armed = [id_ for _, id_ in await _armed(work, ticket, "whistle.%", "report")]
    assert len(armed) == len(set(armed)) and set(armed) <= set(awaited)
    if TicketStatus(ticket.status) in ENDED | {TicketStatus.REPLIED}:
        assert armed == []
    unfounded = await work.session.scalar(
        text(
            "select count(*) from report_in where ticket_id = :id and reported_at is null "
            "and (rating is not null or confirmed is not null or caller_rating is not null)"
        ),
        {"id": ticket.id},
    )
    assert unfounded == 0


async def _armed(work: UnitOfWork, ticket: Ticket, kind: str, name: str) -> list[tuple[str, str]]:
    rows = await work.session.execute(
        text(
            "select kind, payload->>cast(:name as text) as whose from timer "
            "where subject_id = :id and fired_at is null and kind like :kind"
        ),
        {"id": ticket.id, "kind": kind, "name": name},
    )
    return [(row.kind, row.whose) for row in rows]


async def _brought_to_the_city(work: UnitOfWork, ticket: Ticket) -> set[str]:
    """The clocks that have no further point, since their last escalation."""
    rows = await work.session.execute(
        text(
            "select e.detail->>'clock' as clock from ticket_event e where e.ticket_id = :id "
            "and e.kind = 'ESCALATE' and e.detail->>'to' = :city and e.position > coalesce(("
            "  select max(s.position) from ticket_event s where s.ticket_id = :id"
            "  and (s.kind in ('DISPATCH', 'REWORK') or s.kind = 'CLASSIFY'"
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
