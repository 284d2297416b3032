"""吹哨报到: call units, report in, confirm, rate each other, close (S, B33).

Every step locks the ticket first, so that a report-in and the closing of its whistle take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.dispatch import clocks, parts
from domain.dispatch.city import Rules
from domain.dispatch.helping import due_faults
from domain.kernel.errors import Fault, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ResponseLevel, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets import queries as tickets
from domain.tickets.assignments import Assignment, AssignmentRole
from domain.tickets.commands import MOST_REMARK
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Action
from domain.units.models import Unit
from domain.whistles import lateness, queries
from domain.whistles.models import ReportIn, Whistle

MOST_PLACE = 500

# A whistle goes up or sideways: what is the upper levels' work is not pushed down (B17, N).
_MAY_CALL = {
    UnitLevel.STREET: frozenset(
        {UnitLevel.STREET, UnitLevel.DISTRICT, UnitLevel.DEPARTMENT, UnitLevel.ENTERPRISE}
    ),
    UnitLevel.DISTRICT: frozenset({UnitLevel.DISTRICT, UnitLevel.DEPARTMENT, UnitLevel.ENTERPRISE}),
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a whistle says: why, where and when, whom, and until when they report in."""

    purpose: str
    place: str
    meet_at: datetime
    unit_codes: Sequence[str]
    report_in_by: datetime | None = None


async def whistle(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    call: Call,
    expected_version: int | None = None,
) -> Whistle:
    """吹哨: the street or district that leads calls units; each must report in by its deadline.

    Without `report_in_by` the city's limit of the ticket's level counts from now. Called units see
    the ticket from then on. Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(_faults(work, call))
    ticket = await tickets.lock_for(work, ticket_id, Action.WHISTLE, expected_version)
    advance(
        work, ticket, Action.WHISTLE, unit_id=ticket.lead_unit_id, remark=call.purpose,
        units=list(call.unit_codes), place=call.place, at=call.meet_at.isoformat(),
    )  # fmt: skip
    lead = await work.session.get(Unit, ticket.lead_unit_id)
    may_call = _MAY_CALL.get(UnitLevel(lead.level)) if lead is not None else None
    if lead is None or may_call is None:
        raise NotPossibleNow("only a street or a district that leads the ticket can whistle")
    called, faults = await parts.units_to_ask(work, ticket, "unitCodes", call.unit_codes, {lead.id})
    for unit in called:
        if UnitLevel(unit.level) not in may_call:
            place = list(call.unit_codes).index(unit.code)
            faults.append(Fault(f"unitCodes.{place}", "cannot be called: a whistle goes not down"))
    parts.refuse(faults)
    made = _write(work, ticket, lead, call)
    await _write_reports(work, rules, ticket, made, called, call.report_in_by)
    return made


def _faults(work: UnitOfWork, call: Call) -> list[Fault]:
    faults = check_text("purpose", call.purpose, most=MOST_REMARK)
    faults += check_text("place", call.place, most=MOST_PLACE)
    if call.meet_at.tzinfo is None:
        faults.append(Fault("at", "needs an offset"))
    if not call.unit_codes:
        faults.append(Fault("unitCodes", "must name at least one unit"))
    return faults + due_faults(work, "reportInBy", call.report_in_by)


def _write(work: UnitOfWork, ticket: Ticket, lead: Unit, call: Call) -> Whistle:
    made = Whistle(
        id=work.new_id(),
        ticket_id=ticket.id,
        unit_id=lead.id,
        round=ticket.round,
        purpose=call.purpose,
        place=call.place,
        meet_at=call.meet_at,
        whistled_at=work.now,
        whistled_by=work.actor.subject,
    )
    work.add(made)
    return made


async def _write_reports(
    work: UnitOfWork,
    rules: Rules,
    ticket: Ticket,
    made: Whistle,
    called: Sequence[Unit],
    report_in_by: datetime | None,
) -> None:
    limit = rules.profile.whistle.report_in[ResponseLevel(ticket.level)]
    due_at = report_in_by or clocks.after(limit, work.now, rules.calendar, rules.zone)
    callings = [
        (
            unit,
            parts.give_part(work, ticket, unit, AssignmentRole.CALLED, "吹哨报到", due_at=due_at),
        )
        for unit in called
    ]
    parts.admit(work, ticket, called)
    await work.flush()  # which writes the parts, before what names them
    for unit, part in callings:
        report = ReportIn(
            id=work.new_id(),
            whistle_id=made.id,
            ticket_id=ticket.id,
            unit_id=unit.id,
            assignment_id=part.id,
            called_at=work.now,
            due_at=due_at,
        )
        work.add(report)
        lateness.arm(work, rules, report, None if report_in_by else limit)


async def report_in(
    work: UnitOfWork,
    whistle_id: UUID | None,
    what: str,
    arrived_at: datetime | None = None,
    expected_version: int | None = None,
) -> ReportIn:
    """报到: a called unit is there and says what it does. `arrived_at` is now where not told.

    Late is late all the same: what counts is when it was told. Raises InvalidInput, NotFound,
    NotAllowed, Conflict, NotPossibleNow.
    """
    faults = check_text("what", what, most=MOST_REMARK)
    if arrived_at is not None and arrived_at.tzinfo is None:
        faults.append(Fault("arrivedAt", "needs an offset"))
    elif arrived_at is not None and arrived_at > work.now:
        faults.append(Fault("arrivedAt", "lies in the future"))
    parts.refuse(faults)
    ticket_id = await queries.ticket_of_whistle(work, whistle_id)
    ticket = await tickets.lock_for(work, ticket_id, Action.REPORT_IN, expected_version)
    assert whistle_id is not None
    called = await queries.whistle(work, whistle_id)
    report, part = await _own_report(work, whistle_id)
    if called.closed_at is not None:
        raise NotPossibleNow("the whistle was closed")
    if report.reported_at is not None:
        raise NotPossibleNow("your unit has reported in already")
    advance(
        work, ticket, Action.REPORT_IN, unit_id=report.unit_id, remark=what,
        whistle=str(whistle_id), late=work.now >= report.due_at,
    )  # fmt: skip
    report.reported_at, report.arrived_at, report.what = work.now, arrived_at or work.now, what
    if work.now >= report.due_at:
        report.late_at = report.due_at
    part.accepted_at = work.now
    await lateness.disarm(work, report)
    return report


async def _own_report(work: UnitOfWork, whistle_id: UUID) -> tuple[ReportIn, Assignment]:
    for report, part, _ in await queries.reports(work, whistle_id):
        if report.unit_id == work.actor.unit_id:
            if part.ended_at is not None:
                raise NotPossibleNow("the whistle ended: the ticket was given out anew")
            return report, part
    raise NotPossibleNow("this whistle does not call your unit")


async def confirm_report_in(
    work: UnitOfWork,
    report_id: UUID | None,
    confirmed: bool,
    rating: int,
    remark: str | None = None,
    expected_version: int | None = None,
) -> ReportIn:
    """确认报到: the caller says whether the unit really came, and rates it, 1 to 5; once (S, B33).

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(_rating_faults(rating, remark))
    ticket_id = await queries.ticket_of_report(work, report_id)
    ticket = await tickets.lock_for(work, ticket_id, Action.CONFIRM_REPORT_IN, expected_version)
    assert report_id is not None
    report, part = await queries.report(work, report_id)
    if part.ended_at is not None:
        raise NotPossibleNow("the whistle ended: the ticket was given out anew")
    if report.reported_at is None:
        raise NotPossibleNow("the unit has not reported in")
    if report.confirmed is not None:
        raise NotPossibleNow("this report-in was judged already")
    advance(
        work, ticket, Action.CONFIRM_REPORT_IN, unit_id=report.unit_id, remark=remark,
        whistle=str(report.whistle_id), confirmed=confirmed, rating=rating,
    )  # fmt: skip
    report.confirmed, report.confirmed_at = confirmed, work.now
    report.rating, report.remark = rating, remark
    return report


