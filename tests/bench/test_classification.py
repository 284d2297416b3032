"""What the measurement of classification leaves out, and when it is skipped."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from api.training.examples import Example

OWN = [
    Example("暖气不热", f"第{n}栋楼的暖气一直不热，屋里只有{n}度，老人受不了", "A")
    for n in range(10)
] + [Example("老板欠薪", f"工地{n}号老板拖欠工资{n}个月，讨薪无门", "B") for n in range(10)]
AIDS = [Example("", "栋楼暖气一直不热屋里老人受不了", "A"), Example("", "公交车甩站不停", "B")]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The measurement, whose libraries take two seconds to import: nobody else waits for them."""
    return import_module("bench.classification")


def test_rows_that_are_the_message_itself_are_found(bench: ModuleType) -> None:
    same = bench.alike(OWN, AIDS)
    assert same.shape == (20, 2)
    assert same[:10, 0].all()
    assert not same[10:].any()
    assert not same[:, 1].any()


def test_a_fold_never_learns_from_its_own_messages(bench: ModuleType) -> None:
    """Aids that tell the wrong label of the very messages do no harm where they are left out."""
    wrong = [Example("", f"{e.title}{e.content}", "B" if e.category == "A" else "A") for e in OWN]
    lines: list[str] = []
    every = bench.alike(OWN, wrong) | True
    clean = bench.cross_validated(OWN, wrong, every, lines.append)
    assert sum(clean) / len(clean) == pytest.approx(1)
    assert all("20 rows left out" in line for line in lines)


def test_without_messages_it_is_skipped_and_says_so(
    bench: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("JIESU_MESSAGES", raising=False)
    assert bench.folder_of(None) is None
    assert bench.folder_of(str(tmp_path)) is None, "an empty folder has no messages"
    report = bench.run(None)
    assert "skipped" in capsys.readouterr().out
    assert "classification.macro_f1" not in report.values
    assert report.values["classification.suggest_ms"] > 0
    assert report.missed() == []
