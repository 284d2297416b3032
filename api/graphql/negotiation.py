"""Which media type an answer takes, and which status it then has.

GraphQL over HTTP, first edition of September 2026, and RFC 9110 section 12.5.1. The choices are
explained in docs/decisions/0005-graphql-over-http-status-codes.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from schema.answers import Answer, Outcome


class Media(Enum):
    """The media types that an answer can take."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    HTML = "text/html"

    @property
    def content_type(self) -> bytes:
        """The value of the Content-Type header, with the encoding."""
        return f"{self.value}; charset=utf-8".encode()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an Accept header comes to.

    `media` is the best of the types on offer, None where none is acceptable. `events` tells
    whether an event stream is acceptable, though perhaps not the best.
    """

    media: Media | None
    events: bool


_STATUS = {
    Outcome.UNPARSABLE: 400,
    Outcome.INVALID: 422,
    Outcome.UNCOERCIBLE: 422,
    Outcome.REFUSED: 422,
    Outcome.FORBIDDEN: 403,
    Outcome.MISPLACED: 405,
    Outcome.UNAVAILABLE: 503,
    Outcome.FAILED: 500,
    Outcome.COMPLETE: 200,
    Outcome.PARTIAL: 294,
}
# A legacy client may rely on a body only where the status is 200, so every well-formed request
# gets that, except where HTTP itself asks for another or the server broke.
_LEGACY_STATUS = dict.fromkeys(Outcome, 200) | {
    Outcome.MISPLACED: 405,
    Outcome.UNAVAILABLE: 503,
    Outcome.FAILED: 500,
}


def status_of(answer: Answer, media: Media) -> int:
    """Return the HTTP status of an answer in that media type."""
    if answer.retry_after is not None:
        return 429
    return (_STATUS if media is Media.GRAPHQL else _LEGACY_STATUS)[answer.outcome]


@lru_cache(maxsize=256)
def negotiate(accept: bytes | None, *, explorer: bool = False) -> Accepted:
    """Choose by an Accept header; None where the request has none.

    Among equals, what is written first wins; a wildcard and an absent header mean
    application/json, which every client can read. `explorer` puts text/html on offer.
    """
    if accept is None or not accept.strip():
        return Accepted(Media.JSON, events=False)
    ranges = _ranges(accept)
    offers = [Media.JSON, Media.GRAPHQL, Media.EVENTS, *([Media.HTML] if explorer else [])]
    best: Media | None = None
    best_rank = (0.0, 0, 0)
    events = False
    for offer in offers:
        quality, position = _quality(offer, ranges)
        if quality <= 0.0:
            continue
        events = events or offer is Media.EVENTS
        rank = (quality, -position, 0)
        if best is None or rank > best_rank:
            best, best_rank = offer, rank
    return Accepted(best, events)


def is_json(content_type: bytes | None) -> bool:
    """Tell whether a request body of that Content-Type is read: JSON in UTF-8.

    Nothing that a browser sends across origins without asking first is read: no form, no
    multipart, no text/plain.
    """
    if content_type == b"application/json":
        return True
    if content_type is None:
        return False
    name, parameters = _media_range(content_type.decode("latin-1"))
    charset = parameters.get("charset", "utf-8").lower()
    return name == "application/json" and charset in {"utf-8", "utf8"}


def _ranges(accept: bytes) -> list[tuple[str, float]]:
    """Return the media ranges of an Accept header with their weights, in order."""
    ranges = []
    for part in accept.decode("latin-1").split(","):
        name, parameters = _media_range(part)
        if "/" not in name:
            continue
        if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            continue
        ranges.append((name, _weight(parameters.get("q"))))
    return ranges


def _media_range(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = text.split(";")
    parameters = {}
    for parameter in rest:
        key, _, value = parameter.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    return name.strip().lower(), parameters


def _weight(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


def _quality(offer: Media, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return the weight that the most specific matching range gives, and that range's position."""
    family = offer.value.partition("/")[0]
    # An event stream never ends, so it has to be asked for by name.
    patterns = [offer.value]
    if offer is not Media.EVENTS:
        patterns += [f"{family}/*", "*/*"]
    for pattern in patterns:
        for position, (name, weight) in enumerate(ranges):
            if name == pattern:
                return weight, position
    return 0.0, 0
