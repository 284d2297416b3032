"""A Redis of the test's own, which can be killed and started again."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.engines.program import start
from api.engines.redis import EmbeddedRedis


class FrailRedis:
    """One server that keeps nothing on disk: every start is an empty one."""

    def __init__(self, folder: Path) -> None:
        self._engine = EmbeddedRedis(folder / "data", folder, folder / "log", durable=False)
        self._engine.prepare()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = self._engine.url()

    def start(self) -> None:
        """Start it and wait until it answers."""
        process = self._process = start(self._engine.program())
        while not self._engine.is_ready(process.pid):
            assert process.poll() is None, self._engine.log.read_text()
            time.sleep(0.01)

    def kill(self) -> None:
        """End it with -9, where it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def frail_redis() -> Iterator[FrailRedis]:
    with tempfile.TemporaryDirectory(prefix="jiesu-frail-") as folder:
        redis = FrailRedis(Path(folder))
        redis.start()
        try:
            yield redis
        finally:
            redis.kill()
