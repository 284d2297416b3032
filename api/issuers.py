"""Whose tokens are taken: each issuer with its keys, which are fetched when they are due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from domain.accounts.errors import Refusal, TokenRefused
from domain.accounts.keys import KeyRing, key_ring
from domain.accounts.queries import signing_keys
from domain.accounts.tokens import Claims, TokenVerifier
from domain.kernel.database import Database

LoadKeys = Callable[[], Awaitable[KeyRing]]

_log = structlog.get_logger("issuers")


class KeysUnreachable(OSError):
    """No keys could be had to verify with: a fault of ours (503), not of the token."""


class TokenSource(Protocol):
    """One issuer whose tokens are taken."""

    @property
    def issuer(self) -> str: ...

    async def verify(self, token: str, now: datetime) -> Claims: ...


@dataclass(frozen=True, slots=True)
class Refreshing:
    """How often keys are fetched again, at the soonest, and how long old ones may serve."""

    every: timedelta
    soonest: timedelta
    stale_after: timedelta


BUILT_IN: Final = Refreshing(
    every=timedelta(seconds=10), soonest=timedelta(seconds=1), stale_after=timedelta(hours=1)
)


class RefreshingVerifier:
    """A token verifier whose keys are fetched when they are due, one fetch at a time.

    A token with an unknown key id asks for a fetch, but never sooner than `soonest` after the last
    one, so that made-up key ids cannot be used to flood the issuer. While fetching fails, the keys
    that are there serve until `stale_after`.
    """

    def __init__(self, verifier: TokenVerifier, load: LoadKeys, times: Refreshing) -> None:
        self._verifier = verifier
        self._load = load
        self._times = times
        self._lock = asyncio.Lock()
        self._loaded_at: datetime | None = None
        self._tried_at: datetime | None = None

    @property
    def issuer(self) -> str:
        return self._verifier.issuer

    async def verify(self, token: str, now: datetime) -> Claims:
        """Return the claims. Raises TokenRefused; KeysUnreachable where no keys can be had."""
        if self._loaded_at is None or now - self._loaded_at >= self._times.every:
            await self._refresh(now, wait=self._is_stale(now))
        try:
            return self._verifier.verify(token, now)
        except TokenRefused as refused:
            if refused.reason is not Refusal.UNKNOWN_KEY or not self._may_learn(now):
                raise
        await self._refresh(now, wait=True)
        return self._verifier.verify(token, now)

    def _is_stale(self, now: datetime) -> bool:
        return self._loaded_at is None or now - self._loaded_at >= self._times.stale_after

    def _may_try(self, now: datetime) -> bool:
        return self._tried_at is None or now - self._tried_at >= self._times.soonest

    def _may_learn(self, now: datetime) -> bool:
        """Whether keys may be had that were not there a moment ago."""
        return self._lock.locked() or self._may_try(now)

    async def _refresh(self, now: datetime, *, wait: bool) -> None:
        """Fetch the keys; without `wait`, leave it to the caller who is at it already."""
        if self._lock.locked() and not wait:
            return
        async with self._lock:
            if self._may_try(now):
                self._tried_at = now
                await self._fetch(now)
            if self._is_stale(now):
                raise KeysUnreachable(self.issuer)

    async def _fetch(self, now: datetime) -> None:
        try:
            keys = await self._load()
        except Exception as error:  # whatever it is, the old keys may serve a while
            _log.warning("keys_not_fetched", issuer=self.issuer, error=repr(error)[:300])
        else:
            self._verifier.replace_keys(keys)
            self._loaded_at = now


def built_in_issuer(database: Database, *, issuer: str, audience: str) -> RefreshingVerifier:
    """Return the source of the tokens that we issue ourselves (`domain.accounts.tokens`)."""

    async def load() -> KeyRing:
        async with database.look_up() as session:
            return key_ring(await signing_keys(session))

    verifier = TokenVerifier(KeyRing(()), issuer=issuer, audience=audience)
    return RefreshingVerifier(verifier, load, BUILT_IN)
