"""Identifiers ascend in one process, whatever the number of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from domain.kernel import ids
from domain.kernel.ids import new_id

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("begin", [0, (1 << 12) - 3, (1 << 14) - 3, 5 * (1 << 14) - 3])
def test_ids_of_one_moment_ascend(begin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the counter's low bits turn over."""
    monkeypatch.setattr(ids, "_numbers", count(begin))
    made = [new_id(NOW) for _ in range(8)]
    assert all(one < next_one for one, next_one in pairwise(made))


def test_the_order_of_ids_is_the_order_of_time() -> None:
    later = new_id(NOW + timedelta(milliseconds=1))
    assert new_id(NOW) < later


def test_they_are_of_version_7_and_tell_their_millisecond() -> None:
    made = {new_id(NOW) for _ in range(1000)}
    assert len(made) == 1000
    for one in made:
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert one.int >> 80 == int(NOW.timestamp() * 1000)
    random = {one.int & (1 << 48) - 1 for one in made}
    assert len(random) == 1000, "what follows the counter is not to be guessed"
