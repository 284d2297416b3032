"""What a model reads in a complaint: the runs of one to three characters of its words.

Training and inference share this module, so that they can never read a text differently. Chinese
has no spaces, and a segmenter would be one more dictionary to keep: runs of characters do as well.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Final

LONGEST_RUN: Final = 3
# So many runs that no model knows are counted into every text: a few words are little evidence.
BACKGROUND: Final = 20
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+")


def weights_of_runs(title: str, content: str) -> dict[str, float]:
    """Return every run of the text with `1 + ln(times)`; the title, being the matter, counts twice.

    Width and case make no difference, one number is like another, and no run crosses punctuation.
    """
    counts: Counter[str] = Counter()
    _count(title, counts)
    for run in counts:
        counts[run] *= 2
    _count(content, counts)
    return {run: _LOGARITHMS.get(times) or 1 + math.log(times) for run, times in counts.items()}


_LOGARITHMS: Mapping[int, float] = {times: 1 + math.log(times) for times in range(1, 50)}


def _count(text: str, counts: Counter[str]) -> None:
    plain = _NUMBER.sub("0", unicodedata.normalize("NFKC", text).lower())
    for word in _BETWEEN_WORDS.split(plain):
        length = len(word)
        for size in range(1, LONGEST_RUN + 1):
            counts.update([word[at : at + size] for at in range(length - size + 1)])
