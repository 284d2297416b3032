"""A cluster of PostgreSQL that was made once: each `initdb` is two seconds of a core."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.engines.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def lay_cluster() -> Iterator[Callable[[Path], None]]:
    """Lays a copy of a new cluster, which never ran, at a path; its owner stays the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = EmbeddedPostgres(folder / "data", folder, folder / "log")
        engine.prepare(sync=False)

        def lay(at: Path) -> None:
            subprocess.run(["cp", "-a", str(engine.folder), str(at)], check=True)

        yield lay
