"""Mutations of the desk of emergency lines."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.dispatch import line_desk
from schema.enums import ResponseLevel
from schema.lines.types import EmergencyLine
from schema.mutation import mutation, perform, uuid_of
from schema.problems import result_of
from schema.reading.declare import Row, reading
from schema.tickets.inputs import EXPECTED
from schema.tickets.lists import aware

_LINE = "The line's global id (专线标识)."


@strawberry.input(description="A line, and what it takes (开设应急专线).")
class OpenEmergencyLineInput:
    code: str = strawberry.field(description="Capital letters, digits, dashes, e.g. `SNOW` (编码).")
    name: str = strawberry.field(description="1 to 100 characters (名称).")
    level: ResponseLevel = strawberry.field(
        description="What is less urgent is raised to it (响应等级)."
    )
    reason: str = strawberry.field(description="1 to 2,000 characters (开设事由).")
    categories: list[str] | None = strawberry.field(
        default_factory=list, description="Category codes, with all below; at most 50 (分类)."
    )
    areas: list[str] | None = strawberry.field(
        default_factory=list, description="Codes of districts or streets; at most 50 (区域)."
    )
    keywords: list[str] | None = strawberry.field(
        default_factory=list, description="One of them in title or content; at most 50 (关键词)."
    )
    closes_at: datetime | None = strawberry.field(
        default=None, description="Within 92 days; by hand when left out (计划关闭时间)."
    )


@strawberry.input(description="Another time of closing (延长应急专线).")
class ExtendEmergencyLineInput:
    line_id: strawberry.ID = strawberry.field(description=_LINE)
    closes_at: datetime | None = strawberry.field(
        default=None, description="Within 92 days; by hand when left out (计划关闭时间)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="The end of a line (关闭应急专线).")
class CloseEmergencyLineInput:
    line_id: strawberry.ID = strawberry.field(description=_LINE)
    remark: str | None = strawberry.field(
        default=None, description="At most 2,000 characters (说明)."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(description="What every step on a line gives back (专线操作结果).")
class LinePayload:
    line_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: EmergencyLine,
            where=lambda line, a: [line.c.id == a.parent("line_id", PG_UUID(as_uuid=True))],
        ),
        description="The line as it is now (应急专线).",
    )
    def line(self) -> EmergencyLine | None: ...


@strawberry.type(description="The line is open (开设结果).")
class OpenEmergencyLinePayload(LinePayload):
    pass


@strawberry.type(description="The time of closing moved (延长结果).")
class ExtendEmergencyLinePayload(LinePayload):
    pass


@strawberry.type(description="The line is closed (关闭结果).")
class CloseEmergencyLinePayload(LinePayload):
    pass


OpenEmergencyLineResult = result_of("OpenEmergencyLine", OpenEmergencyLinePayload)
ExtendEmergencyLineResult = result_of("ExtendEmergencyLine", ExtendEmergencyLinePayload)
CloseEmergencyLineResult = result_of("CloseEmergencyLine", CloseEmergencyLinePayload)


@strawberry.type
class LineMutations:
    @mutation(
        OpenEmergencyLineResult,
        description="Open a line: what it takes goes first, also what is open now (开设应急专线).",
    )
    async def open_emergency_line(
        self,
        info: strawberry.Info,
        given: OpenEmergencyLineInput,
    ) -> OpenEmergencyLinePayload:
        wish = line_desk.LineWish(
            code=given.code,
            name=given.name,
            level=given.level,
            reason=given.reason,
            categories=tuple(given.categories or ()),
            areas=tuple(given.areas or ()),
            keywords=tuple(given.keywords or ()),
            closes_at=aware(given.closes_at) if given.closes_at else None,
        )
        line = await perform(info, lambda work: line_desk.open_line(work, wish))
        return OpenEmergencyLinePayload(line_id=line.id)

    @mutation(
        ExtendEmergencyLineResult, description="Move a line's time of closing (延长应急专线)."
    )
    async def extend_emergency_line(
        self,
        info: strawberry.Info,
        given: ExtendEmergencyLineInput,
    ) -> ExtendEmergencyLinePayload:
        line = await perform(
            info,
            lambda work: line_desk.extend_line(
                work,
                uuid_of("EmergencyLine", given.line_id),
                aware(given.closes_at) if given.closes_at else None,
                given.expected_version,
            ),
        )
        return ExtendEmergencyLinePayload(line_id=line.id)

    @mutation(
        CloseEmergencyLineResult,
        description="Close a line; its tickets keep unit, level and clock (关闭应急专线).",
    )
    async def close_emergency_line(
        self,
        info: strawberry.Info,
        given: CloseEmergencyLineInput,
    ) -> CloseEmergencyLinePayload:
        line = await perform(
            info,
            lambda work: line_desk.close_line(
                work,
                uuid_of("EmergencyLine", given.line_id),
                given.remark,
                given.expected_version,
            ),
        )
        return CloseEmergencyLinePayload(line_id=line.id)
