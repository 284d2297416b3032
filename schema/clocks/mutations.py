"""Mutations of extensions, suspensions and the working calendar."""

from __future__ import annotations

import strawberry

from domain.dispatch import calendars, extensions, suspending
from domain.kernel.holidays import Day
from schema.clocks.inputs import (
    DecideExtensionInput,
    DeclareHolidaysInput,
    RequestExtensionInput,
    ResumeTicketInput,
    SuspendTicketInput,
)
from schema.mutation import mutation, perform, uuid_of
from schema.problems import result_of
from schema.tickets.payloads import TicketPayload


@strawberry.type(description="The request waits for its decision (申请结果).")
class RequestExtensionPayload(TicketPayload):
    pass


@strawberry.type(description="The request was decided (审批结果).")
class DecideExtensionPayload(TicketPayload):
    pass


@strawberry.type(description="The clocks stand (挂账结果).")
class SuspendTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The clocks go on (恢复结果).")
class ResumeTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The days are declared; open deadlines follow (安排结果).")
class DeclareHolidaysPayload:
    revision: int = strawberry.field(description="The how-manieth declaration it is (修订号).")
    days: int = strawberry.field(description="How many days it names (天数).")


RequestExtensionResult = result_of("RequestExtension", RequestExtensionPayload)
DecideExtensionResult = result_of("DecideExtension", DecideExtensionPayload)
SuspendTicketResult = result_of("SuspendTicket", SuspendTicketPayload)
ResumeTicketResult = result_of("ResumeTicket", ResumeTicketPayload)
DeclareHolidaysResult = result_of("DeclareHolidays", DeclareHolidaysPayload)


@strawberry.type
class ClockMutations:
    @mutation(
        RequestExtensionResult,
        description="The lead asks for more time before the reply is overdue (申请延期).",
    )
    async def request_extension(
        self,
        info: strawberry.Info,
        given: RequestExtensionInput,
    ) -> RequestExtensionPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: extensions.request_extension(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.limit,
                given.reason,
                given.expected_version,
            ),
        )
        return RequestExtensionPayload(ticket_id=ticket.id)

    @mutation(
        DecideExtensionResult,
        description="The level above the lead, or a supervisor, grants or refuses (审批延期).",
    )
    async def decide_extension(
        self,
        info: strawberry.Info,
        given: DecideExtensionInput,
    ) -> DecideExtensionPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: extensions.decide_extension(
                work,
                rules,
                uuid_of("Extension", given.extension_id),
                given.approve,
                given.reason,
                given.expected_version,
            ),
        )
        return DecideExtensionPayload(ticket_id=ticket.id)

    @mutation(
        SuspendTicketResult,
        description="The level above the lead, or a supervisor, stops the clocks (挂账).",
    )
    async def suspend_ticket(
        self,
        info: strawberry.Info,
        given: SuspendTicketInput,
    ) -> SuspendTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: suspending.suspend_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.measures,
                given.review_on,
                given.reason,
                given.expected_version,
            ),
        )
        return SuspendTicketPayload(ticket_id=ticket.id)

    @mutation(ResumeTicketResult, description="A suspended ticket is taken up again (恢复办理).")
    async def resume_ticket(
        self,
        info: strawberry.Info,
        given: ResumeTicketInput,
    ) -> ResumeTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: suspending.resume_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.reason,
                given.expected_version,
            ),
        )
        return ResumeTicketPayload(ticket_id=ticket.id)

    @mutation(
        DeclareHolidaysResult,
        description="Say which days are worked; open deadlines follow (公布节假日安排).",
    )
    async def declare_holidays(
        self,
        info: strawberry.Info,
        given: DeclareHolidaysInput,
    ) -> DeclareHolidaysPayload:
        days = [Day(day.date, day.is_workday, day.name) for day in given.days]
        declaration = await perform(
            info,
            lambda work: calendars.declare_holidays(work, days, given.source, given.reason),
        )
        return DeclareHolidaysPayload(revision=declaration.revision, days=len(days))
