"""The tests' own ground: databases of one's own, and nothing left when the session is killed."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import redis

from tests.support.engines import Ground, ground_folder, start_keeper
from tests.support.waiting import all_gone, wait_until


async def ask(url: str, *statements: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


def test_each_test_has_a_database_of_its_own(ground: Ground, database_url: str) -> None:
    asyncio.run(ask(database_url, "create table beijing.mine ()"))
    with asyncio.Runner() as visitor:
        with ground.clone(ground.template()) as other:
            assert asyncio.run(ask(other, "select to_regclass('beijing.mine')")) is None
            assert asyncio.run(ask(other, "select count(*) from beijing.unit")) > 366
            name = asyncio.run(ask(other, "select current_database()"))
            visitor.run(asyncpg.connect(other))  # it is dropped although somebody is in it
        names = f"select count(*) from pg_database where datname = '{name}'"
        assert asyncio.run(ask(database_url, names)) == 0


def test_each_test_has_an_empty_redis(redis_socket: Path, request: pytest.FixtureRequest) -> None:
    with redis.Redis.from_url(f"unix://{redis_socket}") as client:
        client.set("left", "behind")
        assert request.getfixturevalue("redis_url") == f"unix://{redis_socket}"
        assert client.dbsize() == 0


def test_a_killed_session_leaves_nothing() -> None:
    controller = subprocess.Popen(["/bin/sleep", "60"])
    folder = ground_folder(controller.pid)
    start_keeper(folder)
    keeper = psutil.Process(int((folder / "ready").read_text()))
    family = [keeper, *keeper.children(recursive=True)]
    assert len(family) > 2
    controller.kill()
    controller.wait()
    wait_until(lambda: all_gone(family) and not folder.exists())
