"""`jiesu doctor`: what is wrong with this environment, and what to do about it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, cast

import asyncpg
import redis
import typer
from rich.console import Console
from rich.markup import escape

from api.command.migrate import newest_revision, present_revision
from api.command.port import check_port
from api.command.secret import resolve_secret
from api.engines import postgres
from api.engines import redis as embedded_redis
from api.engines.program import StartFailed
from domain.dispatch.calendars import unpublished_years
from domain.dispatch.city import UnknownCity, load_rules
from domain.kernel.settings import Settings, WrongSetting, read_settings

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 16
SMALLEST_DISK = 2 << 30
LARGEST_DRIFT = 2.0
"""Seconds that the database's clock may be away from this machine's: deadlines hang on both."""

EXTENSIONS = ("pg_trgm",)


class Finding(NamedTuple):
    """One line of the table. `remedy` is empty where nothing is wrong."""

    subject: str
    well: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that `jiesu run` or `serve` needs; a fault never stops the examination."""
    yield _python()
    yield _attempt("Secret", lambda: f"{len(resolve_secret(settings))} bytes", "set JIESU_SECRET")
    yield _data(settings)
    yield _attempt("Port", lambda: _port(settings), "stop the other program, or set PORT")
    if settings.database_url is None:
        yield _wheel("PostgreSQL", postgres.binaries)
    else:
        yield from _database("PostgreSQL", settings.database_url, settings.city)
    if settings.database_read_url is not None:
        yield from _database("PostgreSQL for reads", settings.database_read_url, settings.city)
    if settings.redis_url is None:
        yield _wheel("Redis", embedded_redis.binary)
    else:
        yield _redis(settings.redis_url)


def _attempt(subject: str, look: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(subject, True, look())
    except (StartFailed, WrongSetting) as fault:
        return Finding(subject, False, str(fault), remedy)


def _port(settings: Settings) -> str:
    check_port(settings.host, settings.port)
    return f"{settings.host}:{settings.port}"


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    well = sys.version_info >= OLDEST_PYTHON
    return Finding("Python", well, version, "" if well else "install Python 3.11 or newer")


def _data(settings: Settings) -> Finding:
    data = settings.data.expanduser().resolve()
    nearest = next(folder for folder in (data, *data.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Finding("Data", False, f"{data}: {error.strerror}", "set JIESU_DATA to your own")
    free = shutil.disk_usage(nearest).free
    if free < SMALLEST_DISK:
        return Finding("Data", False, f"{data}: {free >> 20} MiB free", "make room: 2 GiB at least")
    return Finding("Data", True, f"{data}: {free >> 30} GiB free")


def _wheel(subject: str, find: Callable[[], Path]) -> Finding:
    return _attempt(subject, lambda: f"from the wheel ({find().name})", "make clean run")


def _redis(url: str) -> Finding:
    client = redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3)
    try:
        server = cast("dict[str, str]", client.info("server"))
    except redis.RedisError as error:
        return Finding("Redis", False, _short(error), "check REDIS_URL and that Redis runs")
    finally:
        client.close()
    return Finding("Redis", True, server["redis_version"])


def _database(subject: str, url: str, city: str) -> Iterator[Finding]:
    try:
        yield from asyncio.run(_examine_database(subject, url, city))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield Finding(subject, False, _short(error), "check the URL and that PostgreSQL runs")


async def _examine_database(subject: str, url: str, city: str) -> list[Finding]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return [
            _version(subject, connection.get_server_version().major),
            await _extensions(connection),
            await _migrations(connection, city),
            await _holidays(connection, city),
            await _clock(connection),
        ]
    finally:
        await connection.close()


def _version(subject: str, major: int) -> Finding:
    well = major >= OLDEST_POSTGRES
    remedy = "" if well else f"PostgreSQL {OLDEST_POSTGRES} or newer is needed"
    return Finding(subject, well, str(major), remedy)


async def _extensions(connection: asyncpg.Connection) -> Finding:
    rows = await connection.fetch("select name from pg_available_extensions")
    missing = sorted(set(EXTENSIONS) - {row["name"] for row in rows})
    if missing:
        return Finding("Extensions", False, f"missing: {', '.join(missing)}", "install contrib")
    return Finding("Extensions", True, ", ".join(EXTENSIONS))


async def _migrations(connection: asyncpg.Connection, city: str) -> Finding:
    wanted, found = newest_revision(), await present_revision(connection, city)
    if found != wanted:
        return Finding("Migrations", False, f"at {found}, wanted {wanted}", "jiesu migrate")
    return Finding("Migrations", True, wanted)


async def _holidays(connection: asyncpg.Connection, city: str) -> Finding:
    """A year without holidays stops nothing: its remedy is shown, and the line stays well."""
    now = datetime.now(UTC)
    try:
        rules = load_rules(city, now)
    except UnknownCity as fault:
        return Finding("Holidays", False, str(fault), "set JIESU_CITY to a city of cities/")
    await connection.fetchval("select set_config('search_path', $1, false)", city)
    declared = []
    if await connection.fetchval("select to_regclass('declared_day')") is not None:
        declared = await connection.fetch("select day, is_workday from declared_day")
    calendar = rules.calendar.with_days((row["day"], row["is_workday"]) for row in declared)
    missing = unpublished_years(calendar, now.astimezone(rules.zone).date())
    if missing:
        years = ", ".join(map(str, missing))
        return Finding("Holidays", True, f"{years} unknown", "declare them: declareHolidays")
    return Finding("Holidays", True, f"known up to {max(day.year for day in calendar.days)}")


async def _clock(connection: asyncpg.Connection) -> Finding:
    before = datetime.now(UTC)
    told: datetime = await connection.fetchval("select clock_timestamp()")
    after = datetime.now(UTC)
    drift = max((before - told).total_seconds(), (told - after).total_seconds(), 0.0)
    remedy = "" if drift <= LARGEST_DRIFT else "set both machines' clocks by NTP"
    return Finding("Clock", not remedy, f"{drift:.1f} s from the database's", remedy)


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def show(findings: list[Finding], console: Console) -> None:
    """Print the findings, one a line, in columns."""
    subjects = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "[green]✓[/green]" if finding.well else "[red]✗[/red]"
        line = f"{finding.subject:<{subjects}}  {finding.detail}"
        console.print(mark, escape(f"{line}  → {finding.remedy}" if finding.remedy else line))


def register(app: typer.Typer) -> None:
    @app.command("doctor")
    def doctor() -> None:
        """Say what is wrong with this environment; the exit code is 1 where something is."""
        findings = list(examine(read_settings()))
        show(findings, Console(highlight=False, soft_wrap=True))
        if not all(finding.well for finding in findings):
            raise typer.Exit(1)
