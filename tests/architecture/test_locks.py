"""The lock files: everything by hash, nothing that names a place, and what pyproject asks for."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.engines import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(
    r"^([a-z0-9._-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return {canonicalize_name(name): version for name, version, _ in PINNED.findall(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_by_hash_and_no_place_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    rest = [line for line in PINNED.sub("", text).splitlines() if line.strip()]
    assert pins(lock)
    assert all(line.lstrip().startswith("#") for line in rest), rest
    assert "://" not in text
    assert not re.search(r"[ =]\.{0,2}/\w", text)
    assert not re.search(r"^\s*--(?!hash)", text, re.M)


def test_the_lock_is_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked, tools = (pins(lock) for lock in LOCKS)
    asked = [(line, locked) for line in project["project"]["dependencies"]]
    asked += [(line, locked) for line in project["build-system"]["requires"]]
    asked += [(line, tools) for line in project["dependency-groups"]["dev"]]
    for line, lock in asked:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in lock, f"`make lock`: {line}"
        assert requirement.specifier.contains(lock[name], prereleases=True), f"`make lock`: {line}"
    assert {name: locked.get(name, version) for name, version in tools.items()} == tools
