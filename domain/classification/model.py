"""A model of categories: linear, sparse, and read with nothing but the standard library.

score of a category = bias + Σ weight × value over the runs of the text; a run's value is its weight
in the text × its rarity in the sample, and the values of a text have length 1. The probabilities
are a softmax of the scores × sharpness. Runs that the model never met count in the length, and so
does a background of them: a text of few words, or of none that it knows, leaves the model unsure.
"""

from __future__ import annotations

import gzip
import math
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

import orjson

from domain.classification.features import BACKGROUND, weights_of_runs

MAGIC: Final = b"JIESU-CATEGORIES 1\n"
_MOST_LABELS: Final = 65_535


class DamagedModel(Exception):
    """The bytes are no model that this version reads."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One category, and how probable the model holds it (0 to 1)."""

    category: str
    probability: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of a model, run by run.

    The entries of run i are those from `begins[i]` to `begins[i + 1]` of `columns` (which label)
    and `weights` (-127 to 127; × `step` is the weight). `rarity` has one number more than there
    are runs: the last is that of runs that are not in the model.
    """

    runs: Sequence[str]
    rarity: array[float]
    begins: array[int]
    columns: array[int]
    weights: array[int]
    biases: array[float]
    step: float
    sharpness: float


class Model:
    """Predicts category codes. Immutable."""

    def __init__(self, name: str, version: str, labels: Sequence[str], weights: Weights) -> None:
        if not labels or len(labels) > _MOST_LABELS or len(set(labels)) != len(labels):
            raise DamagedModel("the labels must be distinct, and there must be some")
        sizes = (len(weights.rarity) - 1, len(weights.begins) - 1, len(weights.runs))
        if len(set(sizes)) != 1 or len(weights.biases) != len(labels):
            raise DamagedModel("the parts are not of one model")
        entries = len(weights.columns)
        if len(weights.weights) != entries or weights.begins[-1] != entries:
            raise DamagedModel("the parts are not of one model")
        if max(weights.columns, default=0) >= len(labels):
            raise DamagedModel("a weight belongs to no label")
        if any(first > last for first, last in pairwise(weights.begins)):
            raise DamagedModel("the parts are not of one model")
        self.name, self.version = name, version
        self.labels: tuple[str, ...] = tuple(labels)
        self.weights = weights
        self._places = {run: place for place, run in enumerate(weights.runs)}
        self._prefixes = _prefixes(self.labels)

    def probabilities(self, title: str, content: str) -> list[float]:
        """The probability of each label, in their order; they add up to 1."""
        parts = self.weights
        scores = [0.0] * len(self.labels)
        unknown = parts.rarity[-1]
        length = BACKGROUND * unknown**2
        for run, weight in weights_of_runs(title, content).items():
            place = self._places.get(run)
            if place is None:
                length += (weight * unknown) ** 2
                continue
            value = weight * parts.rarity[place]
            length += value * value
            for entry in range(parts.begins[place], parts.begins[place + 1]):
                scores[parts.columns[entry]] += value * parts.weights[entry]
        factor = parts.step / math.sqrt(length)
        return softmax(
            (
                parts.sharpness * (score * factor + bias)
                for score, bias in zip(scores, parts.biases, strict=True)
            )
        )

    def likeliest(self, title: str, content: str) -> str:
        """The label with the highest probability."""
        found = self.probabilities(title, content)
        return self.labels[found.index(max(found))]

    def guesses(self, title: str, content: str, *, sure: float, most: int) -> list[Guess]:
        """At most `most` categories, the likeliest first, but first of all what it is sure of.

        It is sure of the deepest category whose probability reaches `sure`. A category's
        probability is that of all labels at it and below it: what is cold, or leaking, or too dear
        may be open while it is surely the heating.
        """
        found = self.probabilities(title, content)
        ranked = sorted(zip(self.labels, found, strict=True), key=lambda one: (-one[1], one[0]))
        guesses = [Guess(label, probability) for label, probability in ranked[:most]]
        certain = self._certain(found, sure)
        if certain is not None:
            guesses = [certain, *(one for one in guesses if one.category != certain.category)]
        return guesses[:most]

    def _certain(self, found: Sequence[float], sure: float) -> Guess | None:
        candidates = []
        for code, places in self._prefixes.items():
            probability = min(1.0, sum(found[place] for place in places))
            if probability >= sure:
                candidates.append((code.count("."), probability, code))
        if not candidates:
            return None
        _, probability, code = max(candidates, key=itemgetter(0, 1))
        return Guess(code, probability)


def softmax(scores: Iterable[float]) -> list[float]:
    """Numbers as probabilities that add up to 1."""
    listed = list(scores)
    highest = max(listed)
    powers = [math.exp(score - highest) for score in listed]
    whole = sum(powers)
    return [power / whole for power in powers]


def _prefixes(labels: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Each category below the top (and each label at the top) with the places of its labels."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        steps = label.split(".")
        for depth in range(min(2, len(steps)), len(steps) + 1):
            places.setdefault(".".join(steps[:depth]), []).append(place)
    return {code: tuple(found) for code, found in places.items()}


# -- the file -------------------------------------------------------------------------------------
# MAGIC, then gzip of: a line of JSON (name, version, labels, runs, step, sharpness, sizes of the
# arrays in bytes), then the arrays, little-endian.

_DAMAGES = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError)
_ARRAYS = (("rarity", "f"), ("begins", "I"), ("columns", "H"), ("weights", "b"), ("biases", "f"))


def packed(model: Model) -> bytes:
    """The model as bytes; the same model gives the same bytes."""
    parts = model.weights
    arrays = [_little_endian(getattr(parts, name)) for name, _ in _ARRAYS]
    head = {
        "name": model.name, "version": model.version, "labels": model.labels,
        "runs": "\n".join(parts.runs), "step": parts.step, "sharpness": parts.sharpness,
        "sizes": [len(each) for each in arrays],
    }  # fmt: skip
    body = b"".join([orjson.dumps(head), b"\n", *arrays])
    return MAGIC + gzip.compress(body, 9, mtime=0)


def unpacked(content: bytes) -> Model:
    """The model that `packed` made bytes of. Raises DamagedModel for all other bytes."""
    if not content.startswith(MAGIC):
        raise DamagedModel("this is no model of categories")
    try:
        line, _, rest = gzip.decompress(content[len(MAGIC) :]).partition(b"\n")
        head = orjson.loads(line)
        arrays: dict[str, Any] = {}
        begin = 0
        for (name, kind), size in zip(_ARRAYS, head["sizes"], strict=True):
            arrays[name] = _array(kind, rest[begin : begin + size])
            begin += size
        runs = head["runs"].split("\n") if head["runs"] else []
        weights = Weights(runs, **arrays, step=head["step"], sharpness=head["sharpness"])
        return Model(head["name"], head["version"], head["labels"], weights)
    except _DAMAGES as error:
        raise DamagedModel(f"the model is damaged: {error}") from None


def _little_endian(numbers: array[float] | array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _array(kind: str, content: bytes) -> array[float]:
    numbers: array[float] = array(kind)
    numbers.frombytes(content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
