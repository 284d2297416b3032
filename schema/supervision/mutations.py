"""Mutations of supervision."""

from __future__ import annotations

import strawberry

from domain.supervision import commands, opening
from schema.mutation import mutation, perform, uuid_of
from schema.supervision import payloads as p
from schema.supervision.inputs import (
    CloseSupervisionInput,
    OpenSupervisionInput,
    SubmitSupervisionReportInput,
)


@strawberry.type
class SupervisionMutations:
    @mutation(
        p.OpenSupervisionResult,
        description="Order the lead unit to bring a ticket on and to report (督办).",
    )
    async def open_supervision(
        self,
        info: strawberry.Info,
        given: OpenSupervisionInput,
    ) -> p.OpenSupervisionPayload:
        rules = info.context.services.city.rules
        order = await perform(
            info,
            lambda work: opening.open_supervision(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.grade,
                given.reason,
                given.expected_version,
            ),
        )
        return p.OpenSupervisionPayload(order_id=order.id, ticket_id=order.ticket_id)

    @mutation(
        p.SubmitSupervisionReportResult,
        description="The supervised unit's report; the order's clock ends (督办反馈).",
    )
    async def submit_supervision_report(
        self,
        info: strawberry.Info,
        given: SubmitSupervisionReportInput,
    ) -> p.SubmitSupervisionReportPayload:
        order = await perform(
            info,
            lambda work: commands.submit_report(
                work,
                uuid_of("SupervisionOrder", given.order_id),
                given.report,
                given.expected_version,
            ),
        )
        return p.SubmitSupervisionReportPayload(order_id=order.id, ticket_id=order.ticket_id)

    @mutation(
        p.CloseSupervisionResult,
        description="Close an order, or return its report with a new deadline (督办裁定).",
    )
    async def close_supervision(
        self,
        info: strawberry.Info,
        given: CloseSupervisionInput,
    ) -> p.CloseSupervisionPayload:
        rules = info.context.services.city.rules
        order = await perform(
            info,
            lambda work: commands.close_supervision(
                work,
                rules,
                uuid_of("SupervisionOrder", given.order_id),
                given.ruling,
                given.reason,
                given.expected_version,
            ),
        )
        return p.CloseSupervisionPayload(order_id=order.id, ticket_id=order.ticket_id)
