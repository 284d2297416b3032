"""Every SELECT on units that commands, jobs and channels need."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.errors import NotFound
from domain.kernel.work import UnitOfWork
from domain.units.models import Unit, UnitTree

# The statuses in which a unit still has something to do for a ticket that it leads, or for its part
# in one. Written as text: units know no tickets (the arrow inside the domain runs the other way),
# but the database holds both, and a unit must not be retired from under its tickets.
_OPEN_TICKETS = text(
    """
    select code from (
      select id, code from ticket
      where lead_unit_id = :unit
        and status in ('RECEIVED', 'DISPATCHED', 'CONTESTED', 'ACCEPTED', 'SUSPENDED', 'REPLIED')
      union
      select t.id, t.code from assignment a join ticket t on t.id = a.ticket_id
      where a.unit_id = :unit and a.role in ('JOINT', 'CO_HANDLER', 'HANDED_DOWN', 'CALLED')
        and a.ended_at is null and a.replied_at is null and a.excused_at is null
        and t.status in ('DISPATCHED', 'CONTESTED', 'ACCEPTED', 'SUSPENDED')
    ) as waiting
    order by id limit :most
    """
)


_ACTIVE_BY_CODES = (
    select(Unit)
    .where(Unit.code.in_(bindparam("codes", expanding=True)), Unit.retired_at.is_(None))
    .with_for_update(read=True)
)


async def active_by_code(session: AsyncSession, code: str) -> Unit | None:
    """The active unit of that code, held as by `active_by_codes`; or None."""
    return next(iter(await active_by_codes(session, [code])), None)


async def active_by_codes(session: AsyncSession, codes: Sequence[str]) -> Sequence[Unit]:
    """The active units of those codes, in no order, held where they stand until the commit.

    Whoever gives a ticket to a unit asks here: nobody moves or retires the unit meanwhile, which
    would leave the ticket's audience, or the ticket, behind.
    """
    return (await session.scalars(_ACTIVE_BY_CODES, {"codes": codes})).all()


async def id_of_code(session: AsyncSession, code: str) -> UUID | None:
    """The id of an active unit; what a handler's token is resolved by."""
    found: UUID | None = await session.scalar(
        select(Unit.id).where(Unit.code == code, Unit.retired_at.is_(None))
    )
    return found


async def hold_tree(work: UnitOfWork, *, alone: bool = False) -> None:
    """Let the tree stand as it is until the commit; `alone` where it will be changed.

    Everybody locks tickets first, then the tree, then units, so that nobody waits in a circle.
    """
    await work.session.execute(select(UnitTree.id).with_for_update(read=not alone))


async def lock_tree(work: UnitOfWork) -> None:
    """Let one change of the tree happen at a time, and count it."""
    tree = await work.session.scalar(select(UnitTree).with_for_update())
    if tree is None:
        work.add(UnitTree(id=1, revision=1))
    else:
        tree.revision += 1


async def get(work: UnitOfWork, unit_id: UUID | None) -> Unit:
    """Raises NotFound."""
    unit = await work.session.get(Unit, unit_id) if unit_id is not None else None
    if unit is None:
        raise NotFound("there is no such unit")
    return unit


async def has_active_children(work: UnitOfWork, unit_id: UUID) -> bool:
    """Whether active units stand below."""
    count = await work.session.scalar(
        select(func.count()).where(Unit.parent_id == unit_id, Unit.retired_at.is_(None))
    )
    return bool(count)


async def open_ticket_codes(work: UnitOfWork, unit_id: UUID, most: int) -> list[str]:
    """Codes of the tickets that wait for the unit, as their lead or for its part, oldest first."""
    rows = await work.session.execute(_OPEN_TICKETS, {"unit": unit_id, "most": most})
    return [row.code for row in rows]
