"""The statements that a program really sends, from the server's log, and pgbench running them."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from api.engines.postgres import binaries
from bench.ground import CITY, Ground
from bench.load import CONNECTIONS

# As `schema.reading.pool` sets them, so that the bare statement gets the same plan.
READING = {
    "search_path": f"{CITY},public",
    "timezone": "Asia/Shanghai",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
WRITING = {"search_path": f"{CITY},public", "timezone": "UTC"}

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ \w+ \[(\d+)\] (.*?) ?(LOG|DETAIL):  (.*)", re.DOTALL)
_SENT = re.compile(r"(?:statement|execute [^:]+): (.*)", re.DOTALL)
_OWN = re.compile(r"alter system|select pg_reload_conf", re.IGNORECASE)
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its parameters as text; None is NULL."""

    sql: str
    parameters: tuple[str | None, ...]


def capture(ground: Ground, action: Callable[[], object]) -> list[Statement]:
    """Return what the server is sent while `action` runs, in order, by anybody."""
    log = ground.postgres.log
    begin = log.stat().st_size if log.exists() else 0
    asyncio.run(_set_logging(ground, "'all'"))
    try:
        action()
        time.sleep(0.2)  # what is sent after the answer, such as a commit, is in the log by then
    finally:
        asyncio.run(_set_logging(ground, "default"))
    return [each for each in read_log(log, begin) if not _OWN.match(each.sql)]


async def _set_logging(ground: Ground, value: str) -> None:
    connection = await asyncpg.connect(ground.postgres.url())
    try:
        await connection.execute(f"alter system set log_statement to {value}")
        await connection.execute("select pg_reload_conf()")
    finally:
        await connection.close()
    await asyncio.sleep(0.2)  # until every session has read it


def read_log(log: Path, begin: int) -> list[Statement]:
    with log.open("rb") as file:
        file.seek(begin)
        text = file.read().decode(errors="replace")
    statements: list[Statement] = []
    for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d )", text):
        match = _ENTRY.match(entry.rstrip("\n"))
        if match is None:
            continue
        kind, said = match[3], match[4].replace("\n\t", "\n")
        if kind == "LOG" and (sent := _SENT.match(said)):
            statements.append(Statement(sent[1], ()))
        elif kind == "DETAIL" and said.startswith("Parameters: ") and statements:
            values = tuple(
                None if value == "NULL" else value[1:-1].replace("''", "'")
                for _, value in _PARAMETER.findall(said)
            )
            statements[-1] = Statement(statements[-1].sql, values)
    return statements


def pgbench(
    script: Path,
    ground: Ground,
    *,
    seconds: int,
    settings: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
) -> float:
    """Return transactions a second of a script, prepared, over as many connections as the load."""
    given = (variables or {}).items()
    options = [part for name, value in given for part in ("-D", f"{name}={value}")]
    done = subprocess.run(
        [
            *(str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(CONNECTIONS)),
            *("-j", "1", "-T", str(seconds), "-f", str(script), *options, ground.database),
        ],
        env={
            "PATH": os.defpath,
            "PGHOST": str(ground.postgres.sockets),
            "PGUSER": "postgres",
            "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-2000:]}")
    return float(found[1])


def with_variables(statement: Statement, prefix: str = "p") -> tuple[str, dict[str, str]]:
    """Return the SQL with `:p1` for `$1` as pgbench wants it, and the values; NULL is written."""
    values: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        value = statement.parameters[int(match[1]) - 1]
        if value is None:
            return "null"
        values[f"{prefix}{match[1]}"] = value
        return f":{prefix}{match[1]}"

    return re.sub(r"\$(\d+)", name, statement.sql), values
