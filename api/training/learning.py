"""Training a model. Needs scikit-learn (the extra `train`); nothing that serves imports this.

A linear support vector machine for each category against all others, over the runs of the text;
then the weights that say little are dropped, the rest are kept in a byte each, and the sharpness of
the probabilities is chosen on texts that the model has not seen.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.special import logsumexp
from sklearn.svm import LinearSVC

from api.training.examples import OWN_RECIPE, Example, Recipe, TooFewExamples
from domain.classification.features import BACKGROUND, weights_of_runs
from domain.classification.model import Model, Weights

Step = Callable[[str], None]
_SHARPNESS: Final = tuple(1.1**power for power in range(0, 40))  # 1 to 41
_CHECKS: Final = 3
_LEVELS: Final = 127


def train(
    examples: Iterable[Example],
    name: str,
    recipe: Recipe = OWN_RECIPE,
    *,
    aids: Iterable[Example] = (),
    tell: Step = lambda _step: None,
) -> Model:
    """Learn the categories of the examples. The same examples in any order give the same model.

    `aids` are learnt from too, but are not like what people write (lists of words, say); so how
    probable a guess is, is judged by the examples alone. `tell` is called with what is done next.
    Raises TooFewExamples where there are not two categories, or no two examples to check by.
    """
    own = sorted(set(examples))
    ordered = [*own, *sorted(set(aids) - set(own))]
    labels = sorted({example.category for example in ordered})
    if len(labels) < 2 or len(own) < _CHECKS:
        raise TooFewExamples("at least two categories and three examples are needed")
    tell("reading the examples")
    place = {label: number for number, label in enumerate(labels)}
    answers = np.array([place[example.category] for example in ordered])
    texts = _Texts.of(ordered)
    tell("learning how sure to be")
    sharpness = recipe.sharpness or _sharpness(texts, answers, len(own), len(labels), recipe)
    tell("learning from all examples")
    learnt = _fit(texts.matrix, answers, len(labels), recipe)
    weights = _kept(texts.runs, learnt, sharpness)
    return Model(name, _version(ordered, recipe), labels, weights)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Runs in alphabetical order, and the weights of them in each text (texts × runs)."""

    runs: list[str]
    matrix: Any

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Texts:
        places: dict[str, int] = {}
        begins, columns, weights = array("q", [0]), array("q"), array("d")
        for title, content, _ in examples:
            for run, weight in weights_of_runs(title, content).items():
                columns.append(places.setdefault(run, len(places)))
                weights.append(weight)
            begins.append(len(columns))
        parts = tuple(np.frombuffer(part, part.typecode) for part in (weights, columns, begins))
        matrix = sparse.csr_matrix(parts, shape=(len(examples), len(places)))
        runs = sorted(places)
        return cls(runs, matrix[:, [places[run] for run in runs]].tocsr())


@dataclass(frozen=True, slots=True)
class _Learnt:
    """Which runs are in, their rarity (the last number: of all others), weights and biases."""

    chosen: Any
    rarity: Any
    weights: Any
    biases: Any

    def values(self, matrix: Any) -> Any:
        """The texts as the model sees them: of length 1, runs that are not in counting too."""
        every = np.full(matrix.shape[1], self.rarity[-1])
        every[self.chosen] = self.rarity[:-1]
        weighed = (matrix @ sparse.diags(every)).tocsr()
        squares = np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel()
        scaled = sparse.diags((squares + BACKGROUND * self.rarity[-1] ** 2) ** -0.5) @ weighed
        return scaled.tocsr()[:, self.chosen]

    def scores(self, matrix: Any) -> Any:
        return self.values(matrix) @ self.weights + self.biases


def _fit(matrix: Any, answers: Any, labels: int, recipe: Recipe) -> _Learnt:
    """Learn, and drop the weights that say little."""
    met = np.diff(matrix.tocsc().indptr)
    chosen = np.flatnonzero(met >= recipe.fewest)
    texts = matrix.shape[0]
    rarity = np.append(np.log((1 + texts) / (1 + met[chosen])), math.log(1 + texts)) + 1
    rarity = rarity.astype("f4").astype("f8")
    learnt = _Learnt(chosen, rarity, np.zeros((len(chosen), labels)), np.zeros(labels))
    machine = LinearSVC(C=recipe.cost, class_weight="balanced", random_state=0)
    machine.fit(learnt.values(matrix), answers)
    weights, biases = np.zeros((labels, len(chosen))), np.full(labels, -1.0)
    if len(machine.classes_) == 2:
        weights[machine.classes_] = np.vstack([-machine.coef_, machine.coef_])
        biases[machine.classes_] = np.append(-machine.intercept_, machine.intercept_)
    else:
        weights[machine.classes_], biases[machine.classes_] = machine.coef_, machine.intercept_
    step = np.abs(weights).max() / _LEVELS
    whole = np.rint(weights.T / step)
    whole[np.abs(whole) < recipe.share * _LEVELS] = 0
    return replace(learnt, weights=whole * step, biases=biases.astype("f4").astype("f8"))


def _sharpness(texts: _Texts, answers: Any, own: int, labels: int, recipe: Recipe) -> float:
    """The factor by which the probabilities of unseen examples (the first `own`) are the best."""
    scores, known = [], []
    for learning, checking in _parts(answers, own):
        learnt = _fit(texts.matrix[learning], answers[learning], labels, recipe)
        scores.append(learnt.scores(texts.matrix[checking]))
        known.append(answers[checking])
    every, right = np.vstack(scores), np.concatenate(known)

    def surprise(factor: float) -> float:
        sharp = every * factor
        return float(np.mean(logsumexp(sharp, axis=1) - sharp[np.arange(len(right)), right]))

    return min(_SHARPNESS, key=surprise)


def _parts(answers: Any, own: int) -> Iterator[tuple[Any, Any]]:
    """Three ways to check on a third of the examples and learn from all the rest."""
    turn = np.full(len(answers), _CHECKS)  # aids are never checked
    for label in np.unique(answers[:own]):
        alike = np.flatnonzero(answers[:own] == label)
        turn[alike] = (np.arange(len(alike)) + label) % _CHECKS
    for check in range(_CHECKS):
        yield np.flatnonzero(turn != check), np.flatnonzero(turn == check)


def _kept(runs: Sequence[str], learnt: _Learnt, sharpness: float) -> Weights:
    """The weights that are not zero, and the runs that have one."""
    table = sparse.csr_matrix(learnt.weights)
    table.eliminate_zeros()
    step = float(np.abs(table.data).max()) / _LEVELS
    used = np.flatnonzero(np.diff(table.indptr))
    table = table[used]
    return Weights(
        runs=[runs[place] for place in learnt.chosen[used]],
        rarity=array("f", [*learnt.rarity[used], learnt.rarity[-1]]),
        begins=array("I", table.indptr.tolist()),
        columns=array("H", table.indices.tolist()),
        weights=array("b", np.rint(table.data / step).astype(int).tolist()),
        biases=array("f", learnt.biases.tolist()),
        step=step,
        sharpness=sharpness,
    )


def _version(examples: Sequence[Example], recipe: Recipe) -> str:
    """Twelve hex digits that stand for the examples and the recipe."""
    digest = hashlib.sha256(repr(recipe).encode())
    for example in examples:
        digest.update("\x1f".join(example).encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()[:12]
