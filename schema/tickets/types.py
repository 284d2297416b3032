"""Ticket (工单) as it is read, with its history and its clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import case

from domain.dispatch.models import ClockSegment as SegmentRow
from domain.kernel.actor import Role
from domain.tickets.models import Category as CategoryRow
from domain.tickets.models import Ticket as TicketRow
from domain.tickets.models import TicketEvent as EventRow
from domain.tickets.policy import (
    citizen_shown,
    event_visible_to,
    followed_visible_to,
    of_visible_ticket,
    own_words,
    visible_to,
    words_of_ticket,
)
from schema.accounts.citizen import Citizen
from schema.classification.types import CategorySuggestion
from schema.clocks.explained import EXPLANATION, ExplanationLanguage, InLanguage
from schema.clocks.types import Extension, SingleClock, Suspension
from schema.contests.types import Contest, Transfer
from schema.enums import (
    CategorySource,
    Channel,
    ClockName,
    ResponseLevel,
    RouteReason,
    SegmentCause,
    SegmentKindName,
    TicketKind,
    TicketStatus,
)
from schema.feedback.types import Callback, Reply
from schema.lines.types import EmergencyLine
from schema.node import Node, identifier
from schema.reading.connection import Connection
from schema.reading.declare import (
    Embedded,
    Many,
    One,
    Order,
    Pages,
    column,
    everyone,
    read,
    reading,
    reads,
)
from schema.reading.paging import After, First
from schema.steps import TicketAction, TicketEventKind
from schema.supervision.types import Escalation, SupervisionOrder, on_ticket
from schema.tickets.computed import AVAILABLE_ACTIONS
from schema.tickets.lists import overdue
from schema.tickets.parts import Assignment
from schema.units.types import Unit
from schema.whistles.types import Whistle


@reads(CategoryRow, everyone)
@strawberry.type(description="A category of the tree of three levels (诉求分类).")
class Category:
    code: str = column(description="Unique, dotted from the top, e.g. `HOUSING.HEATING` (编码).")
    name: str = column(description="Its name (名称).")
    parent: Annotated[Category, strawberry.lazy("schema.tickets.types")] | None = read(
        One(lambda: Category, on=lambda child, parent: parent.c.code == child.c.parent_code),
        description="The category above; null at the top (上级分类).",
    )
    children: list[Annotated[Category, strawberry.lazy("schema.tickets.types")]] = read(
        Many(
            lambda: Category,
            on=lambda parent, child: child.c.parent_code == parent.c.code,
            order=lambda child: [child.c.position, child.c.code],
        ),
        description="The categories directly below (下级分类).",
    )


@reads(EventRow, event_visible_to, node=True)
@strawberry.type(description="One entry of a ticket's history; never changed (历史记录).")
class TicketEvent(Node):
    id: strawberry.ID = identifier("TicketEvent")
    kind: TicketEventKind = column(description="What happened (事件).")
    status: TicketStatus = column(description="The status after it (事后状态).")
    round: int = column(description="In which round (轮次).")
    at: datetime = column(description="When (时间).")
    unit: Unit | None = read(
        One(lambda: Unit, on=lambda event, unit: unit.c.id == event.c.unit_id),
        description="The unit that it concerns (单位).",
    )
    remark: str | None = column(
        words_of_ticket("remark"),
        description="What was said with it; numbers of a protected ticket masked for units (说明).",
    )
    # A whistle-blower's subject would tell a unit which of its other tickets are theirs (J32).
    actor: str | None = column(
        lambda event: case((event.c.actor_role != Role.CITIZEN.value, event.c.actor_subject)),
        description="Who did it, where that was not the citizen; for staff (操作人).",
    )
    ticket: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(lambda: Ticket, on=lambda event, ticket: ticket.c.id == event.c.ticket_id),
        description="The ticket (工单).",
    )


@reads(SegmentRow, of_visible_ticket)
@strawberry.type(description="One thing that happened to a clock (时限段).")
class ClockSegment:
    clock: ClockName = column(description="Which clock (时限种类).")
    kind: SegmentKindName = column(description="What it does to the clock (类型).")
    cause: SegmentCause = column(description="Why it was recorded (缘由).")
    round: int = column(description="In which round (轮次).")
    at: datetime = column(description="When (时间).")
    level: ResponseLevel | None = column(
        lambda segment: segment.c.detail["level"].astext,
        description="The level whose limit it sets (响应等级).",
    )
    limit: str | None = column(
        lambda segment: segment.c.detail["limit"]["limit"].astext,
        description="ISO 8601 duration, or `PnWD` for n working days (期限).",
    )
    deadline: datetime | None = column(
        description="The clock's deadline after it; null while the clock stands (截止时间)."
    )


@reads(TicketRow, visible_to)
@strawberry.type(description="Why the deadline is what it is (时限).")
class Clock:
    deadline: datetime | None = column(description="When the reply is due (截止时间).")
    segments: list[ClockSegment] = read(
        Many(
            lambda: ClockSegment,
            on=lambda ticket, segment: segment.c.ticket_id == ticket.c.id,
            order=lambda segment: [segment.c.position],
        ),
        description="What the clocks are made of, in order (时限段).",
    )
    clocks: list[SingleClock] = read(
        Many(
            lambda: SingleClock,
            on=lambda ticket, clock: clock.c.ticket_id == ticket.c.id,
            order=lambda clock: [clock.c.clock],
        ),
        description="Each clock of the present round by itself (各项时限).",
    )

    @reading(EXPLANATION, description="Why the reply is due then, in words (时限说明).")
    def explanation(
        self,
        language: InLanguage = ExplanationLanguage.ZH,
    ) -> str | None: ...


@reads(TicketRow, followed_visible_to)
@strawberry.type(description="How the ticket stands that a merged one follows (主单进展).")
class Following:
    status: TicketStatus = column(description="Where it stands (状态).")
    round: int = column(description="In which round (轮次).")
    lead: Unit | None = read(
        One(lambda: Unit, on=lambda ticket, unit: unit.c.id == ticket.c.lead_unit_id),
        description="The unit that must act (主办单位).",
    )
    deadline: datetime | None = column(description="When its reply is due (截止时间).")
    accepted_at: datetime | None = column(description="When the unit accepted it (签收时间).")
    replied_at: datetime | None = column(description="When it was replied to (答复时间).")


@reads(TicketRow, visible_to, node=True)
@strawberry.type(description="What one citizen asked for, once (工单).")
class Ticket(Node):
    id: strawberry.ID = identifier("Ticket")
    code: str = column(description="What people read to each other, with a check digit (工单编号).")
    kind: TicketKind = column(description="What is wanted (诉求类型).")
    status: TicketStatus = column(description="Where it stands (状态).")
    level: ResponseLevel = column(description="How soon a reply is due (响应等级).")
    level_reason: str = column(description="Why it has this level (定级理由).")
    title: str = column(own_words("title"), description="In a few words (标题).")
    content: str = column(
        own_words("content"),
        description="As the citizen told it; where protected, numbers are masked for units (内容).",
    )
    channel: Channel = column(description="By which way it came in (渠道).")
    address: str | None = column(own_words("address"), description="Where it is, as told (地址).")
    confidential: bool = column(description="Whether its citizen is kept from all units (保密).")
    category: Category | None = read(
        One(lambda: Category, on=lambda ticket, found: found.c.code == ticket.c.category_code),
        description="Its category (分类).",
    )
    category_source: CategorySource | None = column(
        description="Who says so; null without a category, or from before it was kept (分类来源)."
    )
    category_suggestions: list[CategorySuggestion] = read(
        Many(
            lambda: CategorySuggestion,
            on=lambda ticket, suggestion: suggestion.c.ticket_id == ticket.c.id,
            order=lambda suggestion: [suggestion.c.rank],
        ),
        description="What a model proposed, where none was named; for staff (分类建议).",
    )
    submitted_at: datetime = column(description="When it came in (提交时间).")
    dispatched_at: datetime | None = column(
        description="When it was last given to a unit (派单时间)."
    )
    accepted_at: datetime | None = column(description="When the unit accepted it (签收时间).")
    contacted_at: datetime | None = column(
        description="First contact of this round (首次联系时间)."
    )
    replied_at: datetime | None = column(description="When this round was replied to (答复时间).")
    closed_at: datetime | None = column(description="When it came to its end (办结时间).")
    deadline: datetime | None = column(description="When the reply is due (截止时间).")
    is_overdue: bool = column(
        lambda ticket: overdue(ticket).is_(True),
        description="The reply is due and not there (是否超期).",
    )
    round: int = column(description="1 at first, one higher with each rework (轮次).")
    urge_count: int = column(description="How often the citizen asked again (催办次数).")
    version: int = column(description="Rises with every step; see `expectedVersion` (版本).")
    route_reason: RouteReason | None = column(description="What decided its route (派单依据).")
    route_explanation: str | None = column(description="Why it was routed so, in words (派单说明).")
    catalogue_number: int | None = column(
        description="The version of the catalogue that decided; null where an agent named the unit "
        "(目录版本号)."
    )
    catalogue_rank: int | None = column(
        description="The rank of its entry that decided (目录条目次序)."
    )
    answer: str | None = column(description="The centre's own answer (直接答复内容).")
    triage_ground: str | None = column(description="Ground of a redirect (分流依据).")
    escalated_to: str | None = column(description="The level it was brought before (提级至).")
    line: EmergencyLine | None = read(
        One(lambda: EmergencyLine, on=lambda ticket, line: line.c.id == ticket.c.line_id),
        description="The emergency line that took it; for staff (应急专线).",
    )
    citizen: Citizen | None = read(
        One(
            lambda: Citizen,
            on=lambda ticket, citizen: citizen.c.id == ticket.c.citizen_id,
            only=citizen_shown,
        ),
        description="Who asked, masked; null where you may not see it (市民).",
    )
    lead: Unit | None = read(
        One(lambda: Unit, on=lambda ticket, unit: unit.c.id == ticket.c.lead_unit_id),
        description="The unit that must act (主办单位).",
    )
    assignments: list[Assignment] = read(
        Many(
            lambda: Assignment,
            on=lambda ticket, assignment: assignment.c.ticket_id == ticket.c.id,
            order=lambda assignment: [assignment.c.id],
        ),
        description="Every unit that it was given to, in order (派单记录).",
    )
    accused_unit: Unit | None = read(
        One(lambda: Unit, on=lambda ticket, unit: unit.c.id == ticket.c.accused_unit_id),
        description="The unit that it is about, which does not see a report (被反映单位).",
    )
    replies: list[Reply] = read(
        Many(
            lambda: Reply,
            on=lambda ticket, reply: reply.c.ticket_id == ticket.c.id,
            order=lambda reply: [reply.c.round],
        ),
        description="The unit's replies, one a round (答复).",
    )
    whistles: list[Whistle] = read(
        Many(
            lambda: Whistle,
            on=lambda ticket, whistle: whistle.c.ticket_id == ticket.c.id,
            order=lambda whistle: [whistle.c.id],
        ),
        description="Units that were called to the place; for staff (吹哨报到).",
    )
    callbacks: list[Callback] = read(
        Many(
            lambda: Callback,
            on=lambda ticket, callback: callback.c.ticket_id == ticket.c.id,
            order=lambda callback: [callback.c.round, callback.c.attempt],
        ),
        description="Attempts to call back, and the citizen's evaluation (回访).",
    )
    primary: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(lambda: Ticket, on=lambda ticket, primary: primary.c.id == ticket.c.primary_id),
        description="The ticket that it follows; null where you may not see that (主单).",
    )
    following: Following | None = read(
        One(lambda: Following, on=lambda ticket, primary: primary.c.id == ticket.c.primary_id),
        description="How the ticket stands that it follows (主单进展).",
    )
    followers: list[Annotated[Ticket, strawberry.lazy("schema.tickets.types")]] = read(
        Many(
            lambda: Ticket,
            on=lambda ticket, follower: follower.c.primary_id == ticket.c.id,
            order=lambda follower: [follower.c.id],
            limit=100,
        ),
        description="Tickets that follow it, as far as you may see them; at most 100 (并入工单).",
    )
    part_of: Annotated[Ticket, strawberry.lazy("schema.tickets.types")] | None = read(
        One(lambda: Ticket, on=lambda ticket, whole: whole.c.id == ticket.c.part_of_id),
        description="The ticket that it is a part of, where you may see that (所属原单).",
    )
    parts: list[Annotated[Ticket, strawberry.lazy("schema.tickets.types")]] = read(
        Many(
            lambda: Ticket,
            on=lambda ticket, part: part.c.part_of_id == ticket.c.id,
            order=lambda part: [part.c.id],
            limit=100,
        ),
        description="What it was split into, as far as you may see it (拆分工单).",
    )
    contests: list[Contest] = read(
        Many(
            lambda: Contest,
            on=lambda ticket, contest: contest.c.ticket_id == ticket.c.id,
            order=lambda contest: [contest.c.id],
        ),
        description="Contests of its dispatches, in order; for staff (派单异议).",
    )
    transfers: list[Transfer] = read(
        Many(
            lambda: Transfer,
            on=lambda ticket, transfer: transfer.c.ticket_id == ticket.c.id,
            order=lambda transfer: [transfer.c.id],
        ),
        description="From lead to lead, in order; for staff (转派).",
    )
    escalations: list[Escalation] = read(
        Many(
            lambda: Escalation,
            on=lambda ticket, escalation: escalation.c.ticket_id == ticket.c.id,
            order=lambda escalation: [escalation.c.id],
        ),
        description="Before whom it was brought, and by when they act; for staff (提级).",
    )
    supervisions: list[SupervisionOrder] = read(
        Many(lambda: SupervisionOrder, on=on_ticket, order=lambda order: [order.c.id]),
        description="Orders of supervision over it, in order; for staff (督办).",
    )
    extensions: list[Extension] = read(
        Many(
            lambda: Extension,
            on=lambda ticket, extension: extension.c.ticket_id == ticket.c.id,
            order=lambda extension: [extension.c.id],
        ),
        description="Requests for more time; citizens see what was granted (延期).",
    )
    suspensions: list[Suspension] = read(
        Many(
            lambda: Suspension,
            on=lambda ticket, suspension: suspension.c.ticket_id == ticket.c.id,
            order=lambda suspension: [suspension.c.id],
        ),
        description="When it was suspended, and under which measures (挂账).",
    )
    clock: Clock = read(Embedded(lambda: Clock), description="Why the deadline is as it is (时限).")
    available_actions: list[TicketAction] = read(
        AVAILABLE_ACTIONS, description="What you may do with it now (可用操作)."
    )

    @reading(
        Pages(
            lambda: TicketEvent,
            # Not by id: a step that waited for the ticket's lock has an earlier time than the
            # step that it waited for.
            orders=Order("HISTORY", lambda event: [event.c.position]),
            on=lambda ticket, event: event.c.ticket_id == ticket.c.id,
        ),
        description="What happened to it, in order, as far as you may see it (历史).",
    )
    def history(
        self,
        first: First = None,
        after: After = None,
    ) -> Connection[TicketEvent]: ...
