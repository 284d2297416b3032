"""The admin's work on a draft: begin it, write, move and remove entries, throw it away.

Each step says why, and is kept with who took it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.catalogue import queries
from domain.catalogue.entries import FALLBACK_NAME, FALLBACK_RANK, PLACE, minute_of
from domain.catalogue.models import (
    CatalogueEntry,
    CatalogueStep,
    CatalogueVersion,
    StepKind,
    VersionStatus,
)
from domain.kernel.actor import Role
from domain.kernel.errors import Fault, InvalidInput, NotAllowed, NotFound, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ResponseLevel, TicketKind
from domain.kernel.work import UnitOfWork

MOST_ENTRIES = 2000
MOST_REASON = 2000
_MOST_NAME, _MOST_CODE, _MOST_WORD = 100, 100, 40
_MOST_UNITS, _MOST_WORDS = 10, 50
_COPIED = (
    "rank", "name", "category_code", "area_code", "kinds", "from_time", "to_time", "line_code",
    "keywords", "lead", "joint", "copies", "level",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntryForm:
    """An entry as an admin writes it; times are local, `HH:MM`."""

    rank: int
    name: str
    category: str | None = None
    area: str | None = None
    kinds: Sequence[TicketKind] = ()
    from_time: str | None = None
    to_time: str | None = None
    line: str | None = None
    keywords: Sequence[str] = ()
    lead: str = PLACE
    joint: Sequence[str] = ()
    copies: Sequence[str] = ()
    level: ResponseLevel | None = None


def require_admin(work: UnitOfWork) -> None:
    """Raises NotAllowed for everybody else."""
    if work.actor.role not in {Role.ADMIN, Role.SYSTEM}:
        raise NotAllowed("only an admin changes the catalogue")


def check_reason(reason: str) -> list[Fault]:
    """The faults of why a step is taken."""
    return check_text("reason", reason, most=MOST_REASON)


def record(work: UnitOfWork, version_id: UUID, kind: StepKind, reason: str, **detail: Any) -> None:
    """Keep who took a step, and why."""
    work.follow(
        CatalogueStep(
            id=work.new_id(),
            version_id=version_id,
            kind=kind.value,
            reason=reason,
            actor_subject=work.actor.subject,
            at=work.now,
            detail=detail,
        )
    )


async def draft_catalogue(
    work: UnitOfWork, *, reason: str, based_on: int | None = None
) -> CatalogueVersion:
    """起草: begin a draft with the entries of a published version, by default the one in force.

    Raises NotAllowed, InvalidInput.
    """
    require_admin(work)
    faults = check_reason(reason)
    base = await _base(work, based_on)
    if based_on is not None and base is None:
        faults.append(Fault("basedOn", "no version has this number"))
    if faults:
        raise InvalidInput(*faults)
    rows = await queries.rows_of(work.session, base.id) if base is not None else ()
    draft = begin(work, rows, reason=reason, based_on=base.number if base else None)
    record(work, draft.id, StepKind.DRAFT, reason, based_on=draft.based_on)
    return draft


async def _base(work: UnitOfWork, number: int | None) -> CatalogueVersion | None:
    if number is not None:
        return await queries.published(work.session, number)
    found: CatalogueVersion | None = await work.session.scalar(
        select(CatalogueVersion).where(CatalogueVersion.id == queries.in_force(work.now))
    )
    return found


def begin(
    work: UnitOfWork, rows: Iterable[CatalogueEntry], *, reason: str, based_on: int | None
) -> CatalogueVersion:
    """A new draft with copies of these entries; the fallback is made where it is not among them."""
    draft = CatalogueVersion(
        id=work.new_id(),
        status=VersionStatus.DRAFT.value,
        based_on=based_on,
        reason=reason,
        created_at=work.now,
        created_by=work.actor.subject,
        version=1,
    )
    work.add(draft)
    copied = [{name: getattr(row, name) for name in _COPIED} for row in rows]
    if not any(values["rank"] == FALLBACK_RANK for values in copied):
        last = EntryForm(FALLBACK_RANK, FALLBACK_NAME)
        copied.append(columns(last))
    for values in copied:
        work.follow(CatalogueEntry(id=work.new_id(), version_id=draft.id, **values))
    return draft


def columns(form: EntryForm) -> dict[str, Any]:
    """The columns that a form fills."""
    return {
        "rank": form.rank,
        "name": form.name,
        "category_code": form.category,
        "area_code": form.area,
        "kinds": sorted({kind.value for kind in form.kinds}),
        "from_time": form.from_time,
        "to_time": form.to_time,
        "line_code": form.line,
        "keywords": list(dict.fromkeys(form.keywords)),
        "lead": form.lead,
        "joint": list(dict.fromkeys(form.joint)),
        "copies": list(dict.fromkeys(form.copies)),
        "level": form.level.value if form.level else None,
    }


async def put_entry(
    work: UnitOfWork,
    draft_id: UUID | None,
    form: EntryForm,
    *,
    reason: str,
    replaces: UUID | None = None,
    expected_version: int | None = None,
) -> CatalogueVersion:
    """写入条目: add an entry to a draft, or put it in the place of the entry `replaces`.

    Whether the units and categories that it names exist is asked when the draft is published.
    Raises NotAllowed, InvalidInput, NotFound, Conflict, NotPossibleNow.
    """
    require_admin(work)
    if faults := [*form_faults(form), *check_reason(reason)]:
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, draft_id, expected_version)
    if replaces is not None:
        row = await _changeable(work, draft, replaces)
        for name, value in columns(form).items():
            setattr(row, name, value)
    else:
        if await queries.count_entries(work.session, draft.id) >= MOST_ENTRIES:
            raise NotPossibleNow(f"a version has at most {MOST_ENTRIES} entries")
        row = CatalogueEntry(id=work.new_id(), version_id=draft.id, **columns(form))
        work.add(row)
    draft.version += 1
    record(work, draft.id, StepKind.PUT_ENTRY, reason, entry=str(row.id), rank=row.rank)
    return draft


async def remove_entry(
    work: UnitOfWork,
    entry_id: UUID | None,
    *,
    reason: str,
    expected_version: int | None = None,
) -> CatalogueVersion:
    """删除条目. Raises NotAllowed, InvalidInput, NotFound, Conflict, NotPossibleNow."""
    require_admin(work)
    if faults := check_reason(reason):
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, await _version_of(work, entry_id), expected_version)
    row = await _changeable(work, draft, entry_id)
    await work.session.delete(row)
    draft.version += 1
    record(
        work, draft.id, StepKind.REMOVE_ENTRY, reason,
        entry=str(row.id), **{name: getattr(row, name) for name in _COPIED},
    )  # fmt: skip
    return draft


async def move_entry(
    work: UnitOfWork,
    entry_id: UUID | None,
    rank: int,
    *,
    reason: str,
    expected_version: int | None = None,
) -> CatalogueVersion:
    """调整次序: give an entry another rank; what stood there stays, and publishing asks for order.

    Raises NotAllowed, InvalidInput, NotFound, Conflict, NotPossibleNow.
    """
    require_admin(work)
    if faults := [*check_reason(reason), *_rank_faults(rank)]:
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, await _version_of(work, entry_id), expected_version)
    row = await _changeable(work, draft, entry_id)
    before, row.rank = row.rank, rank
    draft.version += 1
    record(work, draft.id, StepKind.MOVE_ENTRY, reason, entry=str(row.id), before=before, rank=rank)
    return draft


async def discard_draft(
    work: UnitOfWork,
    draft_id: UUID | None,
    *,
    reason: str,
    expected_version: int | None = None,
) -> CatalogueVersion:
    """作废草稿: it stays on record. Raises as `put_entry` does."""
    require_admin(work)
    if faults := check_reason(reason):
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, draft_id, expected_version)
    draft.status = VersionStatus.DISCARDED.value
    draft.version += 1
    record(work, draft.id, StepKind.DISCARD, reason)
    return draft


async def _version_of(work: UnitOfWork, entry_id: UUID | None) -> UUID:
    found: UUID | None = await work.session.scalar(
        select(CatalogueEntry.version_id).where(CatalogueEntry.id == entry_id)
    )
    if found is None:
        raise _no_such_entry()
    return found


async def _changeable(
    work: UnitOfWork, draft: CatalogueVersion, entry_id: UUID | None
) -> CatalogueEntry:
    row = await work.session.get(CatalogueEntry, entry_id, populate_existing=True)
    if row is None or row.version_id != draft.id:
        raise _no_such_entry()
    if row.rank == FALLBACK_RANK:
        raise NotPossibleNow("the fallback stays as it is: it decides what no other entry does")
    return row


def _no_such_entry() -> NotFound:
    return NotFound("the draft has no such entry")


def _rank_faults(rank: int) -> list[Fault]:
    most = FALLBACK_RANK - 1
    return [] if 1 <= rank <= most else [Fault("rank", f"must be between 1 and {most}")]


def form_faults(form: EntryForm) -> list[Fault]:
    """The faults that an entry has by itself."""
    faults = _rank_faults(form.rank) + check_text("name", form.name, most=_MOST_NAME)
    for path, code in (("category", form.category), ("area", form.area), ("line", form.line)):
        faults += check_text(path, code, most=_MOST_CODE, required=False)
    faults += check_text("lead", form.lead, most=_MOST_CODE)
    faults += _listed("joint", form.joint, _MOST_UNITS, _MOST_CODE)
    faults += _listed("copies", form.copies, _MOST_UNITS, _MOST_CODE)
    faults += _listed("keywords", form.keywords, _MOST_WORDS, _MOST_WORD)
    return faults + _hour_faults(form)


def _listed(path: str, words: Sequence[str], most: int, longest: int) -> list[Fault]:
    if len(words) > most:
        return [Fault(path, f"must be at most {most}")]
    return [
        fault
        for number, word in enumerate(words)
        for fault in check_text(f"{path}.{number}", word, most=longest)
    ]


def _hour_faults(form: EntryForm) -> list[Fault]:
    given = {"fromTime": form.from_time, "toTime": form.to_time}
    faults = [
        Fault(path, "must be a time of day such as 22:00")
        for path, clock in given.items()
        if clock is not None and minute_of(clock) is None
    ]
    if (form.from_time is None) != (form.to_time is None):
        missing = "fromTime" if form.from_time is None else "toTime"
        faults.append(Fault(missing, "is needed beside the other"))
    elif form.from_time is not None and form.from_time == form.to_time:
        faults.append(Fault("toTime", "must differ from fromTime"))
    return faults
