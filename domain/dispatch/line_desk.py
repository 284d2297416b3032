"""The desk of the emergency lines: open one, keep it open longer, close it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from domain.dispatch.sweeping import CLOSE, SETTLED, SWEEP, release
from domain.kernel import timers
from domain.kernel.actor import Role
from domain.kernel.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound, NotPossibleNow
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import ResponseLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.lines import EmergencyLine
from domain.tickets.models import Category
from domain.units.models import Unit

MOST_WORDS = 50
LONGEST = timedelta(days=92)  # a line is for hours or weeks; what lasts longer is the catalogue's
_CODE = re.compile(r"[A-Z0-9][A-Z0-9\-]{0,29}", re.ASCII)
_MAY = frozenset({Role.SUPERVISOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class LineWish:
    """What a new line is to take, and until when (None: until it is closed by hand)."""

    code: str
    name: str
    level: ResponseLevel
    reason: str
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    closes_at: datetime | None = None


async def open_line(work: UnitOfWork, wish: LineWish) -> EmergencyLine:
    """开设应急专线: from now on what matches goes first; what is open already is swept onto it.

    Raises NotAllowed, InvalidInput with all faults, Conflict where the code is open already.
    """
    _require_desk(work)
    faults = _faults(work, wish) + await _unknown(work, wish)
    if faults:
        raise InvalidInput(*faults)
    taken = await work.session.scalar(
        select(func.count()).where(
            EmergencyLine.code == wish.code, EmergencyLine.closed_at.is_(None)
        )
    )
    if taken:
        raise Conflict("a line of this code is open")
    line = EmergencyLine(
        id=work.new_id(),
        code=wish.code,
        name=wish.name,
        categories=list(wish.categories),
        areas=list(wish.areas),
        keywords=list(wish.keywords),
        level=wish.level.value,
        reason=wish.reason,
        opened_by=work.actor.subject,
        opened_at=work.now,
        closes_at=wish.closes_at,
        version=1,
    )
    work.add(line)
    for at in (work.now, work.now + SETTLED):
        timers.arm(work, SWEEP, line.id, at)
    if wish.closes_at is not None:
        timers.arm(work, CLOSE, line.id, wish.closes_at)
    return line


async def extend_line(
    work: UnitOfWork,
    line_id: UUID | None,
    closes_at: datetime | None,
    expected_version: int | None = None,
) -> EmergencyLine:
    """Move the time at which a line closes by itself; None: until it is closed by hand.

    Raises NotAllowed, NotFound, Conflict, NotPossibleNow, InvalidInput.
    """
    _require_desk(work)
    line = await _locked(work, line_id, expected_version)
    if faults := _time_faults(work, closes_at):
        raise InvalidInput(*faults)
    line.closes_at = closes_at
    line.version += 1
    await timers.disarm(work, line.id, [CLOSE])
    if closes_at is not None:
        timers.arm(work, CLOSE, line.id, closes_at)
    return line


async def close_line(
    work: UnitOfWork,
    line_id: UUID | None,
    remark: str | None = None,
    expected_version: int | None = None,
) -> EmergencyLine:
    """关闭应急专线: it takes nothing more. Its tickets keep unit, level and clock (a promise that
    was given stands); their place in the queues becomes the ordinary one.

    Raises NotAllowed, NotFound, Conflict, NotPossibleNow, InvalidInput.
    """
    _require_desk(work)
    if faults := check_text("remark", remark, most=2000, required=False):
        raise InvalidInput(*faults)
    line = await _locked(work, line_id, expected_version)
    line.closing_remark = remark
    await timers.disarm(work, line.id, [CLOSE, SWEEP])
    release(work, line)
    return line


def _require_desk(work: UnitOfWork) -> None:
    if work.actor.role not in _MAY:
        raise NotAllowed("only a supervisor or an admin opens and closes emergency lines")


async def _locked(
    work: UnitOfWork, line_id: UUID | None, expected_version: int | None
) -> EmergencyLine:
    line = await work.session.scalar(
        select(EmergencyLine).where(EmergencyLine.id == line_id).with_for_update(key_share=True)
    )
    if line is None:
        raise NotFound("there is no such emergency line")
    if expected_version is not None and line.version != expected_version:
        raise Conflict("the line changed since you read it")
    if line.closed_at is not None:
        raise NotPossibleNow("the line is closed")
    return line


def _faults(work: UnitOfWork, wish: LineWish) -> list[Fault]:
    faults = check_text("name", wish.name, most=100)
    faults += check_text("reason", wish.reason, most=2000)
    if not _CODE.fullmatch(wish.code):
        faults.append(Fault("code", "must be 1 to 30 capital letters, digits or dashes"))
    for name, words in (
        ("categories", wish.categories),
        ("areas", wish.areas),
        ("keywords", wish.keywords),
    ):
        if len(words) > MOST_WORDS:
            faults.append(Fault(name, f"must be at most {MOST_WORDS}"))
        for number, word in enumerate(words[:MOST_WORDS]):
            faults += check_text(f"{name}.{number}", word, most=50)
    if not wish.categories and not wish.keywords:
        faults.append(Fault("categories", "or keywords must be given: a line takes not everything"))
    return faults + _time_faults(work, wish.closes_at)


def _time_faults(work: UnitOfWork, closes_at: datetime | None) -> list[Fault]:
    if closes_at is None or work.now < closes_at <= work.now + LONGEST:
        return []
    return [Fault("closesAt", f"must be within {LONGEST.days} days from now")]


async def _unknown(work: UnitOfWork, wish: LineWish) -> list[Fault]:
    known = set(
        await work.session.scalars(select(Category.code).where(Category.code.in_(wish.categories)))
    )
    units = set(
        await work.session.scalars(
            select(Unit.code).where(Unit.code.in_(wish.areas), Unit.retired_at.is_(None))
        )
    )
    return [
        *_missing("categories", wish.categories, known, "is not a known category code"),
        *_missing("areas", wish.areas, units, "is not the code of an active unit"),
    ]


def _missing(name: str, wanted: Sequence[str], known: set[str], words: str) -> list[Fault]:
    return [
        Fault(f"{name}.{number}", words) for number, code in enumerate(wanted) if code not in known
    ]