async def rate_whistle(
    work: UnitOfWork,
    whistle_id: UUID | None,
    rating: int,
    remark: str | None = None,
    expected_version: int | None = None,
) -> ReportIn:
    """评价吹哨: a called unit that reported in rates the caller, 1 to 5; once (S, B33).

    Raises InvalidInput, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    parts.refuse(_rating_faults(rating, remark))
    ticket_id = await queries.ticket_of_whistle(work, whistle_id)
    ticket = await tickets.lock_for(work, ticket_id, Action.RATE_WHISTLE, expected_version)
    assert whistle_id is not None
    report, _ = await _own_report(work, whistle_id)
    if report.reported_at is None:
        raise NotPossibleNow("your unit has not reported in")
    if report.caller_rating is not None:
        raise NotPossibleNow("your unit has rated this whistle already")
    advance(
        work, ticket, Action.RATE_WHISTLE, unit_id=report.unit_id, remark=remark,
        whistle=str(whistle_id), rating=rating,
    )  # fmt: skip
    report.caller_rating, report.caller_remark = rating, remark
    report.caller_rated_at = work.now
    return report


def _rating_faults(rating: int, remark: str | None) -> list[Fault]:
    faults = check_text("remark", remark, most=MOST_REMARK, required=False)
    if not 1 <= rating <= 5:
        faults.append(Fault("rating", "must be 1 to 5"))
    return faults


async def close_whistle(
    work: UnitOfWork,
    whistle_id: UUID | None,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Whistle:
    """哨声解除: the caller needs nobody more. Where not all were confirmed, it says why.

    Report-ins that are still awaited end with it. Raises InvalidInput, NotFound, NotAllowed,
    Conflict, NotPossibleNow.
    """
    parts.refuse(check_text("reason", reason, most=MOST_REMARK, required=False))
    ticket_id = await queries.ticket_of_whistle(work, whistle_id)
    ticket = await tickets.lock_for(work, ticket_id, Action.CLOSE_WHISTLE, expected_version)
    assert whistle_id is not None
    made = await queries.whistle(work, whistle_id)
    reports = await queries.reports(work, whistle_id)
    if made.closed_at is not None:
        raise NotPossibleNow("the whistle was closed already")
    if all(part.ended_at is not None for _, part, _ in reports):
        raise NotPossibleNow("the whistle ended: the ticket was given out anew")
    missing = [unit.name for report, _, unit in reports if report.confirmed is not True]
    if missing and reason is None:
        raise NotPossibleNow(f"say why: not confirmed are {'、'.join(missing)}")
    advance(
        work, ticket, Action.CLOSE_WHISTLE, unit_id=made.unit_id, remark=reason,
        whistle=str(whistle_id), missing=len(missing),
    )  # fmt: skip
    made.closed_at, made.close_reason = work.now, reason
    for _, part, _ in reports:
        part.replied_at = work.now
    await lateness.disarm_all(work, made)
    return made
