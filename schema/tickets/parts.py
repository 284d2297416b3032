"""The parts that units have in a ticket (派单记录), as they are read."""

from __future__ import annotations

from datetime import datetime

import strawberry

from domain.dispatch.models import TaskSegment as TaskSegmentRow
from domain.tickets.assignments import Assignment as AssignmentRow
from domain.tickets.policy import of_visible_ticket, part_visible_to, words_of_ticket
from schema.clocks.explained import TASK_EXPLANATION, ExplanationLanguage, InLanguage
from schema.enums import (
    AssignmentRole,
    ClockName,
    OpinionStance,
    ResponseLevel,
    SegmentCause,
    SegmentKindName,
)
from schema.reading.declare import Many, One, column, read, reading, reads
from schema.units.types import Unit


@reads(TaskSegmentRow, of_visible_ticket)
@strawberry.type(description="One thing that happened to a clock of a joint task (联合任务时限段).")
class TaskSegment:
    clock: ClockName = column(description="Which clock (时限种类).")
    kind: SegmentKindName = column(description="What it does to the clock (类型).")
    cause: SegmentCause = column(description="Why it was recorded (缘由).")
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
        description="The clock's deadline after it; null while it stands (截止时间)."
    )


@reads(AssignmentRow, part_visible_to)
@strawberry.type(description="One unit's part in one ticket (派单记录).")
class Assignment:
    unit: Unit = read(
        One(lambda: Unit, on=lambda assignment, unit: unit.c.id == assignment.c.unit_id),
        description="The unit (单位).",
    )
    role: AssignmentRole = column(description="What the unit is to the ticket (角色).")
    round: int = column(description="In which round (轮次).")
    reason: str = column(
        words_of_ticket("reason"), description="Why it was given to this unit (派单理由)."
    )
    assigned_at: datetime = column(description="When (派单时间).")
    accepted_at: datetime | None = column(
        description="When the unit accepted, began to help or reported in (签收时间)."
    )
    ended_at: datetime | None = column(description="When its part ended (结束时间).")
    locked: bool | None = column(
        description="By a ruling, so that it cannot be contested; for staff (经裁定不得再退)."
    )
    contacted_at: datetime | None = column(
        description="Of a joint task: first contact with the citizen (首次联系时间)."
    )
    replied_at: datetime | None = column(
        description="When a part beside the lead's was done (完成时间)."
    )
    reply: str | None = column(
        words_of_ticket("reply"), description="What came of a part beside the lead's (办理结果)."
    )
    stance: OpinionStance | None = column(
        description="Of a unit that was asked before the dispatch: whose it is (会商意见)."
    )
    resolved: bool | None = column(
        description="Whether the joint unit calls its task solved (单位认为已解决)."
    )
    progress: str | None = column(
        words_of_ticket("progress"), description="The latest that it told of its work (最新进展)."
    )
    progress_at: datetime | None = column(description="When it told that (进展时间).")
    excused_at: datetime | None = column(
        description="Since when the lead need not wait for it (免除时间)."
    )
    excuse: str | None = column(words_of_ticket("excuse"), description="Why not (免除理由).")
    request: str | None = column(
        words_of_ticket("request"), description="What was asked of it (协办、交办要求，会商事项)."
    )
    deadline: datetime | None = column(
        description="When a joint task, help, an opinion or a report-in is due; the lead's own is "
        "the ticket's (截止时间)."
    )
    warned_at: datetime | None = column(description="When a joint task was warned (预警时间).")
    overdue_at: datetime | None = column(
        description="Since when a joint task is late (超期起始时间)."
    )
    segments: list[TaskSegment] = read(
        Many(
            lambda: TaskSegment,
            on=lambda task, segment: segment.c.assignment_id == task.c.id,
            order=lambda segment: [segment.c.position],
        ),
        description="What the clocks of a joint task are made of, in order (时限段).",
    )

    @reading(TASK_EXPLANATION, description="Why a joint task is due then, in words (时限说明).")
    def explanation(
        self,
        language: InLanguage = ExplanationLanguage.ZH,
    ) -> str | None: ...
