"""Which version is in force, and what it costs to know: one statement a submission."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from domain.catalogue.publishing import roll_back_catalogue
from domain.dispatch.city import City, load_rules
from domain.dispatch.gazetteer import Gazetteer
from domain.kernel.actor import Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.units.commands import update_unit
from domain.units.queries import id_of_code
from tests.support.data import STREET

ADMIN = Actor(Role.ADMIN, "admin")


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def test_places_and_catalogue_are_asked_for_by_one_statement(
    database: Database, clock: FixedClock
) -> None:
    rules = load_rules("beijing", clock.now())
    city = City("beijing", lambda: rules)
    async with database.unit_of_work(ADMIN) as work:
        first = await city.bearings(work.session, work.now)
    with counted(database) as sent:
        async with database.unit_of_work(ADMIN) as work:
            again = await city.bearings(work.session, work.now)
    assert len(sent) == 1
    assert again.catalogue is first.catalogue and again.gazetteer is first.gazetteer
    day = clock.now() + timedelta(days=1)
    async with database.unit_of_work(ADMIN) as work:
        await roll_back_catalogue(work, 1, reason="回退", effective_at=day)
    async with database.unit_of_work(ADMIN) as work:
        assert (await city.bearings(work.session, work.now)).catalogue.number == 1
        assert (await city.bearings(work.session, day)).catalogue.number == 2
        assert (await city.bearings(work.session, work.now)).catalogue.number == 1


async def test_a_change_that_moves_no_place_keeps_the_gazetteer(
    database: Database, clock: FixedClock
) -> None:
    rules = load_rules("beijing", clock.now())
    city = City("beijing", lambda: rules)

    async def after(**change: str) -> Gazetteer:
        async with database.unit_of_work(ADMIN) as work:
            await update_unit(work, await id_of_code(work.session, STREET), **change)
        async with database.unit_of_work(ADMIN) as work:
            return (await city.bearings(work.session, work.now)).gazetteer

    first = await after(duty_phone="010-65000001")
    assert await after(duty_phone="010-65000002") is first
    renamed = await after(name="新里街道")
    assert renamed is not first
    assert (first.places[STREET].name, renamed.places[STREET].name) == ("八里庄街道", "新里街道")
    assert [mention.text for mention in renamed.mentions("新里街道办事处")] == ["新里街道"]
