"""Who may import whom: the contracts hold, and each is seen to fail on planted violations."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.engines import ROOT

PACKAGES = ("api", "schema", "domain", "channels", "jobs")


class Planted(NamedTuple):
    """An import that the contract forbids; the module is made new in the package."""

    contract: str
    package: str
    imported: str

    @property
    def module(self) -> str:
        return f"{self.package}.planted_{self.imported.replace('.', '_')}"


FLOORS = "api and jobs start things; schema and channels translate; domain decides"
JOBS = "jobs never import schema"
STAIRS = "Inside domain the arrow runs down"
ALONE = "domain imports no web, GraphQL, queue or HTTP-client package"

VIOLATIONS = (
    Planted(FLOORS, "domain.tickets", "channels"),
    Planted(FLOORS, "domain.units", "schema"),
    Planted(FLOORS, "domain.kernel", "jobs"),
    Planted(FLOORS, "schema", "api.logs"),
    Planted(FLOORS, "schema", "channels"),
    Planted(FLOORS, "channels", "jobs"),
    Planted(FLOORS, "jobs", "api.logs"),
    Planted(FLOORS, "api", "jobs"),
    Planted(JOBS, "jobs", "schema"),
    Planted(STAIRS, "domain.kernel", "domain.tickets"),
    Planted(STAIRS, "domain.units", "domain.accounts"),
    Planted(STAIRS, "domain.accounts", "domain.units"),
    Planted(STAIRS, "domain.tickets", "domain.classification"),
    Planted(STAIRS, "domain.classification", "domain.dispatch"),
    Planted(STAIRS, "domain.dispatch", "domain.feedback"),
    Planted(STAIRS, "domain.feedback", "domain.evaluation"),
    Planted(ALONE, "domain.kernel", "starlette"),
    Planted(ALONE, "domain.kernel", "granian"),
    Planted(ALONE, "domain.tickets", "strawberry"),
    Planted(ALONE, "domain.tickets", "graphql"),
    Planted(ALONE, "domain.dispatch", "arq"),
    Planted(ALONE, "domain.dispatch", "redis"),
    Planted(ALONE, "domain.units", "httpx"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to plant things in."""
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def broken(report: str, contract: str) -> str:
    """Return what the report says of one broken contract."""
    titles = "|".join(re.escape(planted.contract) for planted in VIOLATIONS)
    parts = re.split(rf"^({titles})\n-+\n", report, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[contract]


def test_the_contracts_hold_and_each_is_seen_to_fail(tree: Path) -> None:
    contracts = {planted.contract for planted in VIOLATIONS}
    clean = lint(tree)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    # A contract that is added needs a violation here.
    assert f"{len(contracts)} kept, 0 broken" in clean.stdout

    for planted in VIOLATIONS:
        file = tree / (planted.module.replace(".", "/") + ".py")
        file.write_text(f"import {planted.imported}\n")
    spoilt = lint(tree)
    assert spoilt.returncode == 1
    assert f"0 kept, {len(contracts)} broken" in spoilt.stdout
    for planted in VIOLATIONS:
        section = broken(spoilt.stdout, planted.contract)
        assert f"{planted.module} -> {planted.imported} " in section, f"{planted}\n{section}"
