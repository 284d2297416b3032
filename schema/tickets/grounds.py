"""The legal grounds of triage, from the city's profile."""

from __future__ import annotations

import strawberry

from domain.kernel.sections import TriageGround as Ground
from domain.kernel.vocabulary import TicketStatus
from schema.enums import TriageOutcome


@strawberry.type(description="A ground on which a ticket is not dispatched (分流依据).")
class TriageGround:
    code: str = strawberry.field(description="For `triageTicket` (编码).")
    label: str = strawberry.field(description="In Chinese (名称).")
    english: str = strawberry.field(description="In English (英文).")
    source: str = strawberry.field(description="Article of the regulation (出处).")
    outcome: TriageOutcome = strawberry.field(description="What it leads to (结果).")
    hand_over: str | None = strawberry.field(
        description="Number to transfer to, e.g. 119 (转接号码)."
    )


def _ground(ground: Ground) -> TriageGround:
    answered = ground.status is TicketStatus.ANSWERED
    return TriageGround(
        code=ground.code,
        label=ground.label,
        english=ground.english,
        source=ground.source,
        outcome=TriageOutcome.ANSWER if answered else TriageOutcome.REDIRECT,
        hand_over=ground.hand_over,
    )


@strawberry.type
class GroundQueries:
    @strawberry.field(description="The grounds on which a ticket is not dispatched (分流依据).")
    def triage_grounds(self, info: strawberry.Info) -> list[TriageGround]:
        profile = info.context.services.city.rules.profile
        return [_ground(ground) for ground in profile.triage_grounds]
