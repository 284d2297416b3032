"""The embedded PostgreSQL: what it survives, and who can reach it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from api.engines.folders import prepare_data_folder, remove_folder, socket_folder
from api.engines.postgres import EmbeddedPostgres
from api.engines.program import StartFailed, start
from tests.support.waiting import wait_until


@pytest.fixture
def empty() -> Iterator[Path]:
    """A data directory whose path is too long for a socket."""
    with tempfile.TemporaryDirectory() as name:
        data = prepare_data_folder(Path(name) / ("deep" * 20) / ("deeper" * 10))
        yield data
        remove_folder(socket_folder(data))


@pytest.fixture
def data(empty: Path, lay_cluster: Callable[[Path], None]) -> Path:
    """Such a directory, with a new cluster in it."""
    lay_cluster(empty / "postgres")
    return empty


def engine_of(data: Path, **options: str) -> EmbeddedPostgres:
    engine = EmbeddedPostgres(
        data / "postgres", socket_folder(data), data / "log" / "postgres.log", options=options
    )
    engine.prepare(sync=False)
    return engine


def launch(engine: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    process = start(engine.program())
    wait_until(lambda: engine.is_ready(process.pid) or process.poll() is not None)
    assert process.poll() is None, engine.log.read_text()
    return process


@contextmanager
def running(engine: EmbeddedPostgres) -> Iterator[subprocess.Popen[bytes]]:
    process = launch(engine)
    try:
        yield process
    finally:
        process.send_signal(engine.program().stop_signal)
        process.wait()


async def ask(engine: EmbeddedPostgres, *statements: str) -> object:
    connection = await asyncpg.connect(engine.url())
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def test_what_was_committed_survives_a_kill_and_a_new_start(data: Path) -> None:
    engine = engine_of(data)
    process = launch(engine)
    await ask(engine, "create table kept (value int)", "insert into kept values (7)")
    process.kill()
    process.wait()

    again = engine_of(data)
    with running(again) as second:
        assert await ask(again, "select value from kept") == 7
        assert psutil.Process(second.pid).uids().real != 0
    assert not (data / "postgres" / "postmaster.pid").exists()


async def test_every_write_is_durable_and_nothing_listens_on_the_network(data: Path) -> None:
    engine = engine_of(data)
    with running(engine) as process:
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "listen_addresses": "",
            "TimeZone": "UTC",
        }.items():
            assert await ask(engine, f"show {name}") == value, name
        assert psutil.Process(process.pid).net_connections("inet") == []
        assert engine.sockets.stat().st_mode & 0o777 == 0o700


async def test_it_knows_chinese_words(data: Path) -> None:
    engine = engine_of(data)
    with running(engine):
        await ask(engine, "create extension pg_trgm")
        assert await ask(engine, "select similarity('望京街道', '望京街道办事处') > 0.4") is True
        assert await ask(engine, "select similarity('望京街道', '八里庄') = 0") is True


async def test_a_lock_file_that_names_a_stranger_is_no_obstacle(data: Path) -> None:
    engine = engine_of(data)
    process = launch(engine)
    lock = data / "postgres" / "postmaster.pid"
    text = lock.read_text().splitlines()
    process.kill()
    process.wait()
    # As after the restart of a container: the number now belongs to another living process.
    lock.write_text("\n".join([str(os.getppid()), *text[1:]]) + "\n")
    with running(engine):
        assert await ask(engine, "select 1") == 1
    assert psutil.pid_exists(os.getppid())


async def test_a_postmaster_that_stayed_behind_is_ended_first(data: Path) -> None:
    orphan = launch(engine_of(data))
    again = engine_of(data)
    with running(again) as process:
        assert orphan.wait(timeout=5) == 0
        assert process.pid != orphan.pid
        assert await ask(again, "select 1") == 1


async def test_an_unfinished_initdb_is_not_taken_for_a_cluster(empty: Path) -> None:
    half = empty / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    engine = engine_of(empty)
    assert not half.exists()
    assert (engine.folder / "global" / "pg_control").exists()


def test_a_cluster_of_another_version_is_refused_in_one_line(empty: Path) -> None:
    (empty / "postgres").mkdir()
    (empty / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartFailed) as refusal:
        engine_of(empty)
    assert "a cluster of PostgreSQL 15" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert list((empty / "postgres").iterdir()) == [empty / "postgres" / "PG_VERSION"]
