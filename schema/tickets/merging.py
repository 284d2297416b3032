"""Mutations of merging and splitting (并单、拆单)."""

from __future__ import annotations

import strawberry

from domain.dispatch import merging, splitting
from domain.feedback import following, handling
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p
from schema.tickets.inputs import (
    ConcludeTicketInput,
    MergeTicketInput,
    SplitTicketInput,
    UnmergeTicketInput,
)


@strawberry.type
class MergingMutations:
    @mutation(
        p.MergeTicketResult,
        description="Let a ticket follow another; its citizen keeps their own callback (并单).",
    )
    async def merge_ticket(
        self,
        info: strawberry.Info,
        given: MergeTicketInput,
    ) -> p.MergeTicketPayload:
        ticket = await perform(
            info,
            lambda work: merging.merge_ticket(
                work,
                uuid_of("Ticket", given.ticket_id),
                uuid_of("Ticket", given.primary_id),
                given.reason,
                given.expected_version,
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
        given: UnmergeTicketInput,
    ) -> p.UnmergeTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: following.unmerge_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.reason,
                given.expected_version,
            ),
        )
        return p.UnmergeTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.SplitTicketResult,
        description="Give each matter to its own unit; the citizen is asked once (拆单).",
    )
    async def split_ticket(
        self,
        info: strawberry.Info,
        given: SplitTicketInput,
    ) -> p.SplitTicketPayload:
        city = info.context.services.city
        parts = [
            splitting.Part(part.title, part.content, part.unit_code, part.category)
            for part in given.parts
        ]
        ticket = await perform(
            info,
            lambda work: splitting.split_ticket(
                work,
                city,
                uuid_of("Ticket", given.ticket_id),
                parts,
                given.reason,
                given.expected_version,
            ),
        )
        return p.SplitTicketPayload(ticket_id=ticket.id)

    @mutation(
        p.ConcludeTicketResult,
        description="Put the replies of all parts together; a callback is scheduled (汇总答复).",
    )
    async def conclude_ticket(
        self,
        info: strawberry.Info,
        given: ConcludeTicketInput,
    ) -> p.ConcludeTicketPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: handling.conclude_ticket(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.content,
                given.resolved,
                given.expected_version,
            ),
        )
        return p.ConcludeTicketPayload(ticket_id=ticket.id)
