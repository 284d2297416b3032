"""The audience of a ticket: every unit that it was given to, and each unit above those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.work import UnitOfWork
from domain.tickets.models import Audience


async def admit(work: UnitOfWork, ticket_id: UUID, lineages: Iterable[Sequence[UUID]]) -> None:
    """Let the units of these lineages (root → unit) see the ticket. Admitted twice is once.

    A unit that the ticket was taken from keeps seeing it: it is in its history.
    """
    units = {unit for lineage in lineages for unit in lineage}
    if not units:
        return
    await work.flush()
    rows = [{"unit_id": unit, "ticket_id": ticket_id} for unit in sorted(units)]
    await work.session.execute(insert(Audience).values(rows).on_conflict_do_nothing())


_AFFECTED = """
    select a.ticket_id from assignment a join unit u on u.id = a.unit_id
    where cast(:moved as uuid) is null or u.lineage @> array[cast(:moved as uuid)]
"""
_CLEAR = text(f"delete from audience where ticket_id in ({_AFFECTED})")  # noqa: S608
_FILL = text(
    f"""
    insert into audience (unit_id, ticket_id)
    select distinct unnest(u.lineage), a.ticket_id
    from assignment a join unit u on u.id = a.unit_id
    where a.ticket_id in ({_AFFECTED})
    """  # noqa: S608 - both are constants
)


async def rebuild(session: AsyncSession, moved: UUID | None = None) -> None:
    """Compute the audience anew from assignments and the tree; its definition.

    With `moved`, only for tickets that were ever assigned below that unit.
    """
    await session.execute(_CLEAR, {"moved": moved})
    await session.execute(_FILL, {"moved": moved})
