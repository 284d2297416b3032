"""Protection of personal data at rest: sealed values and blind look-ups, from one secret.

Each use has a key of its own, derived by HKDF (RFC 5869) with its own label, so that what one use
gives away tells nothing about another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.accounts.phone import Phone

_NONCE: Final = 12
_KEY: Final = 32
_LEAST_SECRET: Final = 32


class Sealed(StrEnum):
    """What is encrypted; the value is the label of its key and part of the sealed data's bond."""

    PHONE = "phone"
    NAME = "name"
    LOGIN_CODE = "login-code"
    SIGNING_KEY = "signing-key"


class _Blind(StrEnum):
    PHONE_INDEX = "phone-index"
    PASSCODE = "passcode"
    BUCKET = "bucket"


class Unreadable(Exception):
    """Sealed data was altered, belongs elsewhere, or was sealed with a secret that is gone."""

    def __init__(self) -> None:
        super().__init__("sealed data cannot be opened")


class Protection:
    """Seals, opens and blinds. Holds keys: it prints as nothing but its name.

    `secret` seals. Data sealed under an earlier secret still opens when that secret is given in
    `previous` under its version; blind values (look-ups, buckets, passcodes) always come from
    `secret`, so phones must be sealed again (`renewal.renew_citizens`) when it is replaced.
    """

    __slots__ = ("_blind_keys", "_ciphers", "_version")

    def __init__(
        self, secret: bytes, *, version: int = 1, previous: Mapping[int, bytes] | None = None
    ) -> None:
        """Raises ValueError for a secret under 32 bytes or a version that is not a byte."""
        secrets = {**(previous or {}), version: secret}
        for number, value in secrets.items():
            if not 1 <= number <= 255:
                raise ValueError("a version must be from 1 to 255")
            if len(value) < _LEAST_SECRET:
                raise ValueError("the secret must hold at least 32 bytes")
        self._version = version
        self._ciphers = {
            (number, use): AESGCM(_derive(value, f"seal/{use}"))
            for number, value in secrets.items()
            for use in Sealed
        }
        self._blind_keys = {use: _derive(secret, f"blind/{use}") for use in _Blind}

    def __repr__(self) -> str:
        return "Protection()"

    def seal(self, use: Sealed, clear: bytes, bond: bytes) -> bytes:
        """Encrypt `clear` (AES-256-GCM): version byte, nonce, cipher text with its tag.

        `bond` names the row that it belongs to: sealed data copied to another row does not open.
        Nonces are random; the bound of 2³² messages a key is far above the citizens of a city.
        """
        nonce = os.urandom(_NONCE)
        bound = _bound(use, self._version, bond)
        cipher = self._ciphers[self._version, use].encrypt(nonce, clear, bound)
        return bytes([self._version]) + nonce + cipher

    def open(self, use: Sealed, sealed: bytes, bond: bytes) -> bytes:
        """Decrypt what `seal` made with the same use and bond. Raises Unreadable."""
        cipher = self._ciphers.get((sealed[0], use)) if sealed else None
        if cipher is None:
            raise Unreadable
        nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return cipher.decrypt(nonce, text, _bound(use, sealed[0], bond))
        except (InvalidTag, ValueError):
            raise Unreadable from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed under the present secret."""
        return sealed[:1] == bytes([self._version])

    def phone_index(self, phone: Phone) -> bytes:
        """Return the blind index of a number (HMAC-SHA256): equal exactly for equal numbers."""
        return self._mac(_Blind.PHONE_INDEX, phone.clear.encode())

    def passcode_hash(self, passcode: bytes, code: str) -> bytes:
        """Return the keyed hash of a login code, bound to its row's id.

        Keyed rather than slow: six digits fall to any slow hash within hours, while without the
        key the table says nothing; and a slow hash would let callers burn our processor time.
        """
        return self._mac(_Blind.PASSCODE, passcode + code.encode())

    def bucket(self, kind: str, value: str) -> str:
        """Return the blind name of a rate limit's bucket, e.g. for kind `login` and a number."""
        return f"{kind}:{self._mac(_Blind.BUCKET, f'{kind}/{value}'.encode()).hex()}"

    def _mac(self, use: _Blind, value: bytes) -> bytes:
        return hmac.digest(self._blind_keys[use], value, hashlib.sha256)


def _derive(secret: bytes, label: str) -> bytes:
    return HKDF(SHA256(), _KEY, salt=b"jiesu", info=label.encode()).derive(secret)


def _bound(use: Sealed, version: int, bond: bytes) -> bytes:
    return use.value.encode() + bytes([0, version]) + bond
