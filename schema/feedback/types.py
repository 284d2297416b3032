"""Reply (答复) and callback (回访) as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.feedback.models import Callback as CallbackRow
from domain.feedback.models import Reply as ReplyRow
from domain.tickets.policy import of_visible_ticket, words_of_ticket
from schema.enums import CallbackSource, CallbackStatus, Satisfaction
from schema.node import Node, identifier
from schema.reading.declare import One, column, read, reads
from schema.units.types import Unit

if TYPE_CHECKING:
    from schema.tickets.types import Ticket


def _ticket() -> type:
    from schema.tickets.types import Ticket

    return Ticket


@reads(ReplyRow, of_visible_ticket)
@strawberry.type(description="The unit's result, point to point (答复).")
class Reply:
    round: int = column(description="Of which round (轮次).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda reply, unit: unit.c.id == reply.c.unit_id),
        description="The unit that replied (答复单位).",
    )
    content: str = column(words_of_ticket("content"), description="What was done (答复内容).")
    resolved: bool = column(description="Whether the unit calls it solved (单位认为已解决).")
    replied_at: datetime = column(description="When (答复时间).")


@reads(CallbackRow, of_visible_ticket, node=True)
@strawberry.type(
    description="One attempt to ask the citizen, or the citizen's own evaluation (回访)."
)
class Callback(Node):
    id: strawberry.ID = identifier("Callback")
    round: int = column(description="Which round is judged (轮次).")
    attempt: int = column(description="The how-manieth attempt of the round (第几次).")
    status: CallbackStatus = column(description="Where it stands (状态).")
    source: CallbackSource = column(description="Who gave the answers (来源).")
    due_at: datetime = column(description="When to call, inside calling hours (应回访时间).")
    answered_at: datetime | None = column(description="When it was tried or answered (回访时间).")
    contacted: bool | None = column(description="Did the unit contact you? (是否联系)")
    resolved: bool | None = column(description="Was it solved? (是否解决)")
    satisfaction: Satisfaction | None = column(description="Are you satisfied? (满意度)")
    remark: str | None = column(words_of_ticket("remark"), description="What else was said (备注).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda callback, unit: unit.c.id == callback.c.unit_id),
        description="The unit that is judged (被评单位).",
    )
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda callback, ticket: ticket.c.id == callback.c.ticket_id),
        description="The ticket (工单).",
    )
