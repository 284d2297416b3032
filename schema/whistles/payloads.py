"""What the mutations on whistles give back, read after the commit."""

from __future__ import annotations

from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.problems import result_of
from schema.reading.declare import Row, reading
from schema.tickets.payloads import TicketPayload
from schema.whistles.types import ReportIn, Whistle


@strawberry.type(description="What every step on a whistle gives back (哨声操作结果).")
class OnWhistlePayload(TicketPayload):
    whistle_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: Whistle,
            where=lambda row, a: [row.c.id == a.parent("whistle_id", PG_UUID(as_uuid=True))],
        ),
        description="The whistle as it is now; null where you may not see it (哨声).",
    )
    def whistle(self) -> Whistle | None: ...


@strawberry.type(description="What every step on a report-in gives back (报到操作结果).")
class OnReportInPayload(OnWhistlePayload):
    report_in_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: ReportIn,
            where=lambda row, a: [row.c.id == a.parent("report_in_id", PG_UUID(as_uuid=True))],
        ),
        description="The report-in as it is now; null where you may not see it (报到).",
    )
    def report_in(self) -> ReportIn | None: ...


@strawberry.type(description="The units were called (吹哨结果).")
class WhistlePayload(OnWhistlePayload):
    pass


@strawberry.type(description="The unit reported in (报到结果).")
class ReportInPayload(OnReportInPayload):
    pass


@strawberry.type(description="The report-in was judged (确认结果).")
class ConfirmReportInPayload(OnReportInPayload):
    pass


@strawberry.type(description="The caller was rated (评价结果).")
class RateWhistlePayload(OnReportInPayload):
    pass


@strawberry.type(description="The whistle was closed (解除结果).")
class CloseWhistlePayload(OnWhistlePayload):
    pass


WhistleResult = result_of("Whistle", WhistlePayload)
ReportInResult = result_of("ReportIn", ReportInPayload)
ConfirmReportInResult = result_of("ConfirmReportIn", ConfirmReportInPayload)
RateWhistleResult = result_of("RateWhistle", RateWhistlePayload)
CloseWhistleResult = result_of("CloseWhistle", CloseWhistlePayload)
