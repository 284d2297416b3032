"""Folders and the lock on the data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.engines.account import open_way
from api.engines.folders import (
    LONGEST_SOCKET_PATH,
    DataLock,
    prepare_data_folder,
    remove_folder,
    rotate,
    socket_folder,
)
from api.engines.program import StartFailed
from tests.support.engines import ROOT

HOLD = """
import sys
from pathlib import Path
from api.engines.folders import DataLock
lock = DataLock(Path(sys.argv[1]))
lock.take()
print("taken", flush=True)
sys.stdin.read()
"""


def test_two_runs_on_one_folder_are_told_apart_and_a_killed_one_does_not_block(
    tmp_path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "taken\n"
    with pytest.raises(StartFailed) as refusal:
        DataLock(tmp_path).take()
    assert str(refusal.value) == (
        f"{tmp_path} is in use by another `jiesu run` (process {holder.pid}):"
        " stop it, or set JIESU_DATA"
    )
    holder.kill()
    holder.communicate()
    lock = DataLock(tmp_path)
    lock.take()
    lock.release()


def test_the_socket_folder_is_short_private_and_its_data_s_own(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    folder = socket_folder(deep)
    try:
        assert len(os.fsencode(folder / "postgres" / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
        assert folder.stat().st_mode & 0o077 in (0, 0o011)
        assert socket_folder(deep) == folder
        other = socket_folder(tmp_path / "other")
        assert other != folder
        remove_folder(other)
    finally:
        remove_folder(folder)


def test_a_socket_folder_that_somebody_put_there_first_is_refused(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(StartFailed, match="belongs to somebody else"):
            socket_folder(tmp_path)
    finally:
        folder.unlink()


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartFailed, match=r"^JIESU_DATA: .*/file/data cannot be used: Not a dir"):
        prepare_data_folder(tmp_path / "file" / "data")


def test_the_way_is_opened_for_passing_and_not_for_reading(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert closed in open_way(closed / "inner")
    assert closed.stat().st_mode & 0o777 == 0o701
    assert open_way(closed / "inner") == []


def test_a_log_is_put_aside_when_it_has_grown(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("12345")
    rotate(log, largest=5)
    assert log.exists()
    rotate(log, largest=4)
    assert not log.exists()
    assert (tmp_path / "postgres.log.1").read_text() == "12345"
