"""Submit: a complaint comes in, gets its code, its level and, where it is clear, its unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from domain.accounts.commands import upsert_citizen
from domain.accounts.names import read_name
from domain.accounts.phone import read_phone
from domain.accounts.protection import Protection
from domain.classification.commands import Suggested, record_suggestions, suggest
from domain.dispatch import recusal
from domain.dispatch.assigning import assign
from domain.dispatch.city import Bearings, City
from domain.dispatch.deciding import Destination, destination
from domain.dispatch.levels import response_level
from domain.dispatch.route import Route
from domain.dispatch.routing import UnknownUnit, route
from domain.kernel import idempotency
from domain.kernel.actor import Role
from domain.kernel.errors import Fault, InvalidInput, NotAllowed, Unauthenticated
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import FIRST_ROUND, CategorySource, Channel, TicketKind
from domain.kernel.work import UnitOfWork
from domain.tickets.code import format_code, next_number
from domain.tickets.commands import MOST_CONTENT
from domain.tickets.history import ORIGIN, advance
from domain.tickets.lines import Line, Priority, join, line_for
from domain.tickets.models import Ticket
from domain.tickets.queries import UNKNOWN_CATEGORY
from domain.tickets.workflow import Step
from domain.units import queries as units
from domain.units.models import Unit

MOST_TITLE = 200
MOST_ADDRESS = 500
MOST_CODE = 100
MOST_KEY = 200
_SUBMITTERS = frozenset({Role.CITIZEN, Role.AGENT, Role.SUPERVISOR, Role.PARTNER})
_CENTRE = frozenset({Role.AGENT, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """Who a ticket is for, where that is not the caller."""

    phone: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What was asked for, as it came in from any channel."""

    title: str
    content: str
    kind: TicketKind = TicketKind.HELP
    category: str | None = None
    address: str | None = None
    location: tuple[float, float] | None = None  # longitude, latitude in WGS-84 degrees
    unit_code: str | None = None
    accused_unit_code: str | None = None
    contact: ContactDetails | None = None
    channel: Channel | None = None
    confidential: bool = False
    idempotency_key: str | None = None


async def submit_ticket(
    work: UnitOfWork, city: City, protection: Protection, submission: Submission
) -> UUID:
    """登记: take a ticket in and dispatch it where its unit is clear (B10-B12). Returns its id.

    Without a category a model suggests some; where it is sure enough for the city the first is
    set. The ticket goes to the unit that an agent named, else where the catalogue sends such a
    matter. A consultation waits in the triage queue, to be answered at once (B11); so does what
    names no place where the place decides. The same idempotency key from the same actor returns the
    ticket that it led to. The ticket is a record: it is there from the next flush.
    Raises Unauthenticated, NotAllowed, KeyReused, and InvalidInput with all faults at once.
    """
    _require_submitter(work)
    faults = _form_faults(work, submission)
    ticket_id = work.new_id()
    earlier = None if faults else await _claim(work, submission, ticket_id)
    if earlier is not None:
        return earlier
    bearings, place = await _route(work, city, submission, faults)
    accused = await recusal.accused_unit(work, submission.accused_unit_code)
    suggested = await _suggest(work, city, submission)
    line = _line(submission, suggested, bearings, place)
    found = _decide(work, city, submission, suggested, bearings, place, line)
    chosen = None if _held_for_triage(submission) else await _units(work, found)
    citizen_id = await _citizen(work, protection, submission)
    ticket = await _register(
        work, city, submission, suggested, ticket_id, citizen_id, found, accused
    )
    record_suggestions(work, ticket, suggested)
    if line is not None:
        join(work, ticket, line)
    if chosen is not None:
        await _give(work, city, submission, ticket, found, *chosen)
    return ticket_id


async def _give(
    work: UnitOfWork,
    city: City,
    submission: Submission,
    ticket: Ticket,
    found: Destination,
    lead: Unit,
    joint: Sequence[Unit],
    copies: Sequence[Unit],
) -> None:
    """Dispatch as was decided; past the unit that a report is about, to the one above it (J32).

    Raises InvalidInput where an agent named that unit.
    """
    if submission.unit_code is not None:
        recusal.require_free(ticket, lead)
    free = await recusal.instead(work, ticket, lead)
    if free is None:
        return  # the triage queue decides
    reason = found.reason if free is lead else f"{found.reason}；须回避，改派{free.name}"
    await assign(
        work, city.rules, ticket, free, copies, reason=reason,
        joint=await recusal.all_instead(work, ticket, joint), by="rule",
    )  # fmt: skip


