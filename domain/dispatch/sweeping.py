"""What the timers of an emergency line stand for: sweep open tickets onto it, close it, let go.

Each firing works through one chunk and arms the next at once, so that no ticket waits for a city's
worth of others, and a worker that dies has done whole chunks or nothing. Order of locks: the line,
then its tickets, then their timers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from domain.dispatch.city import Rules
from domain.dispatch.moving import change_level
from domain.kernel import timers
from domain.kernel.timers import Timer
from domain.kernel.work import UnitOfWork
from domain.tickets.lines import EmergencyLine, Priority, as_line, join, reason_of
from domain.tickets.queries import lock_by_rule
from domain.tickets.workflow import Step, transition

SWEEP, CLOSE, RELEASE = "line.sweep", "line.close", "line.release"
CHUNK = 500
_AGAIN = timedelta(seconds=1)  # until those that somebody held are looked at again
SETTLED = timedelta(minutes=2)
"""By then every submission that began before a line opened or closed has ended: statements and
transactions have their limits (kernel/database). So each of both is looked at once more then."""
_ORIGIN = UUID(int=0)
_OPEN = {"open": [status.value for status in transition(Step.JOIN_LINE).sources]}

# Candidates with the codes of the units that they are with; what matches is decided by `Line`.
_CANDIDATES = text(
    """
    select t.id, t.category_code, t.title || ' ' || t.content as words,
        coalesce((select array_agg(above.code) from unit lead, unit above
            where lead.id = t.lead_unit_id and above.id = any(lead.lineage)), '{}') as places
    from ticket t
    where t.status = any(:open)
        and t.line_id is null and t.id > :after
    order by t.id limit :most
    """
)
_LET_GO = text(
    """
    with held as (
        select id from ticket where line_id = :line and priority = :first
        order by id limit :most for no key update skip locked
    ), calls as (
        update callback set priority = :ordinary
        where ticket_id in (select id from held) and status = 'SCHEDULED'
    )
    update ticket set priority = :ordinary where id in (select id from held)
    returning id
    """
)
_LEFT = text("select exists (select 1 from ticket where line_id = :line and priority = :first)")


async def lock_lines(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, EmergencyLine]:
    """Lock the lines that nobody holds, in the order of their ids."""
    rows = await work.session.scalars(
        select(EmergencyLine)
        .where(EmergencyLine.id.in_(ids))
        .order_by(EmergencyLine.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return {line.id: line for line in rows}


async def fire(
    work: UnitOfWork, rules: Rules, lines: Mapping[UUID, EmergencyLine], due: Sequence[Timer]
) -> None:
    """Do what due timers of lines stand for; of lines there are few at a time."""
    for timer in due:
        line = lines[timer.subject_id]
        if timer.kind == RELEASE:
            await _let_go(work, line)
        elif line.closed_at is not None:
            continue
        elif timer.kind == CLOSE:
            await timers.disarm(work, line.id, [SWEEP])
            release(work, line)
        else:
            await _sweep(work, rules, line, timer.payload)


def release(work: UnitOfWork, line: EmergencyLine) -> None:
    """Close the line; its tickets are let go in chunks, from now on."""
    line.closed_at, line.closed_by = work.now, work.actor.subject
    line.version += 1
    for at in (work.now, work.now + SETTLED):
        timers.arm(work, RELEASE, line.id, at)


async def _sweep(
    work: UnitOfWork, rules: Rules, line: EmergencyLine, payload: Mapping[str, Any]
) -> None:
    after = UUID(payload["after"]) if "after" in payload else _ORIGIN
    rows = (await work.session.execute(_CANDIDATES, _OPEN | {"after": after, "most": CHUNK})).all()
    wanted = as_line(line)
    matching = [row.id for row in rows if wanted.takes(row.category_code, row.places, row.words)]
    locked = await lock_by_rule(work, matching) if matching else []
    joining = [
        ticket for ticket in locked if ticket.line_id is None and ticket.status in _OPEN["open"]
    ]
    raised = [ticket for ticket in joining if join(work, ticket, wanted)]
    led = [ticket for ticket in raised if ticket.lead_unit_id is not None]
    await change_level(work, rules, led, reason_of(wanted))
    if len(locked) < len(matching):
        # Somebody is at work on the others: the same stretch is looked at once more.
        timers.arm(work, SWEEP, line.id, work.now + _AGAIN, after=str(after))
    elif len(rows) == CHUNK:
        timers.arm(work, SWEEP, line.id, work.now, after=str(rows[-1].id))


async def _let_go(work: UnitOfWork, line: EmergencyLine) -> None:
    values = {
        "line": line.id,
        "first": Priority.EMERGENCY_LINE.value,
        "ordinary": Priority.ORDINARY.value,
    }
    freed = (await work.session.scalars(_LET_GO, {**values, "most": CHUNK})).all()
    left = await work.session.scalar(_LEFT, {"line": line.id, "first": values["first"]})
    if left:
        pause = timedelta() if freed else _AGAIN
        timers.arm(work, RELEASE, line.id, work.now + pause)
