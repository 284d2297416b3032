"""The signing keys of the built-in issuer and their rotation.

A key is published (in the JWKS) before it signs, so that no reader meets a token whose key it has
not seen; it verifies until the last token that it signed has ended; then it retires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import Key, OKPKey
from sqlalchemy import select

from domain.accounts.locks import hold_until_commit
from domain.accounts.models import SigningKey
from domain.accounts.policy import may_manage_keys
from domain.accounts.protection import Protection, Sealed
from domain.kernel.errors import NotAllowed, NotFound
from domain.kernel.work import UnitOfWork

ALGORITHM: Final = "EdDSA"  # RFC 8037's name: more readers know it than RFC 9864's `Ed25519`
LONGEST_TOKEN: Final = timedelta(hours=24)
# Longer than any reader keeps a JWKS document, our own processes included.
PUBLISHED_AHEAD: Final = timedelta(hours=1)
ROTATED_EVERY: Final = timedelta(days=90)


class NoSigningKey(Exception):
    """No key may sign at this moment: a fault of ours (`ensure_signing_key` was not run)."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, the algorithms that it may be used with, and when it ends."""

    kid: str
    key: Key
    algorithms: frozenset[str]
    valid_until: datetime | None = None


class KeyRing:
    """The keys of one issuer at one moment, by key id. Immutable."""

    def __init__(self, keys: Iterable[VerifyingKey]) -> None:
        self._keys: Mapping[str, VerifyingKey] = MappingProxyType({k.kid: k for k in keys})

    def find(self, kid: str, now: datetime) -> VerifyingKey | None:
        """Return the key of that id if it still verifies."""
        key = self._keys.get(kid)
        if key is None or (key.valid_until is not None and key.valid_until <= now):
            return None
        return key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(frozenset(self._keys))


def key_ring(rows: Iterable[SigningKey]) -> KeyRing:
    """Return the verifying side of the issuer's keys."""
    return KeyRing(
        VerifyingKey(row.kid, OKPKey.import_key(row.public_jwk), frozenset({ALGORITHM}), _end(row))
        for row in rows
    )


def signing_row(rows: Iterable[SigningKey], now: datetime) -> SigningKey:
    """Return the key that signs now: of those that have begun, the latest. Raises NoSigningKey."""
    begun = [row for row in rows if row.signs_at <= now and _live(row, now)]
    if not begun:
        raise NoSigningKey
    return max(begun, key=lambda row: (row.signs_at, row.kid))


def open_private(row: SigningKey, protection: Protection) -> OKPKey:
    """Return the private key of a row. Raises Unreadable."""
    seed = protection.open(Sealed.SIGNING_KEY, row.private_cipher, row.kid.encode())
    return OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed))


def public_jwks(rows: Iterable[SigningKey], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the JWKS document (RFC 7517): keys that verify, and those that are about to sign."""
    live = sorted((row for row in rows if _live(row, now)), key=lambda row: row.created_at)
    return {"keys": [dict(row.public_jwk) for row in live]}


async def ensure_signing_key(work: UnitOfWork, protection: Protection) -> SigningKey:
    """Return the key that signs now, made at once where there is none. Safe to run twice."""
    await _start(work)
    rows = await _rows(work)
    try:
        return signing_row(rows, work.now)
    except NoSigningKey:
        return await _make(work, protection, signs_at=work.now)


async def rotate_signing_key(work: UnitOfWork, protection: Protection) -> SigningKey:
    """Publish the next key and set the end of the present ones; returns the next key.

    The next key signs after PUBLISHED_AHEAD. Where one is already waiting, it is returned.
    """
    await _start(work)
    live = [row for row in await _rows(work) if _live(row, work.now)]
    waiting = [row for row in live if row.signs_at > work.now]
    if waiting:
        return min(waiting, key=lambda row: row.signs_at)
    following = await _make(
        work, protection, signs_at=work.now + PUBLISHED_AHEAD if live else work.now
    )
    for row in live:
        row.retires_at = row.retires_at or following.signs_at + LONGEST_TOKEN
    await work.flush()
    return following


async def renew_signing_key(work: UnitOfWork, protection: Protection) -> SigningKey:
    """Rotate if the present key has signed for ROTATED_EVERY; to be run every day or so.

    Returns the key that signs now.
    """
    present = await ensure_signing_key(work, protection)
    if work.now - present.signs_at >= ROTATED_EVERY:
        await rotate_signing_key(work, protection)
    return present


async def retire_signing_key(work: UnitOfWork, protection: Protection, kid: str) -> None:
    """Retire a key at once, e.g. one that leaked: its tokens stop being valid.

    The waiting key, or a new one, signs from now on. Raises NotAllowed, NotFound.
    """
    await _start(work)
    rows = await _rows(work)
    row = next((row for row in rows if row.kid == kid), None)
    if row is None:
        raise NotFound("There is no such key.")
    row.retired_at = row.retired_at or work.now
    rest = [other for other in rows if _live(other, work.now)]
    if not any(other.signs_at <= work.now for other in rest):
        if rest:
            rest[0].signs_at = work.now
        else:
            await _make(work, protection, signs_at=work.now)
    await work.flush()


async def _start(work: UnitOfWork) -> None:
    if not may_manage_keys(work.actor):
        raise NotAllowed("Only the admin manages signing keys.")
    await hold_until_commit(work, "signing-key", b"")


async def _rows(work: UnitOfWork) -> list[SigningKey]:
    return list(await work.session.scalars(select(SigningKey).order_by(SigningKey.signs_at)))


async def _make(work: UnitOfWork, protection: Protection, *, signs_at: datetime) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    kid = OKPKey.import_key(private).thumbprint()
    public = OKPKey.import_key(private).as_dict(private=False)
    row = SigningKey(
        kid=kid,
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        private_cipher=protection.seal(
            Sealed.SIGNING_KEY, private.private_bytes_raw(), kid.encode()
        ),
        created_at=work.now,
        signs_at=signs_at,
    )
    work.add(row)
    await work.flush()
    return row


def _end(row: SigningKey) -> datetime | None:
    ends = [end for end in (row.retires_at, row.retired_at) if end is not None]
    return min(ends, default=None)


def _live(row: SigningKey, now: datetime) -> bool:
    end = _end(row)
    return end is None or end > now
