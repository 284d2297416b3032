"""Staff accounts: the admin's alone, versioned, never without an admin by one's own hand."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from domain.accounts.commands import create_staff, update_staff
from domain.accounts.models import Staff
from domain.accounts.policy import staff_visible_to
from domain.accounts.queries import StaffRecord, staff_record
from domain.kernel.actor import PUBLIC, SYSTEM, Actor, Role
from domain.kernel.database import Database
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.kernel.visibility import parameters
from domain.units.models import Unit

ADMIN = Actor(Role.ADMIN, "admin-1")


@pytest.fixture
async def unit_id(database: Database) -> UUID:
    async with database.unit_of_work(SYSTEM) as work:
        unit = Unit(
            id=work.new_id(),
            code="TEST-1",
            name="测试街道",
            level="STREET",
            lineage=[],
            created_at=work.now,
        )
        work.add(unit)
    return unit.id


async def create(database: Database, actor: Actor = ADMIN, **changes: Any) -> Staff:
    values = {"subject": "person-1", "name": "王五", "role": Role.AGENT, "unit_id": None, **changes}
    async with database.unit_of_work(actor) as work:
        return await create_staff(work, **values)


async def update(database: Database, staff: Staff, actor: Actor = ADMIN, **changes: Any) -> Staff:
    async with database.unit_of_work(actor) as work:
        return await update_staff(work, staff.id, **changes)


async def record(database: Database, subject: str = "person-1") -> StaffRecord | None:
    async with database.unit_of_work(SYSTEM) as work:
        return await staff_record(work.session, subject)


async def test_a_change_of_role_is_what_tokens_are_held_against(
    database: Database, unit_id: UUID
) -> None:
    staff = await create(database)
    assert await record(database) == StaffRecord(Role.AGENT, None, True)
    changed = await update(database, staff, role=Role.HANDLER, unit_id=unit_id, expected_version=1)
    assert changed.version == 2
    assert await record(database) == StaffRecord(Role.HANDLER, unit_id, True)
    await update(database, staff, active=False)
    assert await record(database) == StaffRecord(Role.HANDLER, unit_id, False)
    assert await record(database, "nobody") is None


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.SYSTEM}])
async def test_only_the_admin_manages_staff(database: Database, role: Role) -> None:
    staff = await create(database)
    other = Actor(role, "person-1")
    with pytest.raises(NotAllowed):
        await create(database, other, subject="person-2")
    with pytest.raises(NotAllowed):
        await update(database, staff, other, role=Role.ADMIN)
    with pytest.raises(NotAllowed):
        async with database.unit_of_work(other) as work:
            await update_staff(work, uuid4(), expected_version=9)
    assert await record(database) == StaffRecord(Role.AGENT, None, True)
    assert await record(database, "person-2") is None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"role": Role.HANDLER}, "unitCode"),
        ({"role": Role.CITIZEN}, "role"),
        ({"role": Role.PARTNER}, "role"),
        ({"role": Role.SYSTEM}, "role"),
        ({"role": Role.PUBLIC}, "role"),
        ({"subject": ""}, "subject"),
        ({"subject": " person"}, "subject"),
        ({"subject": "s" * 256}, "subject"),
        ({"name": " "}, "name"),
    ],
)
async def test_an_unfit_account_is_not_made(
    database: Database, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await create(database, **changes)
    assert [fault.path for fault in refused.value.faults] == [path]
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(Staff)) == 0


async def test_one_subject_is_registered_once_also_at_once(database: Database) -> None:
    results = await asyncio.gather(*(create(database) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Staff) for result in results) == 1
    assert sum(isinstance(result, InvalidInput) for result in results) == 4


async def test_a_stale_version_changes_nothing(database: Database) -> None:
    staff = await create(database)
    await update(database, staff, name="赵六", expected_version=1)
    with pytest.raises(Conflict):
        await update(database, staff, role=Role.ADMIN, expected_version=1)
    assert await record(database) == StaffRecord(Role.AGENT, None, True)


async def test_changes_at_once_with_one_version_give_one_success(database: Database) -> None:
    staff = await create(database)
    results = await asyncio.gather(
        *(update(database, staff, name=f"王{n}", expected_version=1) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Staff) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 5


async def test_no_admin_gives_up_their_own_office(database: Database) -> None:
    own = await create(database, subject="admin-1", role=Role.ADMIN)
    for change in ({"role": Role.AGENT}, {"active": False}):
        with pytest.raises(NotAllowed):
            await update(database, own, **change)
    assert (await update(database, own, name="赵六", active=True)).name == "赵六"
    assert await record(database, "admin-1") == StaffRecord(Role.ADMIN, None, True)


async def test_an_unknown_account_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.unit_of_work(ADMIN) as work:
            await update_staff(work, uuid4(), name="赵六")


async def test_a_handler_without_unit_is_refused_by_the_database_too(database: Database) -> None:
    staff = await create(database)
    with pytest.raises(IntegrityError, match="handler_has_unit"):
        async with database.unit_of_work(SYSTEM) as work:
            row = await work.session.get_one(Staff, staff.id)
            row.role = Role.HANDLER.value


async def test_whom_each_role_may_see(database: Database) -> None:
    await create(database)
    await create(database, subject="person-2")
    for actor, seen in (
        (ADMIN, 2),
        (Actor(Role.AGENT, "person-1"), 1),
        (Actor(Role.CITIZEN, "person-1"), 0),
        (PUBLIC, 0),
    ):
        async with database.unit_of_work(SYSTEM) as work:
            rows = await work.session.scalars(
                select(Staff.subject).where(staff_visible_to(actor)), parameters(actor)
            )
            assert len(rows.all()) == seen
