"""What clients send about extensions, suspensions and holidays."""

from __future__ import annotations

from datetime import date

import strawberry

from schema.tickets.inputs import EXPECTED, TICKET


@strawberry.input(description="More time for the reply, asked for before its deadline (申请延期).")
class RequestExtensionInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    limit: str = strawberry.field(
        description="`PnWD` for n working days, else an ISO 8601 duration such as `P3D` (延长时限)."
    )
    reason: str = strawberry.field(
        description="1 to 2,000 characters; the citizen is told it when it is granted (理由)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A request is granted or refused (审批延期).")
class DecideExtensionInput:
    extension_id: strawberry.ID = strawberry.field(
        description="The request's global id (申请标识)."
    )
    approve: bool = strawberry.field(description="Whether it is granted (是否批准).")
    reason: str | None = strawberry.field(
        default=None, description="Needed for a refusal; up to 2,000 characters (审批意见)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Stop the clocks under a plan (挂账).")
class SuspendTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    measures: str = strawberry.field(
        description="What is done meanwhile, told to the citizen; 1 to 2,000 characters (措施)."
    )
    review_on: date = strawberry.field(
        description="A local day after today, within the city's maximum (复查日期)."
    )
    reason: str = strawberry.field(
        description="Why it cannot be done sooner; 1 to 2,000 characters (理由)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Take a suspended ticket up again (恢复办理).")
class ResumeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    reason: str | None = strawberry.field(
        default=None, description="Why now; up to 2,000 characters (说明)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="One day of an arrangement of holidays (日期安排).")
class HolidayInput:
    date: date = strawberry.field(description="The local day (日期).")
    is_workday: bool = strawberry.field(description="Whether it is worked (是否上班).")
    name: str = strawberry.field(description="The holiday it belongs to; up to 40 (节日名称).")


@strawberry.input(description="An arrangement of holidays, or a correction (节假日安排).")
class DeclareHolidaysInput:
    days: list[HolidayInput] = strawberry.field(
        description="1 to 100 days; each replaces its earlier declaration (日期)."
    )
    source: str = strawberry.field(
        description="Where it was published; up to 200 characters (来源)."
    )
    reason: str = strawberry.field(description="Why it is declared; up to 200 characters (事由).")
