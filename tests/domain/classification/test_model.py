"""The shipped model, its file, and what it makes of texts."""

from __future__ import annotations

import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.classification.classifier import Classifier, load_model, shipped_model
from domain.classification.features import weights_of_runs
from domain.classification.model import DamagedModel, Model, Weights, packed, unpacked
from tests.support.engines import ROOT
from tests.support.places import rows_of

MODEL = load_model(shipped_model())
TEXTS = st.text(max_size=200)


def first(title: str, content: str = "", sure: float = 0.6) -> tuple[str, float]:
    guess = MODEL.guesses(title, content, sure=sure, most=3)[0]
    return guess.category, guess.probability


@pytest.mark.parametrize(
    ("title", "content", "category"),
    [
        ("家里没有暖气", "室温只有十二度，老人孩子都感冒了。", "HOUSING.HEATING"),
        ("没水了", "从昨晚起水龙头一滴水都没有，整栋楼都这样。", "UTILITY.WATER.STOPPED"),
        ("夜里施工", "工地凌晨两点还在打桩，根本睡不着。", "ENVIRONMENT.NOISE.CONSTRUCTION"),
        ("老板欠薪", "干了三个月活，包工头一分工资都不给。", "LABOUR.WAGES"),
        ("健身卡退不了", "健身房换了老板，私教课不让上也不退钱。", "MARKET.PREPAID"),
        ("孩子上学", "小区被划到三公里外的小学，学位不够。", "EDUCATION.ENROL"),
        ("路灯坏了", "这条街的路灯半个月不亮。", "CITY.FACILITY.LAMP"),
    ],
)
def test_what_it_was_trained_for_it_is_sure_of(title: str, content: str, category: str) -> None:
    found, probability = first(title, content)
    assert f"{found}.".startswith(f"{category}.")
    assert probability >= 0.6


@pytest.mark.parametrize(
    "text", ["", "题", "……", "你好", "qwerty", "😀" * 50, "\ud800\x00", "一二三"]
)
def test_of_what_says_nothing_it_is_not_sure(text: str) -> None:
    assert first(text, text)[1] < 0.6


@given(TEXTS, TEXTS)
def test_any_text_gives_probabilities(title: str, content: str) -> None:
    found = MODEL.probabilities(title, content)
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0
    guesses = MODEL.guesses(title, content, sure=0.6, most=3)
    assert 1 <= len(guesses) <= 3
    assert len({guess.category for guess in guesses}) == len(guesses)
    rest = [guess.probability for guess in guesses[1:]]
    assert rest == sorted(rest, reverse=True)


@given(TEXTS)
def test_width_case_spaces_at_the_ends_and_numbers_make_no_difference(text: str) -> None:
    assert (
        weights_of_runs(f"ＡＢＣ{1}{text}", "") == weights_of_runs(f" abc22{text} ", "")
        or text[:1].isdigit()
    )


def test_no_run_crosses_punctuation() -> None:
    assert set(weights_of_runs("停水", "停电")) == {"停", "水", "停水", "电", "停电"}
    assert "水停" not in weights_of_runs("", "停水，停电")


def test_the_deepest_category_that_is_sure_comes_first() -> None:
    """Nothing but the common parent is sure where two of its kinds are equally likely."""
    model = small_model()
    found = model.guesses("热", "", sure=0.6, most=3)
    assert [guess.category for guess in found] == ["A.B", "A.B.C", "A.B.D"]
    assert found[0].probability > 0.9 > found[1].probability
    assert found[1].probability == pytest.approx(0.5, abs=0.01)


def test_it_knows_every_category_of_the_lowest_level_and_no_other() -> None:
    rows = rows_of("", "categories.csv")
    assert set(MODEL.labels) == {row["code"] for row in rows if row["code"].count(".") == 2}
    assert len(shipped_model().read_bytes()) < 3_000_000


def test_a_model_comes_back_from_its_bytes() -> None:
    content = packed(MODEL)
    again = unpacked(content)
    assert packed(again) == content == shipped_model().read_bytes()
    assert (again.name, again.version, again.labels) == (MODEL.name, MODEL.version, MODEL.labels)
    assert again.weights == MODEL.weights


def small_model() -> Model:
    """Two kinds of A.B that one run speaks for alike, and something else."""
    weights = Weights(
        ["热"], array("f", [1.0, 1.0]), array("I", [0, 2]), array("H", [0, 1]),
        array("b", [127, 127]), array("f", [0.0, 0.0, 0.0]), 0.1, 30.0,
    )  # fmt: skip
    return Model("m", "1", ["A.B.C", "A.B.D", "Z.Z.Z"], weights)


SMALL = packed(small_model())


@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_damaged_bytes_are_refused(place: int, change: int) -> None:
    content = bytearray(SMALL)
    content[place] ^= change
    try:
        found = unpacked(bytes(content))
    except DamagedModel:
        return
    assert found.weights == small_model().weights  # a byte that says nothing, as gzip's OS


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", packed(MODEL)[:-9], packed(MODEL)[:40]])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(DamagedModel):
        unpacked(content)


async def test_without_a_usable_file_there_are_no_suggestions(tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(b"nothing")
    for path in (tmp_path / "missing", tmp_path / "damaged"):
        assert await Classifier(path).guesses("暖气不热", "", sure=0.6, most=3) is None


async def test_a_long_text_says_the_same_beside_the_event_loop() -> None:
    text = "暖气不热。" * 500
    found = await Classifier().guesses("暖气", text, sure=0.6, most=3)
    assert found is not None
    assert found.guesses == MODEL.guesses("暖气", text, sure=0.6, most=3)


def test_the_api_starts_without_a_model_and_without_what_trains_one() -> None:
    """Seen in a process of its own: nothing of training is imported, and no model is read."""
    script = """
import sys, gc
import api.app, api.command.train
from domain.classification.model import Model
from domain.dispatch.city import City
city = City("beijing", lambda: None)
assert not city.classifier.loaded
assert not [found for found in gc.get_objects() if isinstance(found, Model)]
print({"numpy", "scipy", "sklearn", "api.training.learning"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout == "set()\n", done.stderr
