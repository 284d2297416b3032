"""The working calendar in force: the files' holidays and those declared since, by revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from domain.dispatch.city import Rules, holiday_names
from domain.kernel import timers
from domain.kernel.actor import Role
from domain.kernel.calendar import WorkCalendar
from domain.kernel.errors import Fault, InvalidInput, NotAllowed
from domain.kernel.holidays import (
    Day,
    DeclaredDay,
    HolidayDeclaration,
    declared_days,
    note_revision,
    present_revision,
    revision_of,
)
from domain.kernel.texts import check_text
from domain.kernel.work import UnitOfWork

APPLY = "calendar.APPLY"
MOST_DAYS = 100
MOST_WORDS = 200
_YEARS_BACK, _YEARS_AHEAD = 1, 2
_KEPT = "rules"


async def rules_now(work: UnitOfWork, rules: Rules) -> Rules:
    """The rules with the holidays that the transaction sees as declared.

    No statement where none were declared since the process looked last; the revision itself comes
    with the statement that locks the ticket.
    """
    revision = await revision_of(work.session)
    if revision == 0:
        return rules
    memory: dict[str, tuple[int, Rules, Rules]] = work.session.info["kept"]
    kept = memory.get(_KEPT)
    if kept is not None and kept[0] == revision and any(rules is one for one in kept[1:]):
        return kept[2]
    days = await declared_days(work.session, revision)
    renewed = replace(rules, calendar=rules.calendar.with_days((d.day, d.is_workday) for d in days))
    memory[_KEPT] = (revision, rules, renewed)
    return renewed


async def declare_holidays(
    work: UnitOfWork, days: Sequence[Day], source: str, reason: str
) -> HolidayDeclaration:
    """节假日安排: say which days are worked; a day's earlier declaration is replaced, not changed.

    Open tickets follow in the background (rescheduling.py). Raises NotAllowed, InvalidInput.
    """
    if work.actor.role is not Role.ADMIN:
        raise NotAllowed("only an admin declares holidays")
    faults = check_text("source", source, most=MOST_WORDS)
    faults += check_text("reason", reason, most=MOST_WORDS)
    faults += _day_faults(days, work.now.year)
    if faults:
        raise InvalidInput(*faults)
    # One at a time: each is the next revision.
    lock = func.hashtextextended(func.current_schema() + " holidays", 0)
    await work.session.execute(select(func.pg_advisory_xact_lock(lock)))
    last = await work.session.scalar(select(present_revision())) or 0
    declaration = HolidayDeclaration(
        id=work.new_id(),
        revision=last + 1,
        source=source,
        reason=reason,
        declared_by=work.actor.subject,
        declared_at=work.now,
    )
    work.add(declaration)
    for day in days:
        work.follow(
            DeclaredDay(
                id=work.new_id(),
                declaration_id=declaration.id,
                day=day.day,
                is_workday=day.is_workday,
                name=day.name,
            )
        )
    note_revision(work.session, declaration.revision)
    timers.arm(work, APPLY, declaration.id, work.now, turn=1, status=None, after=None)
    return declaration


def _day_faults(days: Sequence[Day], year: int) -> list[Fault]:
    if not 1 <= len(days) <= MOST_DAYS:
        return [Fault("days", f"must be 1 to {MOST_DAYS}")]
    faults: list[Fault] = []
    seen: set[date] = set()
    for number, day in enumerate(days):
        path = f"days.{number}"
        faults += check_text(f"{path}.name", day.name, most=40)
        if not year - _YEARS_BACK <= day.day.year <= year + _YEARS_AHEAD:
            faults.append(Fault(f"{path}.date", "must lie near the present year"))
        if day.day in seen:
            faults.append(Fault(f"{path}.date", "is named twice"))
        seen.add(day.day)
    return faults


def unpublished_years(calendar: WorkCalendar, today: date) -> list[int]:
    """The years that should be published by that day and are not: this one; from December the next.

    The State Council publishes a year's arrangement in the November before it.
    """
    wanted = [today.year, *([today.year + 1] if today.month == 12 else [])]
    return [year for year in wanted if not calendar.covers(year)]


def warning_of(year: int) -> str:
    """What an admin is told of a year whose holidays are missing."""
    return f"{year}年节假日安排尚未录入，工作日时限暂按周一至周五计算；公布后请及时录入。"


class Year(NamedTuple):
    """A year's days that differ from the week, each with whether it was declared later."""

    published: bool
    days: Sequence[tuple[date, bool, str, bool]]


async def year_of(work: UnitOfWork, rules: Rules, year: int) -> Year:
    """A year as the calendar in force has it, in order of days."""
    renewed = await rules_now(work, rules)
    declared = {
        each.day: each.name
        for each in await declared_days(work.session, await revision_of(work.session))
    }
    names = {**holiday_names(), **declared}
    days = [
        (day, is_workday, names.get(day, ""), day in declared)
        for day, is_workday in sorted(renewed.calendar.days.items())
        if day.year == year
    ]
    return Year(renewed.calendar.covers(year), days)
