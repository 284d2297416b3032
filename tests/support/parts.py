"""The ways that tickets go on which more than one unit works: joint tasks, help, whistles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from domain.dispatch import conferring, helping, joint, triage
from domain.feedback import handling
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import OpinionStance
from domain.whistles import commands as whistles

if TYPE_CHECKING:
    from tests.support.data import Builder, Town

DEPARTMENT, HELPER = "BJ-ZJW", "BJ-SWJ"
STREET, DISTRICT, OTHER_STREET = "110105015", "110105", "110106001"
HAMLET = "hamlet"  # a community of STREET

Move = Callable[["Builder", UUID, str, str], Awaitable[Any]]


async def hamlet(builder: Builder) -> None:
    """Make known a handler of one of the street's communities, another one than `community`."""
    async with builder.database.unit_of_work(SYSTEM) as work:
        query = text(
            "select id from unit where level = 'COMMUNITY' and parent_id = :street "
            "and id <> :other order by code desc limit 1"
        )
        given = {
            "street": builder.actors[STREET].unit_id,
            "other": builder.actors["community"].unit_id,
        }
        found = await work.session.scalar(query, given)
    builder.actors[HAMLET] = Actor(Role.HANDLER, "handler-hamlet", unit_id=found)


async def community_code(work: UnitOfWork, builder: Builder) -> str:
    unit = builder.actors[HAMLET].unit_id
    found = await work.session.scalar(text("select code from unit where id = :id"), {"id": unit})
    return str(found)


async def whistle_of(builder: Builder, ticket: UUID) -> UUID:
    """The ticket's last whistle."""
    async with builder.database.unit_of_work(SYSTEM) as work:
        query = text("select id from whistle where ticket_id = :t order by id desc limit 1")
        found: UUID = await work.session.scalar(query, {"t": ticket})
    return found


def _given(lead: str | None, *, is_joint: bool) -> Move:
    async def give(b: Builder, t: UUID, _who: str, unit: str) -> None:
        beside, helpers = ([unit, DEPARTMENT], [HELPER]) if is_joint else ([], [unit])
        await b.run(
            "agent",
            lambda work: triage.dispatch_ticket(
                work, b.city, t, lead or DISTRICT, "联合双派", joint=beside, co_handlers=helpers
            ),
        )

    return give


async def _accept(b: Builder, t: UUID, _who: str, unit: str) -> None:
    await b.accept(t, unit)


def _whistled(caller: str | None, *called: str) -> Move:
    async def blow(b: Builder, t: UUID, _who: str, unit: str) -> None:
        at = b.clock.now() + timedelta(hours=1)
        call = whistles.Call("楼道积水，需现场会商", "小区东门", at, called or (unit,))
        await b.run(caller or unit, lambda work: whistles.whistle(work, b.city.rules, t, call))

    return blow


def _reports(unit: str | None) -> Move:
    async def report(b: Builder, t: UUID, _who: str, own: str) -> None:
        found = await whistle_of(b, t)
        await b.run(unit or own, lambda work: whistles.report_in(work, found, "已到现场排水"))

    return report


async def _elsewhere(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    await b.dispatch(t, OTHER_STREET)


async def _hand_down(b: Builder, t: UUID, _who: str, unit: str) -> None:
    async def down(work: UnitOfWork) -> None:
        code = await community_code(work, b)
        await helping.hand_down(work, b.city.rules, t, code, "请上门了解")

    await b.run(unit, down)


async def _confer(b: Builder, t: UUID, _who: str, unit: str) -> None:
    asked, rules = [unit, DEPARTMENT], b.city.rules
    await b.run("agent", lambda work: conferring.confer(work, rules, t, asked, "管线归谁维护？"))


PART_COURSES: Mapping[str, tuple[Move, ...]] = {
    "conferred": (_confer,),
    "joint": (_given(None, is_joint=True),),
    "joint taken": (_given(None, is_joint=True), _accept),
    "helped": (_given(None, is_joint=False),),
    "handed down": (_accept, _hand_down),
    "whistled": (_accept, _whistled(None, DISTRICT, DEPARTMENT)),
    "reported": (_accept, _whistled(None, DISTRICT, DEPARTMENT), _reports(DEPARTMENT)),
    "called": (_elsewhere, _whistled(OTHER_STREET)),
    "present": (_elsewhere, _whistled(OTHER_STREET), _reports(None)),
}


async def fill_parts(builder: Builder, town: Town) -> None:
    """Some tickets of the street and its district on which others work as well."""
    for stage in (
        "conferred",
        "joint",
        "joint taken",
        "helped",
        "handed down",
        "whistled",
        "reported",
    ):
        for who in ("citizen", "partner"):
            made = await builder.bring_to(stage, who, STREET)
            town.codes.setdefault(stage, []).append(made)
    await _opinions(builder, town)
    await _tasks(builder, town)
    await _help(builder, town)
    await _whistles(builder, town)


async def _opinions(b: Builder, town: Town) -> None:
    waiting, decided = town.codes["conferred"]
    stance = OpinionStance.NOT_RESPONSIBLE
    for ticket in (waiting, decided):
        await b.run(
            DEPARTMENT,
            lambda work, t=ticket: conferring.give_opinion(  # type: ignore[misc]
                work, t, stance, "属产权单位维护，电话 13800000001"
            ),
        )
    await b.dispatch(decided, STREET)


async def _tasks(b: Builder, town: Town) -> None:
    first, second = town.codes["joint taken"]
    rules = b.city.rules
    await b.run(STREET, lambda work: handling.record_contact(work, first, "已上门"))
    await b.run(STREET, lambda work: joint.report_progress(work, first, "等配件，下周完成"))
    await b.run(STREET, lambda work: handling.reply_to_ticket(work, rules, first, "已换", True))
    await b.run(
        "supervisor", lambda work: joint.excuse_joint_unit(work, second, DEPARTMENT, "与其无关")
    )


async def _help(b: Builder, town: Town) -> None:
    [helped, _], [handed, back] = town.codes["helped"], town.codes["handed down"]
    await b.run(STREET, lambda work: helping.record_assistance(work, helped, "已协助疏导"))
    await b.run(HAMLET, lambda work: helping.record_assistance(work, handed, "已上门"))
    await b.run(HAMLET, lambda work: helping.give_back(work, back, "居民已知悉"))


async def _whistles(b: Builder, town: Town) -> None:
    confirmed, denied = town.codes["reported"]
    for ticket, came in ((confirmed, True), (denied, False)):
        found = await whistle_of(b, ticket)
        async with b.database.unit_of_work(SYSTEM) as work:
            query = text(
                "select id from report_in where whistle_id = :w and reported_at is not null"
            )
            report = await work.session.scalar(query, {"w": found})
        await b.run(
            STREET,
            lambda work, r=report, c=came: whistles.confirm_report_in(  # type: ignore[misc]
                work, r, c, 4 if c else 1, "及时"
            ),
        )
    found = await whistle_of(b, confirmed)
    await b.run(DEPARTMENT, lambda work: whistles.rate_whistle(work, found, 5, "准备充分"))
    await b.run(STREET, lambda work: whistles.close_whistle(work, found, "区里不必到场"))
    late = await whistle_of(b, town.codes["whistled"][0])
    b.clock.advance(timedelta(days=2))
    await b.run(DISTRICT, lambda work: whistles.report_in(work, late, "已协调"))
