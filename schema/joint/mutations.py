"""Mutations of joint units, co-handlers, communities, and units that are asked beforehand."""

from __future__ import annotations

import strawberry

from domain.dispatch import conferring, helping, joint
from schema.joint.inputs import (
    AskCoHandlerInput,
    ConferInput,
    ExcuseJointUnitInput,
    GiveBackInput,
    GiveOpinionInput,
    HandDownInput,
    RecordAssistanceInput,
    ReportProgressInput,
)
from schema.mutation import mutation, perform, uuid_of
from schema.tickets import payloads as p


@strawberry.type
class JointMutations:
    @mutation(
        p.ReportProgressResult,
        description="A joint unit tells how far it is, and why not further (阶段性进展).",
    )
    async def report_progress(
        self,
        info: strawberry.Info,
        given: ReportProgressInput,
    ) -> p.ReportProgressPayload:
        ticket = await perform(
            info,
            lambda work: joint.report_progress(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.progress,
                given.expected_version,
            ),
        )
        return p.ReportProgressPayload(ticket_id=ticket.id)

    @mutation(
        p.ExcuseJointUnitResult,
        description="A supervisor lets the lead reply without a joint unit (免除联合单位).",
    )
    async def excuse_joint_unit(
        self,
        info: strawberry.Info,
        given: ExcuseJointUnitInput,
    ) -> p.ExcuseJointUnitPayload:
        ticket = await perform(
            info,
            lambda work: joint.excuse_joint_unit(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.unit_code,
                given.reason,
                given.expected_version,
            ),
        )
        return p.ExcuseJointUnitPayload(ticket_id=ticket.id)

    @mutation(
        p.ConferResult,
        description="The centre asks units whose a ticket is, before a dispatch (派单前会商).",
    )
    async def confer(
        self,
        info: strawberry.Info,
        given: ConferInput,
    ) -> p.ConferPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: conferring.confer(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.unit_codes,
                given.question,
                given.expected_version,
            ),
        )
        return p.ConferPayload(ticket_id=ticket.id)

    @mutation(
        p.GiveOpinionResult,
        description="A unit that is asked says, once, whether the matter is its own (会商意见).",
    )
    async def give_opinion(
        self,
        info: strawberry.Info,
        given: GiveOpinionInput,
    ) -> p.GiveOpinionPayload:
        ticket = await perform(
            info,
            lambda work: conferring.give_opinion(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.stance,
                given.opinion,
                given.expected_version,
            ),
        )
        return p.GiveOpinionPayload(ticket_id=ticket.id)

    @mutation(
        p.AskCoHandlerResult, description="The lead, or the centre, asks units to help (请求协办)."
    )
    async def ask_co_handler(
        self,
        info: strawberry.Info,
        given: AskCoHandlerInput,
    ) -> p.AskCoHandlerPayload:
        ticket = await perform(
            info,
            lambda work: helping.ask_co_handler(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.unit_codes,
                given.request,
                given.due_at,
                given.expected_version,
            ),
        )
        return p.AskCoHandlerPayload(ticket_id=ticket.id)

    @mutation(
        p.RecordAssistanceResult,
        description="A co-handler or a community tells what it did (协办记录).",
    )
    async def record_assistance(
        self,
        info: strawberry.Info,
        given: RecordAssistanceInput,
    ) -> p.RecordAssistancePayload:
        ticket = await perform(
            info,
            lambda work: helping.record_assistance(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.what,
                given.expected_version,
            ),
        )
        return p.RecordAssistancePayload(ticket_id=ticket.id)

    @mutation(
        p.HandDownResult,
        description="A street has one of its communities work on it; it stays the lead (交办社区).",
    )
    async def hand_down(
        self,
        info: strawberry.Info,
        given: HandDownInput,
    ) -> p.HandDownPayload:
        rules = info.context.services.city.rules
        ticket = await perform(
            info,
            lambda work: helping.hand_down(
                work,
                rules,
                uuid_of("Ticket", given.ticket_id),
                given.community_code,
                given.instruction,
                given.due_at,
                given.expected_version,
            ),
        )
        return p.HandDownPayload(ticket_id=ticket.id)

    @mutation(
        p.GiveBackResult, description="A community gives back what its street handed down (交回)."
    )
    async def give_back(
        self,
        info: strawberry.Info,
        given: GiveBackInput,
    ) -> p.GiveBackPayload:
        ticket = await perform(
            info,
            lambda work: helping.give_back(
                work,
                uuid_of("Ticket", given.ticket_id),
                given.result,
                given.expected_version,
            ),
        )
        return p.GiveBackPayload(ticket_id=ticket.id)
