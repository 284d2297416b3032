"""The audience of a ticket: every unit that it was given to, and each unit above those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.work import UnitOfWork
from domain.tickets.models import Audience, Ticket


def admit(work: UnitOfWork, ticket: Ticket, lineages: Iterable[Sequence[UUID]]) -> None:
    """Let the units of these lineages (root → unit) see the ticket. Admitted twice is once.

    A unit that the ticket was taken from keeps seeing it: it is in its history. The unit that a
    report is about, and those below it, are never let in (J32).
    """
    shut = ticket.shut_unit_id
    units = {unit for lineage in lineages for unit in takewhile(lambda one: one != shut, lineage)}
    for unit in sorted(units):
        work.record(Audience(unit_id=unit, ticket_id=ticket.id))


_AFFECTED = """
    select a.ticket_id from assignment a join unit u on u.id = a.unit_id
    where cast(:moved as uuid) is null or u.lineage @> array[cast(:moved as uuid)]
"""
_TAKEN = "delete from audience where ticket_id in ({affected})"
_DEFINED = """
    insert into audience (unit_id, ticket_id)
    select distinct seen.id, a.ticket_id
    from assignment a join unit u on u.id = a.unit_id join ticket t on t.id = a.ticket_id
      join unit seen on seen.id = any(u.lineage)
    where a.ticket_id in ({affected})
      and not (t.accused_unit_id is not null and (t.confidential or t.kind = 'REPORT')
               and t.accused_unit_id = any(seen.lineage))
"""
_CLEAR = text(_TAKEN.format(affected=_AFFECTED))
# A ticket of the branch that is given to a unit outside it at the same time has that unit's rows.
_FILL = text(_DEFINED.format(affected=_AFFECTED) + " on conflict do nothing")
_CLEAR_ONE = text(_TAKEN.format(affected=":ticket"))
_FILL_ONE = text(_DEFINED.format(affected=":ticket"))


async def shut_out(work: UnitOfWork, ticket: Ticket) -> None:
    """Take a ticket out of the sight of the unit that it is about now, and of those below it.

    Whom it was said to be about before may see again what it was given. The tree must stand still
    (`units.queries.hold_tree`): a move that began before would write the rows again.
    """
    await work.flush()
    await work.session.execute(_CLEAR_ONE, {"ticket": ticket.id})
    await work.session.execute(_FILL_ONE, {"ticket": ticket.id})


async def rebuild(session: AsyncSession, moved: UUID | None = None) -> None:
    """Compute the audience anew from assignments and the tree; its definition.

    With `moved`, only for tickets that were ever assigned below that unit.
    """
    await session.execute(_CLEAR, {"moved": moved})
    await session.execute(_FILL, {"moved": moved})
