"""What a process keeps for its subscribers, and when it stops doing so."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest

from schema.subscriptions.stream import MOST_WAITING, Events, TooManyOpen, TooSlow

NEWS: Any = object()


def wants_all(_news: object) -> bool:
    return True


def test_an_actor_has_so_many_and_another_as_many() -> None:
    events = Events(3)
    with ExitStack() as mine, ExitStack() as others:
        for _ in range(3):
            mine.enter_context(events.subscriber("me", wants_all))
        for _ in range(2):
            with pytest.raises(TooManyOpen) as refused:
                mine.enter_context(events.subscriber("me", wants_all))
        assert refused.value.code == "SUBSCRIPTIONS_EXCEEDED"
        for _ in range(3):
            others.enter_context(events.subscriber("somebody else", wants_all))
        assert len(events) == 6, "who was refused is not remembered"


def test_who_ends_one_may_begin_another_however_it_ended() -> None:
    events = Events(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), events.subscriber("me", wants_all):
            raise ZeroDivisionError
        with events.subscriber("me", wants_all):
            assert len(events) == 1
    assert len(events) == 0


def test_who_does_not_take_the_news_is_let_go_and_nobody_else_is() -> None:
    """What came before the overrun is not told in part: the subscriber reads anew."""

    async def follow() -> None:
        events = Events(2)
        with (
            events.subscriber("slow", wants_all) as slow,
            events.subscriber("quick", wants_all) as quick,
        ):
            taking = quick.news()
            for _ in range(MOST_WAITING):
                events.publish(NEWS)
                assert await anext(taking) is NEWS
            events.publish(NEWS)
            assert await anext(taking) is NEWS
            assert slow.queue.qsize() == MOST_WAITING
            with pytest.raises(TooSlow):
                await anext(slow.news())

    asyncio.run(follow())
