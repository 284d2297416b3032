"""The model that a process uses: read from its file when it is first asked, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import structlog

from domain.classification.model import DamagedModel, Guess, Model, unpacked

_log = structlog.get_logger("classification")
_SHIPPED = "classification.model"
_SHORT = 400  # characters; about a millisecond


def shipped_model() -> Traversable:
    """The file of the model that comes with Jiesu, trained on the sample beside it."""
    return files("cities") / _SHIPPED


def load_model(source: Traversable | Path) -> Model:
    """Read a model from its file. Raises OSError, DamagedModel."""
    return unpacked(source.read_bytes())


@dataclass(frozen=True, slots=True)
class Guessed:
    """The guesses of a model, the likeliest first."""

    guesses: Sequence[Guess]
    model: str
    version: str


class Classifier:
    """Suggests categories by the model of a file; by default the shipped one.

    The file is read at the first question, off the event loop. Where it cannot be used there are
    no suggestions, which is logged once: a complaint comes in with or without a category.
    """

    def __init__(self, source: Path | None = None) -> None:
        self._source = source
        self._model: Model | None = None
        self._tried = False
        self._lock = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Whether the file has been read."""
        return self._model is not None

    async def model(self) -> Model | None:
        """The model; None where its file is missing or damaged."""
        if self._tried:
            return self._model
        async with self._lock:
            if not self._tried:
                self._model = await asyncio.to_thread(self._read)
                self._tried = True
        return self._model

    async def guesses(self, title: str, content: str, *, sure: float, most: int) -> Guessed | None:
        """What the model says of a text, and which model that is; None where there is none.

        A long text is read beside the event loop: it takes longer than others should wait.
        """
        model = await self.model()
        if model is None:
            return None
        if len(title) + len(content) <= _SHORT:
            found = model.guesses(title, content, sure=sure, most=most)
        else:
            found = await asyncio.to_thread(model.guesses, title, content, sure=sure, most=most)
        return Guessed(found, model.name, model.version)

    def _read(self) -> Model | None:
        source = self._source or shipped_model()
        try:
            return load_model(source)
        except (OSError, DamagedModel) as error:
            _log.error("model_not_read", source=str(source), exc_info=error)
            return None
