"""What clients send about whistles."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.tickets.inputs import EXPECTED, TICKET

_WHISTLE = "The whistle's global id (哨声标识)."
_RATING = "1 to 5, 5 is best (评分)."
_REMARK = "Up to 2,000 characters (评语)."


@strawberry.input(description="To call units to a place (吹哨).")
class WhistleInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    purpose: str = strawberry.field(description="Why; 1 to 2,000 characters (事由).")
    place: str = strawberry.field(description="Where to; 1 to 500 characters (集合地点).")
    at: datetime = strawberry.field(description="When to be there (集合时间).")
    unit_codes: list[str] = strawberry.field(
        description="1 to 20 units to call; none below the caller (被呼叫单位编码)."
    )
    report_in_by: datetime | None = strawberry.field(
        default=None,
        description="Until when to report in; by the ticket's level where absent (报到时限).",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To report in (报到).")
class ReportInInput:
    whistle_id: strawberry.ID = strawberry.field(description=_WHISTLE)
    what: str = strawberry.field(
        description="What the unit does there; 1 to 2,000 characters (到场工作)."
    )
    arrived_at: datetime | None = strawberry.field(
        default=None, description="When it was there; now where absent (到场时间)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To judge a report-in, once (确认报到).")
class ConfirmReportInInput:
    report_in_id: strawberry.ID = strawberry.field(
        description="The report-in's global id (报到标识)."
    )
    confirmed: bool = strawberry.field(description="Whether the unit really came (是否到场).")
    rating: int = strawberry.field(description=_RATING)
    remark: str | None = strawberry.field(default=None, description=_REMARK)
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To rate the caller, once (评价吹哨).")
class RateWhistleInput:
    whistle_id: strawberry.ID = strawberry.field(description=_WHISTLE)
    rating: int = strawberry.field(description=_RATING)
    remark: str | None = strawberry.field(default=None, description=_REMARK)
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To close a whistle (哨声解除).")
class CloseWhistleInput:
    whistle_id: strawberry.ID = strawberry.field(description=_WHISTLE)
    reason: str | None = strawberry.field(
        default=None,
        description="Needed where not every report-in is confirmed; up to 2,000 characters (理由).",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
