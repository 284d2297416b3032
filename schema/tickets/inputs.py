"""What clients send about tickets."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry

from domain.kernel import vocabulary as words
from schema.enums import (
    Channel,
    ResponseLevel,
    TicketKind,
    TicketStatus,
    TriageOutcome,
    described,
)

EXPECTED = "The version that you read; another one now is a Conflict (预期版本)."
TICKET = "The ticket's global id (工单标识)."


class TicketOrder(StrEnum):
    """The orders that a list of tickets can have; `lists` holds what each means."""

    SUBMITTED_AT_DESC = "SUBMITTED_AT_DESC"
    SUBMITTED_AT_ASC = "SUBMITTED_AT_ASC"
    DEADLINE_ASC = "DEADLINE_ASC"


described(
    TicketOrder,
    "TicketOrder",
    "The order of a list of tickets (排序).",
    {
        "SUBMITTED_AT_DESC": "Newest first; the default (最新在前).",
        "SUBMITTED_AT_ASC": "Oldest first (最早在前).",
        "DEADLINE_ASC": "Emergency lines first, then the nearest deadline (专线优先，按截止时间).",
    },
)


@strawberry.input(description="Which tickets; what is left out does not narrow (工单筛选).")
class TicketFilter:
    status: list[TicketStatus] | None = strawberry.field(
        default=None, description="In any of these states (状态)."
    )
    kind: list[TicketKind] | None = strawberry.field(default=None, description="Kinds (类型).")
    level: list[ResponseLevel] | None = strawberry.field(
        default=None, description="Response levels (响应等级)."
    )
    channel: list[Channel] | None = strawberry.field(default=None, description="Channels (渠道).")
    category: str | None = strawberry.field(default=None, description="A category code (分类编码).")
    unit_code: str | None = strawberry.field(
        default=None, description="Led by the unit of this code (主办单位编码)."
    )
    code: str | None = strawberry.field(
        default=None, description="A ticket's code, as people type it (工单编号)."
    )
    line: str | None = strawberry.field(
        default=None, description="On the emergency lines of this code; for staff (应急专线编码)."
    )
    overdue: bool | None = strawberry.field(
        default=None, description="Whether the reply is due and not there (是否超期)."
    )
    submitted_from: datetime | None = strawberry.field(
        default=None, description="Submitted at or after (提交时间起)."
    )
    submitted_before: datetime | None = strawberry.field(
        default=None, description="Submitted before (提交时间止)."
    )


@strawberry.input(description="A point on the earth (位置).")
class LocationInput:
    longitude: float = strawberry.field(description="WGS-84 degrees, east positive (经度).")
    latitude: float = strawberry.field(description="WGS-84 degrees, north positive (纬度).")


@strawberry.input(description="Whom a ticket is for (联系人).")
class ContactInput:
    phone: str = strawberry.field(description="Mobile or landline; stored encrypted (电话).")
    name: str | None = strawberry.field(default=None, description="Name; stored encrypted (姓名).")


@strawberry.input(description="A complaint as the citizen tells it (诉求登记).")
class SubmitTicketInput:
    title: str = strawberry.field(description="1 to 200 characters (标题).")
    content: str = strawberry.field(description="1 to 8,000 characters, kept exactly (内容).")
    kind: TicketKind | None = strawberry.field(
        default=words.TicketKind.HELP, description="What is wanted (诉求类型)."
    )
    category: str | None = strawberry.field(
        default=None, description="A category code; see `categories` (分类编码)."
    )
    address: str | None = strawberry.field(
        default=None, description="Free text; the ticket is routed to a street by it (地址)."
    )
    location: LocationInput | None = strawberry.field(
        default=None, description="Where it is (位置)."
    )
    unit_code: str | None = strawberry.field(
        default=None, description="An agent may name the unit (指定单位编码)."
    )
    accused_unit_code: str | None = strawberry.field(
        default=None,
        description="The unit that it is about; a report never comes to it (被反映单位编码).",
    )
    contact: ContactInput | None = strawberry.field(
        default=None,
        description="Whose ticket an agent or partner sends; a citizen's own by default (联系人).",
    )
    channel: Channel | None = strawberry.field(
        default=None,
        description="An agent's or partner's; a citizen's comes from the token (渠道).",
    )
    confidential: bool | None = strawberry.field(
        default=False, description="Do not show the citizen to any unit (保密)."
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default_factory=list, description="Must be empty for now (附件)."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The same key, the same ticket for 24 hours; up to 200 characters (幂等键).",
    )


@strawberry.input(description="A ticket, as you read it (工单).")
class AcceptTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="Words to add (补充).")
class AddSupplementInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    content: str = strawberry.field(description="1 to 8,000 characters (内容).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To ask again (催办).")
class UrgeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    remark: str | None = strawberry.field(
        default=None, description="Up to 2,000 characters (说明)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To take a ticket back (撤回).")
class WithdrawTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    reason: str | None = strawberry.field(
        default=None, description="Up to 2,000 characters (原因)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To end a ticket in the centre (分流).")
class TriageTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    outcome: TriageOutcome = strawberry.field(description="Answer or redirect (结果).")
    answer: str = strawberry.field(
        description="What the citizen is told; 1 to 8,000 characters (答复内容)."
    )
    ground: str | None = strawberry.field(
        default=None,
        description="Code of the legal ground, needed for a redirect; see `triageGrounds` (依据).",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To set category or level; the clocks follow the level (定类定级).")
class ClassifyTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    category: str | None = strawberry.field(default=None, description="A category code (分类编码).")
    level: ResponseLevel | None = strawberry.field(
        default=None, description="The level (响应等级)."
    )
    accused_unit_code: str | None = strawberry.field(
        default=None,
        description="The unit that it is about; a report is taken away from it (被反映单位编码).",
    )
    reason: str | None = strawberry.field(default=None, description="Why (原因).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To give a ticket to a unit by hand (派单).")
class DispatchTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    unit_code: str = strawberry.field(description="The unit that shall lead (主办单位编码).")
    joint_unit_codes: list[str] | None = strawberry.field(
        default=None,
        description="At most 20 units that get a task of their own beside it (联合单位编码).",
    )
    co_handler_codes: list[str] | None = strawberry.field(
        default=None, description="At most 20 units that help it (协办单位编码)."
    )
    reason: str | None = strawberry.field(default=None, description="Why (原因).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To let a ticket follow another about the same matter (并单).")
class MergeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    primary_id: strawberry.ID = strawberry.field(
        description="The ticket that it follows from now on (主单标识)."
    )
    reason: str = strawberry.field(
        description="Why; its citizen reads it; 1 to 2,000 characters (原因)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To let a merged ticket go its own way again (撤销并单).")
class UnmergeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    reason: str = strawberry.field(
        description="Why; its citizen reads it; 1 to 2,000 characters (原因)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="One matter of a ticket (拆分项).")
class TicketPartInput:
    title: str = strawberry.field(description="1 to 200 characters (标题).")
    content: str = strawberry.field(description="1 to 8,000 characters (内容).")
    unit_code: str = strawberry.field(description="The unit that it is for (承办单位编码).")
    category: str | None = strawberry.field(default=None, description="A category code (分类编码).")


@strawberry.input(description="To give each matter of a ticket to its own unit (拆单).")
class SplitTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    parts: list[TicketPartInput] = strawberry.field(description="2 to 10 matters (拆分项).")
    reason: str = strawberry.field(
        description="Why; its citizen reads it; 1 to 2,000 characters (原因)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To put the replies of all parts together (汇总答复).")
class ConcludeTicketInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    content: str = strawberry.field(
        description="The reply to the whole; 1 to 8,000 characters (内容)."
    )
    resolved: bool = strawberry.field(description="Whether all of it is solved (是否解决).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To step back from a ticket oneself (本人回避).")
class RecuseInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (原因).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="To take somebody off a ticket (决定回避).")
class RecuseStaffInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    subject: str = strawberry.field(
        description="The `sub` of their token; up to 255 characters (人员)."
    )
    reason: str = strawberry.field(description="Why; 1 to 2,000 characters (原因).")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(
    description="To see a citizen's contact in clear, for a purpose on record (查看联系方式)."
)
class RevealContactInput:
    ticket_id: strawberry.ID = strawberry.field(description=TICKET)
    purpose: str = strawberry.field(description="Why; 2 to 500 characters, kept on record (用途).")
