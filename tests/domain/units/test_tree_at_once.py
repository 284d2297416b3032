"""Changes of the tree that meet each other, or meet a dispatch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.accounts.protection import Protection
from domain.dispatch import intake, succession
from domain.dispatch.city import City, load_rules
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import InvalidInput, NotAllowed
from domain.kernel.vocabulary import UnitLevel
from domain.tickets.models import Ticket
from domain.units import commands
from domain.units.commands import UnitHasOpenTickets
from domain.units.queries import id_of_code

ADMIN = Actor(Role.ADMIN, "admin")
STREET, DISTRICT = "110105015", "110105"


async def id_of(database: Database, code: str) -> UUID:
    async with database.unit_of_work(SYSTEM) as work:
        found = await id_of_code(work.session, code)
    assert found is not None
    return found


async def lineages_are_right(database: Database) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        wrong = await work.session.execute(
            text(
                "with recursive tree(id, path) as ("
                " select id, array[id] from unit where parent_id is null union all"
                " select u.id, t.path || u.id from unit u join tree t on u.parent_id = t.id) "
                "select u.code from unit u left join tree t on t.id = u.id "
                "where u.lineage is distinct from t.path"
            )
        )
        assert wrong.all() == []


async def audience_is_right(database: Database) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.execute(
            text(
                "with defined as (select distinct unnest(u.lineage) as unit_id, a.ticket_id "
                " from assignment a join unit u on u.id = a.unit_id) "
                "(table audience except table defined) union all "
                "(table defined except table audience)"
            )
        )
        assert rows.all() == []


def codes_of(results: list[Any]) -> list[str]:
    return sorted(
        "done" if not isinstance(one, Exception) else type(one).__name__ for one in results
    )


async def move(database: Database, unit: UUID, parent: UUID) -> None:
    async with database.unit_of_work(ADMIN) as work:
        await succession.move_with_tickets(work, unit, parent)


async def gathered(*acts: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_two_moves_at_once_end_in_one_tree(database: Database) -> None:
    """A street to one district and to another: one follows the other, none is half done."""
    street = await id_of(database, STREET)
    districts = [await id_of(database, code) for code in ("110106", "110115", "110105", "110108")]
    results = await gathered(*(move(database, street, district) for district in districts))
    assert codes_of(results) == ["done"] * 4
    await lineages_are_right(database)
    async with database.unit_of_work(SYSTEM) as work:
        row = (
            await work.session.execute(
                text("select parent_id, lineage, version from unit where id = :id"), {"id": street}
            )
        ).one()
    assert row.lineage[1] == row.parent_id and row.parent_id in districts and row.version == 5


async def test_two_moves_into_each_other_make_no_cycle(database: Database) -> None:
    """The levels forbid it, whichever comes first."""
    one, other = await id_of(database, "110105"), await id_of(database, "110106")
    results = await gathered(move(database, one, other), move(database, other, one))
    assert codes_of(results) == ["InvalidInput", "InvalidInput"]
    await lineages_are_right(database)


async def test_of_two_units_with_one_code_one_is_made(database: Database) -> None:
    parent = await id_of(database, DISTRICT)

    async def create(name: str) -> None:
        async with database.unit_of_work(ADMIN) as work:
            await commands.create_unit(
                work, code="TWICE", name=name, level=UnitLevel.STREET, parent_id=parent
            )

    results = await gathered(*(create(f"街道{number}") for number in range(5)))
    assert codes_of(results) == ["InvalidInput"] * 4 + ["done"]
    async with database.unit_of_work(SYSTEM) as work:
        revision = await work.session.scalar(text("select revision from unit_tree"))
        made = await work.session.scalar(text("select count(*) from unit where code = 'TWICE'"))
    assert made == 1
    again = await gathered(create("又一个"))
    assert codes_of(again) == ["InvalidInput"]
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(text("select revision from unit_tree")) == revision


async def test_no_unit_is_made_under_one_that_is_being_retired(database: Database) -> None:
    async with database.unit_of_work(ADMIN) as work:
        parent = await commands.create_unit(
            work, code="P", name="街道甲", level=UnitLevel.STREET,
            parent_id=await id_of_code(work.session, DISTRICT),
        )  # fmt: skip

    async def create() -> None:
        async with database.unit_of_work(ADMIN) as work:
            await commands.create_unit(
                work, code="C", name="社区甲", level=UnitLevel.COMMUNITY, parent_id=parent.id
            )

    async def retire() -> None:
        async with database.unit_of_work(ADMIN) as work:
            await commands.retire_unit(work, parent.id)
            await asyncio.sleep(0.02)

    results = await gathered(retire(), create())
    assert codes_of(results) == ["InvalidInput", "done"]


class Desk:
    """An agent who names the unit."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database = database
        rules = load_rules("beijing", clock.now())
        self.city = City("beijing", lambda: rules)

    async def submit(
        self, unit: str, chosen: asyncio.Event | None = None, go_on: asyncio.Event | None = None
    ) -> UUID:
        """Submit; with events, tell when the unit is chosen and wait before the commit."""
        submission = intake.Submission(
            "题", "文", unit_code=unit, contact=intake.ContactDetails("13800000001")
        )
        async with self.database.unit_of_work(Actor(Role.AGENT, "agent")) as work:
            protection = Protection(bytes(range(32)))
            ticket = await intake.submit_ticket(work, self.city, protection, submission)
            await work.flush()
            if chosen is not None and go_on is not None:
                chosen.set()
                await go_on.wait()
        return ticket


