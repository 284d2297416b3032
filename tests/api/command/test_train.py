"""`jiesu train`: from a file to a model that answers, and the shipped model made anew."""

from __future__ import annotations

import builtins
import csv
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from api.command.train import Columns, learn, read_examples, register
from api.training.examples import Example, Recipe, TooFewExamples
from api.training.sample import catalogue_sample, written_sample
from domain.classification.classifier import load_model, shipped_model
from domain.kernel.settings import WrongSetting, read_settings
from tests.support.training import train

WORDS = {
    "A": ("暖气不热屋里冷", "供热温度低", "暖气片冰凉", "停暖三天了", "暖气管漏水"),
    "B": ("工资拖欠半年", "老板不发工资", "欠薪讨薪", "工钱一直没给", "农民工工资"),
    "C": ("垃圾没人清运", "垃圾桶满了", "垃圾成堆", "垃圾站太臭", "垃圾分类混装"),
}
EXAMPLES = [
    Example(text, f"{text}，{plea}", label)
    for label, texts in WORDS.items()
    for text in texts
    for plea in ("希望尽快解决", "没有人管", "请核实")
]


def run(*arguments: str) -> None:
    app = typer.Typer()
    register(app)
    app(list(arguments), standalone_mode=False)


def written(path: Path, examples: list[Example], header: tuple[str, str, str]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *examples])
    return path


def test_the_shipped_model_is_what_the_sample_gives() -> None:
    """Trained anew here: the same predictions, and to the byte where the arithmetic is the same."""
    shipped = load_model(shipped_model())
    made = learn([], sample=True, console=Console(quiet=True))
    assert (made.name, made.version, made.labels) == (shipped.name, shipped.version, shipped.labels)
    for example in written_sample():
        ours, theirs = (
            model.probabilities(example.title, example.content) for model in (made, shipped)
        )
        assert ours == pytest.approx(theirs, abs=0.02)


def test_the_sample_covers_every_category_with_sentences_of_our_own() -> None:
    rows = list(written_sample())
    labels = {example.category for example in rows}
    assert labels == {example.category for example in catalogue_sample()}
    sentences: dict[str, set[str]] = {}
    for title, content, label in rows:
        parts = {part for part in content.replace("，", "。").split("。") if part}
        sentences.setdefault(label.split(".")[0], set()).update({title, *parts})
    assert min(len(found) for found in sentences.values()) >= 20


def test_a_model_is_trained_from_a_file_and_finds_what_it_learnt(tmp_path: Path) -> None:
    file = written(tmp_path / "e.csv", EXAMPLES, ("标题", "正文", "分类"))
    out = tmp_path / "own.model"
    run(str(file), "--title", "标题", "--content", "正文", "--label", "分类", "--out", str(out))
    model = load_model(out)
    assert model.labels == ("A", "B", "C")
    for example in EXAMPLES:
        assert model.likeliest(example.title, example.content) == example.category


def test_the_order_of_the_examples_makes_no_difference() -> None:
    recipe = Recipe(fewest=1, sharpness=5.0)
    one, other = train(EXAMPLES, "m", recipe), train(EXAMPLES[::-1] + EXAMPLES, "m", recipe)
    assert one.weights == other.weights
    assert one.version == other.version
    assert train(EXAMPLES[1:], "m", recipe).version != one.version


def test_too_little_to_learn_from_is_told() -> None:
    for examples in ([], EXAMPLES[:15], [EXAMPLES[0], EXAMPLES[-1]]):
        with pytest.raises(TooFewExamples):
            train(examples, "m")


def test_two_categories_are_enough() -> None:
    model = train(EXAMPLES[:30], "m", Recipe(fewest=1))
    assert {model.likeliest(e.title, e.content) for e in EXAMPLES[:30]} == {"A", "B"}
    assert all(model.likeliest(e.title, e.content) == e.category for e in EXAMPLES[:30])


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "e.csv", EXAMPLES, ("title", "content", "label"))
    with pytest.raises(ValueError, match="category"):
        list(read_examples(file, Columns()))
    with pytest.raises(WrongSetting, match="category"):
        run(str(file), "--out", str(tmp_path / "m"))
    assert not (tmp_path / "m").exists()


def test_rows_without_a_label_are_passed_over(tmp_path: Path) -> None:
    rows = [*EXAMPLES, Example("x", "y", " ")]
    file = written(tmp_path / "e.csv", rows, ("title", "content", "category"))
    assert list(read_examples(file, Columns())) == EXAMPLES


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(WrongSetting, match="FILE"):
        run()


def test_without_scikit_learn_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real: Any = builtins.__import__

    def missing(name: str, *more: Any) -> Any:
        if name.startswith("api.training.learning"):
            raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")
        return real(name, *more)

    file = written(tmp_path / "e.csv", EXAMPLES, ("title", "content", "category"))
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(WrongSetting, match=r"pip install 'jiesu\[train\]'"):
        run(str(file), "--out", str(tmp_path / "m"))
    assert not (tmp_path / "m").exists()


def test_a_model_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESU_MODEL", "/nowhere/at.all")
    with pytest.raises(WrongSetting, match="JIESU_MODEL"):
        read_settings()
