"""Sending the rows: so many side by side, again where it is worth it, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from api.replay.tally import Tally

SUBMIT: Final = """
mutation Replay($input: SubmitTicketInput!) {
  submitTicket(input: $input) {
    ... on SubmitTicketPayload { ticket { %s } }
    ... on Problem { code message }
    ... on InvalidInput { fields { path message } }
    ... on RateLimited { retryAfter }
  }
}
"""
_FIELDS: Final = "kind status level submittedAt lead { level }"
_AWAY: Final = frozenset({429, 502, 503, 504})
_TRIES: Final = 8
_TRIES_TO_GREET: Final = 3  # who calls a server that is not there wants to know at once
_FIRST_PAUSE: Final = 0.2  # seconds; twice as long each time
_LONGEST_PAUSE: Final = 5.0

Sleep = Callable[[float], Awaitable[object]]


class NotWelcome(Exception):
    """The server does not take our requests at all; the message is one line."""


class _Away(Exception):
    """No answer for now; `pause` where the server said how long."""

    def __init__(self, why: str, pause: float = 0.0) -> None:
        super().__init__(why)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests are under way at once, and how many start in a second at most."""

    concurrency: int = 8
    rate: float | None = None


class Sender:
    """Submits over one client, which carries the token, to the GraphQL endpoint at `url`."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, tally: Tally, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = client
        self._url = url
        self._tally = tally
        self._sleep = sleep
        self._document = ""
        self.stopped = asyncio.Event()
        self.gave_up = ""

    async def greet(self) -> None:
        """Learn who the server takes us for. Raises NotWelcome."""
        try:
            body = await self._patiently({"query": "{ viewer { role } }"}, _TRIES_TO_GREET)
        except _Away as away:
            raise NotWelcome(f"the server does not answer: {away}") from None
        viewer = (body.get("data") or {}).get("viewer")
        if viewer is None:
            raise NotWelcome(f"the server does not know us: {_first_error(body)}")
        of_staff = viewer["role"] not in {"CITIZEN", "PARTNER"}
        self._document = SUBMIT % (f"{_FIELDS} routeReason" if of_staff else _FIELDS)

    async def send(
        self, inputs: Iterator[dict[str, Any]], pace: Pace, done: Callable[[], object]
    ) -> None:
        """Submit all of them; `done` is called after each. `stopped` ends it between two rows."""
        begun, started = time.monotonic(), 0

        async def line() -> None:
            nonlocal started
            while not self.stopped.is_set() and (given := next(inputs, None)) is not None:
                if pace.rate is not None:
                    wait = begun + started / pace.rate - time.monotonic()
                    started += 1
                    await self._pause(wait)
                    if self.stopped.is_set():
                        return
                await self._submit(given)
                done()

        await asyncio.gather(*(line() for _ in range(pace.concurrency)))
        self._tally.seconds = time.monotonic() - begun

    async def _submit(self, given: dict[str, Any]) -> None:
        begun = time.perf_counter()
        try:
            body = await self._patiently({"query": self._document, "variables": {"input": given}})
        except _Away as away:
            self._tally.fail(str(away))
            if not self.stopped.is_set():
                self.gave_up = f"the server is away: {away}"
                self.stopped.set()
            return
        payload = (body.get("data") or {}).get("submitTicket")
        if payload is not None:
            self._tally.answered(payload, time.perf_counter() - begun)
        elif body.get("status", 500) < 500:
            self._tally.refuse(_first_error(body))
        else:
            self._tally.fail(_first_error(body))

    async def _patiently(self, body: dict[str, Any], tries: int = _TRIES) -> dict[str, Any]:
        """Ask until there is an answer. Raises _Away after the last try, or when stopped."""
        pause = _FIRST_PAUSE
        for attempt in range(tries):
            try:
                return await self._ask(body)
            except _Away as away:
                if attempt + 1 == tries or self.stopped.is_set():
                    raise
                await self._pause(max(pause, away.pause))
                pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("unreachable")

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._client.post(self._url, json=body)
        except httpx.TransportError as error:
            raise _Away(type(error).__name__) from None
        if response.status_code in _AWAY:
            raise _Away(f"HTTP {response.status_code}", _retry_after(response))
        try:
            answer: dict[str, Any] = response.json()
        except ValueError:
            answer = {"errors": [{"message": f"HTTP {response.status_code}"}]}
        payload = (answer.get("data") or {}).get("submitTicket") or {}
        if "retryAfter" in payload:
            raise _Away("RATE_LIMITED", float(payload["retryAfter"]))
        return answer | {"status": response.status_code}

    async def _pause(self, seconds: float) -> None:
        """Sleep, but no longer than until `stopped`."""
        if seconds <= 0:
            return
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        stopping = asyncio.ensure_future(self.stopped.wait())
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()


def _retry_after(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), 60.0) if value.isdigit() else 0.0


def _first_error(body: dict[str, Any]) -> str:
    errors = body.get("errors") or [{"message": "no data"}]
    return str(errors[0].get("message", "no message"))
