"""Tokens of an outside issuer: OpenID Connect discovery and its JWKS, fetched and kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from api.issuers import Refreshing, RefreshingVerifier
from domain.accounts.keys import KeyRing
from domain.accounts.signatures import verifying_key
from domain.accounts.tokens import TokenVerifier
from domain.kernel.settings import WrongSetting

REFRESHED: Final = Refreshing(
    every=timedelta(minutes=10), soonest=timedelta(seconds=30), stale_after=timedelta(hours=24)
)
_LARGEST_DOCUMENT: Final = 256 * 1024
_MOST_KEYS: Final = 64
_PATIENCE: Final = 10.0  # seconds for both documents together
_TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class IssuerMisbehaves(Exception):
    """The issuer's documents cannot be used; the message says what is wrong with them."""


def oidc_client() -> httpx.AsyncClient:
    """Return the client for the issuer: short timeouts, no redirects, no proxy from outside."""
    return httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


def oidc_issuer(
    issuer: str, audience: str, client: httpx.AsyncClient, *, production: bool
) -> RefreshingVerifier:
    """Return the source of that issuer's tokens (OpenID Connect Discovery 1.0, 4).

    Its tokens carry our claims (`role`, `unit`, `citizen`, `channel`); without `role` the staff
    record of the `sub` decides. Nothing is fetched before the first token. Raises WrongSetting
    where the issuer is no https URL (http on loopback will do in development).
    """
    if not _is_safe(issuer, production=production) or not audience:
        raise WrongSetting("JIESU_OIDC_ISSUER: must be an https URL, and needs JIESU_OIDC_AUDIENCE")

    async def load() -> KeyRing:
        async with asyncio.timeout(_PATIENCE):
            return await _fetch_keys(client, issuer, production=production)

    verifier = TokenVerifier(KeyRing(()), issuer=issuer, audience=audience, outside=True)
    return RefreshingVerifier(verifier, load, REFRESHED)


async def _fetch_keys(client: httpx.AsyncClient, issuer: str, *, production: bool) -> KeyRing:
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    configuration = await _fetch(client, address)
    if configuration.get("issuer") != issuer:
        raise IssuerMisbehaves("its configuration names another issuer")
    jwks_address = configuration.get("jwks_uri")
    if not isinstance(jwks_address, str) or not _is_safe(jwks_address, production=production):
        raise IssuerMisbehaves("its jwks_uri is missing or not https")
    entries = (await _fetch(client, jwks_address)).get("keys")
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise IssuerMisbehaves("its key set is missing or too large")
    keys = [key for key in map(verifying_key, entries) if key is not None]
    if not keys:
        raise IssuerMisbehaves("its key set holds no key that can verify")
    return KeyRing(keys)


async def _fetch(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    headers = {"accept": "application/json, application/jwk-set+json"}
    async with client.stream("GET", address, headers=headers) as response:
        if response.status_code != httpx.codes.OK:
            raise IssuerMisbehaves(f"it answered {response.status_code}")
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _LARGEST_DOCUMENT:
                raise IssuerMisbehaves("its document is too large")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise IssuerMisbehaves("its document is not JSON") from None
    if not isinstance(document, dict):
        raise IssuerMisbehaves("its document is not an object")
    return document


def _is_safe(address: str, *, production: bool) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and not production and host in _LOOPBACK
    )
