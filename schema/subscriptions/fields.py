"""ticketChanged and inbox: permission is asked when they begin and again at every event."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.kernel.actor import Role
from domain.kernel.errors import Unauthenticated
from domain.tickets.news import concerns
from domain.tickets.policy import no_such_ticket
from schema.access import allowed
from schema.context import Context
from schema.finished import Finished
from schema.mutation import uuid_of
from schema.reading.declare import READS, Row
from schema.tickets.types import Ticket, TicketEvent


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the plan of a subscription is bound to: the row that the news is about."""

    id: UUID | None


def _by_id(target: type) -> dict[str, Row]:
    uuid = PG_UUID(as_uuid=True)
    return {READS: Row(lambda: target, where=lambda row, a: [row.c.id == a.parent("id", uuid)])}


async def _read(info: strawberry.Info, subject: _Subject) -> Finished | None:
    """Read the subject as the caller may see it now; None where it may no longer."""
    context: Context = await info.context.again()
    plan = context.services.field_plans.plan(info._raw_info, context.actor.role)
    variables = cast("dict[str, Any]", info._raw_info.variable_values)
    body = await plan.run(context.primary_pool, variables, context.reader, subject)
    return None if body == b"null" else Finished(body)


def _require_login(info: strawberry.Info, name: str) -> None:
    role: Role = info.context.actor.role
    if not allowed(role, "Subscription", name):
        raise Unauthenticated("log in to subscribe")


@strawberry.type(description="What happens, as it happens; over WebSocket or SSE (订阅).")
class Subscription:
    @strawberry.subscription(
        description="The ticket, each time it changes, until you may no longer see it (工单变化).",
        metadata=_by_id(Ticket),
    )
    async def ticket_changed(
        self,
        info: strawberry.Info,
        ticket_id: Annotated[
            strawberry.ID, strawberry.argument(description="Global id (工单标识).")
        ],
    ) -> AsyncGenerator[Ticket, None]:
        _require_login(info, "ticketChanged")
        uuid = uuid_of("Ticket", ticket_id)
        subject = _Subject(uuid)
        events, who = info.context.services.events, info.context.actor.subject
        with events.subscriber(who, lambda news: news.ticket_id == uuid, uuid) as subscriber:
            if await _read(info, subject) is None:
                raise no_such_ticket()
            async for _ in subscriber.news():
                found = await _read(info, subject)
                if found is None:
                    return
                yield _finished(found)

    @strawberry.subscription(
        description="What happens to the tickets that you work on (待办动态).",
        metadata=_by_id(TicketEvent),
    )
    async def inbox(self, info: strawberry.Info) -> AsyncGenerator[TicketEvent, None]:
        _require_login(info, "inbox")
        actor = info.context.actor
        events = info.context.services.events
        with events.subscriber(actor.subject, lambda news: concerns(actor, news)) as subscriber:
            async for news in subscriber.news():
                if news is None:
                    continue
                found = await _read(info, _Subject(news.event_id))
                if found is not None:
                    yield _finished(found)


def _finished(found: Finished) -> Any:
    """The executor lets finished JSON through; the type checker need not know."""
    return found
