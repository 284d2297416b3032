"""What holds for every ticket at every moment, asked of the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from domain.dispatch import clocks, parts, task_clocks
from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.dispatch.models import TaskSegment
from domain.dispatch.ticking import read_segment, recorded, running, timer_kind
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.holidays import revision_of
from domain.kernel.vocabulary import ClockName, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets import audience, queries
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.history import verify
from domain.tickets.models import Ticket
from domain.tickets.workflow import ENDED, Action, Step, next_status
from tests.loop.office_promises import contests_hold, escalations_hold, orders_hold


async def promises_hold(database: Database, rules: Rules, tickets: Sequence[UUID]) -> None:
    """Raises AssertionError where one of the promises is broken for one of these tickets."""
    async with database.unit_of_work(SYSTEM) as work:
        for ticket_id in tickets:
            ticket = await work.session.get(Ticket, ticket_id)
            assert ticket is not None
            await history_holds(work, ticket)
            await one_lead(work, ticket)
            await one_part_each(work, ticket)
            await nobody_accused_has_a_part(work, ticket)
            await clocks_hold(work, await rules_now(work, rules), ticket)
            await next_step(work, ticket, database.clock.now())
            await requests_and_suspensions_hold(work, ticket)
            await marks_hold(work, ticket, database.clock.now())
            await category_holds(work, ticket)
            await tasks_hold(work, await rules_now(work, rules), ticket)
            await report_ins_hold(work, ticket)
            await contests_hold(work, ticket)
            await orders_hold(work, ticket)
            await escalations_hold(work, ticket)
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


async def one_part_each(work: UnitOfWork, ticket: Ticket) -> None:
    """No unit has two tasks in a ticket at once, and none beside a lead that is not there.

    Who is shown a copy may be called to the place as well. Units are asked for their opinion only
    while nobody leads.
    """
    rows = await work.session.execute(
        text(
            "select unit_id, role from assignment where ticket_id = :id and ended_at is null "
            "and role not in ('COPY', 'CALLED', 'CONFEREE')"
        ),
        {"id": ticket.id},
    )
    parts = rows.all()
    assert len({part.unit_id for part in parts}) == len(parts)
    assert not parts or "LEAD" in {part.role for part in parts}
    asked = await work.session.scalar(
        text(
            "select count(*) from assignment where ticket_id = :id and ended_at is null "
            "and role = 'CONFEREE'"
        ),
        {"id": ticket.id},
    )
    assert not asked or ticket.status in {"RECEIVED", "WITHDRAWN"}


async def nobody_accused_has_a_part(work: UnitOfWork, ticket: Ticket) -> None:
    """Whom a report is about, and who stands below, has nothing to do with it but a copy (J32)."""
    done = ENDED | {TicketStatus.REPLIED}
    if ticket.shut_unit_id is None or (ticket.part_of_id and TicketStatus(ticket.status) in done):
        return  # of a part that was replied to before, the reply stands
    parts = await work.session.scalar(
        text(
            "select count(*) from assignment a join unit u on u.id = a.unit_id "
            "where a.ticket_id = :id and a.ended_at is null and a.role <> 'COPY' "
            "and u.lineage @> array[cast(:shut as uuid)]"
        ),
        {"id": ticket.id, "shut": ticket.shut_unit_id},
    )
    assert parts == 0


async def clocks_hold(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """What is stored of each clock is what its segments say; `deadline` repeats the reply's."""
    if ticket.lead_unit_id is None or ticket.status == "WITHDRAWN":
        assert ticket.deadline is None
        return
    found, stored = await recorded(work, [ticket.id]), await _deadlines(work, ticket)
    # What is done keeps the deadline that it had, whatever is declared later.
    counted = running(ticket) if await revision_of(work.session) else list(ClockName)
    for clock in counted:
        segments = found.of(ticket, clock)
        assert stored[clock] == clocks.deadline(segments, rules.calendar, rules.zone), clock
    assert ticket.deadline == stored[ClockName.REPLY]


