"""Every SELECT on orders of supervision that commands and jobs need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from domain.dispatch.models import Transfer
from domain.kernel.membership import among
from domain.kernel.visibility import parameters
from domain.kernel.vocabulary import SupervisionTrigger, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.supervision.models import SupervisedTicket, SupervisionOrder, SupervisionStep
from domain.supervision.policy import no_such_order, visible_to
from domain.tickets import queries as tickets
from domain.tickets.models import Ticket
from domain.units.models import Unit


@dataclass(frozen=True, slots=True)
class Supervised:
    """An order with its tickets, all locked."""

    order: SupervisionOrder
    tickets: Sequence[Ticket]


async def lock_order(work: UnitOfWork, order_id: UUID | None) -> Supervised:
    """Lock an order that the actor sees, and before it its tickets, in the order of their ids.

    Raises NotFound.
    """
    row = SupervisionOrder.__table__
    visible = visible_to(work.actor.role, row)
    known = select(row.c.id).where(row.c.id == order_id)
    if visible is not None:
        known = known.where(visible)
    if await work.session.scalar(known, parameters(work.actor)) is None:
        raise no_such_order()
    linked = select(SupervisedTicket.ticket_id).where(SupervisedTicket.order_id == order_id)
    rows = await work.session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(linked))
        .order_by(Ticket.id)
        .with_for_update(key_share=True)
    )
    held = rows.all()
    order = await work.session.get(
        SupervisionOrder, order_id, with_for_update=True, populate_existing=True
    )
    assert order is not None
    return Supervised(order, held)


async def lock_by_rule(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, Supervised]:
    """Lock orders for timers, each after its tickets; those in use, or whose tickets are, are
    left out."""
    links = await work.session.execute(
        select(SupervisedTicket.order_id, SupervisedTicket.ticket_id)
        .where(among(SupervisedTicket.order_id, ids))
        .order_by(SupervisedTicket.ticket_id)
    )
    of_order: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for order_id, ticket_id in links:
        of_order[order_id].append(ticket_id)
    wanted = sorted({each for members in of_order.values() for each in members})
    held = {ticket.id: ticket for ticket in await tickets.lock_by_rule(work, wanted)}
    free = [order_id for order_id, members in of_order.items() if held.keys() >= set(members)]
    orders = await work.session.scalars(
        select(SupervisionOrder)
        .where(among(SupervisionOrder.id, free))
        .order_by(SupervisionOrder.id)
        .with_for_update(skip_locked=True)
    )
    return {
        order.id: Supervised(order, [held[each] for each in of_order[order.id]]) for order in orders
    }


async def open_subjects(
    work: UnitOfWork, trigger: SupervisionTrigger, subjects: Sequence[str]
) -> set[str]:
    """Those of the subjects that have an open order of the trigger."""
    await work.flush()
    found = await work.session.scalars(
        select(SupervisionOrder.subject).where(
            SupervisionOrder.trigger == trigger.value,
            SupervisionOrder.subject == any_(literal(list(subjects), ARRAY(Text()))),
            SupervisionOrder.closed_at.is_(None),
        )
    )
    return set(found)


async def transfers_in_round(work: UnitOfWork, ticket: Ticket) -> int:
    """How often the ticket left a lead for another in its present round."""
    await work.flush()
    count = await work.session.scalar(
        select(func.count()).where(Transfer.ticket_id == ticket.id, Transfer.round == ticket.round)
    )
    return int(count or 0)


async def steps_of(work: UnitOfWork, orders: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many steps each of the orders has."""
    await work.flush()
    rows = await work.session.execute(
        select(SupervisionStep.order_id, func.count())
        .where(among(SupervisionStep.order_id, orders))
        .group_by(SupervisionStep.order_id)
    )
    return {row[0]: row[1] for row in rows}


async def higher_units(
    work: UnitOfWork, leads: Sequence[UUID]
) -> Mapping[UUID, Sequence[tuple[UUID, UnitLevel]]]:
    """For each lead the units above it and itself, from the root down, with their levels."""
    lead, above = aliased(Unit), aliased(Unit)
    rows = await work.session.execute(
        select(lead.id, above.id, above.level)
        .join(above, above.id == any_(lead.lineage))
        .where(among(lead.id, leads))
        .order_by(lead.id, func.array_position(lead.lineage, above.id))
    )
    found: defaultdict[UUID, list[tuple[UUID, UnitLevel]]] = defaultdict(list)
    for lead_id, unit_id, level in rows:
        found[lead_id].append((unit_id, UnitLevel(level)))
    return found
