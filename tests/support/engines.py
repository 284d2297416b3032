"""The ground that tests stand on: one PostgreSQL a session, one Redis a worker, a database a test.

The first worker that needs PostgreSQL starts a keeper process (`python -m tests.support.engines`),
which belongs to no worker, lives as long as the controlling pytest process, however that ends, and
then removes everything. Tests that need no engine start none.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import asyncpg

from api.command.migrate import upgrade
from api.command.seed import seed_city
from api.engines.folders import remove_folder
from api.engines.postgres import EmbeddedPostgres
from api.engines.program import start
from api.engines.redis import EmbeddedRedis
from api.engines.supervisor import Bell, Supervisor
from domain.kernel.settings import Settings

CITY = "beijing"
ROOT = Path(__file__).resolve().parents[2]

# Nothing here has to outlive the machine.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "autovacuum_naptime": "1h",
}

_PREFIX = f"jiesu-tests-{os.getuid()}-"


def _root() -> Path:
    """Return the memory's file system where it has room (twice as quick), else the disk's."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK):
        room = os.statvfs(memory)
        if room.f_bavail * room.f_frsize > 4 << 30:
            return memory
    return Path(tempfile.gettempdir())


def ground_folder(controller: int) -> Path:
    """Return the folder of the test session that the process `controller` leads."""
    return _root() / f"{_PREFIX}{controller}"


class Ground:
    """A worker's hold on the session's PostgreSQL: makes and drops databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = EmbeddedPostgres(folder / "data", folder, folder / "log")
        self._loop = asyncio.new_event_loop()
        self._names = (f"t_{os.getpid()}_{number}" for number in count())
        start_keeper(folder)
        self._admin = self._loop.run_until_complete(asyncpg.connect(self._engine.url()))

    def close(self) -> None:
        self._loop.run_until_complete(self._admin.close())
        self._loop.close()

    def execute(self, statement: str) -> None:
        self._loop.run_until_complete(self._admin.execute(statement))

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """Give the URL of a new database like `template`; it is dropped afterwards."""
        name = next(self._names)
        self.execute(f"create database {name} template {template} strategy file_copy")
        try:
            yield self._engine.url(name)
        finally:
            self.execute(f"drop database if exists {name} with (force)")

    def template(self, city: str = CITY) -> str:
        """Return the name of the city's migrated and seeded template, made once in the session."""
        name = f"template_{city}"
        made = self._folder / f"{name}.made"
        with locked(self._folder / f"{name}.lock"):
            if not made.exists():
                self.execute(f"drop database if exists {name} with (force)")
                self.execute(f"create database {name}")
                fill(self._engine.url(name), self._folder, city)
                self.execute(f"alter database {name} with allow_connections false")
                made.touch()
        return name


def fill(url: str, data: Path, city: str) -> None:
    """Migrate and seed an empty database as `jiesu run` does, and let it know what it holds."""
    upgrade(url, city)
    seed_city(Settings(DATABASE_URL=url, JIESU_DATA=data, JIESU_CITY=city))
    asyncio.run(_vacuum(url))


async def _vacuum(url: str) -> None:
    """What the engine does by itself in time, and each copy would have to do again."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("vacuum (freeze, analyze)")
    finally:
        await connection.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; it is free again when its holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start_keeper(folder: Path) -> None:
    """Make sure that the session's PostgreSQL runs. Raises RuntimeError where it does not start."""
    folder.mkdir(mode=0o711, exist_ok=True)
    with locked(folder / "start.lock"):
        if (folder / "ready").exists():
            return
        output = (folder / "keeper.log").open("wb")
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.engines", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        while not (folder / "ready").exists():
            if keeper.poll() is not None:
                raise RuntimeError(f"no PostgreSQL: {(folder / 'keeper.log').read_text()}")
            time.sleep(0.02)


def stop_keeper(folder: Path, patience: float = 15.0) -> None:
    """End the session's PostgreSQL, where it was started, and wait until its folder is gone."""
    ready = folder / "ready"
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(int(ready.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + patience
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def keep(folder: Path) -> None:
    """Run PostgreSQL in `folder` until a signal or the controlling pytest process's end."""
    controller = int(folder.name.removeprefix(_PREFIX))
    hold = (folder / "held").open("w")
    fcntl.flock(hold, fcntl.LOCK_EX)
    _sweep()
    engine = EmbeddedPostgres(folder / "data", folder, folder / "log", options=OPTIONS)
    with Bell() as bell:
        supervisor = Supervisor(bell, print)
        try:
            engine.prepare(sync=False)
            supervisor.start(engine.program())
            draft = folder / "ready.new"
            draft.write_text(str(os.getpid()))
            draft.rename(folder / "ready")
            while not bell.rung and _lives(controller):
                bell.wait(0.5)
        finally:
            supervisor.stop()
            remove_folder(folder)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sweep() -> None:
    """Remove what keepers left that were killed with -9."""
    for folder in _root().glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / "held").open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_folder(folder)


@contextmanager
def redis_server() -> Iterator[EmbeddedRedis]:
    """Run a Redis for one worker: publishing knows no database numbers, so none can be shared."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX.replace("tests", "redis")) as name:
        folder = Path(name)
        engine = EmbeddedRedis(folder / "data", folder, folder / "log", durable=False)
        engine.prepare()
        program = engine.program()
        process = start(program)
        try:
            while not engine.is_ready(process.pid):
                if process.poll() is not None:
                    raise RuntimeError(f"no Redis: {engine.log.read_text()}")
                time.sleep(0.01)
            yield engine
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
