"""The ground that measurements stand on: PostgreSQL and Redis from the wheels, in one folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import psutil

from api.engines.folders import (
    DataLock,
    prepare_data_folder,
    remove_folder,
    socket_folder,
)
from api.engines.postgres import EmbeddedPostgres
from api.engines.program import Program
from api.engines.redis import EmbeddedRedis
from api.engines.supervisor import Bell, Supervisor
from bench import load

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("JIESU_BENCH_DATA", ROOT / ".jiesu" / "bench"))
CITY = "beijing"
DATABASE = "bench"

# As an installation has them, with more memory: the same for everybody who is measured.
OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


@dataclass(frozen=True, slots=True)
class Ground:
    """The engines that run, and the way to start more beside them."""

    data: Path
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    bell: Bell
    database: str = DATABASE

    @property
    def database_url(self) -> str:
        return self.postgres.url(self.database)

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL."""
        return int((self.postgres.folder / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def running(self, program: Program) -> Iterator[int]:
        """Run one more program for the length of the block; yields its process id.

        Raises StartFailed.
        """
        others = Supervisor(self.bell, print)
        before = _children()
        try:
            others.start(program)
            [process] = _children() - before
            yield process
        finally:
            others.stop()

    def press(
        self,
        process: int,
        port: int,
        requests: Sequence[bytes],
        seconds: float,
        connections: int = load.CONNECTIONS,
    ) -> load.Pressed:
        """Press a server of this machine, and see what it and PostgreSQL spent on it."""
        watched = (process, self.postmaster)
        before = [cpu_seconds(each) for each in watched]
        pressed = load.press(port, requests, seconds, connections)
        server, database = (
            cpu_seconds(each) - spent for each, spent in zip(watched, before, strict=True)
        )
        return replace(pressed, server_cpu=server, database_cpu=database)

    @contextmanager
    def copied(self) -> Iterator[Ground]:
        """The same with a copy of the database, which may be written to; dropped at the end."""
        name = f"{self.database}_copy"
        try:
            asyncio.run(self._administer(f"drop database if exists {name} with (force)"))
            asyncio.run(
                self._administer(
                    f"create database {name} template {self.database} strategy file_copy"
                )
            )
            yield replace(self, database=name)
        finally:
            asyncio.run(self._administer(f"drop database if exists {name} with (force)"))

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.postgres.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def cpu_seconds(process: int) -> float:
    """Processor time that a process and its living descendants have used so far."""
    family = psutil.Process(process)
    times = [each.cpu_times() for each in (family, *family.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


@contextmanager
def ground() -> Iterator[Ground]:
    """Start the engines; stop them at the end. Raises StartFailed."""
    data = prepare_data_folder(DATA)
    lock = DataLock(data)
    lock.take()
    sockets = socket_folder(data)
    log = data / "log"
    postgres = EmbeddedPostgres(data / "postgres", sockets, log / "postgres.log", options=OPTIONS)
    redis = EmbeddedRedis(data / "redis", sockets, log / "redis.log", durable=False)
    with Bell() as bell:
        supervisor = Supervisor(bell, print)
        try:
            postgres.prepare(sync=False)
            redis.prepare()
            supervisor.start(postgres.program())
            supervisor.start(redis.program())
            with bell.interrupting():
                yield Ground(data, postgres, redis, bell)
        finally:
            supervisor.stop()
            remove_folder(sockets)
            lock.release()
