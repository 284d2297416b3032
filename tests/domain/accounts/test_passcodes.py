"""Login codes: one success a code, tries that stay counted, and nothing in clear on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from domain.accounts.errors import CODE_REFUSED
from domain.accounts.models import Citizen, Passcode
from domain.accounts.passcodes import (
    LOGIN_CODE,
    forget_login_codes,
    log_in,
    open_login_message,
    request_login_code,
)
from domain.accounts.protection import Protection, Unreadable
from domain.kernel.actor import PUBLIC, SYSTEM
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import InvalidInput, RateLimited, Unauthenticated
from domain.kernel.outbox import OutboxRow
from domain.kernel.sections import LoginCode

PHONE = "13800000001"


class Login:
    """The two steps of a login, each in its own unit of work as the edge does them."""

    def __init__(self, database: Database, protection: Protection, rules: LoginCode) -> None:
        self.database, self.protection, self.rules = database, protection, rules

    async def request(self, phone: str = PHONE) -> str:
        async with self.database.unit_of_work(PUBLIC) as work:
            return await request_login_code(work, self.protection, self.rules, phone)

    async def enter(self, code: str, phone: str = PHONE) -> Citizen:
        return await log_in(self.database, self.protection, self.rules, phone, code)

    async def refuses(self, code: str, phone: str = PHONE) -> bool:
        with pytest.raises(Unauthenticated) as refused:
            await self.enter(code, phone)
        return refused.value.message == CODE_REFUSED

    async def citizens(self) -> int:
        async with self.database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(select(func.count()).select_from(Citizen)) or 0

    async def passcodes(self) -> Sequence[Passcode]:
        async with self.database.unit_of_work(SYSTEM) as work:
            return (await work.session.scalars(select(Passcode))).all()


@pytest.fixture
def login(database: Database, protection: Protection, rules: LoginCode, clock: FixedClock) -> Login:
    return Login(database, protection, rules)


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06}"


async def test_the_first_login_makes_the_citizen_and_the_next_finds_them(login: Login) -> None:
    first = await login.enter(await login.request("+86 138-0000-0001"))
    again = await login.enter(await login.request())
    assert first.id == again.id
    assert first.masked_phone == "138****0001"
    assert await login.citizens() == 1


async def test_asking_for_a_code_makes_no_citizen(login: Login) -> None:
    await login.request()
    assert await login.citizens() == 0


async def test_a_code_as_people_type_it(login: Login) -> None:
    code = await login.request()
    fullwidth = code.translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert await login.enter(f" {fullwidth[:3]} {fullwidth[3:]} ")


async def test_a_code_is_used_once(login: Login) -> None:
    code = await login.request()
    await login.enter(code)
    assert await login.refuses(code)


async def test_one_code_in_ten_logins_at_once_gives_one_success(login: Login) -> None:
    code = await login.request()
    results = await asyncio.gather(*(login.enter(code) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Citizen) for result in results) == 1
    assert sum(isinstance(result, Unauthenticated) for result in results) == 9
    assert await login.citizens() == 1


async def test_brute_force_stops_at_the_limit_of_tries(login: Login, rules: LoginCode) -> None:
    code = await login.request()
    for by in range(1, rules.attempts + 1):
        assert await login.refuses(wrong(code, by))
    assert await login.refuses(code), "the right code comes too late"
    assert await login.citizens() == 0
    (row,) = await login.passcodes()
    assert row.tries == rules.attempts


async def test_brute_force_at_once_gets_no_more_tries(login: Login, rules: LoginCode) -> None:
    code = await login.request()
    guesses = [wrong(code, by) for by in range(1, 20)]
    await asyncio.gather(*(login.refuses(guess) for guess in guesses))
    (row,) = await login.passcodes()
    assert row.tries == rules.attempts
    assert await login.refuses(code)


async def test_a_wrong_try_stays_counted_and_the_right_code_still_works(login: Login) -> None:
    code = await login.request()
    assert await login.refuses(wrong(code))
    assert (await login.passcodes())[0].tries == 1
    assert await login.enter(code)


async def test_a_code_expires(login: Login, clock: FixedClock, rules: LoginCode) -> None:
    code = await login.request()
    clock.advance(timedelta(minutes=rules.valid_minutes))
    assert await login.refuses(code)


async def test_a_new_code_ends_the_earlier_one(login: Login, clock: FixedClock) -> None:
    first = await login.request()
    clock.advance(timedelta(seconds=1))
    second = await login.request()
    if first != second:
        assert await login.refuses(first)
    assert await login.enter(second)


async def test_a_code_belongs_to_its_phone(login: Login) -> None:
    code = await login.request()
    await login.request("13800000002")
    assert await login.refuses(code, "13800000002") or code == "a coincidence in a million"
    assert await login.enter(code)


@pytest.mark.parametrize("code", ["", "000000", "' or 1=1 --", "１２３", "0" * 10_000])
async def test_unknown_numbers_are_answered_like_wrong_codes(login: Login, code: str) -> None:
    assert await login.refuses(code, "13800000009")
    assert await login.citizens() == 0


async def test_sends_are_limited_by_the_hour(
    login: Login, clock: FixedClock, rules: LoginCode
) -> None:
    for _ in range(rules.sends_per_hour):
        await login.request()
        clock.advance(timedelta(minutes=1))
    with pytest.raises(RateLimited) as refused:
        await login.request()
    assert refused.value.retry_after == timedelta(minutes=60 - rules.sends_per_hour).total_seconds()
    assert len(await login.passcodes()) == rules.sends_per_hour
    await login.request("13800000002")
    clock.advance(timedelta(seconds=refused.value.retry_after))
    await login.request()


async def test_sends_at_once_are_limited_too(login: Login, rules: LoginCode) -> None:
    results = await asyncio.gather(*(login.request() for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == rules.sends_per_hour


@pytest.mark.parametrize("phone", ["010-55550000", "+85255550000", "12345", ""])
async def test_only_mainland_mobiles_get_codes(
    login: Login, database: Database, phone: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await login.request(phone)
    assert refused.value.faults[0].path == "phone"
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(OutboxRow)) == 0


async def test_the_message_is_sealed_until_it_is_sent(
    login: Login, database: Database, protection: Protection
) -> None:
    code = await login.request()
    async with database.unit_of_work(SYSTEM) as work:
        (row,) = (await work.session.scalars(select(OutboxRow))).all()
        stored = await work.session.scalar(text("select outbox::text from outbox"))
    assert row.topic == LOGIN_CODE
    assert PHONE not in str(stored)
    assert code not in str(row.payload["sealed"])
    message = open_login_message(protection, row.payload)
    assert (message.phone.clear, message.code) == (PHONE, code)
    assert message.expires_at - row.created_at == timedelta(minutes=5)
    assert PHONE not in repr(message) and code not in repr(message)
    elsewhere = {**row.payload, "passcode": "01930000-0000-7000-8000-000000000001"}
    with pytest.raises(Unreadable):
        open_login_message(protection, elsewhere)


async def test_the_table_holds_neither_code_nor_phone(login: Login, protection: Protection) -> None:
    code = await login.request()
    (row,) = await login.passcodes()
    assert PHONE.encode() not in row.phone_index
    assert code.encode() not in row.code_hash
    assert row.code_hash != Protection(bytes(32)).passcode_hash(row.id.bytes, code)


async def test_codes_are_forgotten_but_not_those_that_count(
    login: Login, database: Database, clock: FixedClock
) -> None:
    await login.request()
    clock.advance(timedelta(minutes=61))
    await login.request()
    async with database.unit_of_work(SYSTEM) as work:
        await forget_login_codes(work, work.now)
    (row,) = await login.passcodes()
    assert row.created_at == clock.now()
