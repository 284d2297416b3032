"""The secret is made once, kept to its owner, and never made up in production."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.command.secret import resolve_secret
from domain.kernel.settings import Mode, Settings, WrongSetting


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(JIESU_DATA=tmp_path / "new")
    secret = resolve_secret(settings)
    assert len(secret) == 32
    assert resolve_secret(settings) == secret
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]
    assert resolve_secret(Settings(JIESU_DATA=tmp_path / "other")) != secret


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    settings = Settings(JIESU_DATA=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: resolve_secret(settings), range(8)))
    assert len(secrets) == 1


def test_a_given_secret_wins_and_nothing_is_written(tmp_path: Path) -> None:
    given = bytes(range(32))
    settings = Settings(JIESU_DATA=tmp_path, JIESU_SECRET=base64.b64encode(given).decode())
    assert resolve_secret(settings) == given
    assert list(tmp_path.iterdir()) == []


def test_production_never_makes_one(tmp_path: Path) -> None:
    resolve_secret(Settings(JIESU_DATA=tmp_path))
    with pytest.raises(WrongSetting, match=r"^JIESU_SECRET: is needed in production"):
        resolve_secret(Settings(JIESU_DATA=tmp_path, JIESU_MODE=Mode.PRODUCTION))


@pytest.mark.parametrize(("content", "fault"), [("", "32 bytes"), ("no base64!", "base64")])
def test_a_broken_file_is_told_and_not_replaced(tmp_path: Path, content: str, fault: str) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(WrongSetting, match=fault):
        resolve_secret(Settings(JIESU_DATA=tmp_path))
    assert (tmp_path / "secret").read_text() == content