@pytest.fixture
def desk(database: Database, clock: FixedClock) -> Desk:
    return Desk(database, clock)


async def ticket_of(database: Database, ticket: UUID) -> Ticket:
    async with database.unit_of_work(SYSTEM) as work:
        found = await work.session.get(Ticket, ticket)
    assert found is not None
    return found


async def empty(database: Database, street: UUID) -> None:
    """Retire the communities of a street, so that nothing but tickets can hold it."""
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            text("update unit set retired_at = now() where parent_id = :id"), {"id": street}
        )


async def test_a_unit_is_not_retired_while_a_ticket_is_on_its_way_to_it(
    database: Database, desk: Desk
) -> None:
    street = await id_of(database, STREET)
    await empty(database, street)
    chosen, go_on = asyncio.Event(), asyncio.Event()

    async def retire() -> None:
        await chosen.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        async with database.unit_of_work(ADMIN) as work:
            await commands.retire_unit(work, street)

    ticket, refused = await gathered(desk.submit(STREET, chosen, go_on), retire())
    assert isinstance(refused, UnitHasOpenTickets)
    assert refused.codes == [(await ticket_of(database, ticket)).code]
    assert await id_of(database, STREET) == street, "it is active"


async def test_a_ticket_that_finds_its_unit_being_retired_waits_for_triage(
    database: Database, desk: Desk
) -> None:
    street = await id_of(database, STREET)
    await empty(database, street)
    await desk.submit("110105014")  # so that nothing is left to prepare
    async with database.unit_of_work(ADMIN) as work:
        await commands.retire_unit(work, street)
        await work.flush()
        submitting = asyncio.create_task(desk.submit(STREET))
        await asyncio.wait({submitting}, timeout=0.2)
    ticket = await ticket_of(database, await submitting)
    assert (ticket.status, ticket.lead_unit_id) == ("RECEIVED", None)


async def test_a_ticket_on_its_way_is_seen_by_the_district_its_unit_moves_to(
    database: Database, desk: Desk
) -> None:
    """The unit moves with the street above it; its own row is nobody's to wait for but ours."""
    street, district = await id_of(database, STREET), await id_of(database, "110115")
    async with database.unit_of_work(SYSTEM) as work:
        community = await work.session.scalar(
            text("select min(code) from unit where parent_id = :id"), {"id": street}
        )
    chosen, go_on = asyncio.Event(), asyncio.Event()

    submitting = asyncio.create_task(desk.submit(str(community), chosen, go_on))
    await chosen.wait()
    moving = asyncio.create_task(move(database, street, district))
    done, _ = await asyncio.wait({moving}, timeout=0.2)
    assert not done, "it waits for the ticket"
    go_on.set()
    await asyncio.gather(submitting, moving)
    await audience_is_right(database)
    async with database.unit_of_work(SYSTEM) as work:
        seeing = await work.session.scalar(
            text("select count(*) from audience where unit_id = :u"), {"u": district}
        )
    assert seeing == 1


async def test_only_an_admin_hands_a_units_tickets_on(database: Database, desk: Desk) -> None:
    """The domain asks for the role itself, whatever its caller asked before."""
    ticket = await desk.submit(STREET)
    street = await id_of(database, STREET)
    with pytest.raises(NotAllowed):
        async with database.unit_of_work(Actor(Role.AGENT, "agent")) as work:
            await succession.retire_with_successor(work, desk.city.rules, street, "110105014")
    assert (await ticket_of(database, ticket)).lead_unit_id == street


async def test_a_move_that_is_refused_leaves_the_tree_alone(database: Database) -> None:
    street, city = await id_of(database, STREET), await id_of(database, "11")
    async with database.unit_of_work(SYSTEM) as work:
        before = await work.session.scalar(text("select revision from unit_tree"))
    with pytest.raises(InvalidInput):
        await move(database, street, city)
    with pytest.raises(InvalidInput):
        await move(database, city, street)
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(text("select revision from unit_tree")) == before
    await lineages_are_right(database)
