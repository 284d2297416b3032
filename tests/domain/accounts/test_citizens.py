"""Citizens: one row a number, names that others cannot change, contacts revealed on record."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from domain.accounts.commands import RevealedContact, reveal, reveal_contact, upsert_citizen
from domain.accounts.models import Citizen, Disclosure
from domain.accounts.policy import citizen_visible_to
from domain.accounts.protection import Protection, Unreadable
from domain.accounts.queries import contact_for_sending, disclosures
from domain.accounts.renewal import renew_citizens
from domain.kernel.actor import PUBLIC, SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import InvalidInput, NotAllowed, NotFound
from domain.kernel.visibility import parameters

AGENT = Actor(Role.AGENT, "agent-1")
PARTNER = Actor(Role.PARTNER, "partner-1", channel="PARTNER")
PHONE = "13800000001"
TICKET = UUID("01930000-0000-7000-8000-00000000000f")


async def upsert(
    database: Database,
    protection: Protection,
    name: str | None = None,
    *,
    phone: str = PHONE,
    actor: Actor = AGENT,
) -> Citizen:
    async with database.unit_of_work(actor) as work:
        return await upsert_citizen(work, protection, phone, name)


async def test_all_ways_of_writing_a_number_are_one_citizen(
    database: Database, protection: Protection
) -> None:
    ways = [PHONE, "+86 138 0000 0001", "１３８００００００01", "138-0000-0001"]
    assert len({(await upsert(database, protection, phone=way)).id for way in ways}) == 1


async def test_twenty_at_once_make_one_citizen(database: Database, protection: Protection) -> None:
    citizens = await asyncio.gather(*(upsert(database, protection, "张三") for _ in range(20)))
    assert len({citizen.id for citizen in citizens}) == 1
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(Citizen)) == 1


async def test_a_name_fills_an_unknown_one(database: Database, protection: Protection) -> None:
    assert (await upsert(database, protection)).masked_name is None
    named = await upsert(database, protection, "欧阳娜娜", actor=PARTNER)
    assert named.masked_name == "欧阳**"
    assert reveal(protection, named) == RevealedContact("欧阳娜娜", PHONE)
    assert (await upsert(database, protection)).masked_name == "欧阳**"


@pytest.mark.parametrize(
    ("actor", "renames"),
    [
        (AGENT, True),
        (PARTNER, False),
        (PUBLIC, False),
        (Actor(Role.HANDLER, "h", unit_id=TICKET), False),
        (Actor(Role.CITIZEN, "c", citizen_id=TICKET), False),
    ],
)
async def test_who_may_replace_a_known_name(
    database: Database, protection: Protection, actor: Actor, renames: bool
) -> None:
    await upsert(database, protection, "张三")
    after = await upsert(database, protection, "李四", actor=actor)
    assert reveal(protection, after).name == ("李四" if renames else "张三")
    assert after.masked_name == ("李**" if renames else "张**")


async def test_citizens_may_correct_their_own_name(
    database: Database, protection: Protection
) -> None:
    citizen = await upsert(database, protection, "张三")
    own = Actor(Role.CITIZEN, "c", citizen_id=citizen.id)
    assert (await upsert(database, protection, "李四", actor=own)).masked_name == "李**"


async def test_the_table_shows_nothing_in_clear(database: Database, protection: Protection) -> None:
    await upsert(database, protection, "张三丰")
    async with database.unit_of_work(SYSTEM) as work:
        stored = await work.session.scalar(text("select citizen::text from citizen"))
        row = (await work.session.scalars(select(Citizen))).one()
    assert row.name_cipher is not None
    raw = row.phone_index + row.phone_cipher + row.name_cipher
    for clear in (PHONE, "三丰"):
        assert clear not in str(stored)
        assert clear.encode() not in raw


async def test_cipher_texts_moved_between_rows_do_not_open(
    database: Database, protection: Protection
) -> None:
    mine = await upsert(database, protection, "张三")
    await upsert(database, protection, "李四", phone="13800000002")
    async with database.unit_of_work(SYSTEM) as work:
        await work.session.execute(
            text(
                "update citizen set phone_cipher = (select phone_cipher from citizen"
                " where id <> :mine) where id = :mine"
            ),
            {"mine": mine.id},
        )
    async with database.unit_of_work(SYSTEM) as work:
        moved = await work.session.get_one(Citizen, mine.id)
        with pytest.raises(Unreadable):
            reveal(protection, moved)


@pytest.mark.parametrize(
    ("phone", "name"), [("1380000000", "张三"), (PHONE, " "), (PHONE, "x" * 61)]
)
async def test_a_wrong_contact_writes_nothing(
    database: Database, protection: Protection, phone: str, name: str
) -> None:
    with pytest.raises(InvalidInput):
        await upsert(database, protection, name, phone=phone)
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(Citizen)) == 0


async def test_a_revealed_contact_is_on_record(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    citizen = await upsert(database, protection, "张三")
    handler = Actor(Role.HANDLER, "handler-1", unit_id=uuid4())
    async with database.unit_of_work(handler) as work:
        contact = await reveal_contact(work, protection, citizen.id, TICKET, "  电话  联系市民 ")
    assert (contact.name, contact.phone) == ("张三", PHONE)
    assert PHONE not in repr(contact) and "张三" not in repr(contact)
    async with database.unit_of_work(SYSTEM) as work:
        (record,) = await disclosures(work.session, citizen.id)
    assert (record.ticket_id, record.subject, record.role) == (TICKET, "handler-1", "handler")
    assert (record.purpose, record.at) == ("电话 联系市民", clock.now())


@pytest.mark.parametrize(
    "change", ["update disclosure set purpose = 'none'", "delete from disclosure"]
)
async def test_the_record_is_only_ever_added_to(
    database: Database, protection: Protection, change: str
) -> None:
    citizen = await upsert(database, protection)
    async with database.unit_of_work(AGENT) as work:
        await reveal_contact(work, protection, citizen.id, TICKET, "电话联系")
    with pytest.raises(DBAPIError):
        async with database.unit_of_work(SYSTEM) as work:
            await work.session.execute(text(change))
    async with database.unit_of_work(SYSTEM) as work:
        (record,) = await disclosures(work.session, citizen.id)
    assert record.purpose == "电话联系"


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.CITIZEN, Role.PARTNER, Role.ADMIN, Role.SYSTEM])
async def test_other_roles_see_no_contact_and_leave_no_record(
    database: Database, protection: Protection, role: Role
) -> None:
    citizen = await upsert(database, protection, "张三")
    with pytest.raises(NotAllowed):
        async with database.unit_of_work(Actor(role, "x")) as work:
            await reveal_contact(work, protection, citizen.id, TICKET, "电话联系")
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(Disclosure)) == 0


@pytest.mark.parametrize("purpose", ["", " ", "x", "x" * 501])
async def test_no_purpose_no_contact(
    database: Database, protection: Protection, purpose: str
) -> None:
    citizen = await upsert(database, protection)
    with pytest.raises(InvalidInput) as refused:
        async with database.unit_of_work(AGENT) as work:
            await reveal_contact(work, protection, citizen.id, TICKET, purpose)
    assert refused.value.faults[0].path == "purpose"


async def test_no_citizen_no_contact(database: Database, protection: Protection) -> None:
    with pytest.raises(NotFound):
        async with database.unit_of_work(AGENT) as work:
            await reveal_contact(work, protection, uuid4(), TICKET, "电话联系")


async def test_messages_that_go_by_themselves_need_no_record(
    database: Database, protection: Protection
) -> None:
    citizen = await upsert(database, protection)
    async with database.unit_of_work(SYSTEM) as work:
        assert (await contact_for_sending(work, protection, citizen.id)).phone == PHONE
    with pytest.raises(NotAllowed):
        async with database.unit_of_work(AGENT) as work:
            await contact_for_sending(work, protection, citizen.id)


async def test_no_log_line_holds_a_number(
    database: Database, protection: Protection, caplog: pytest.LogCaptureFixture
) -> None:
    """Values are bound and echo is off; what the driver logs when a statement fails has none."""
    with caplog.at_level(logging.DEBUG):
        await upsert(database, protection, "张三丰")
        with pytest.raises(Exception, match="duplicate key") as fault:
            async with database.unit_of_work(SYSTEM) as work:
                citizen = (await work.session.scalars(select(Citizen))).one()
                work.session.expunge(citizen)
                await work.session.execute(
                    text(
                        "insert into citizen select :id, phone_cipher, phone_index, masked_phone,"
                        " name_cipher, masked_name, created_at from citizen"
                    ),
                    {"id": uuid4()},
                )
    assert PHONE not in caplog.text + str(fault.value)
    assert "三丰" not in caplog.text + str(fault.value)


async def test_a_new_secret_finds_everybody_after_renewal(
    database: Database, protection: Protection
) -> None:
    ids = [
        (await upsert(database, protection, "张三", phone=f"1380000000{n}")).id for n in range(5)
    ]
    renewed = Protection(bytes(32), version=2, previous={1: bytes(range(32))})
    after: UUID | None = None
    for _ in range(9):
        async with database.unit_of_work(SYSTEM) as work:
            after = await renew_citizens(work, renewed, after, limit=2)
        if after is None:
            break
    alone = Protection(bytes(32), version=2)
    for number, citizen_id in enumerate(ids):
        found = await upsert(database, alone, phone=f"1380000000{number}")
        assert found.id == citizen_id
        assert reveal(alone, found) == RevealedContact("张三", f"1380000000{number}")


async def test_whom_each_role_may_see(database: Database, protection: Protection) -> None:
    mine = await upsert(database, protection)
    await upsert(database, protection, phone="13800000002")
    own = Actor(Role.CITIZEN, "c", citizen_id=mine.id)
    for actor, seen in ((own, 1), (AGENT, 2), (PARTNER, 2), (PUBLIC, 0)):
        async with database.unit_of_work(SYSTEM) as work:
            rows = await work.session.scalars(
                select(Citizen.id).where(citizen_visible_to(actor)), parameters(actor)
            )
            found = rows.all()
        assert len(found) == seen
        assert actor is not own or found == [mine.id]
