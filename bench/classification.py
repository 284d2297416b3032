"""Classification: how well seven labels of real messages are found, by cross-validation.

The messages are not part of Jiesu: `--messages DIR` or JIESU_MESSAGES names the folder that holds
them. Without it this is skipped, and nothing is said to have been reached.

Beside the messages there are token rows: the words of a larger set, in which the messages stand
too. They aid the training of each fold. Of the clean figure, which is the one that counts, those
rows that are the fold's own test messages are left out; the leaky figure shows what that is worth.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from api.training.examples import Example, Recipe
from api.training.learning import train
from bench.report import Report
from domain.classification.classifier import load_model, shipped_model

MESSAGES = "tipdm_labelled_messages.csv.gz"
TOKENS = "tipdm_labelled_tokens.csv.gz"
TARGETS: Final = {"classification.macro_f1": 0.90}
FOLDS: Final = 5
# Sharpness makes guesses more or less sure and never changes which comes first.
RECIPE: Final = Recipe(fewest=3, cost=2.0, share=0.0, sharpness=1.0)
ALIKE: Final = 0.5  # of the pairs of characters of the shorter text; the same text has over 0.65
_USUAL = (
    "每天夜里十二点以后工地还在施工，渣土车进进出出，"
    "孩子睡不着，找过物业和社区都没有用，请尽快处理。"
)


def run(messages: Path | None) -> Report:
    """Measure; without messages only the speed, and no target counts as reached."""
    report = Report(TARGETS if messages else None)
    _speed(report)
    if messages is None:
        print("classification.macro_f1 was skipped: --messages or JIESU_MESSAGES names no folder")
        return report
    own, aids = read(messages)
    same = alike(own, aids)
    for name, without in (("", same), ("leaky_", np.zeros_like(same))):
        found = cross_validated(own, aids, without)
        for fold, figure in enumerate(found, 1):
            report.add(f"classification.{name}macro_f1.fold{fold}", figure)
        report.add(f"classification.{name}macro_f1", float(np.mean(found)))
    return report


def _speed(report: Report) -> None:
    """What reading the shipped model costs once, and one suggestion each time."""
    begun = time.perf_counter()
    model = load_model(shipped_model())
    report.add("classification.load_s", time.perf_counter() - begun)
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        model.guesses("工地夜间施工扰民", _USUAL * 3, sure=0.6, most=3)
        times.append(time.perf_counter() - begun)
    report.add("classification.suggest_ms", median(times) * 1e3)


def read(folder: Path) -> tuple[list[Example], list[Example]]:
    """The labelled messages, and the token rows with their words joined to a text."""
    csv.field_size_limit(10**9)
    own = [Example(m["title"], m["content"], m["label_l1"]) for m in _rows(folder / MESSAGES)]
    joined = (re.sub(r"\s+", "", row["tokens"]) for row in _rows(folder / TOKENS))
    labels = [row["label_l1"] for row in _rows(folder / TOKENS)]
    return own, [Example("", text, label) for text, label in zip(joined, labels, strict=True)]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def alike(own: Sequence[Example], aids: Sequence[Example]) -> Any:
    """For each message and token row (messages × rows) whether they are the same text."""
    texts = [_plain(each) for each in (*own, *aids)]
    pairs = CountVectorizer(analyzer="char", ngram_range=(2, 2), binary=True, dtype=np.float32)
    met = pairs.fit_transform(texts)
    sizes = np.maximum(1, np.asarray(met.sum(axis=1)).ravel())
    shorter = np.minimum.outer(sizes[: len(own)], sizes[len(own) :])
    return (met[: len(own)] @ met[len(own) :].T).toarray() / shorter > ALIKE


def _plain(example: Example) -> str:
    text = unicodedata.normalize("NFKC", example.title + example.content).lower()
    return re.sub(r"[\W_]+", "", text)


def cross_validated(
    own: Sequence[Example],
    aids: Sequence[Example],
    without: Any,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> list[float]:
    """The macro-F1 of each fold; `without` says which aids go with which of the messages."""
    answers = [example.category for example in own]
    found = []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for learning, checking in folds.split(answers, answers):
        left = [aid for place, aid in enumerate(aids) if not without[checking, place].any()]
        model = train([own[place] for place in learning], "bench", RECIPE, aids=left)
        guesses = [model.likeliest(own[place].title, own[place].content) for place in checking]
        figure = float(f1_score([answers[place] for place in checking], guesses, average="macro"))
        say(
            f"  fold {len(found) + 1}: macro-F1 {figure:.3f}, {len(aids) - len(left)} rows left out"
        )
        found.append(figure)
    return found


def folder_of(argument: str | None) -> Path | None:
    """The folder of the messages, where one is named and holds them."""
    named = argument or os.environ.get("JIESU_MESSAGES")
    if not named:
        return None
    folder = Path(named)
    return folder if (folder / MESSAGES).is_file() and (folder / TOKENS).is_file() else None
