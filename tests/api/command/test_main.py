"""The command line: a fault of the environment is one clear line, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.command import main
from tests.support.engines import ROOT


def jiesu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "api.command", *arguments],
        env={**inherited, **environment},
        cwd=environment.get("JIESU_DATA", ROOT),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "environment", "line"),
    [
        ("run", {"JIESU_MODE": "production"}, "JIESU_SECRET: is needed in production"),
        ("run", {"HOST": "192.0.2.1"}, "HOST: 192.0.2.1 is no address of this machine"),
        ("serve", {}, "DATABASE_URL: is needed to serve"),
        ("work", {"DATABASE_URL": "postgresql:///x"}, "REDIS_URL: is needed to work"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    command: str, environment: dict[str, str], line: str, tmp_path: Path
) -> None:
    done = jiesu(command, JIESU_DATA=str(tmp_path), **environment)
    assert done.returncode == 2
    is_one_line(done.stdout, done.stderr, line)
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("command", "environment", "line"),
    [
        ("run", {"PORT": "abc"}, "PORT: "),
        ("run", {"PORT": "70000"}, "PORT: "),
        ("run", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must be a postgresql:// URL"),
        ("run", {"REDIS_URL": "http://x"}, "REDIS_URL: must be a redis://"),
        ("run", {"JIESU_SECRET": "c2hvcnQ="}, "JIESU_SECRET: must hold at least 32 bytes"),
        ("migrate", {}, "DATABASE_URL: is needed to migrate"),
        ("doctor", {"JIESU_MODE": "fast"}, "JIESU_MODE: "),
    ],
)
def test_one_that_cannot_be_read_stops_it_before_anything(
    command: str,
    environment: dict[str, str],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Before logs are set up as well, so that it need not be a process of its own."""
    for name in ("HOST", "PORT", "DATABASE_URL", "REDIS_URL", "JIESU_SECRET", "JIESU_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "JIESU_DATA": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["jiesu", command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    is_one_line(*capfd.readouterr(), line)
    assert list(tmp_path.iterdir()) == []


def is_one_line(out: str, err: str, line: str) -> None:
    assert err.startswith(f"jiesu: {line}"), err
    assert err.count("\n") == 1
    assert out == ""


def test_the_help_names_the_commands() -> None:
    done = jiesu("--help")
    assert done.returncode == 0
    for command in ("run", "serve", "work", "migrate", "doctor", "token"):
        assert command in done.stdout


def test_the_doctor_s_exit_code_tells(tmp_path: Path) -> None:
    done = jiesu("doctor", JIESU_DATA=str(tmp_path), REDIS_URL="unix:///no/such/socket")
    assert done.returncode == 1
    assert "✗ Redis" in done.stdout
