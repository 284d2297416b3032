"""What the README says comes back, comes back; what it tells to run, is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.city import Hotline

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHECKED = re.compile(r"<!-- checked: (\w+) -->\n```\w+\n(.*?)```", re.S)
ANY = "…"  # in the README: a text that differs from day to day


def _agrees(told: Any, found: Any) -> bool:
    """Whether an answer is what the README tells, whatever stands where it says `…`."""
    if told == ANY:
        return isinstance(found, str) and bool(found)
    if isinstance(told, dict):
        return (
            isinstance(found, dict)
            and list(told) == list(found)
            and all(_agrees(value, found[key]) for key, value in told.items())
        )
    if isinstance(told, list):
        pairs = zip(told, found, strict=False)
        return len(told) == len(found) and all(_agrees(one, other) for one, other in pairs)
    return bool(told == found)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_first_words_get_the_answers_that_the_readme_shows(city: Hotline) -> None:
    blocks = CHECKED.findall(README)
    assert [kind for kind, _ in blocks] == ["mutation", "answer", "query", "answer"]
    citizen = city.caller("citizen", phone="13800000001")
    handler = city.caller("handler", unit="110105015")
    for caller, (_, document), (_, told) in (
        (citizen, blocks[0], blocks[1]),
        (handler, blocks[2], blocks[3]),
    ):
        found = await caller.send(document)
        assert _agrees(json.loads(told)["data"], found), found


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"^make (\w+)", README, re.M))))
def test_every_make_target_of_the_readme_is_there(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
