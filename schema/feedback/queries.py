"""The agent's queue of callbacks."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, FromClause, literal_column

from domain.kernel.visibility import present
from schema.feedback.types import Callback
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, reading
from schema.reading.paging import After, First


def _conditions(callback: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    conditions = [callback.c.status == literal_column("'SCHEDULED'")]
    if a.choice("due") is not False:
        conditions.append(callback.c.due_at <= present())
    return conditions


@strawberry.type
class FeedbackQueries:
    @reading(
        Pages(
            lambda: Callback,
            orders=Order(
                "DUE", lambda callback: [callback.c.priority, callback.c.due_at, callback.c.id]
            ),
            where=_conditions,
        ),
        description="Callbacks that wait, those of emergency lines and then the longest due first; "
        "for the centre (回访队列).",
    )
    def callbacks(
        self,
        due: Annotated[
            bool | None,
            strawberry.argument(description="Only those whose time has come (只看到期)."),
        ] = True,
        first: First = None,
        after: After = None,
    ) -> Connection[Callback]: ...
