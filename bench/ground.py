"""The ground that measurements stand on: PostgreSQL and Redis from the wheels, in their own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

    @property
    def database_url(self) -> str:
        return self.postgres.url(DATABASE)

    @contextmanager
    def running(self, program: Program) -> Iterator[None]:
        """Run one more program for the length of the block. Raises StartFailed."""
        others = Supervisor(self.bell, print)
        try:
            others.start(program)
            yield
        finally:
            others.stop()


@contextmanager
def ground() -> Iterator[Ground]:
    """Start the engines; stop them at the end. Raises StartFailed."""
    data = prepare_data_folder(DATA)
    lock = DataLock(data)
    lock.take()
    sockets = socket_folder(data)
    log = data / "log"
    postgres = EmbeddedPostgres(
        data / "postgres", sockets, log / "postgres.log", options=OPTIONS
    )
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
