"""What clients send about supervision."""

from __future__ import annotations

import strawberry

from schema.supervision.enums import (
    SupervisionGrade,
    SupervisionRuling,
    SupervisionStatus,
    SupervisionTrigger,
)
from schema.tickets.inputs import EXPECTED, TICKET

_ORDER = "The order's global id (督办单标识)."


@strawberry.input(description="A supervisor orders the lead unit to act and report (督办).")
class OpenSupervisionInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    grade: SupervisionGrade = strawberry.field(description="How grave (等级).")
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (督办理由).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="The supervised unit says what was done (督办反馈).")
class SubmitSupervisionReportInput:
    order_id: strawberry.ID = strawberry.field(description=_ORDER)
    report: str = strawberry.field(description="What was done; 1 to 8,000 characters (反馈).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A supervisor rules on an order (督办裁定).")
class CloseSupervisionInput:
    order_id: strawberry.ID = strawberry.field(description=_ORDER)
    ruling: SupervisionRuling = strawberry.field(
        description="SATISFIED and RETURNED need a report; WITHDRAWN does not (裁定)."
    )
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (裁定理由).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Which orders; what is left out does not narrow (督办筛选).")
class SupervisionFilter:
    status: list[SupervisionStatus] | None = strawberry.field(
        default=None, description="In any of these states (状态)."
    )
    grade: list[SupervisionGrade] | None = strawberry.field(
        default=None, description="Of any of these grades (等级)."
    )
    trigger: list[SupervisionTrigger] | None = strawberry.field(
        default=None, description="Opened for any of these (缘由)."
    )
    unit_code: str | None = strawberry.field(
        default=None, description="To the unit of this code or any below it (单位编码)."
    )
    overdue: bool | None = strawberry.field(
        default=None, description="Whether the report is due and not there (是否逾期)."
    )
