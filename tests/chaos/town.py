"""A town: one real `jiesu run` on a data folder of its own, and the ways to hurt it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil

from api.command.run import DATABASE
from api.command.secret import resolve_secret
from api.command.token import TokenWish, make_token
from api.engines.folders import remove_folder, socket_folder
from api.engines.postgres import EmbeddedPostgres
from domain.accounts.protection import Protection
from domain.kernel.database import Database
from domain.kernel.settings import Settings
from tests.support.engines import CITY, ROOT

PATIENCE = 60.0
"""Seconds until what must happen has failed to: the machine may be busy with other work."""

VICTIMS: Mapping[str, str] = {
    "api": "jiesu-serve",
    "worker": "jiesu-work",
    "redis": "redis-server",
    "postgres": "postgres",
}
"""The supervisor's children, by the names of their processes."""


async def until(
    condition: Callable[[], bool], seconds: float = PATIENCE, why: Callable[[], str] = lambda: ""
) -> None:
    """Return as soon as the condition holds. Raises AssertionError after `seconds`, saying why."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {why()}"
        await asyncio.sleep(0.02)


def free_port() -> int:
    """A port that is free, and that no client's end of a connection is given by the kernel.

    While the API is down its clients go on calling; were its port of the kernel's own range, one
    of their sockets could be given that very port.
    """
    while True:
        port = random.randrange(20000, 30000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Town:
    """One installation: its data in `data`, what its processes say in `data`'s neighbour."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._said = data.with_name("said.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0

    @property
    def said(self) -> str:
        """What the present run has printed."""
        text = self._said.read_bytes()[self._before :]
        return text.decode(errors="replace")

    def start(self) -> None:
        """Start `jiesu run` as somebody does who has set nothing but the data and the port."""
        self._before = self._said.stat().st_size if self._said.exists() else 0
        with self._said.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.command", "run"],
                env={
                    "PATH": os.defpath,
                    "PYTHONPATH": str(ROOT),
                    "JIESU_DATA": str(self.data),
                    "PORT": str(self.port),
                },
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    async def is_ready(self) -> None:
        """Wait until it says so itself and `/readyz` agrees."""
        await until(lambda: self._lives() and "Jiesu 接诉 is ready" in self.said, why=self._why)
        await self.is_well()

    async def is_well(self) -> None:
        """Wait until `/readyz` says that nothing is missing."""
        deadline = time.monotonic() + PATIENCE
        answer = "no answer"
        async with httpx.AsyncClient(timeout=5) as http:
            while time.monotonic() < deadline:
                assert self._lives(), self.said
                with suppress(httpx.TransportError):
                    response = await http.get(f"{self.url}/readyz")
                    if response.status_code == 200:
                        return
                    answer = response.text
                await asyncio.sleep(0.05)
        raise AssertionError(f"not ready: {answer}\n{self.said[-4000:]}")

    def _lives(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.said
        return True

    def _why(self) -> str:
        return self.said[-4000:]

    @property
    def supervisor(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def family(self) -> dict[str, psutil.Process]:
        """The supervisor's living children by their names in VICTIMS."""
        found: dict[str, psutil.Process] = {}
        with suppress(psutil.NoSuchProcess):
            for process in self.supervisor.children():
                with suppress(psutil.Error):
                    called = process.name()
                    found |= {name: process for name, its in VICTIMS.items() if its == called}
        return found

    def kill(self, victim: str, chance: random.Random) -> bool:
        """`kill -9` one child: the postmaster, Redis, the worker, or one of the API's processes.

        The API is Granian's main process and the server that it forked; either may be the one.
        Returns whether there was anybody to kill.
        """
        process = self.family().get(victim)
        if process is None:
            return False
        try:
            if victim == "api" and chance.random() < 0.5:
                servers = [child for child in process.children() if _serves(child)]
                process = servers[0] if servers else process
            process.kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def empty_redis(self) -> bool:
        """FLUSHALL. Returns whether Redis took it."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(socket_folder(self.data) / "redis.sock"))
                connection.sendall(b"FLUSHALL\r\n")
                return connection.recv(64).startswith(b"+OK")
            except OSError:
                return False

    async def lose_power(self) -> None:
        """`kill -9` everything at once, the supervisor first."""
        everybody = [self.supervisor, *self.supervisor.children(recursive=True)]
        for process in everybody:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._reap()
        await until(lambda: not self.processes(), why=lambda: f"alive: {self.processes()}")

    async def lose_supervisor(self) -> None:
        """`kill -9` the supervisor, and the postmaster in the same moment, so that its lock files
        stay behind; all others must go by themselves."""
        self.supervisor.suspend()  # or it would see the postmaster's end and start another
        self.kill("postgres", random.Random())
        self.supervisor.kill()
        self._reap()
        await until(lambda: not self.processes(), why=lambda: f"orphans: {self.processes()}")

    async def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.supervisor.send_signal(signal.SIGINT)
        return await asyncio.to_thread(self._reap)

    def _reap(self) -> int:
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def processes(self) -> list[psutil.Process]:
        """Every living process of this data folder, whoever its parent is."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        data = str(self.data)
        try:
            return process.status() != psutil.STATUS_ZOMBIE and (
                any(part.startswith(data) for part in process.cmdline())
                or process.cwd().startswith(data)
                or process.environ().get("JIESU_DATA") == data
            )
        except psutil.Error:
            return False

    def end(self) -> None:
        """End whatever is left, whatever happened."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        remove_folder(socket_folder(self.data))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The town's database, while its PostgreSQL runs."""
        log = self.data / "log" / "unused"
        engine = EmbeddedPostgres(self.data / "postgres", socket_folder(self.data), log)
        database = Database(engine.url(DATABASE), city=CITY, pool_size=2, application="chaos")
        try:
            yield database
        finally:
            await database.close()

    async def tokens(self, wishes: Sequence[TokenWish]) -> list[str]:
        """Tokens of the town's own issuer, as `jiesu token` makes them."""
        settings = Settings(JIESU_DATA=self.data, JIESU_CITY=CITY)
        protection = Protection(resolve_secret(settings))
        async with self.database() as database:
            return [await make_token(database, protection, settings, wish) for wish in wishes]


def _serves(process: psutil.Process) -> bool:
    """Whether it is the server and not one of multiprocessing's helpers."""
    return not any("tracker" in part for part in process.cmdline())