async def next_step(work: UnitOfWork, ticket: Ticket, now: datetime) -> None:
    """No ticket lies where nobody and nothing will ever touch it again."""
    rows = await work.session.execute(
        text(
            "select kind, coalesce(payload->>'round', '0') as round from timer "
            "where subject_id = :id and fired_at is null "
            "and split_part(kind, '.', 1) in ('clock', 'suspension', 'contest')"
        ),
        {"id": ticket.id},
    )
    armed = [(row.kind, int(row.round)) for row in rows]
    calls = await work.session.scalar(
        text("select count(*) from callback where ticket_id = :id and status = 'SCHEDULED'"),
        {"id": ticket.id},
    )
    status = TicketStatus(ticket.status)
    merged = status is TicketStatus.MERGED
    asked = status is TicketStatus.REPLIED and ticket.part_of_id is None
    asked = asked or (merged and ticket.replied_at is not None)
    assert calls == (1 if asked else 0)
    if merged:
        await follows(work, ticket)
    assert len(armed) == len(set(armed)), "a clock has one next point"
    review = ("suspension.REVIEW", ticket.round)
    assert (review in armed) is (status is TicketStatus.SUSPENDED), "no suspension is forgotten"
    if merged or status in ENDED or status in {TicketStatus.RECEIVED, TicketStatus.REPLIED}:
        assert armed == []  # RECEIVED stands in the triage queue
        return
    rulings = [each for each in armed if each[0] == "contest.ruling"]
    if status is not TicketStatus.CONTESTED:
        assert rulings == []  # CONTESTED without a timer stands in the supervisors' queue, warned
    due = await _deadlines(work, ticket)
    ended = await _brought_to_the_city(work, ticket)
    open_ = {clock for clock in running(ticket) if due[clock] is not None}
    over = {clock for clock in open_ & ended if due[clock] <= now}  # type: ignore[operator]
    named = {clock: (timer_kind(clock), ticket.round) for clock in open_}
    points = set(armed) - {review, *rulings}
    assert {named[clock] for clock in open_ - over} <= points
    assert points <= set(named.values()), "what stands has no next point"


async def follows(work: UnitOfWork, ticket: Ticket) -> None:
    """Whoever follows will hear: of a ticket that goes on, or by a call that waits."""
    assert ticket.lead_unit_id is None
    primary = await work.session.get(Ticket, ticket.primary_id)
    assert primary is not None and primary.id != ticket.id
    assert primary.status != TicketStatus.MERGED, "one level only"
    if ticket.replied_at is None:
        assert TicketStatus(primary.status) not in ENDED | {TicketStatus.REPLIED}, "or never again"
    else:
        assert primary.status in {TicketStatus.REPLIED, TicketStatus.CLOSED}


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
        due = await _deadlines_of_task(work, rules, task)
        if parts.is_open(task) or not await revision_of(work.session):
            assert task.deadline == due[ClockName.REPLY]
        kinds = [kind for kind, id_ in armed if id_ == str(task.id)]
        assert len(kinds) == len(set(kinds)), "a clock has one next point"
        going = [clock for clock in task_clocks.running(task) if due[clock] is not None]
        working = {task_clocks.timer_kind(clock) for clock in going}
        if status in ENDED or status is TicketStatus.REPLIED:
            working = set()
        assert set(kinds) <= working
        if task.overdue_at is None and working:
            assert set(kinds) == working
        if status is TicketStatus.REPLIED:
            assert not parts.is_open(task), "the lead replied before a joint unit"
    assert {id_ for _, id_ in armed} <= {str(task.id) for task in tasks}


async def _deadlines_of_task(
    work: UnitOfWork, rules: Rules, task: Assignment
) -> dict[ClockName, datetime | None]:
    rows = await work.session.scalars(
        select(TaskSegment)
        .where(TaskSegment.assignment_id == task.id)
        .order_by(TaskSegment.position)
    )
    recorded = [(row.clock, read_segment(row.kind, row.at, row.cause, row.detail)) for row in rows]
    return {
        clock: clocks.deadline(
            [segment for name, segment in recorded if name == clock.value],
            rules.calendar,
            rules.zone,
        )
        for clock in ClockName
    }


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


