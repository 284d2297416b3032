"""What the mutations of supervision give back: the order and its ticket, read after the commit."""

from __future__ import annotations

from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.problems import result_of
from schema.reading.declare import Row, reading
from schema.supervision.types import SupervisionOrder
from schema.tickets.payloads import TicketPayload


@strawberry.type(description="What every step on an order gives back (督办操作结果).")
class SupervisionPayload(TicketPayload):
    order_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: SupervisionOrder,
            where=lambda order, a: [order.c.id == a.parent("order_id", PG_UUID(as_uuid=True))],
        ),
        description="The order as it is now; null where you may no longer see it (督办单).",
    )
    def supervision(self) -> SupervisionOrder | None: ...


@strawberry.type(description="The order was opened (督办结果).")
class OpenSupervisionPayload(SupervisionPayload):
    pass


@strawberry.type(description="The report was taken (督办反馈结果).")
class SubmitSupervisionReportPayload(SupervisionPayload):
    pass


@strawberry.type(description="The ruling was recorded (督办裁定结果).")
class CloseSupervisionPayload(SupervisionPayload):
    pass


OpenSupervisionResult = result_of("OpenSupervision", OpenSupervisionPayload)
SubmitSupervisionReportResult = result_of("SubmitSupervisionReport", SubmitSupervisionReportPayload)
CloseSupervisionResult = result_of("CloseSupervision", CloseSupervisionPayload)
