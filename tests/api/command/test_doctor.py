"""The doctor finds what is wrong and says what to do; where nothing is wrong it says so."""

from __future__ import annotations

import socket
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from api.command.doctor import Finding, examine, show
from domain.kernel.settings import Mode, Settings


def examined(**environment: object) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(Settings(**environment))}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_an_empty_environment_is_well(tmp_path: Path) -> None:
    findings = examined(JIESU_DATA=tmp_path, PORT=free_port())
    assert all(finding.well for finding in findings.values()), findings
    assert {"Python", "Secret", "Data", "Port", "PostgreSQL", "Redis"} == findings.keys()
    assert "initdb" not in findings["Redis"].detail


def test_given_servers_are_looked_at(tmp_path: Path, database_url: str, redis_url: str) -> None:
    findings = examined(
        JIESU_DATA=tmp_path, PORT=free_port(), DATABASE_URL=database_url, REDIS_URL=redis_url
    )
    assert all(finding.well for finding in findings.values()), findings
    assert findings["PostgreSQL"].detail == "18"
    assert findings["Redis"].detail.startswith("6.2")
    assert {"Extensions", "Migrations", "Holidays", "Clock"} <= findings.keys()


def test_a_database_without_migrations_is_told(tmp_path: Path, empty_database_url: str) -> None:
    finding = examined(JIESU_DATA=tmp_path, DATABASE_URL=empty_database_url)["Migrations"]
    assert not finding.well
    assert finding.remedy == "jiesu migrate"


@pytest.mark.parametrize(
    ("subject", "environment"),
    [
        ("PostgreSQL", {"DATABASE_URL": "postgresql://nobody@/x?host=/no/such/folder"}),
        ("Redis", {"REDIS_URL": "unix:///no/such/socket"}),
        ("Data", {"JIESU_DATA": Path("/proc/jiesu")}),
        ("Secret", {"JIESU_MODE": Mode.PRODUCTION}),
        ("Port", {"HOST": "192.0.2.1"}),
    ],
)
def test_each_fault_is_told_with_what_to_do(
    subject: str, environment: dict[str, object], tmp_path: Path
) -> None:
    finding = examined(**{"JIESU_DATA": tmp_path, "PORT": free_port(), **environment})[subject]
    assert not finding.well
    assert finding.detail
    assert finding.remedy


def test_the_findings_are_shown_in_columns() -> None:
    paper = StringIO()
    findings = [Finding("Port", True, "8000"), Finding("Redis", False, "[refused]", "start it")]
    show(findings, Console(file=paper, soft_wrap=True))
    assert paper.getvalue().splitlines() == [
        "✓ Port   8000",
        "✗ Redis  [refused]  → start it",
    ]
