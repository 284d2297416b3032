"""Orders of supervision (督办单), their steps, escalations (提级) and figures as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, exists, literal, literal_column, select

from domain.kernel.aliases import alias_of
from domain.kernel.visibility import present
from domain.supervision.escalating import ended_at
from domain.supervision.figures import figures
from domain.supervision.models import Escalation as EscalationRow
from domain.supervision.models import SupervisedTicket, SupervisionStatus
from domain.supervision.models import SupervisionOrder as OrderRow
from domain.supervision.models import SupervisionStep as StepRow
from domain.supervision.policy import step_visible_to, visible_to
from domain.tickets.policy import for_offices
from schema.enums import ClockName, UnitLevel
from schema.node import Node, identifier
from schema.reading.declare import Many, One, column, everyone, read, reads
from schema.supervision.enums import (
    SupervisionGrade,
    SupervisionRuling,
    SupervisionStepKind,
    SupervisionTrigger,
)
from schema.supervision.enums import (
    SupervisionStatus as Status,
)
from schema.units.types import Unit

if TYPE_CHECKING:
    from schema.tickets.types import Ticket


def _ticket() -> type:
    from schema.tickets.types import Ticket

    return Ticket


def is_late(order: FromClause) -> ColumnElement[bool]:
    """Whether the report is due and not there."""
    waits = order.c.status == literal_column(f"'{SupervisionStatus.OPEN.value}'")
    return waits & (order.c.deadline <= present())


def _among_its_tickets(order: FromClause, ticket: FromClause) -> ColumnElement[bool]:
    return _linked(order, ticket)


def on_ticket(ticket: FromClause, order: FromClause) -> ColumnElement[bool]:
    """The orders over a ticket."""
    return _linked(order, ticket)


def _linked(order: FromClause, ticket: FromClause) -> ColumnElement[bool]:
    # One of the two rows is two levels further out, where SQLAlchemy does not look by itself.
    link = alias_of(SupervisedTicket)
    row = select(1).where(link.c.order_id == order.c.id, link.c.ticket_id == ticket.c.id)
    return exists(row.correlate(order, ticket))


@reads(StepRow, step_visible_to)
@strawberry.type(description="One thing that happened to an order; never changed (督办过程).")
class SupervisionStep:
    kind: SupervisionStepKind = column(description="What (事项).")
    grade: SupervisionGrade = column(description="The grade after it (事后等级).")
    deadline: datetime = column(description="When the report is due after it (事后期限).")
    text: str | None = column(description="What was said with it (说明).")
    actor: str = column(description="Who did it (操作人).")
    at: datetime = column(description="When (时间).")


@reads(OrderRow, visible_to, node=True)
@strawberry.type(description="An order to a unit, with its own deadline and report (督办单).")
class SupervisionOrder(Node):
    id: strawberry.ID = identifier("SupervisionOrder")
    grade: SupervisionGrade = column(description="How grave (等级).")
    trigger: SupervisionTrigger = column(description="What it was opened for (缘由).")
    status: Status = column(description="Where it stands (状态).")
    topic: str | None = column(description="Of a group: the category in words (事项).")
    reason: str = column(description="Why it was opened (督办理由).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda order, unit: unit.c.id == order.c.unit_id),
        description="The unit that must report (被督办单位).",
    )
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(_ticket, on=lambda order, ticket: ticket.c.id == order.c.ticket_id),
        description="The ticket that it is about; of a group, the latest at first (工单).",
    )
    tickets: list[Annotated[Ticket, strawberry.lazy("schema.tickets.types")]] = read(
        Many(_ticket, on=_among_its_tickets, order=lambda ticket: [ticket.c.id]),
        description="All tickets that it is about, as far as you may see them (全部工单).",
    )
    opened_by: str = column(description="Who opened it; `system` by rule (发起人).")
    opened_at: datetime = column(description="When (发起时间).")
    deadline: datetime = column(description="When the report is due (反馈期限).")
    is_overdue: bool = column(is_late, description="The report is due and not there (是否逾期).")
    report: str | None = column(description="What the unit reported last (反馈).")
    reported_at: datetime | None = column(description="When (反馈时间).")
    ruling: SupervisionRuling | None = column(description="The last ruling (裁定).")
    ruling_reason: str | None = column(description="Its reason (裁定理由).")
    closed_at: datetime | None = column(description="When it was closed (办结时间).")
    version: int = column(description="Rises with every step; see `expectedVersion` (版本).")
    steps: list[SupervisionStep] = read(
        Many(
            lambda: SupervisionStep,
            on=lambda order, step: step.c.order_id == order.c.id,
            order=lambda step: [step.c.position],
        ),
        description="What happened to it, in order (过程).",
    )


@reads(EscalationRow, for_offices)
@strawberry.type(description="A clock that ran out was brought before a higher unit (提级).")
class Escalation:
    level: UnitLevel = column(description="Before which level (提级至).")
    unit: Unit = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.unit_id),
        description="Who must act (应处置单位).",
    )
    clock: ClockName = column(description="Which clock ran out (时限种类).")
    round: int = column(description="In which round (轮次).")
    at: datetime = column(description="When it was brought there (提级时间).")
    deadline: datetime = column(description="By when that unit must have acted (处置期限).")
    ended_at: datetime | None = column(
        ended_at,
        description="The duty was done, or the ticket given anew or at its end (结束时间).",
    )


@reads(lambda _role: figures(literal(None), literal(None)), everyone)
@strawberry.type(description="The orders below one unit, or of the whole city (督办统计).")
class SupervisionFigure:
    unit: Unit | None = read(
        One(lambda: Unit, on=lambda row, unit: unit.c.id == row.c.unit_id),
        description="A district, or a unit directly below the city; null: the whole city (单位).",
    )
    open: int = column(description="Open orders now (在办数).")
    routine: int = column(description="Of them routine (日常督办数).")
    key: int = column(description="Of them key (重点督办数).")
    task_force: int = column(description="Of them with a task force (专班督办数).")
    discipline: int = column(description="Of them under discipline (执纪问责数).")
    overdue: int = column(description="Of the open: the report is due and not there (逾期数).")
    closed: int = column(description="Closed in the month (当月办结数).")
    mean_days: float | None = column(
        description="Days from opening to closing, of those; null without any (平均办结天数)."
    )
