"""`jiesu run` from end to end, with real processes: start, deaths, stop, and the start after."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from api.command.run import DATABASE
from api.engines.folders import remove_folder, socket_folder
from api.engines.postgres import EmbeddedPostgres
from tests.support.engines import ROOT
from tests.support.waiting import all_gone, wait_until

PATIENCE = 60.0


class Running:
    """One `jiesu run` in a process of its own, and what it has printed."""

    def __init__(self, data: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.data = data
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.command", "run"],
            env={
                "PATH": os.defpath,
                "PYTHONPATH": str(ROOT),
                "JIESU_DATA": str(data),
                "PORT": str(self.port),
                **environment,
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def has_said(self, words: str, times: int = 1) -> None:
        """Wait until it has printed the words so many times."""

        def said() -> bool:
            assert self.process.poll() is None, self.text
            return self.text.count(words) >= times

        wait_until(said, PATIENCE, lambda: f"{words!r} is not in:\n{self.text}")

    def is_ready(self) -> None:
        self.has_said("Jiesu 接诉 is ready")
        assert f"http://127.0.0.1:{self.port}/graphql" in self.text
        assert self.answers()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def family(self) -> dict[str, psutil.Process]:
        """Return the supervisor's own children by their names."""
        children = psutil.Process(self.process.pid).children()
        return {process.name(): process for process in children}

    def end(self, number: int) -> int:
        """Send the signal, wait for the end, and return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name).resolve() / "data"


async def ask(data: Path, *statements: str) -> object:
    """Ask the embedded PostgreSQL, as soon as it takes connections."""
    engine = EmbeddedPostgres(data / "postgres", socket_folder(data), data / "log" / "x")
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                connection = await asyncpg.connect(engine.url(DATABASE))
                break
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError):
                await asyncio.sleep(0.05)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


@pytest.mark.chaos
async def test_a_life_of_the_hotline(data: Path) -> None:
    first = Running(data)
    first.is_ready()
    family = first.family()
    everybody = psutil.Process(first.process.pid).children(recursive=True)
    assert family.keys() == {"redis-server", "postgres", "jiesu-serve", "jiesu-work"}
    if sys.platform == "linux":  # where API and worker are forks: what is loaded is so once
        assert psutil.Process(first.process.pid).num_threads() == 1
        assert {family[name].cmdline()[-1] for name in ("jiesu-serve", "jiesu-work")} == {"run"}
    assert await ask(data, "select count(*) from beijing.unit") > 366  # type: ignore[operator]
    await ask(data, "create table kept (value int)", "insert into kept values (7)")

    rival = Running(data)
    assert rival.process.wait(PATIENCE) == 2
    assert rival.lines == [
        f"jiesu: {data} is in use by another `jiesu run` (process {first.process.pid}):"
        " stop it, or set JIESU_DATA"
    ]

    for name, process in (("PostgreSQL", family["postgres"]), ("API", family["jiesu-serve"])):
        process.kill()
        first.has_said(f"{name} was killed by signal 9; it is started again in 0.2 s")
        first.has_said(f"{name} runs again")
        assert await ask(data, "select value from kept") == 7
    wait_until(lambda: first.family().keys() == family.keys() and first.answers())
    everybody += psutil.Process(first.process.pid).children(recursive=True)

    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: all_gone(everybody), PATIENCE)  # nobody holds the port or the data for ever

    second = Running(data)
    second.is_ready()
    assert "new data directory" not in second.text
    assert await ask(data, "select value from kept") == 7
    everybody = psutil.Process(second.process.pid).children(recursive=True)
    assert second.end(signal.SIGINT) == 0, second.text
    assert "Traceback" not in second.text, second.text
    assert all_gone(everybody)
    sockets = socket_folder(data)
    assert list(sockets.iterdir()) == []  # this call made it anew, so it had been removed
    remove_folder(sockets)


def test_with_the_urls_given_nothing_embedded_is_started(
    data: Path, empty_database_url: str, redis_url: str
) -> None:
    running = Running(data, DATABASE_URL=empty_database_url, REDIS_URL=redis_url)
    running.is_ready()
    assert running.family().keys() == {"jiesu-serve", "jiesu-work"}
    assert sorted(path.name for path in data.iterdir()) == ["lock", "log", "secret"]
    assert running.end(signal.SIGTERM) == 0, running.text


def test_a_used_port_stops_the_start_before_anything_is_made(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = Running(data, PORT=str(port))
        assert running.process.wait(PATIENCE) == 2
    assert running.lines == [
        f"jiesu: PORT: {port} on 127.0.0.1 is in use: stop the other program or set PORT"
    ]
    assert not (data / "postgres").exists()
