"""Split (拆单): one ticket that holds several matters, each for a unit of its own.

Each part has its own code, clock and reply. The citizen is asked once, about the whole: its reply
is put together when all parts are replied to, and the parts close with it, never before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select

from domain.dispatch import conferring, recusal
from domain.dispatch.assigning import assign
from domain.dispatch.city import City
from domain.dispatch.copies import district_copies
from domain.dispatch.levels import response_level
from domain.dispatch.route import RouteReason
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import FIRST_ROUND, CategorySource, TicketKind, TicketStatus
from domain.kernel.work import UnitOfWork
from domain.tickets import queries
from domain.tickets.code import format_code, next_numbers
from domain.tickets.commands import MOST_CONTENT, MOST_REMARK
from domain.tickets.history import ORIGIN, advance
from domain.tickets.lines import EmergencyLine, Priority, as_line, join
from domain.tickets.models import Ticket
from domain.tickets.workflow import ENDED, Action, Step
from domain.units import queries as units
from domain.units.models import Unit

FEWEST_PARTS, MOST_PARTS = 2, 10
MOST_TITLE = 200
MOST_CODE = 100
_DONE = ENDED | {TicketStatus.REPLIED}


@dataclass(frozen=True, slots=True)
class Part:
    """One matter of a ticket, and the unit that it is for."""

    title: str
    content: str
    unit_code: str
    category: str | None = None


async def split_ticket(
    work: UnitOfWork,
    city: City,
    ticket_id: UUID | None,
    parts: Sequence[Part],
    reason: str,
    expected_version: int | None = None,
) -> Ticket:
    """拆单: give each matter of a ticket to its own unit (B12: clear responsibility).

    A ticket that nobody leads yet is led by the unit of its first part (B14: the first unit leads).
    Raises InvalidInput with all faults at once, NotFound, NotAllowed, Conflict, NotPossibleNow.
    """
    if faults := _form_faults(parts, reason):
        raise InvalidInput(*faults)
    ticket = await queries.lock_for(work, ticket_id, Action.SPLIT, expected_version)
    advance(work, ticket, Action.SPLIT, remark=reason, parts=len(parts))
    if ticket.part_of_id is not None:
        raise NotPossibleNow("a part is not split again")
    leads = await _leads(work, ticket, parts)
    if ticket.lead_unit_id is None:
        await conferring.end(work, ticket)
        await _give(work, city, ticket, leads[parts[0].unit_code])
    day = work.now.astimezone(city.rules.zone).date()
    numbers = await next_numbers(work.session, day, len(parts))
    for part, number in zip(parts, numbers, strict=True):
        made = _register(work, city, ticket, part, format_code(day, number))
        await _join_line(work, ticket, made)
        await _give(work, city, made, leads[part.unit_code])
    return ticket


def _form_faults(parts: Sequence[Part], reason: str) -> list[Fault]:
    faults = check_text("reason", reason, most=MOST_REMARK)
    if not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
        faults.append(Fault("parts", f"must be {FEWEST_PARTS} to {MOST_PARTS}"))
    for number, part in enumerate(parts[:MOST_PARTS]):
        path = f"parts.{number}"
        faults += check_text(f"{path}.title", part.title, most=MOST_TITLE)
        faults += check_text(f"{path}.content", part.content, most=MOST_CONTENT)
        faults += check_text(f"{path}.unitCode", part.unit_code, most=MOST_CODE)
        faults += check_text(f"{path}.category", part.category, most=MOST_CODE, required=False)
    return faults


async def _leads(work: UnitOfWork, ticket: Ticket, parts: Sequence[Part]) -> Mapping[str, Unit]:
    """The units of the parts by their codes. Raises InvalidInput."""
    codes = {part.unit_code for part in parts}
    known = {unit.code: unit for unit in await units.active_by_codes(work.session, sorted(codes))}
    categories = {part.category for part in parts if part.category is not None}
    unknown = await queries.unknown_categories(work, categories)
    faults = []
    for number, part in enumerate(parts):
        unit = known.get(part.unit_code)
        if unit is None:
            faults.append(Fault(f"parts.{number}.unitCode", "is not the code of an active unit"))
        elif not recusal.is_free(ticket, unit):
            faults.append(Fault(f"parts.{number}.unitCode", recusal.REFUSAL))
        if part.category in unknown:
            faults.append(Fault(f"parts.{number}.category", "is not a known category code"))
    if faults:
        raise InvalidInput(*faults)
    return known


async def _give(work: UnitOfWork, city: City, ticket: Ticket, lead: Unit) -> None:
    copies = await district_copies(work, lead)
    reason = f"拆单派往{lead.name}"
    await assign(work, city.rules, ticket, lead, copies, reason=reason, by="splitting")


def _register(work: UnitOfWork, city: City, whole: Ticket, part: Part, code: str) -> Ticket:
    """The part as a ticket of the same citizen, protected as the whole is."""
    profile = city.rules.profile
    level, reason = response_level(
        profile,
        kind=TicketKind(whole.kind),
        category_code=part.category,
        title=part.title,
        content=part.content,
    )
    ticket = Ticket(
        id=work.new_id(),
        code=code,
        kind=whole.kind,
        status=TicketStatus.RECEIVED.value,
        level=level.value,
        level_reason=reason,
        title=part.title,
        content=part.content,
        channel=whole.channel,
        address=whole.address,
        longitude=whole.longitude,
        latitude=whole.latitude,
        category_code=part.category,
        category_source=CategorySource.CENTRE.value if part.category is not None else None,
        citizen_id=whole.citizen_id,
        submitter=whole.submitter,
        part_of_id=whole.id,
        confidential=whole.confidential,
        accused_unit_id=whole.accused_unit_id,
        route_reason=RouteReason.NAMED_UNIT.value,
        route_explanation="拆单时指定承办单位",
        priority=Priority.ORDINARY,
        round=FIRST_ROUND,
        urge_count=0,
        version=0,
        submitted_at=work.now,
        profile_version=profile.version,
        history_length=0,
        history_head=ORIGIN,
    )
    work.add(ticket)
    advance(work, ticket, Step.SUBMIT, level=level.value, part_of=whole.code)
    return ticket


async def _join_line(work: UnitOfWork, whole: Ticket, part: Ticket) -> None:
    """A part of what stands on an open emergency line stands on it too."""
    if whole.line_id is None or whole.priority != Priority.EMERGENCY_LINE:
        return
    line = await work.session.get(EmergencyLine, whole.line_id)
    if line is not None and line.closed_at is None:
        join(work, part, as_line(line))


async def has_parts(work: UnitOfWork, ticket: Ticket) -> bool:
    """Whether a ticket was split."""
    return bool(await work.session.scalar(select(exists().where(Ticket.part_of_id == ticket.id))))


async def require_parts_done(work: UnitOfWork, ticket: Ticket) -> None:
    """Raise NotPossibleNow while a part is still in hand.

    No lock is needed: a part that was replied to stays so until its whole closes, and new parts
    need the whole's lock, which the caller has.
    """
    statement = select(
        exists().where(
            Ticket.part_of_id == ticket.id,
            Ticket.status.not_in([status.value for status in sorted(_DONE)]),
        )
    )
    if await work.session.scalar(statement):
        raise NotPossibleNow("a part of the ticket is not replied to yet")


async def parts_of(
    work: UnitOfWork, whole: Ticket, status: TicketStatus | None = None
) -> Sequence[Ticket]:
    """The parts of a locked ticket, or those of them in one status, locked."""
    await work.flush()
    statement = select(Ticket).where(Ticket.part_of_id == whole.id)
    if status is not None:
        statement = statement.where(Ticket.status == status.value)
    rows = await work.session.scalars(statement.order_by(Ticket.id).with_for_update(key_share=True))
    return rows.all()


async def close_parts(work: UnitOfWork, whole: Ticket) -> None:
    """The whole has come to its end: so do its parts that were replied to."""
    for part in await parts_of(work, whole, TicketStatus.REPLIED):
        advance(work, part, Step.CLOSE, unit_id=part.lead_unit_id, whole=whole.code)
        part.closed_at = work.now
