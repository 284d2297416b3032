"""Emergency lines for tests of what is read and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from domain.dispatch.line_desk import LineWish, close_line, open_line
from domain.kernel.actor import Actor, Role
from domain.kernel.vocabulary import ResponseLevel

if TYPE_CHECKING:
    from tests.support.data import Builder

_TAKEN = text("update ticket set line_id = :line, priority = :priority where id = :id")
_CALLS = text("update callback set priority = 0 where ticket_id = :id")


async def fill_lines(builder: Builder, tickets: dict[str, list[UUID]]) -> UUID:
    """Open lines, of which one has tickets, and a closed one that had one; returns the first."""
    async with builder.database.unit_of_work(Actor(Role.SUPERVISOR, "desk")) as work:
        lines = [
            await open_line(
                work,
                LineWish(
                    code, "演练", ResponseLevel.L2, "演练",
                    categories=("HOUSING.HEATING",), areas=("110105",), keywords=("无此字样",),
                    closes_at=work.now + timedelta(days=3),
                ),
            )
            for code in ("SNOW", "FLOOD", "WIND", "HEAT")
        ]  # fmt: skip
        await work.flush()
        await close_line(work, lines[1].id, "演练结束")
        for ticket in (tickets["dispatched"][0], tickets["replied"][0]):
            taken = {"line": lines[0].id, "id": ticket, "priority": 0}
            await work.session.execute(_TAKEN, taken)
            await work.session.execute(_CALLS, {"id": ticket})
        let_go = {"line": lines[1].id, "id": tickets["dispatched"][1], "priority": 1}
        await work.session.execute(_TAKEN, let_go)
    return lines[0].id
