"""The ticket's code: what people read to each other over a phone.

`20261123-000123-4`: the city's day, a number from that day's database sequence, a check digit
(ISO/IEC 7064, MOD 11,10), which catches every single wrong digit and nearly every transposition.
"""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_WRITTEN = re.compile(r"(\d{8})-(\d{6,})-(\d)", re.ASCII)
_TYPED = re.compile(r"[\s\-－—]+")


def check_digit(digits: str) -> int:
    """The check digit of a string of decimal digits (ISO/IEC 7064, MOD 11,10)."""
    carry = 10
    for digit in digits:
        carry = (carry + int(digit)) % 10 or 10
        carry = carry * 2 % 11
    return (11 - carry) % 10


def format_code(day: date, number: int) -> str:
    """Write the code of the `number`-th ticket of `day` (from 1)."""
    if number < 1:
        raise ValueError("numbers start at 1")
    head, tail = f"{day:%Y%m%d}", f"{number:06d}"
    return f"{head}-{tail}-{check_digit(head + tail)}"


def read_code(typed: str) -> str | None:
    """Return the code that somebody typed, in its written form, or None where it cannot be one.

    Spaces and dashes do not matter, full-width digits are read; a wrong check digit is refused.
    """
    plain = _TYPED.sub("", typed.translate(_NARROW)) if len(typed) <= 60 else ""
    if not re.fullmatch(r"\d{15,}", plain, re.ASCII):
        return None
    code = f"{plain[:8]}-{plain[8:-1]}-{plain[-1]}"
    match = _WRITTEN.fullmatch(code)
    if match is None or check_digit(match[1] + match[2]) != int(match[3]):
        return None
    return code


_NARROW = {0xFF10 + digit: str(digit) for digit in range(10)}


_NEXT_NUMBER = text("select next_ticket_number(:day)")


async def next_number(session: AsyncSession, day: date) -> int:
    """Take the next number of that day from its sequence; never from a maximum.

    A number that is taken by a transaction which then fails is lost: gaps are harmless, a lock
    that all submissions queue for is not.
    """
    return int(await session.scalar(_NEXT_NUMBER, {"day": day}) or 0)


async def next_numbers(session: AsyncSession, day: date, count: int) -> list[int]:
    """Take so many numbers of that day at once."""
    statement = text("select next_ticket_number(:day) from generate_series(1, :count)")
    rows = await session.scalars(statement, {"day": day, "count": count})
    return [int(number) for number in rows]


async def prepare_day(session: AsyncSession, day: date) -> None:
    """Make the sequence of a day before its first ticket comes; does nothing where it is there."""
    await session.execute(text("select prepare_ticket_numbers(:day)"), {"day": day})
