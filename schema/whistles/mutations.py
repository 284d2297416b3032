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
        given: WhistleInput,
    ) -> p.WhistlePayload:
        rules = info.context.services.city.rules
        call = commands.Call(
            given.purpose, given.place, given.at, given.unit_codes, given.report_in_by
        )
        made = await perform(
            info,
            lambda work: commands.whistle(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                call,
                given.expected_version,
            ),
        )
        return p.WhistlePayload(ticket_id=made.ticket_id, whistle_id=made.id)

    @mutation(p.ReportInResult, description="A called unit is there (报到).")
    async def report_in(
        self,
        info: strawberry.Info,
        given: ReportInInput,
    ) -> p.ReportInPayload:
        report = await perform(
            info,
            lambda work: commands.report_in(
                work,
                uuid_of("Whistle", given.whistle_id),
                given.what,
                given.arrived_at,
                given.expected_version,
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
        given: ConfirmReportInInput,
    ) -> p.ConfirmReportInPayload:
        report = await perform(
            info,
            lambda work: commands.confirm_report_in(
                work,
                uuid_of("ReportIn", given.report_in_id),
                given.confirmed,
                given.rating,
                given.remark,
                given.expected_version,
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
        given: RateWhistleInput,
    ) -> p.RateWhistlePayload:
        report = await perform(
            info,
            lambda work: commands.rate_whistle(
                work,
                uuid_of("Whistle", given.whistle_id),
                given.rating,
                given.remark,
                given.expected_version,
            ),
        )
        return p.RateWhistlePayload(
            ticket_id=report.ticket_id, whistle_id=report.whistle_id, report_in_id=report.id
        )

    @mutation(p.CloseWhistleResult, description="The caller needs nobody more (哨声解除).")
    async def close_whistle(
        self,
        info: strawberry.Info,
        given: CloseWhistleInput,
    ) -> p.CloseWhistlePayload:
        made = await perform(
            info,
            lambda work: commands.close_whistle(
                work,
                uuid_of("Whistle", given.whistle_id),
                given.reason,
                given.expected_version,
            ),
        )
        return p.CloseWhistlePayload(ticket_id=made.ticket_id, whistle_id=made.id)