def _require_submitter(work: UnitOfWork) -> None:
    if work.actor.role is Role.PUBLIC:
        raise Unauthenticated("log in to submit a ticket")
    if work.actor.role not in _SUBMITTERS:
        raise NotAllowed("this role does not submit tickets")


def _held_for_triage(submission: Submission) -> bool:
    return submission.kind is TicketKind.CONSULTATION and submission.unit_code is None


def _form_faults(work: UnitOfWork, submission: Submission) -> list[Fault]:
    """The faults that the submission has by itself, whatever the database holds."""
    faults = check_text("title", submission.title, most=MOST_TITLE)
    faults += check_text("content", submission.content, most=MOST_CONTENT)
    faults += check_text("address", submission.address, most=MOST_ADDRESS, required=False)
    faults += check_text("category", submission.category, most=MOST_CODE, required=False)
    faults += check_text("unitCode", submission.unit_code, most=MOST_CODE, required=False)
    accused = submission.accused_unit_code
    faults += check_text("accusedUnitCode", accused, most=MOST_CODE, required=False)
    key = submission.idempotency_key
    faults += check_text("idempotencyKey", key, most=MOST_KEY, required=False)
    faults += _location_faults(submission.location)
    return faults + _caller_faults(work, submission) + _contact_faults(submission.contact)


async def _claim(work: UnitOfWork, submission: Submission, ticket_id: UUID) -> UUID | None:
    print_ = idempotency.fingerprint(asdict(submission))
    key = submission.idempotency_key
    return await idempotency.claim(work, "submitTicket", key, print_, ticket_id)


async def _route(
    work: UnitOfWork, city: City, submission: Submission, faults: Sequence[Fault]
) -> tuple[Bearings, Route]:
    """Find the place. Raises InvalidInput with `faults` and those that only the database knows."""
    every = list(faults)
    named = {fault.path for fault in faults}
    category = None if "category" in named else submission.category
    bearings = await city.bearings(work.session, work.now, category)
    if category is not None and not bearings.category_known:
        every.append(UNKNOWN_CATEGORY)
    found: Route | None = None
    try:
        found = route(
            bearings.gazetteer,
            address=None if "address" in named else submission.address,
            location=None if faults else submission.location,
            unit_code=None if "unitCode" in named else submission.unit_code,
        )
    except UnknownUnit as error:
        every += error.faults
    if every or found is None:
        raise InvalidInput(*every)
    return bearings, found


def _line(
    submission: Submission, suggested: Suggested, bearings: Bearings, place: Route
) -> Line | None:
    """The emergency line that takes it, if one does."""
    category, _ = _category(submission, suggested)
    words = f"{submission.title} {submission.content}"
    return line_for(bearings.lines, category=category, places=place.places(), words=words)


def _decide(
    work: UnitOfWork,
    city: City,
    submission: Submission,
    suggested: Suggested,
    bearings: Bearings,
    place: Route,
    line: Line | None,
) -> Destination:
    """Ask the catalogue where such a matter goes from that place."""
    category, _ = _category(submission, suggested)
    return destination(
        bearings.catalogue,
        place,
        category=category,
        kind=submission.kind,
        line=line.code if line is not None else None,
        at=work.now.astimezone(city.rules.zone),
        title=submission.title,
        content=submission.content,
    )


def _location_faults(location: tuple[float, float] | None) -> list[Fault]:
    if location is None:
        return []
    longitude, latitude = location
    faults = []
    if not -180 <= longitude <= 180:
        faults.append(Fault("location.longitude", "must be between -180 and 180 degrees"))
    if not -90 <= latitude <= 90:
        faults.append(Fault("location.latitude", "must be between -90 and 90 degrees"))
    return faults


def _caller_faults(work: UnitOfWork, submission: Submission) -> list[Fault]:
    """What only the centre or a partner may say, and what they must (api.md, SubmitTicketInput)."""
    faults: list[Fault] = []
    if work.actor.role is Role.CITIZEN:
        if submission.contact is not None:
            faults.append(Fault("contact", "is your own; it comes from your login"))
        if submission.channel is not None and submission.channel is not _channel(work, submission):
            faults.append(Fault("channel", "comes from your login"))
    elif submission.contact is None:
        faults.append(Fault("contact", "is needed: whose ticket is it?"))
    if submission.unit_code is not None and work.actor.role not in _CENTRE:
        faults.append(Fault("unitCode", "only the centre names a unit"))
    return faults


