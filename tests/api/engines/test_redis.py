"""The embedded Redis: what is queued outlives a kill."""

from __future__ import annotations

import tempfile
from pathlib import Path

import redis

from api.engines.program import start
from api.engines.redis import EmbeddedRedis
from tests.support.waiting import wait_until


def test_what_was_queued_survives_a_kill() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = EmbeddedRedis(folder / "redis", folder, folder / "log")
        engine.prepare()
        assert not engine.is_ready(0)
        process = start(engine.program())
        wait_until(lambda: engine.is_ready(process.pid))
        with redis.Redis.from_url(engine.url()) as client:
            client.rpush("queue", "job")
        process.kill()
        process.wait()
        assert engine.socket.exists()  # what the dead one left is no obstacle

        again = start(engine.program())
        wait_until(lambda: engine.is_ready(again.pid))
        with redis.Redis.from_url(engine.url()) as client:
            assert client.lrange("queue", 0, -1) == [b"job"]
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        again.terminate()
        assert again.wait(timeout=10) == 0
