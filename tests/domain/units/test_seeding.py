"""Seeding a city: exact, repeatable, and never against what an admin did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, text

from api.command.migrate import upgrade
from api.command.seed import SeedReport, seed
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import NotFound
from domain.kernel.seeding import Difference
from domain.kernel.settings import WrongSetting
from domain.kernel.vocabulary import UnitLevel
from domain.tickets.categories import seed_categories
from domain.tickets.models import Category
from domain.units.commands import create_unit, move_unit, update_unit
from domain.units.models import Unit, UnitTree
from domain.units.queries import active_by_code
from domain.units.seeding import seed_units, seeded_id

ADMIN = Actor(Role.ADMIN, "admin-1")
BEIJING = {
    "CITY": 1, "DISTRICT": 16, "STREET": 349, "COMMUNITY": 7535, "DEPARTMENT": 40, "ENTERPRISE": 17
}  # fmt: skip
JINAN = {
    "CITY": 1, "DISTRICT": 13, "STREET": 164, "COMMUNITY": 5758, "DEPARTMENT": 27, "ENTERPRISE": 12
}  # fmt: skip
WANGJING = "110105026"


async def counts(database: Database) -> dict[str, int]:
    async with database.unit_of_work(SYSTEM) as work:
        rows = await work.session.execute(select(Unit.level, func.count()).group_by(Unit.level))
        return {row[0]: row[1] for row in rows}


async def content(database: Database) -> tuple[object, ...]:
    """Everything that seeding could have touched."""
    async with database.unit_of_work(SYSTEM) as work:
        digest = "select md5(string_agg(t::text, chr(10) order by code)) from {} t"
        return (
            await work.session.scalar(text(digest.format("unit"))),
            await work.session.scalar(text(digest.format("category"))),
            await work.session.scalar(select(UnitTree.revision)),
        )


async def by_code(database: Database, code: str) -> Unit:
    async with database.unit_of_work(SYSTEM) as work:
        unit = await active_by_code(work.session, code)
        if unit is None:
            raise NotFound(code)
        return unit


async def test_beijing_is_there_whole(database: Database) -> None:
    assert await counts(database) == BEIJING


async def test_every_lineage_is_what_recursion_finds(database: Database) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        wrong = await work.session.scalar(
            text(
                """
                with recursive tree as (
                    select id, array[id] as path from unit where parent_id is null
                    union all
                    select u.id, t.path || u.id from unit u join tree t on u.parent_id = t.id
                )
                select count(*) from unit u left join tree t using (id)
                where t.path is distinct from u.lineage
                """
            )
        )
    assert wrong == 0


async def test_facts_of_a_unit_are_the_shipped_ones(database: Database) -> None:
    department = await by_code(database, "BJ-ZJW")
    assert department.id == seeded_id("BJ-ZJW")
    assert department.aliases == ["市住房城乡建设委"]
    assert department.duties[:2] == ["物业管理", "专项维修资金"]
    assert department.duty_phone == "010-55560001"
    assert (await by_code(database, "110101001")).population is not None
    assert (await by_code(database, "110102")).aliases == ["宣武区", "宣武"]


async def test_seeding_again_changes_nothing(database: Database) -> None:
    before = await content(database)
    report = await seed(database.url, "beijing")
    assert await content(database) == before
    assert report.added == 0
    beside = report.categories.kept["CATEGORY"] + report.catalogue.kept["CATALOGUE ENTRY"]
    assert report.kept == sum(BEIJING.values()) + beside
    assert report.units.differences == report.categories.differences == []


async def test_what_an_admin_did_survives(database: Database) -> None:
    async with database.unit_of_work(ADMIN) as work:
        street = await active_by_code(work.session, WANGJING)
        other = await active_by_code(work.session, "110108")
        assert street is not None and other is not None
        name, parent, own_id, new_parent = street.name, street.parent_id, street.id, other.id
        await update_unit(work, own_id, name="新望京街道", aliases=["望京新城"])
        await move_unit(work, own_id, new_parent)
    before = await content(database)
    report = await seed(database.url, "beijing")
    assert await content(database) == before
    assert report.units.differences == [
        Difference(WANGJING, "name", name, "新望京街道"),
        Difference(WANGJING, "aliases", ["望京"], ["望京新城"]),
        Difference(WANGJING, "parent_id", parent, new_parent),
    ]
    assert (await by_code(database, WANGJING)).name == "新望京街道"


async def test_what_is_missing_comes_back_below_where_its_parent_now_stands(
    database: Database,
) -> None:
    async with database.unit_of_work(ADMIN) as work:
        street = await active_by_code(work.session, WANGJING)
        other = await active_by_code(work.session, "110108")
        assert street is not None and other is not None
        await move_unit(work, street.id, other.id)
        gone = list(
            await work.session.scalars(
                delete(Unit).where(Unit.parent_id == street.id).returning(Unit.code)
            )
        )
        lineage = [*other.lineage, street.id]
    revision = (await content(database))[2]
    report = await seed(database.url, "beijing")
    assert report.units.added == {"COMMUNITY": len(gone)}
    assert (await content(database))[2] == int(str(revision)) + 1
    back = await by_code(database, gone[0])
    assert back.lineage == [*lineage, seeded_id(gone[0])]


async def test_a_unit_that_an_admin_made_under_a_shipped_code_is_kept(database: Database) -> None:
    async with database.unit_of_work(ADMIN) as work:
        await work.session.execute(delete(Unit).where(Unit.code == "BJ-ZJW"))
        city = await active_by_code(work.session, "11")
        assert city is not None
        made = await create_unit(
            work, code="BJ-ZJW", name="住建委", level=UnitLevel.DEPARTMENT, parent_id=city.id
        )
    report = await seed(database.url, "beijing")
    assert (await by_code(database, "BJ-ZJW")).id == made.id
    assert report.added == 0
    assert {one.field for one in report.units.differences} == {
        "name", "aliases", "duties", "duty_phone"
    }  # fmt: skip


async def test_a_renamed_category_is_kept_and_a_missing_one_comes_back(database: Database) -> None:
    async with database.unit_of_work(ADMIN) as work:
        await work.session.execute(delete(Category).where(Category.code == "UTILITY.GAS.LEAK"))
        await work.session.execute(
            text("update category set name = '采暖' where code = 'HOUSING.HEATING'")
        )
    async with database.unit_of_work(SYSTEM) as work:
        seeded = await seed_categories(work)
    assert seeded.added == {"CATEGORY": 1}
    assert seeded.differences == [Difference("HOUSING.HEATING", "name", "供暖", "采暖")]


async def test_nothing_is_left_of_a_seeding_that_fails(database: Database) -> None:
    async with database.unit_of_work(ADMIN) as work:
        await work.session.execute(delete(Unit).where(Unit.code.startswith(WANGJING + "0")))
    before = await content(database)
    with pytest.raises(RuntimeError):
        async with database.unit_of_work(SYSTEM) as work:
            await seed_units(work, "beijing")
            raise RuntimeError
    assert await content(database) == before


@pytest.fixture
async def jinan(empty_database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    await asyncio.to_thread(upgrade, empty_database_url, "jinan")
    database = Database(empty_database_url, city="jinan", clock=clock, pool_size=4)
    yield database
    await database.close()


async def test_two_that_seed_at_once_add_each_unit_once(jinan: Database) -> None:
    async def one() -> SeedReport:
        return await seed(jinan.url, "jinan")

    reports = await asyncio.gather(one(), one())
    assert await counts(jinan) == JINAN
    assert sorted(report.units.added.total() for report in reports) == [0, sum(JINAN.values())]
    assert (await content(jinan))[2] == 2  # 1 from the migration, 1 from the seeding


async def test_a_city_without_data_is_refused(jinan: Database) -> None:
    for city in ("atlantis", "../domain", ""):
        with pytest.raises(WrongSetting):
            await seed(jinan.url, city)
    assert await counts(jinan) == {}


def test_ids_are_the_same_on_every_machine() -> None:
    assert seeded_id("110105026") == UUID("b72c03df-53df-5d8b-8fff-4471125bf855")
