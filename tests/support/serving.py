"""A real server of the API in a process of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.kernel.settings import Settings
from tests.support.commands import Command
from tests.support.waiting import wait_until


@contextmanager
def serving(settings: Settings, folder: Path) -> Iterator[str]:
    """Run `jiesu serve` with these settings until the block ends; gives the URL of its GraphQL.

    `folder` takes the process's output. Raises AssertionError where it does not come up.
    """
    assert settings.secret is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": os.defpath,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "JIESU_CITY": settings.city,
        "JIESU_SECRET": settings.secret.get_secret_value(),
        "JIESU_DATABASE_POOL": str(settings.database_pool),
        "JIESU_DATA": str(folder),
    }
    log = folder / f"serve-{port}.log"
    process = Command("serve", environment=environment, log=log)
    try:

        def listens() -> bool:
            assert process.poll() is None, log.read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, 30, log.read_text)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        process.terminate()
        process.wait(15)
