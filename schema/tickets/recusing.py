"""Mutations of recusal (回避)."""

from __future__ import annotations

import strawberry

from domain.tickets import recusing
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p
from schema.tickets.inputs import RecuseInput, RecuseStaffInput


@strawberry.type
class RecusalMutations:
    @mutation(
        p.RecuseResult,
        description="Step back from a ticket: you neither see nor touch it any more (本人回避).",
    )
    async def recuse(
        self,
        info: strawberry.Info,
        given: RecuseInput,
    ) -> p.RecusePayload:
        ticket = await perform(
            info,
            lambda work: recusing.recuse(
                work, uuid_of("Ticket", given.ticket_id), given.reason, given.expected_version
            ),
        )
        return p.RecusePayload(ticket_id=ticket.id)

    @mutation(
        p.RecuseStaffResult,
        description="Take somebody off a ticket: they neither see nor touch it (决定回避).",
    )
    async def recuse_staff(
        self,
        info: strawberry.Info,
        given: RecuseStaffInput,
    ) -> p.RecuseStaffPayload:
        ticket = await perform(
            info,
            lambda work: recusing.recuse_staff(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.subject,
                given.reason,
                given.expected_version,
            ),
        )
        return p.RecuseStaffPayload(ticket_id=ticket.id)
