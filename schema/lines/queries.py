"""Root reads of emergency lines."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause

from schema.lines.types import EmergencyLine
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, reading
from schema.reading.paging import After, First


def _conditions(line: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    if a.choice("open") is None:
        return []
    closed = line.c.closed_at
    return [closed.is_(None) if a.choice("open") else closed.is_not(None)]


@strawberry.type
class LineQueries:
    @reading(
        Pages(
            lambda: EmergencyLine,
            orders=Order("LINE_OPENED", lambda line: [line.c.id], descending=True),
            where=_conditions,
        ),
        description="Emergency lines, the last opened first; for staff (应急专线).",
    )
    def emergency_lines(
        self,
        open: Annotated[  # noqa: A002
            bool | None,
            strawberry.argument(description="Open or closed; both by default (是否开设中)."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[EmergencyLine]: ...
