"""What clients send about contact, reply, callback and evaluation."""

from __future__ import annotations

import strawberry

from schema.enums import Satisfaction

_EXPECTED = "The version that you read; another one now is a Conflict (预期版本)."
_TICKET = "The ticket's global id (工单标识)."


@strawberry.input(description="The unit spoke with the citizen (联系).")
class RecordContactInput:
    ticket_id: strawberry.ID = strawberry.field(description=_TICKET)
    note: str = strawberry.field(description="What was said; 1 to 2,000 characters (记录).")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="The unit's result, point to point (答复).")
class ReplyToTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=_TICKET)
    content: str = strawberry.field(description="What was done; 1 to 8,000 characters (内容).")
    resolved: bool = strawberry.field(description="Whether the unit calls it solved (是否解决).")
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default_factory=list, description="Must be empty for now (附件)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="What one call brought back (回访).")
class RecordCallbackInput:
    ticket_id: strawberry.ID = strawberry.field(description=_TICKET)
    reached: bool = strawberry.field(
        description="Whether the citizen answered the call (是否接通)."
    )
    contacted: bool | None = strawberry.field(
        default=None, description="Did the unit contact you? (是否联系)"
    )
    resolved: bool | None = strawberry.field(default=None, description="Was it solved? (是否解决)")
    satisfaction: Satisfaction | None = strawberry.field(
        default=None, description="Are you satisfied? (满意度)"
    )
    remark: str | None = strawberry.field(
        default=None, description="What else was said; up to 2,000 characters (备注)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="The citizen's own answer (自评).")
class EvaluateTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=_TICKET)
    contacted: bool = strawberry.field(description="Did the unit contact you? (是否联系)")
    resolved: bool = strawberry.field(description="Was it solved? (是否解决)")
    satisfaction: Satisfaction = strawberry.field(description="Are you satisfied? (满意度)")
    remark: str | None = strawberry.field(
        default=None, description="What else; up to 2,000 characters (备注)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)
