"""Tickets that are tied to others, or kept from some who would see them: merged, split, recused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from domain.dispatch import merging, splitting, triage
from domain.kernel.actor import SYSTEM
from domain.kernel.vocabulary import TicketKind
from domain.tickets import recusing
from tests.support.offices import supervise

if TYPE_CHECKING:
    from tests.support.data import Builder, Town

STREET, SISTER, DISTRICT = "110105015", "110105001", "110105"

Move = Callable[["Builder", UUID, str, str], Awaitable[Any]]


async def _merge(b: Builder, t: UUID, who: str, unit: str) -> None:
    primary = await b.submit("neighbour", unit)
    await b.run("agent", lambda work: merging.merge_ticket(work, t, primary, "同一盏灯"))
    if who == "partner":
        await b.accept(primary, unit)
        await b.reply(primary, unit)


async def _split(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    parts = [splitting.Part("灯", "灯不亮", STREET), splitting.Part("路", "路不平", SISTER)]
    await b.run("agent", lambda work: splitting.split_ticket(work, b.city, t, parts, "两件事"))
    async with b.database.unit_of_work(SYSTEM) as work:
        found = await work.session.scalars(
            text("select id from ticket where part_of_id = :t order by id"), {"t": t}
        )
        made = found.all()
    for part, unit in zip(made, (STREET, SISTER), strict=True):
        await b.accept(part, unit)
        await b.reply(part, unit)


MERGING_COURSES: Mapping[str, tuple[Move, ...]] = {"merged": (_merge,), "whole": (_split,)}


async def fill_protected(builder: Builder, town: Town) -> None:
    """Reports on STREET, one of which it had in hand already; and somebody who stepped back."""
    words = "我叫张三丰，电话 138-0000-0001。"
    told = {"kind": TicketKind.REPORT, "content": words}
    late = await builder.bring_to("contacted", "citizen", STREET, **told)
    await supervise(builder, late, "citizen", STREET)
    rules = builder.city.rules
    await builder.run(
        "agent",
        lambda work: triage.classify_ticket(work, rules, late, accused_unit_code=STREET),
    )
    early = await builder.submit("citizen", None, accused_unit_code=STREET, **told)
    await builder.dispatch(early, DISTRICT)
    town.codes["accusing"] = [late, early]
    off = await builder.bring_to("accepted", "neighbour", STREET)
    for who in (STREET, "supervisor"):
        await builder.run(who, lambda work: recusing.recuse(work, off, "亲属"))
    town.codes["recused"] = [off]
    town.codes["whole"] = [await builder.bring_to("whole", "citizen", STREET)]