async def category_holds(work: UnitOfWork, ticket: Ticket) -> None:
    """A category has a source; the model's is its first suggestion, the centre's is kept."""
    assert (ticket.category_code is None) == (ticket.category_source is None)
    suggested = text(
        "select rank, category_code, probability from category_suggestion "
        "where ticket_id = :id order by rank"
    )
    rows = (await work.session.execute(suggested, {"id": ticket.id})).all()
    assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
    assert not rows or ticket.category_source != "SUBMITTED"
    corrected = await work.session.scalar(
        text(
            "select category_code from category_correction where ticket_id = :id "
            "order by id desc limit 1"
        ),
        {"id": ticket.id},
    )
    if ticket.category_source == "MODEL":
        assert (rows[0].category_code, corrected) == (ticket.category_code, None)
    elif ticket.category_source == "CENTRE":
        assert corrected in {ticket.category_code, None}  # None: confirmed as it was


async def _deadlines(work: UnitOfWork, ticket: Ticket) -> dict[ClockName, datetime | None]:
    """The deadline that each clock of the present round has on record."""
    rows = await work.session.execute(
        text(
            "select clock, deadline from clock_segment where ticket_id = :id and round = :round "
            "order by position"
        ),
        {"id": ticket.id, "round": ticket.round},
    )
    return {ClockName(row.clock): row.deadline for row in rows}


async def _brought_to_the_city(work: UnitOfWork, ticket: Ticket) -> set[ClockName]:
    """The clocks of the present assignment that the city knows of already."""
    rows = await work.session.execute(
        text(
            "select e.detail->>'clock' as clock from ticket_event e where e.ticket_id = :id "
            "and e.kind = 'ESCALATE' and e.detail->>'to' = :city and e.position > coalesce(("
            "  select max(s.position) from ticket_event s where s.ticket_id = :id"
            "  and s.kind in ('DISPATCH', 'REDISPATCH', 'REWORK')), -1)"
        ),
        {"id": ticket.id, "city": UnitLevel.CITY.value},
    )
    return {ClockName(row.clock) for row in rows}


async def requests_and_suspensions_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """One record of a suspension is open exactly while it lasts; no request outlives its object."""
    counts = (
        await work.session.execute(
            text(
                "select (select count(*) from suspension where ticket_id = :id "
                "and ended_at is null) as suspended, "
                "(select count(*) from extension where ticket_id = :id "
                "and status = 'REQUESTED') as asked, (select count(*) from extension "
                "where ticket_id = :id and status = 'APPROVED') as granted, (select count(*) "
                "from clock_segment where ticket_id = :id and kind = 'EXTENSION') as extended"
            ),
            {"id": ticket.id},
        )
    ).one()
    assert counts.suspended == (1 if ticket.status == "SUSPENDED" else 0)
    # A contest leaves the request waiting: it lapses with the lead, and stands where that stays.
    waits = ticket.status in {"ACCEPTED", "CONTESTED", "SUSPENDED"}
    assert counts.asked <= (1 if waits else 0)
    assert counts.granted == counts.extended


async def marks_hold(work: UnitOfWork, ticket: Ticket, now: datetime) -> None:
    """What is marked overdue had a clock that ran out and was not given time again."""
    if ticket.overdue_at is not None and TicketStatus(ticket.status) not in ENDED:
        due = await _deadlines(work, ticket)
        assert any(at is not None and at <= now for at in due.values())


async def audience_holds(work: UnitOfWork, tickets: Sequence[UUID]) -> None:
    """The stored audience is what its definition makes of assignments and tree."""
    stored = text("select unit_id, ticket_id from audience where ticket_id = any(:ids)")
    defined = text(
        "select distinct seen.id, a.ticket_id from assignment a "
        "join unit u on u.id = a.unit_id join unit seen on seen.id = any(u.lineage) "
        "join ticket t on t.id = a.ticket_id where a.ticket_id = any(:ids) "
        "and not (coalesce(t.accused_unit_id = any(seen.lineage), false) "
        "and (t.confidential or t.kind = 'REPORT'))"
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
