"""The ticket's code: what its check digit catches, how it is read, and that none comes twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from domain.accounts.protection import Protection
from domain.dispatch import intake
from domain.dispatch.city import City, load_rules
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.tickets.code import check_digit, format_code, next_number, prepare_day, read_code
from domain.tickets.models import Ticket
from tests.support.cities import local

DIGITS = st.text("0123456789", min_size=1, max_size=20)
DAYS = st.dates(date(2000, 1, 1), date(2999, 12, 31))
NUMBERS = st.integers(1, 10**8)


def test_the_check_digit_is_the_standards() -> None:
    """ISO/IEC 7064, MOD 11,10, by its own examples."""
    assert check_digit("0794") == 5
    assert check_digit("00200667308") == 5  # an example that is often given


@given(DIGITS, st.data())
def test_every_single_wrong_digit_is_caught(digits: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    assert check_digit(digits[:place] + wrong + digits[place + 1 :]) != check_digit(digits)


def test_nearly_every_transposition_is_caught() -> None:
    """Of all neighbours that can change places within a day's codes, hardly one goes unseen."""
    tried = caught = 0
    for number in range(1, 4000):
        digits = f"20261123{number:06}"
        for place in range(len(digits) - 1):
            one, other = digits[place], digits[place + 1]
            if one == other:
                continue
            tried += 1
            swapped = digits[:place] + other + one + digits[place + 2 :]
            caught += check_digit(swapped) != check_digit(digits)
    assert tried > 10_000 and caught / tried > 0.97


@given(DAYS, NUMBERS)
def test_a_code_is_read_as_it_is_written(day: date, number: int) -> None:
    code = format_code(day, number)
    assert read_code(code) == code
    assert code.startswith(f"{day:%Y%m%d}-") and int(code.split("-")[1]) == number


@given(DAYS, NUMBERS, st.data())
def test_codes_are_read_as_people_type_them(day: date, number: int, data: st.DataObject) -> None:
    """Full-width digits, blanks and dashes of any kind, in any place."""
    code = format_code(day, number)
    typed = ""
    for character in code.replace("-", ""):
        gap = data.draw(st.sampled_from(["", "", "", "-", " ", "－", "—", "　", "\t"]))
        wide = data.draw(st.booleans())
        typed += gap + (chr(0xFF10 + int(character)) if wide else character)
    if len(typed) <= 60:
        assert read_code(typed) == code


@given(DAYS, NUMBERS, st.data())
def test_a_code_with_a_wrong_digit_is_none(day: date, number: int, data: st.DataObject) -> None:
    code = format_code(day, number)
    place = data.draw(st.sampled_from([i for i, sign in enumerate(code) if sign != "-"]))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert read_code(code[:place] + wrong + code[place + 1 :]) is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(typed: str) -> None:
    code = read_code(typed)
    assert code is None or read_code(code) == code


@pytest.mark.parametrize(
    "typed",
    ["", "1", "20261123", "20261123-00001", "²0261123-000001-8", "٢٠٢٦١١٢٣-٠٠٠٠٠١-٨", "x" * 500],
)
def test_what_is_no_code(typed: str) -> None:
    assert read_code(typed) is None


def test_numbers_start_at_one() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        format_code(date(2026, 11, 23), 0)


@given(st.lists(st.tuples(DAYS, NUMBERS), unique=True, min_size=2, max_size=20))
def test_different_numbers_have_different_codes(pairs: list[tuple[date, int]]) -> None:
    assert len({format_code(*pair) for pair in pairs}) == len(pairs)


@given(st.integers(1, 1500))
@settings(max_examples=20)
def test_codes_of_a_day_sort_as_they_were_given(number: int) -> None:
    day = date(2026, 11, 23)
    assert format_code(day, number) < format_code(day, number + 1)


async def numbers(database: Database, day: date, count: int = 1) -> list[int]:
    async with database.unit_of_work(SYSTEM) as work:
        return [await next_number(work.session, day) for _ in range(count)]


async def test_each_local_day_has_its_own_sequence(database: Database) -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    assert await numbers(database, monday, 3) == [1, 2, 3]
    async with database.unit_of_work(SYSTEM) as work:
        await prepare_day(work.session, tuesday)
        await prepare_day(work.session, tuesday)
        await prepare_day(work.session, monday)
    assert await numbers(database, tuesday) == [1]
    assert await numbers(database, monday) == [4], "preparing a day again takes nothing back"


async def test_a_number_that_was_lost_is_not_given_again(database: Database) -> None:
    """Gaps are harmless; the same number twice is not. So it comes from no maximum."""
    day = date(2026, 11, 23)
    assert await numbers(database, day) == [1]
    with pytest.raises(RuntimeError):
        async with database.unit_of_work(SYSTEM) as work:
            assert await next_number(work.session, day) == 2
            raise RuntimeError
    assert await numbers(database, day) == [3]


@cache
def beijing() -> City:
    """One for all tests here: it holds the places, which take long to prepare."""
    rules = load_rules("beijing", datetime(2026, 11, 23, tzinfo=UTC))
    return City("beijing", lambda: rules)


class Desk:
    """Somebody who submits, straight through the domain."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.city = beijing()
        self.protection = Protection(bytes(range(32)))

    async def submit(self, phone: str = "13800000001") -> str:
        contact = intake.ContactDetails(phone)
        submission = intake.Submission("题", "文", contact=contact)
        async with self.database.unit_of_work(Actor(Role.AGENT, "agent")) as work:
            ticket = await intake.submit_ticket(work, self.city, self.protection, submission)
            await work.flush()
            code = await work.session.scalar(select(Ticket.code).where(Ticket.id == ticket))
        assert code is not None
        return code


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_the_day_turns_at_the_citys_midnight(desk: Desk, clock: FixedClock) -> None:
    clock.advance(local("2026-11-23 23:59") + timedelta(seconds=59) - clock.now())
    before = [await desk.submit() for _ in range(2)]
    clock.advance(timedelta(seconds=1))
    assert clock.now() == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    after = await desk.submit()
    assert [code[:15] for code in before] == ["20261123-000001", "20261123-000002"]
    assert after.startswith("20261124-000001-")


async def test_two_hundred_at_once_have_two_hundred_codes(desk: Desk) -> None:
    """Also the first ones of the day, which all find that there is no sequence yet."""
    doors = asyncio.Semaphore(40)  # so that nobody waits for a connection as long as it may

    async def one(number: int) -> str:
        async with doors:
            return await desk.submit(f"1380000{number:04}")

    codes = await asyncio.gather(*map(one, range(200)))
    assert len(set(codes)) == 200
    assert {int(code.split("-")[1]) for code in codes} == set(range(1, 201))
    assert all(read_code(code) == code for code in codes)


async def test_submissions_do_not_wait_for_each_others_numbers(database: Database) -> None:
    """A submission that is slow to commit holds nobody up: its number is taken, not locked."""
    day = date(2026, 11, 23)
    await numbers(database, day)
    async with database.unit_of_work(SYSTEM) as slow:
        assert await next_number(slow.session, day) == 2
        async with asyncio.timeout(2):
            assert await numbers(database, day) == [3]
        held = await slow.session.scalar(
            text(
                "select count(*) from pg_locks where locktype = 'advisory' "
                "and pid = pg_backend_pid()"
            )
        )
        assert held == 0
