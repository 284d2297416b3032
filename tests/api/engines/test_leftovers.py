"""What a killed installation leaves behind is no obstacle, whatever process has its number now."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.engines.postgres import EmbeddedPostgres
from api.engines.program import start
from tests.support.engines import OPTIONS
from tests.support.waiting import wait_until


@contextmanager
def stranger_of(engine: EmbeddedPostgres) -> Iterator[int]:
    """A living process of the user that PostgreSQL runs as: it takes no other for a rival."""
    account = engine.program().account
    user = account.uid if account else None
    with subprocess.Popen(["sleep", "600"], user=user) as process:
        yield process.pid
        process.kill()


@pytest.mark.parametrize("lock", ["data/postmaster.pid", "postgres/.s.PGSQL.5432.lock"])
def test_postgres_starts_beside_a_lock_that_names_a_living_process(
    lock: str, lay_cluster: Callable[[Path], None]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        engine = EmbeddedPostgres(folder / "data", folder, folder / "log", options=OPTIONS)
        lay_cluster(engine.folder)
        engine.prepare(sync=False)
        process = start(engine.program())
        wait_until(lambda: engine.is_ready(process.pid), 60)
        process.kill()
        process.wait()
        path = folder / lock
        _, *others = path.read_text().splitlines()
        with stranger_of(engine) as number:
            path.write_text("\n".join([str(number), *others]) + "\n")
            again = start(engine.program())
            wait_until(lambda: engine.is_ready(again.pid), 60, engine.log.read_text)
        again.terminate()
        assert again.wait(60) == 0
