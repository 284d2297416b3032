"""Mutations of merging (并单)."""

from __future__ import annotations

import strawberry

from domain.dispatch import merging
from domain.feedback import following
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p
from schema.tickets.inputs import MergeTicketInput, UnmergeTicketInput


@strawberry.type
class MergingMutations:
    @mutation(
        p.MergeTicketResult,
        description="Let a ticket follow another; its citizen keeps their own callback (并单).",
    )
    async def merge_ticket(
        self,
        info: strawberry.Info,
        input: MergeTicketInput,  # noqa: A002
    ) -> p.MergeTicketPayload:
        ticket = await perform(
            info,
            lambda work: merging.merge_ticket(
                work,
                uuid_of("Ticket", input.ticket_id),
                uuid_of("Ticket", input.primary_id),
                input.reason,
                input.expected_version,
            ),
        )
        return p.MergeTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.UnmergeTicketResult,
        description="Let a merged ticket go its own way again, dispatched afresh (撤销并单).",
    )
    async def unmerge_ticket(
        self,
        info: strawberry.Info,
        input: UnmergeTicketInput,  # noqa: A002
    ) -> p.UnmergeTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: following.unmerge_ticket(
                work,
                rules,
                uuid_of("Ticket", input.ticket_id),
                input.reason,
                input.expected_version,
            ),
        )
        return p.UnmergeTicketPayload(ticket_id=ticket.id)
