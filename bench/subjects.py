"""Who is measured: our API, the peer, and plain resolvers. Each as a program on a free port."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from api.engines.program import Program, StartFailed
from bench.ground import CITY, ROOT, Ground

PEER = ROOT / "bench" / "peer"
OLDEST_NODE = 22


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def ours(ground: Ground, port: int) -> Program:
    """The real API: `jiesu serve` with one process."""
    return _program(
        ground,
        "Jiesu",
        (sys.executable, "-m", "api.command", "serve"),
        port,
        {**_environment(ground), "PORT": str(port)},
    )


def plain(ground: Ground, port: int) -> Program:
    """Resolvers and data loaders on the same server."""
    return _program(
        ground,
        "Plain resolvers",
        (sys.executable, "-m", "bench.plain", str(port)),
        port,
        _environment(ground),
    )


def peer(ground: Ground, port: int) -> Program:
    """PostGraphile on the same tables. Raises StartFailed where npm is missing."""
    return _program(
        ground,
        "PostGraphile",
        (_node(), "server.mjs"),
        port,
        {
            "PATH": os.defpath,
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
            "PGHOST": str(ground.postgres.sockets),
            "PGUSER": "postgres",
            "PGDATABASE": ground.database,
            "SCHEMA": CITY,
            "PORT": str(port),
        },
        PEER,
    )


def _environment(ground: Ground) -> Mapping[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": ground.database_url,
        "REDIS_URL": ground.redis.url(),
        "JIESU_DATA": str(ground.data),
        "JIESU_CITY": CITY,
        "JIESU_LOG_LEVEL": "warning",
        "HOST": "127.0.0.1",
    }


def _program(
    ground: Ground,
    name: str,
    arguments: tuple[str, ...],
    port: int,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Program:
    if folder is not None:
        arguments = ("/usr/bin/env", "-C", str(folder), *arguments)
    return Program(
        name=name,
        arguments=arguments,
        environment=environment,
        ready=lambda _: _answers(port),
        ready_within=60.0,
        stop_within=5.0,
        log=ground.data / "log" / f"{name.lower().replace(' ', '-')}.log",
        tier=1,
    )


def _answers(port: int) -> bool:
    """Whether the server answers; what it answers does not matter."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/graphql?query={__typename}")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _node() -> str:
    """Node as the peer's lock file brings it, installed on first use. Raises StartFailed."""
    if not (PEER / "node_modules" / "postgraphile").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise StartFailed("the peer needs npm to be installed (Debian: npm)")
        print("installing the peer (npm ci, once)")
        command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=PEER, check=False).returncode != 0:
            raise StartFailed("npm could not install the peer (bench/peer)")
    brought = next((PEER / "node_modules").glob("node-linux-*/bin/node"), None)
    found = str(brought) if brought else shutil.which("node")
    if found is None or _major_version(found) < OLDEST_NODE:
        raise StartFailed(f"the peer needs Node {OLDEST_NODE} or newer")
    return found


def _major_version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0
