"""A branch of the tree moves while somebody works on its tickets: each step of the two in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest

from domain.dispatch import succession, triage
from domain.dispatch.city import City
from domain.kernel.actor import Actor, Role
from domain.kernel.work import UnitOfWork
from domain.tickets import audience
from domain.tickets.models import Ticket
from domain.units import queries as units
from domain.units.models import Unit
from tests.loop.promises import rebuilt_is_the_same
from tests.loop.steps import DISTRICT, STREET, citizen_of, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN = Actor(Role.ADMIN, "admin")
AGENT = Actor(Role.AGENT, "agent")
SISTER, DAXING, DEPARTMENT = "110105014", "110115", "BJ-ZJW"
SOON = 0.3  # seconds in which whoever need not wait is done


async def move(
    city: Hotline, code: str, parent: str, between: Callable[[], Awaitable[object]] | None = None
) -> Unit:
    """Move a unit; `between` runs when the audience is cleared and not yet filled again."""
    async with city.database.unit_of_work(ADMIN) as work:
        execute = work.session.execute

        async def watched(statement: Any, *given: Any, **options: Any) -> Any:
            result = await execute(statement, *given, **options)
            if statement is audience._CLEAR and between is not None:
                await between()
            return result

        work.session.execute = watched  # type: ignore[method-assign, assignment]
        ids = [await units.id_of_code(work.session, each) for each in (code, parent)]
        return await succession.move_with_tickets(work, *ids)


async def dispatch(work: UnitOfWork, city: Hotline, ticket: UUID, code: str) -> Ticket:
    done = await triage.dispatch_ticket(work, City("beijing", lambda: city.rules), ticket, code)
    await work.flush()
    return done


async def seen_by(city: Hotline, ticket: UUID) -> set[str]:
    rows = await city.rows(
        "select u.code from audience a join unit u on u.id = a.unit_id where a.ticket_id = :t",
        t=ticket,
    )
    return {row["code"] for row in rows}


async def test_a_ticket_of_the_branch_is_given_to_a_unit_outside_it(city: Hotline) -> None:
    ticket = uuid_of(await submitted(citizen_of(city)))
    async with AsyncExitStack() as dispatching:
        work = await dispatching.enter_async_context(city.database.unit_of_work(AGENT))
        await dispatch(work, city, ticket, DEPARTMENT)
        await move(city, STREET, DAXING, dispatching.aclose)
    assert await seen_by(city, ticket) == {"11", DAXING, DISTRICT, STREET, DEPARTMENT}
    await move(city, STREET, DISTRICT)
    await rebuilt_is_the_same(city.database)


async def test_a_unit_is_accused_while_its_branch_moves(city: Hotline) -> None:
    """What the move writes again, the accused unit does not see afterwards (J32)."""
    ticket = uuid_of(await submitted(citizen_of(city), kind="REPORT"))
    waited: list[asyncio.Task[None]] = []

    async def accuse() -> None:
        async with city.database.unit_of_work(AGENT) as work:
            await triage.classify_ticket(work, city.rules, ticket, accused_unit_code=SISTER)
            await triage.classify_ticket(work, city.rules, ticket, accused_unit_code=STREET)

    async def meanwhile() -> None:
        waited.append(asyncio.create_task(accuse()))
        await asyncio.wait(waited, timeout=SOON)
        assert not waited[0].done(), "the tree moves: it has to wait"

    await move(city, STREET, DAXING, meanwhile)
    await waited[0]
    assert await seen_by(city, ticket) == {"11", DAXING, DISTRICT}
    await move(city, STREET, DISTRICT)
    await rebuilt_is_the_same(city.database)


async def test_a_unit_moves_that_takes_over_from_another(
    city: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They do not wait for each other: tickets are locked first, then the tree, then units."""
    admin = city.caller("admin")
    made = {
        code: await admin.change(
            "createUnit", code=code, name=name, level="STREET", parentCode=DISTRICT
        )
        for code, name in (("110105911", "迁出街道"), ("110105912", "承接街道"))
    }
    agent, citizen = city.caller("agent"), citizen_of(city)
    ticket = await submitted(citizen)
    await agent.do("dispatchTicket", ticketId=ticket["id"], unitCode="110105911")
    moving: list[asyncio.Task[Unit]] = []
    hand_on = succession._hand_on

    async def while_the_successor_moves(*given: Any, **more: Any) -> None:
        moving.append(asyncio.create_task(move(city, "110105912", DAXING)))
        await asyncio.wait(moving, timeout=SOON)
        await hand_on(*given, **more)

    monkeypatch.setattr(succession, "_hand_on", while_the_successor_moves)
    async with city.database.unit_of_work(ADMIN) as work:
        retiring = UUID(made["110105911"]["id"].partition("_")[2])
        await succession.retire_with_successor(work, city.rules, retiring, "110105912")
    await moving[0]
    found = await agent.ticket(ticket["code"])
    assert found["lead"]["code"] == "110105912"
    assert DAXING in await seen_by(city, uuid_of(ticket))
    await rebuilt_is_the_same(city.database)
