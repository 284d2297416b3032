"""Who may see which order of supervision, and which escalation."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, exists, false, select

from domain.kernel.actor import CENTRE, Role
from domain.kernel.aliases import alias_of
from domain.kernel.errors import NotFound
from domain.kernel.visibility import actor_unit_id
from domain.supervision.models import SupervisedTicket
from domain.tickets.models import Audience
from domain.tickets.recusals import not_recused


def visible_to(role: Role, order: FromClause) -> ColumnElement[bool] | None:
    """Orders: the centre all, a handler those over tickets that it sees, citizens none.

    Staff who were taken off a ticket see no order by it (J32).
    """
    return _of_seen_order(role, order.c.id)


def step_visible_to(role: Role, step: FromClause) -> ColumnElement[bool] | None:
    """What happened to an order is seen by whoever sees the order."""
    return _of_seen_order(role, step.c.order_id)


def _of_seen_order(role: Role, order_id: ColumnElement[UUID]) -> ColumnElement[bool] | None:
    if role is Role.SYSTEM:
        return None
    if role not in CENTRE and role is not Role.HANDLER:
        return false()
    link, audience = alias_of(SupervisedTicket), alias_of(Audience)
    own = select(1).where(link.c.order_id == order_id, not_recused(link.c.ticket_id))
    if role is Role.HANDLER:
        own = own.where(
            audience.c.ticket_id == link.c.ticket_id, audience.c.unit_id == actor_unit_id()
        )
    return exists(own)


def no_such_order() -> NotFound:
    """The one answer for what does not exist and what may not be seen."""
    return NotFound("there is no such order of supervision")
