"""Mutations of contests."""

from __future__ import annotations

import strawberry

from domain.contests import contesting, ruling
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket
from schema.contests.inputs import ContestDispatchInput, RuleOnContestInput
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p


@strawberry.type
class ContestMutations:
    @mutation(
        p.ContestDispatchResult,
        description="The lead says that the ticket is not its own; clocks run on (派单异议).",
    )
    async def contest_dispatch(
        self,
        info: strawberry.Info,
        given: ContestDispatchInput,
    ) -> p.ContestDispatchPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: contesting.contest_dispatch(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                ground=given.ground,
                reason=given.reason,
                evidence=given.evidence,
                suggested_unit_code=given.suggested_unit_code,
                expected_version=given.expected_version,
            ),
        )
        return p.ContestDispatchPayload(ticket_id=ticket.id)

    @mutation(
        p.RuleOnContestResult,
        description="Uphold a contest and name the unit, or reject it for good (异议裁定).",
    )
    async def rule_on_contest(
        self,
        info: strawberry.Info,
        given: RuleOnContestInput,
    ) -> p.RuleOnContestPayload:
        rules = info.context.services.city.rules
        named = given.ticket_id, given.contest_id
        if named.count(None) != 1:
            raise InvalidInput(Fault("ticketId", "or contestId must be given, and not both"))

        async def rule(work: UnitOfWork) -> Ticket:
            more = given.ruling, given.reason, given.unit_code, given.expected_version
            if given.ticket_id is not None:
                ticket_id = uuid_of("Ticket", given.ticket_id)
                return await ruling.rule_on_contest(work, rules, ticket_id, *more)
            contest_id = uuid_of("Contest", given.contest_id or "")
            return await ruling.rule_by_id(work, rules, contest_id, *more)

        ticket = await perform(info, rule)
        return p.RuleOnContestPayload(ticket_id=ticket.id)