def _contact_faults(contact: ContactDetails | None) -> list[Fault]:
    faults: list[Fault] = []
    if contact is None:
        return faults
    for read, text in ((read_phone, contact.phone), (read_name, contact.name)):
        try:
            if text is not None:
                read(text)
        except InvalidInput as error:
            faults += (Fault(f"contact.{fault.path}", fault.message) for fault in error.faults)
    return faults


def _channel(work: UnitOfWork, submission: Submission) -> Channel:
    if work.actor.role is Role.CITIZEN:
        return Channel(work.actor.channel) if work.actor.channel else Channel.WEB
    if work.actor.role is Role.PARTNER:
        own = Channel(work.actor.channel) if work.actor.channel else Channel.PARTNER
        return submission.channel or own
    return submission.channel or Channel.PHONE


async def _citizen(work: UnitOfWork, protection: Protection, submission: Submission) -> UUID | None:
    if work.actor.role is Role.CITIZEN:
        return work.actor.citizen_id
    contact = submission.contact
    assert contact is not None
    return (await upsert_citizen(work, protection, contact.phone, contact.name)).id


async def _suggest(work: UnitOfWork, city: City, submission: Submission) -> Suggested:
    if submission.category is not None:
        return Suggested()
    numbers = city.rules.profile.classification
    return await suggest(work, city.classifier, numbers, submission.title, submission.content)


def _category(submission: Submission, suggested: Suggested) -> tuple[str | None, str | None]:
    """The category that a ticket begins with, and who says so."""
    if submission.category is not None:
        return submission.category, CategorySource.SUBMITTED.value
    if suggested.category is not None:
        return suggested.category, CategorySource.MODEL.value
    return None, None


async def _register(
    work: UnitOfWork,
    city: City,
    submission: Submission,
    suggested: Suggested,
    ticket_id: UUID,
    citizen_id: UUID | None,
    found: Destination,
    accused: Unit | None,
) -> Ticket:
    profile = city.rules.profile
    category, source = _category(submission, suggested)
    level, reason = response_level(
        profile,
        kind=submission.kind,
        category_code=category,
        title=submission.title,
        content=submission.content,
        by_catalogue=found.level,
    )
    day = work.now.astimezone(city.rules.zone).date()
    longitude, latitude = submission.location or (None, None)
    ticket = Ticket(
        id=ticket_id,
        code=format_code(day, await next_number(work.session, day)),
        kind=submission.kind.value,
        status="RECEIVED",
        level=level.value,
        level_reason=reason,
        title=submission.title,
        content=submission.content,
        channel=_channel(work, submission).value,
        address=submission.address,
        longitude=longitude,
        latitude=latitude,
        category_code=category,
        category_source=source,
        citizen_id=citizen_id,
        submitter=work.actor.subject,
        confidential=submission.confidential,
        accused_unit_id=accused.id if accused else None,
        route_reason=found.route.reason.value,
        route_explanation=found.explanation,
        place_code=found.place,
        catalogue_number=found.number,
        catalogue_rank=found.rank,
        priority=Priority.ORDINARY,
        round=FIRST_ROUND,
        urge_count=0,
        version=0,
        submitted_at=work.now,
        profile_version=profile.version,
        history_length=0,
        history_head=ORIGIN,
    )
    work.record(ticket)
    advance(work, ticket, Step.SUBMIT, level=level.value, route=found.route.reason.value)
    return ticket


async def _units(
    work: UnitOfWork, found: Destination
) -> tuple[Unit, list[Unit], list[Unit]] | None:
    """Lead, joint units and copies; None where it names no lead, or one just retired."""
    if found.lead is None:
        return None
    codes = [found.lead, *found.joint, *found.copies]
    by_code = {unit.code: unit for unit in await units.active_by_codes(work.session, codes)}
    if found.lead not in by_code:
        return None  # the triage queue decides
    joint = [by_code[code] for code in found.joint if code in by_code]
    return by_code[found.lead], joint, [by_code[code] for code in found.copies if code in by_code]
