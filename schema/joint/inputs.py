"""What clients send about joint tasks, helpers and communities."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.enums import OpinionStance
from schema.tickets.inputs import EXPECTED, TICKET


@strawberry.input(description="Interim progress of a joint task (阶段性进展).")
class ReportProgressInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    progress: str = strawberry.field(
        description="How far it is and why it is not done; 1 to 2,000 characters (进展与理由)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To let the lead reply without a joint unit (免除联合单位).")
class ExcuseJointUnitInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    unit_code: str = strawberry.field(description="The joint unit (联合单位编码).")
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (理由).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To ask other units for help (请求协办).")
class AskCoHandlerInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    unit_codes: list[str] = strawberry.field(description="1 to 20 units (协办单位编码).")
    request: str = strawberry.field(description="What for; 1 to 2,000 characters (协办要求).")
    due_at: datetime | None = strawberry.field(
        default=None, description="Until when it is wanted (协办期限)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To ask units for their opinion before a dispatch (派单前会商).")
class ConferInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    unit_codes: list[str] = strawberry.field(description="1 to 20 units (会商单位编码).")
    question: str = strawberry.field(
        description="What they are asked; 1 to 2,000 characters (会商事项)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Whether the matter is the own unit's (会商意见).")
class GiveOpinionInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    stance: OpinionStance = strawberry.field(description="Whose it is (意见).")
    opinion: str = strawberry.field(description="Why; 1 to 2,000 characters (理由).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="What a unit did to help (协办记录).")
class RecordAssistanceInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    what: str = strawberry.field(description="What was done; 1 to 2,000 characters (协办情况).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To have a community work on it (交办社区).")
class HandDownInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    community_code: str = strawberry.field(description="A community of the own street (社区编码).")
    instruction: str = strawberry.field(description="What to do; 1 to 2,000 characters (交办要求).")
    due_at: datetime | None = strawberry.field(
        default=None, description="Until when it is wanted back (交回期限)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To give back what the street handed down (交回).")
class GiveBackInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    result: str = strawberry.field(description="What came of it; 1 to 2,000 characters (办理结果).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
