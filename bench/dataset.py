"""The data that is measured on: a year of tickets of a real tree of units, made in the database.

The same every time: nothing in it is random, so two machines measure the same rows. It is kept
between runs and made again where its definition, the migrations or the shipped units changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

import asyncpg

from api.command.migrate import SCRIPTS, upgrade
from api.command.seed import seed
from bench.ground import CITY, ROOT, Ground
from domain.tickets.history import ORIGIN

TICKETS = 200_000
CITIZENS = 60_000
BEGIN = "2025-10-24 00:00:00+08"
# These newest ones were dispatched and closed, so that a page of them is measured at full size.
_NEWEST = 1_000
_YEAR = 365 * 86_400

_LONGEST_HISTORY = 7  # entries of one ticket

_SCRIPT = Path(__file__).with_name("dataset.sql")


def prepare(ground: Ground, tickets: int = TICKETS) -> None:
    """Make the ground's database where it is missing or was made otherwise."""
    stamp = ground.data / f"{ground.database}.made"
    wanted = f"{tickets} {_definition()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    asyncio.run(_create(ground.postgres.url(), ground.database))
    upgrade(ground.database_url, CITY)
    asyncio.run(seed(ground.database_url, CITY))
    asyncio.run(fill(ground.database_url, tickets))
    stamp.write_text(wanted)
    print(f"{tickets:,} tickets made in {time.monotonic() - began:.0f} s")


def _definition() -> str:
    """A digest of everything that the data depend on."""
    sources = [Path(__file__), _SCRIPT, *sorted((SCRIPTS / "versions").glob("*.py"))]
    sources += sorted(path for path in (ROOT / "cities").rglob("*.csv*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


async def _create(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"drop database if exists {name} with (force)")
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()


async def fill(url: str, tickets: int = TICKETS) -> None:
    """Fill a migrated and seeded database with a year of so many tickets."""
    connection = await asyncpg.connect(
        url, server_settings={"search_path": f"{CITY},public", "timezone": "UTC"}
    )
    try:
        await connection.execute("set work_mem = '256MB'; set maintenance_work_mem = '512MB'")
        # A transaction that is lost with the machine is made again by the next run.
        await connection.execute("set synchronous_commit = off")
        async with connection.transaction():
            await connection.execute(script(tickets))
        await connection.execute("vacuum (analyze)")
    finally:
        await connection.close()


def script(tickets: int = TICKETS) -> str:
    """The SQL that makes the data, in one transaction."""
    return _SCRIPT.read_text(encoding="utf-8").format(
        tickets=tickets,
        citizens=CITIZENS,
        begin=BEGIN,
        newest=tickets - _NEWEST,
        step=_YEAR / tickets,
        check_digit=_check_digit("digits", 14),
        digests=", ".join(f"d{place}" for place in range(_LONGEST_HISTORY)),
        chain=_chain(_LONGEST_HISTORY),
    )


def _check_digit(digits: str, length: int) -> str:
    """An SQL expression for `domain.tickets.code.check_digit` of a text of that length."""
    carry = "10"
    for place in range(1, length + 1):
        digit = f"substr({digits}, {place}, 1)::int"
        carry = f"coalesce(nullif(({carry} + {digit}) % 10, 0), 10) * 2 % 11"
    return f"(11 - ({carry})) % 10"


def _chain(length: int) -> str:
    """An SQL FROM item: the digests d0, d1 ... of each ticket, each made from the one before.

    `offset 0` keeps PostgreSQL from writing the first into the second, and both into the third.
    """
    source = "(select i, array_agg(written order by position) as written from entry group by i) e"
    before = f"'\\x{ORIGIN.hex()}'::bytea"
    for place in range(length):
        digest = f"sha256({before} || written[{place + 1}]) as d{place}"
        source = f"(select *, {digest} from {source} offset 0) e"
        before = f"d{place}"
    return source
