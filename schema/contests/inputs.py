"""What clients send about contests."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.supervision.enums import (
    ContestRuling,
    ContestStatus,
)
from schema.tickets.inputs import EXPECTED, TICKET


@strawberry.input(description="The lead unit contests the dispatch (派单异议).")
class ContestDispatchInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    ground: str = strawberry.field(description="A code of `contestGrounds` (理由编码).")
    reason: str = strawberry.field(description="In words; 1 to 2,000 characters (理由).")
    evidence: str | None = strawberry.field(
        default=None, description="What speaks for it; up to 8,000 characters (依据)."
    )
    suggested_unit_code: str | None = strawberry.field(
        default=None, description="Code of the unit that it belongs to (建议单位编码)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A supervisor rules on a contest (异议裁定).")
class RuleOnContestInput:
    ticket_id: strawberry.ID | None = strawberry.field(
        default=None, description="The ticket's global id; either this or `contestId` (工单标识)."
    )
    contest_id: strawberry.ID | None = strawberry.field(
        default=None, description="The contest's global id (异议标识)."
    )
    ruling: ContestRuling = strawberry.field(description="What is decided (裁定).")
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (裁定理由).")
    unit_code: str | None = strawberry.field(
        default=None, description="With UPHELD: the unit that leads from now on (改派单位编码)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Which contests; what is left out does not narrow (异议筛选).")
class ContestFilter:
    status: list[ContestStatus] | None = strawberry.field(
        default=None, description="In any of these states (状态)."
    )
    unit_code: str | None = strawberry.field(
        default=None, description="Raised by the unit of this code (提出单位编码)."
    )
    ground: str | None = strawberry.field(default=None, description="On this ground (理由编码).")
    raised_from: datetime | None = strawberry.field(
        default=None, description="Raised then or later (提出不早于)."
    )
    raised_before: datetime | None = strawberry.field(
        default=None, description="Raised before then (提出早于)."
    )
