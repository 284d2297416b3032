"""Mutations of whistle and report-in."""

from __future__ import annotations

import strawberry

from domain.whistles import commands
from schema.mutation import mutation, perform, uuid_of
from schema.whistles import payloads as p
from schema.whistles.inputs import (
    CloseWhistleInput,
    ConfirmReportInInput,
    RateWhistleInput,
    ReportInInput,
    WhistleInput,
)


@strawberry.type
class WhistleMutations:
    @mutation(
        p.WhistleResult,
        description="The street or district that leads calls units to a place (吹哨).",
    )
    async def whistle(
        self,
        info: strawberry.Info,
        input: WhistleInput,  # noqa: A002
    ) -> p.WhistlePayload:
        rules = info.context.services.city.rules
        call = commands.Call(
            input.purpose, input.place, input.at, input.unit_codes, input.report_in_by
        )
        made = await perform(
            info,
            lambda work: commands.whistle(
                work,
                rules,
                uuid_of("Ticket", input.ticket_id),
                call,
                input.expected_version,
            ),
        )
        return p.WhistlePayload(ticket_id=made.ticket_id, whistle_id=made.id)

    @mutation(p.ReportInResult, description="A called unit is there (报到).")
    async def report_in(
        self,
        info: strawberry.Info,
        input: ReportInInput,  # noqa: A002
    ) -> p.ReportInPayload:
        report = await perform(
            info,
            lambda work: commands.report_in(
                work,
                uuid_of("Whistle", input.whistle_id),
                input.what,
                input.arrived_at,
                input.expected_version,
            ),
        )
        return p.ReportInPayload(
            ticket_id=report.ticket_id, whistle_id=report.whistle_id, report_in_id=report.id
        )

    @mutation(
        p.ConfirmReportInResult,
        description="The caller says whether the unit came, and rates it (确认报到).",
    )
    async def confirm_report_in(
        self,
        info: strawberry.Info,
        input: ConfirmReportInInput,  # noqa: A002
    ) -> p.ConfirmReportInPayload:
        report = await perform(
            info,
            lambda work: commands.confirm_report_in(
                work,
                uuid_of("ReportIn", input.report_in_id),
                input.confirmed,
                input.rating,
                input.remark,
                input.expected_version,
            ),
        )
        return p.ConfirmReportInPayload(
            ticket_id=report.ticket_id, whistle_id=report.whistle_id, report_in_id=report.id
        )

    @mutation(
        p.RateWhistleResult,
        description="A called unit that reported in rates the caller (评价吹哨).",
    )
    async def rate_whistle(
        self,
        info: strawberry.Info,
        input: RateWhistleInput,  # noqa: A002
    ) -> p.RateWhistlePayload:
        report = await perform(
            info,
            lambda work: commands.rate_whistle(
                work,
                uuid_of("Whistle", input.whistle_id),
                input.rating,
                input.remark,
                input.expected_version,
            ),
        )
        return p.RateWhistlePayload(
            ticket_id=report.ticket_id, whistle_id=report.whistle_id, report_in_id=report.id
        )

    @mutation(p.CloseWhistleResult, description="The caller needs nobody more (哨声解除).")
    async def close_whistle(
        self,
        info: strawberry.Info,
        input: CloseWhistleInput,  # noqa: A002
    ) -> p.CloseWhistlePayload:
        made = await perform(
            info,
            lambda work: commands.close_whistle(
                work,
                uuid_of("Whistle", input.whistle_id),
                input.reason,
                input.expected_version,
            ),
        )
        return p.CloseWhistlePayload(ticket_id=made.ticket_id, whistle_id=made.id)
