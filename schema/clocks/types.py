"""Extension (延期), suspension (挂账) and each clock by itself, as they are read."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, and_, case, literal_column, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from domain.dispatch.models import ClockSegment as SegmentRow
from domain.dispatch.models import Extension as ExtensionRow
from domain.dispatch.models import Suspension as SuspensionRow
from domain.kernel.actor import STAFF, Role
from domain.kernel.vocabulary import ClockName as Name
from domain.kernel.vocabulary import ExtensionStatus
from domain.tickets.models import Ticket as TicketRow
from domain.tickets.policy import of_visible_ticket, words_of_ticket
from domain.tickets.workflow import ENDED
from schema.clocks.explained import ONE_EXPLANATION, WARNING_AT, ExplanationLanguage, InLanguage
from schema.enums import ClockName, described
from schema.node import Node, identifier
from schema.reading.declare import One, column, read, reading, reads
from schema.units.types import Unit

if TYPE_CHECKING:
    from schema.tickets.types import Ticket


def _ticket() -> type:
    from schema.tickets.types import Ticket

    return Ticket


described(
    ExtensionStatus,
    "ExtensionStatus",
    "What became of a request for more time (延期申请状态).",
    {
        "REQUESTED": "Waits for the decision; the clock runs on (待审批).",
        "APPROVED": "Granted (已批准).",
        "REFUSED": "Refused, with a reason (未批准).",
        "LAPSED": "Nobody decided before the deadline or the reply (已失效).",
    },
)


class ClockState(StrEnum):
    """Where one clock of a ticket stands."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    DONE = "DONE"


described(
    ClockState,
    "ClockState",
    "Where one clock of a ticket stands (时限状态).",
    {
        "RUNNING": "Its duty is open and its time runs, or has run out (计时中).",
        "STOPPED": "It stands, and has no deadline until it goes on (停止计时).",
        "DONE": "Its duty is done, or no unit has the ticket any more (已完成).",
    },
)


def _clocks(_role: Role) -> FromClause:
    """The last segment of each clock: the present round's, since every round starts them all."""
    segment, ticket = SegmentRow.__table__, TicketRow.__table__
    done = case(
        (segment.c.clock == _word(Name.ACCEPT), ticket.c.accepted_at),
        (segment.c.clock == _word(Name.CONTACT), ticket.c.contacted_at),
        else_=ticket.c.replied_at,
    )
    ended = ticket.c.status.in_([_word(status) for status in sorted(ENDED)])
    return (
        select(
            segment.c.ticket_id,
            segment.c.clock,
            segment.c.round,
            segment.c.deadline,
            or_(done.is_not(None), ended, ticket.c.lead_unit_id.is_(None)).label("done"),
        )
        .ext(distinct_on(segment.c.ticket_id, segment.c.clock))
        .join(ticket, ticket.c.id == segment.c.ticket_id)
        .order_by(segment.c.ticket_id, segment.c.clock, segment.c.position.desc())
        .subquery()
    )


def _word(word: StrEnum) -> ColumnElement[str]:
    return literal_column(f"'{word.value}'")


def _state(clock: FromClause) -> ColumnElement[str]:
    return case(
        (clock.c.done, _word(ClockState.DONE)),
        (clock.c.deadline.is_(None), _word(ClockState.STOPPED)),
        else_=_word(ClockState.RUNNING),
    )


def _extension_visible_to(role: Role, row: FromClause) -> ColumnElement[bool] | None:
    """Whoever sees the ticket; citizens and partners what was granted, not how it was argued."""
    seen = of_visible_ticket(role, row)
    if role in STAFF or seen is None:
        return seen
    return and_(seen, row.c.status == _word(ExtensionStatus.APPROVED))


@reads(ExtensionRow, _extension_visible_to, node=True)
@strawberry.type(description="A request for more time, and its decision (延期).")
class Extension(Node):
    id: strawberry.ID = identifier("Extension")
    status: ExtensionStatus = column(description="What became of it (状态).")
    round: int = column(description="In which round (轮次).")
    limit: str = column(description="ISO 8601 duration, or `PnWD` for n working days (延长时限).")
    reason: str = column(words_of_ticket("reason"), description="Why more time is needed (理由).")
    requested_at: datetime = column(description="When it was asked for (申请时间).")
    decision: str | None = column(
        words_of_ticket("decision"), description="Why it was granted or refused (审批意见)."
    )
    decided_at: datetime | None = column(description="When it was decided, or lapsed (审批时间).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda extension, unit: unit.c.id == extension.c.unit_id),
        description="The unit that asked (申请单位).",
    )
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda extension, ticket: ticket.c.id == extension.c.ticket_id),
        description="The ticket (工单).",
    )


@reads(SuspensionRow, of_visible_ticket, node=True)
@strawberry.type(description="Clocks stopped under a plan, until its review (挂账).")
class Suspension(Node):
    id: strawberry.ID = identifier("Suspension")
    round: int = column(description="In which round (轮次).")
    measures: str = column(
        words_of_ticket("measures"), description="What is done meanwhile (措施)."
    )
    reason: str = column(
        words_of_ticket("reason"), description="Why it cannot be done sooner (理由)."
    )
    review_on: date = column(description="The local day of the review (复查日期).")
    suspended_at: datetime = column(description="When (挂账时间).")
    reviewed_at: datetime | None = column(description="When the review came (复查时间).")
    ended_at: datetime | None = column(description="When the ticket was taken up again (结束时间).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda suspension, unit: unit.c.id == suspension.c.unit_id),
        description="The unit that leads (主办单位).",
    )
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda suspension, ticket: ticket.c.id == suspension.c.ticket_id),
        description="The ticket (工单).",
    )


@reads(_clocks, of_visible_ticket)
@strawberry.type(description="One clock of a ticket by itself (单项时限).")
class SingleClock:
    clock: ClockName = column(description="What it limits (时限种类).")
    state: ClockState = column(_state, description="Where it stands (状态).")
    deadline: datetime | None = column(description="When it is used up (截止时间).")
    warning_at: datetime | None = read(
        WARNING_AT, description="When its warning comes; null where it stands before it (预警时间)."
    )

    @reading(ONE_EXPLANATION, description="Why it is due then, in words (时限说明).")
    def explanation(
        self,
        language: InLanguage = ExplanationLanguage.ZH,
    ) -> str | None: ...
