"""Fan-out inside one process: news comes in once and goes to each subscriber's own queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from domain.tickets.news import News
from schema.errors import PublicError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WAITING = 256


class TooSlow(PublicError):
    """The subscriber does not take its news; it is let go rather than remembered for."""

    def __init__(self) -> None:
        super().__init__("news came faster than it was taken; subscribe again", "TOO_SLOW")


class TooManyOpen(PublicError):
    """Memory, and a read for each piece of news: nobody gets as many as they like."""

    def __init__(self, most: int) -> None:
        text = f"you have {most} subscriptions open; end one first"
        super().__init__(text, "SUBSCRIPTIONS_EXCEEDED")


@dataclass(eq=False, slots=True)
class Subscriber:
    """One subscription: whose it is, what it wants, and the news that waits for it."""

    subject: str
    wants: Callable[[News], bool]
    ticket_id: UUID | None
    queue: asyncio.Queue[News | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=MOST_WAITING + 1)
    )
    overrun: bool = False

    def offer(self, news: News | None) -> None:
        """Queue news; None asks to read again, because news may have been missed."""
        if self.queue.qsize() >= MOST_WAITING:
            self.overrun = True
            return
        self.queue.put_nowait(news)

    async def news(self) -> AsyncIterator[News | None]:
        """The news in order. Raises TooSlow after an overrun."""
        while True:
            if self.overrun:
                raise TooSlow
            yield await self.queue.get()


class Events:
    """All subscribers of one process, each actor with at most `most` subscriptions: over one socket
    or a hundred event streams."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._subscribers: set[Subscriber] = set()
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._subscribers)

    def __bool__(self) -> bool:
        return True

    @contextmanager
    def subscriber(
        self, subject: str, wants: Callable[[News], bool], ticket_id: UUID | None = None
    ) -> Iterator[Subscriber]:
        """Register for the length of the block; what is published from now on is not missed.

        `subject` is the actor's. Raises TooManyOpen.
        """
        if self._open[subject] >= self._most:
            raise TooManyOpen(self._most)
        subscriber = Subscriber(subject, wants, ticket_id)
        self._subscribers.add(subscriber)
        self._open[subject] += 1
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)
            self._open[subject] -= 1
            if not self._open[subject]:
                del self._open[subject]

    def publish(self, news: News) -> None:
        """Offer news to whoever wants it."""
        for subscriber in tuple(self._subscribers):
            if subscriber.wants(news):
                subscriber.offer(news)

    def refresh(self) -> None:
        """News may have been missed (the line was cut): who follows one ticket reads it again."""
        for subscriber in tuple(self._subscribers):
            if subscriber.ticket_id is not None:
                subscriber.offer(None)
