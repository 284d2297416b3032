"""Mutations of the citizen, the centre, and the unit's acceptance."""

from __future__ import annotations

from uuid import UUID

import strawberry

from domain.accounts.commands import reveal_contact
from domain.dispatch import handling, intake, merging, triage
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.vocabulary import TicketKind
from domain.kernel.work import UnitOfWork
from domain.supervision import problems
from domain.tickets import commands, queries
from schema.context import Services
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p
from schema.tickets.inputs import (
    AcceptTicketInput,
    AddSupplementInput,
    ClassifyTicketInput,
    DispatchTicketInput,
    RevealContactInput,
    SubmitTicketInput,
    TriageTicketInput,
    UrgeTicketInput,
    WithdrawTicketInput,
)


def submission_of(given: SubmitTicketInput) -> intake.Submission:
    """The domain's submission. Raises InvalidInput for attachments, which come later."""
    if given.attachment_ids:
        raise InvalidInput(Fault("attachmentIds", "must be empty: attachments are not taken yet"))
    contact, location = given.contact, given.location
    return intake.Submission(
        title=given.title,
        content=given.content,
        kind=given.kind or TicketKind.HELP,
        category=given.category,
        address=given.address,
        location=(location.longitude, location.latitude) if location else None,
        unit_code=given.unit_code,
        accused_unit_code=given.accused_unit_code,
        contact=intake.ContactDetails(contact.phone, contact.name) if contact else None,
        channel=given.channel,
        confidential=bool(given.confidential),
        idempotency_key=given.idempotency_key,
    )


@strawberry.type
class TicketMutations:
    @mutation(
        p.SubmitTicketResult,
        description="Take a complaint in; it is dispatched where its unit is clear (登记).",
    )
    async def submit_ticket(
        self,
        info: strawberry.Info,
        given: SubmitTicketInput,
    ) -> p.SubmitTicketPayload:
        services: Services = info.context.services
        submission = submission_of(given)

        async def submit(work: UnitOfWork) -> UUID:
            return await intake.submit_ticket(work, services.city, services.protection, submission)

        return p.SubmitTicketPayload(ticket_id=await perform(info, submit))

    @mutation(p.AddSupplementResult, description="Add words to an open ticket (补充).")
    async def add_supplement(
        self,
        info: strawberry.Info,
        given: AddSupplementInput,
    ) -> p.AddSupplementPayload:
        ticket = await perform(
            info,
            lambda work: commands.add_supplement(
                work, uuid_of("Ticket", given.ticket_id), given.content, given.expected_version
            ),
        )
        return p.AddSupplementPayload(ticket_id=ticket.id)

    @mutation(p.UrgeTicketResult, description="Ask again; counted, and limited a day (催办).")
    async def urge_ticket(
        self,
        info: strawberry.Info,
        given: UrgeTicketInput,
    ) -> p.UrgeTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: problems.urge_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.remark,
                given.expected_version,
            ),
        )
        return p.UrgeTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.WithdrawTicketResult, description="Take a ticket back before it was replied to (撤回)."
    )
    async def withdraw_ticket(
        self,
        info: strawberry.Info,
        given: WithdrawTicketInput,
    ) -> p.WithdrawTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: merging.withdraw_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.reason,
                given.expected_version,
            ),
        )
        return p.WithdrawTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.TriageTicketResult,
        description="End a ticket in the centre: answer it, or redirect it on a ground (分流).",
    )
    async def triage_ticket(
        self,
        info: strawberry.Info,
        given: TriageTicketInput,
    ) -> p.TriageTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: triage.triage_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.outcome,
                given.answer,
                given.ground,
                given.expected_version,
            ),
        )
        return p.TriageTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.ClassifyTicketResult,
        description="Set category or level; clocks follow the level (定类定级).",
    )
    async def classify_ticket(
        self,
        info: strawberry.Info,
        given: ClassifyTicketInput,
    ) -> p.ClassifyTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: triage.classify_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                category=given.category,
                level=given.level,
                accused_unit_code=given.accused_unit_code,
                reason=given.reason,
                expected_version=given.expected_version,
            ),
        )
        return p.ClassifyTicketPayload(ticket_id=ticket.id)

    @mutation(p.DispatchTicketResult, description="Give a ticket to a unit by hand (派单).")
    async def dispatch_ticket(
        self,
        info: strawberry.Info,
        given: DispatchTicketInput,
    ) -> p.DispatchTicketPayload:
        city = info.context.services.city
        ticket = await perform(
            info,
            lambda work: problems.dispatch_ticket(
                work,
                city,
                uuid_of("Ticket", given.ticket_id),
                given.unit_code,
                given.reason,
                given.expected_version,
                joint=given.joint_unit_codes or (),
                co_handlers=given.co_handler_codes or (),
            ),
        )
        return p.DispatchTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.AcceptTicketResult,
        description="The lead takes a ticket in hand, or a joint unit its task (签收).",
    )
    async def accept_ticket(
        self,
        info: strawberry.Info,
        given: AcceptTicketInput,
    ) -> p.AcceptTicketPayload:
        ticket = await perform(
            info,
            lambda work: handling.accept_ticket(
                work, uuid_of("Ticket", given.ticket_id), given.expected_version
            ),
        )
        return p.AcceptTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.RevealContactResult,
        description="See a contact in clear; the purpose is kept on record (查看联系方式).",
    )
    async def reveal_contact(
        self,
        info: strawberry.Info,
        given: RevealContactInput,
    ) -> p.RevealContactPayload:
        protection = info.context.services.protection

        async def reveal(work: UnitOfWork) -> p.RevealContactPayload:
            citizen, ticket = await queries.shown_citizen(work, uuid_of("Ticket", given.ticket_id))
            contact = await reveal_contact(work, protection, citizen, ticket, given.purpose)
            return p.RevealContactPayload(name=contact.name, phone=contact.phone)

        return await perform(info, reveal)
