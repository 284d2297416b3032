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
        ("run", {"PORT": "abc"}, "PORT: "),
        ("run", {"PORT": "70000"}, "PORT: "),
        ("run", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must be a postgresql:// URL"),
        ("run", {"REDIS_URL": "http://x"}, "REDIS_URL: must be a redis://"),
        ("run", {"JIESU_SECRET": "c2hvcnQ="}, "JIESU_SECRET: must hold at least 32 bytes"),
        ("run", {"JIESU_MODE": "production"}, "JIESU_SECRET: is needed in production"),
        ("run", {"HOST": "192.0.2.1"}, "HOST: 192.0.2.1 is no address of this machine"),
        ("serve", {}, "DATABASE_URL: is needed to serve"),
        ("work", {"DATABASE_URL": "postgresql:///x"}, "REDIS_URL: is needed to work"),
        ("migrate", {}, "DATABASE_URL: is needed to migrate"),
        ("doctor", {"JIESU_MODE": "fast"}, "JIESU_MODE: "),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    command: str,
    environment: dict[str, str],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("HOST", "PORT", "DATABASE_URL", "REDIS_URL", "JIESU_SECRET", "JIESU_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "JIESU_DATA": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["jiesu", command])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr()
    assert ended.value.code == 2
    assert said.err.startswith(f"jiesu: {line}"), said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "postgres").exists()


def test_a_process_of_its_own_ends_so_as_well(tmp_path: Path) -> None:
    done = jiesu("run", JIESU_DATA=str(tmp_path), PORT="abc")
    assert done.returncode == 2
    assert done.stderr.startswith("jiesu: PORT: "), done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_help_names_the_commands() -> None:
    done = jiesu("--help")
    assert done.returncode == 0
    for command in ("run", "serve", "work", "migrate", "doctor", "token"):
        assert command in done.stdout


def test_the_doctor_s_exit_code_tells(tmp_path: Path) -> None:
    done = jiesu("doctor", JIESU_DATA=str(tmp_path), REDIS_URL="unix:///no/such/socket")
    assert done.returncode == 1
    assert "✗ Redis" in done.stdout
