"""Mutations of contact, reply, callback and evaluation."""

from __future__ import annotations

import strawberry

from domain.feedback import handling, judging
from domain.kernel.errors import Fault, InvalidInput
from schema.feedback.inputs import (
    EvaluateTicketInput,
    RecordCallbackInput,
    RecordContactInput,
    ReplyToTicketInput,
)
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p


@strawberry.type
class FeedbackMutations:
    @mutation(p.RecordContactResult, description="The unit spoke with the citizen (联系).")
    async def record_contact(
        self,
        info: strawberry.Info,
        given: RecordContactInput,
    ) -> p.RecordContactPayload:
        ticket = await perform(
            info,
            lambda work: handling.record_contact(
                work, uuid_of("Ticket", given.ticket_id), given.note, given.expected_version
            ),
        )
        return p.RecordContactPayload(ticket_id=ticket.id)

    @mutation(
        p.ReplyToTicketResult, description="The unit's result; a callback is scheduled (答复)."
    )
    async def reply_to_ticket(
        self,
        info: strawberry.Info,
        given: ReplyToTicketInput,
    ) -> p.ReplyToTicketPayload:
        if given.attachment_ids:
            raise InvalidInput(
                Fault("attachmentIds", "must be empty: attachments are not taken yet")
            )
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: handling.reply_to_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.content,
                given.resolved,
                given.expected_version,
            ),
        )
        return p.ReplyToTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.RecordCallbackResult,
        description="What one call brought back: close, call again, or rework (回访).",
    )
    async def record_callback(
        self,
        info: strawberry.Info,
        given: RecordCallbackInput,
    ) -> p.RecordCallbackPayload:
        rules = info.context.services.city.rules
        judgement = judging.Judgement(
            given.reached, given.contacted, given.resolved, given.satisfaction, given.remark
        )
        ticket = await perform(
            info,
            lambda work: judging.record_callback(
                work, rules, uuid_of("Ticket", given.ticket_id), judgement, given.expected_version
            ),
        )
        return p.RecordCallbackPayload(ticket_id=ticket.id)

    @mutation(
        p.EvaluateTicketResult, description="The citizen's own answer; no call follows (自评)."
    )
    async def evaluate_ticket(
        self,
        info: strawberry.Info,
        given: EvaluateTicketInput,
    ) -> p.EvaluateTicketPayload:
        rules = info.context.services.city.rules
        judgement = judging.Judgement(
            True, given.contacted, given.resolved, given.satisfaction, given.remark
        )
        ticket = await perform(
            info,
            lambda work: judging.evaluate_ticket(
                work, rules, uuid_of("Ticket", given.ticket_id), judgement, given.expected_version
            ),
        )
        return p.EvaluateTicketPayload(ticket_id=ticket.id)
