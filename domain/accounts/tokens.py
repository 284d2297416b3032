"""Tokens: JWTs (RFC 7519) that say who calls. Issued here, and verified from any issuer."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from domain.accounts.errors import Refusal, TokenRefused
from domain.accounts.keys import ALGORITHM, LONGEST_TOKEN, KeyRing
from domain.accounts.signatures import Algorithms, read_header
from domain.kernel.actor import Role

LONGEST_TEXT: Final = 4096  # bytes; refused before anything is parsed
LEEWAY: Final = timedelta(seconds=30)  # how far another machine's clock may be ahead of ours
MEDIA_TYPE: Final = "at+jwt"  # RFC 9068, 2.1: an ID token can never pass for this one
_LONGEST_CLAIM: Final = 255
_CARRIED: Final = frozenset(Role) - {Role.PUBLIC, Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token entitles to. `unit` is a unit's code, `channel` a channel's name.

    `role` is None only for tokens of an outside issuer that leaves roles to the staff record.
    """

    subject: str
    role: Role | None
    unit: str | None = None
    citizen: UUID | None = None
    channel: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether role and claims fit: a citizen is one, a handler has a unit, a partner a channel.

        No token carries `system` or `public`, and nobody carries what is another role's.
        """
        if self.role is None:
            return self.citizen is None and self.channel is None
        return (
            self.role in _CARRIED
            and (self.citizen is not None) is (self.role is Role.CITIZEN)
            and (self.channel is not None) is (self.role is Role.PARTNER)
            and (self.unit is not None or self.role is not Role.HANDLER)
            and (self.unit is None or self.role not in {Role.CITIZEN, Role.PARTNER})
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token."""

    grant: Grant
    issuer: str
    issued_at: datetime
    expires_at: datetime
    token_id: str | None


def issue_token(
    grant: Grant,
    *,
    kid: str,
    key: OKPKey,
    issuer: str,
    audience: str,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """Return a token signed with Ed25519.

    Raises ValueError where the grant is not sound or the lifetime is over LONGEST_TOKEN: the
    rotation of keys relies on no token living longer.
    """
    if grant.role is None or not grant.is_sound:
        raise ValueError("the claims do not fit the role")
    if not timedelta(0) < lifetime <= LONGEST_TOKEN:
        raise ValueError("a token lives for at most 24 hours")
    issued = math.floor(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": grant.subject,
        "role": grant.role.value,
        "iat": issued,
        "exp": issued + math.floor(lifetime.total_seconds()),
        "jti": secrets.token_urlsafe(16),
    }
    if grant.unit is not None:
        claims["unit"] = grant.unit
    if grant.citizen is not None:
        claims["citizen"] = str(grant.citizen)
    if grant.channel is not None:
        claims["channel"] = grant.channel
    header = {"alg": ALGORITHM, "kid": kid, "typ": MEDIA_TYPE}
    return jws.serialize_compact(
        header, orjson.dumps(claims), key, registry=Algorithms([ALGORITHM])
    )


class Verifies(Protocol):
    """Anything that turns a token into claims."""

    def verify(self, token: str, now: datetime) -> Claims: ...


@dataclass(frozen=True, slots=True)
class _Known:
    until: datetime
    claims: Claims


class TokenVerifier:
    """Verifies the tokens of one issuer.

    A token that was verified is remembered (by its hash, so that no credential is kept) until it
    or its key ends; so a repeated token costs one look-up. `outside` is for an OIDC issuer, whose
    tokens may lack `jti` and `role` and may call their type `JWT`.
    """

    def __init__(
        self,
        keys: KeyRing,
        *,
        issuer: str,
        audience: str,
        outside: bool = False,
        remembered: int = 10_000,
    ) -> None:
        self.issuer = issuer
        self._audience = audience
        self._outside = outside
        self._keys = keys
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def replace_keys(self, keys: KeyRing) -> None:
        """Use these keys from now on; what others verified is forgotten."""
        if keys != self._keys:
            self._keys = keys
            self._known.clear()

    def verify(self, token: str, now: datetime) -> Claims:
        """Return the claims of a valid token. Raises TokenRefused, whatever is wrong with it."""
        if len(token) > LONGEST_TEXT:
            raise TokenRefused(Refusal.TOO_LONG)
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(name)
        if known is not None and now < known.until:
            return known.claims
        known = self._verify(token, now)
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return known.claims

    def _verify(self, token: str, now: datetime) -> _Known:
        header = read_header(token)
        if not self._fits(header.get("typ")):
            raise TokenRefused(Refusal.UNSAFE_HEADER)
        key = self._keys.find(header["kid"], now)
        if key is None:
            raise TokenRefused(Refusal.UNKNOWN_KEY)
        if header["alg"] not in key.algorithms:
            raise TokenRefused(Refusal.WRONG_ALGORITHM)
        try:
            signed = jws.deserialize_compact(token, key.key, registry=Algorithms(key.algorithms))
        except (JoseError, ValueError, TypeError):
            raise TokenRefused(Refusal.BAD_SIGNATURE) from None
        claims = self._claims(signed.payload, now)
        until = claims.expires_at
        return _Known(min(until, key.valid_until or until), claims)

    def _fits(self, kind: object) -> bool:
        named = kind.lower() if isinstance(kind, str) else kind
        if self._outside:
            return named in {MEDIA_TYPE, "application/at+jwt", "jwt", None}
        return named == MEDIA_TYPE

    def _claims(self, payload: bytes, now: datetime) -> Claims:
        try:
            claims = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise TokenRefused(Refusal.MALFORMED) from None
        if not isinstance(claims, dict):
            raise TokenRefused(Refusal.MALFORMED)
        if claims.get("iss") != self.issuer:
            raise TokenRefused(Refusal.WRONG_ISSUER)
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenRefused(Refusal.WRONG_AUDIENCE)
        issued, expires = _window(claims, now)
        token_id = _text(claims, "jti")
        grant = _grant(claims)
        if not self._outside and (token_id is None or grant.role is None):
            raise TokenRefused(Refusal.WRONG_CLAIMS)
        return Claims(grant, self.issuer, issued, expires, token_id)


def _window(claims: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    issued, expires = _moment(claims, "iat", now), _moment(claims, "exp", now)
    begins = _moment(claims, "nbf", now) if "nbf" in claims else issued
    if expires <= issued:
        raise TokenRefused(Refusal.WRONG_CLAIMS)
    if max(issued, begins) > now + LEEWAY:
        raise TokenRefused(Refusal.NOT_YET_VALID)
    if expires <= now:
        raise TokenRefused(Refusal.EXPIRED)
    return issued, expires


def _moment(claims: Mapping[str, Any], name: str, now: datetime) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(Refusal.WRONG_CLAIMS)
    try:
        return datetime.fromtimestamp(value, now.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise TokenRefused(Refusal.WRONG_CLAIMS) from None


def _grant(claims: Mapping[str, Any]) -> Grant:
    subject, role, citizen = (_text(claims, name) for name in ("sub", "role", "citizen"))
    if subject is None:
        raise TokenRefused(Refusal.WRONG_CLAIMS)
    try:
        grant = Grant(
            subject,
            None if role is None else Role(role),
            unit=_text(claims, "unit"),
            citizen=None if citizen is None else UUID(citizen),
            channel=_text(claims, "channel"),
        )
    except ValueError:
        raise TokenRefused(Refusal.WRONG_CLAIMS) from None
    if not grant.is_sound:
        raise TokenRefused(Refusal.WRONG_CLAIMS)
    return grant


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_CLAIM:
        raise TokenRefused(Refusal.WRONG_CLAIMS)
    return value
