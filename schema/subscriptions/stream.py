"""Fan-out inside one process: news comes in once and goes to each subscriber's own queue."""

from __future__ import annotations

import asyncio
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


@dataclass(eq=False, slots=True)
class Subscriber:
    """One subscription: what it wants, and the news that waits for it."""

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
    """All subscribers of one process."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def __bool__(self) -> bool:
        return True

    @contextmanager
    def subscriber(
        self, wants: Callable[[News], bool], ticket_id: UUID | None = None
    ) -> Iterator[Subscriber]:
        """Register for the length of the block; what is published from now on is not missed."""
        subscriber = Subscriber(wants, ticket_id)
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

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
