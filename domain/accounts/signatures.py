"""Which signatures and headers of a token (RFC 7515) are let near a key at all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import base64_to_int, urlsafe_b64decode

from domain.accounts.errors import Refusal, TokenRefused
from domain.accounts.keys import VerifyingKey

_LEAST_RSA_BITS: Final = 2048
_LONGEST_HEADER: Final = 684  # 512 bytes in base64url
_LONGEST_KID: Final = 128
# Anything else is refused: `jwk`, `jku`, `x5u` and `x5c` bring their own key, `crit` and `b64`
# change what is signed.
_SAFE_HEADERS: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
# By type of key and curve: an algorithm can never be used with a key of another type, so that no
# public key is ever taken for an HMAC secret. HS* and `none` are nowhere.
_ALGORITHMS: Final = {
    ("RSA", None): {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
    ("EC", "P-256"): {"ES256"},
    ("EC", "P-384"): {"ES384"},
    ("EC", "P-521"): {"ES512"},
    ("OKP", "Ed25519"): {"EdDSA", "Ed25519"},
}
_PUBLIC_MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_KEY_TYPES: Final[dict[str, type[RSAKey | ECKey | OKPKey]]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}


class Algorithms(JWSRegistry):
    """The algorithms asked for and no others.

    The library warns at every use that the name `EdDSA` is deprecated by RFC 9864; keys here are
    bound to one curve, which is what that RFC is after.
    """

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=frozenset(algorithms))

    def get_alg(self, name: str) -> JWSAlgModel:
        if not self.allowed or name not in self.allowed or name not in self.algorithms:
            raise UnsupportedAlgorithmError("not allowed")
        return self.algorithms[name]


def read_header(token: str) -> dict[str, Any]:
    """Return the protected header of a compact token: `alg` and `kid` are there, nothing is unsafe.

    Raises TokenRefused.
    """
    segments = token.split(".")
    if len(segments) != 3 or not all(segments) or len(segments[0]) > _LONGEST_HEADER:
        raise TokenRefused(Refusal.MALFORMED)
    header = _read(segments[0])
    if not header.keys() <= _SAFE_HEADERS:
        raise TokenRefused(Refusal.UNSAFE_HEADER)
    kid = header.get("kid")
    if not isinstance(header.get("alg"), str) or not isinstance(kid, str):
        raise TokenRefused(Refusal.MALFORMED)
    if not 0 < len(kid) <= _LONGEST_KID:
        raise TokenRefused(Refusal.MALFORMED)
    return header


def claimed_issuer(token: str) -> str | None:
    """Return the `iss` that an unverified token claims: only to choose who verifies it."""
    segments = token.split(".")
    if len(segments) != 3:
        raise TokenRefused(Refusal.MALFORMED)
    issuer = _read(segments[1]).get("iss")
    return issuer if isinstance(issuer, str) else None


def verifying_key(jwk: object) -> VerifyingKey | None:
    """Return the key of one entry of somebody's JWKS, or None where it is not for signatures.

    Encryption keys, symmetric keys, weak RSA keys, unknown curves, entries without `kid` and
    malformed ones are passed over (RFC 7517, 5); only the public members are read.
    """
    if not isinstance(jwk, dict) or not _is_for_signatures(jwk):
        return None
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if kind not in _KEY_TYPES or not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
        return None
    curve = None if kind == "RSA" else jwk.get("crv")
    algorithms = _ALGORITHMS.get((kind, curve), set()) if isinstance(curve, str | None) else set()
    if "alg" in jwk:
        algorithms = {name for name in algorithms if name == jwk["alg"]}
    key = _import(kind, jwk) if algorithms else None
    return None if key is None else VerifyingKey(kid, key, frozenset(algorithms))


def _read(segment: str) -> dict[str, Any]:
    try:
        value = orjson.loads(urlsafe_b64decode(segment.encode("ascii")))
    except ValueError:  # binascii.Error, UnicodeEncodeError and JSONDecodeError are ValueErrors
        raise TokenRefused(Refusal.MALFORMED) from None
    if not isinstance(value, dict):
        raise TokenRefused(Refusal.MALFORMED)
    return value


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops")
    return jwk.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )


def _import(kind: str, jwk: dict[str, Any]) -> Key | None:
    try:
        members = {member: jwk[member] for member in _PUBLIC_MEMBERS[kind]}
        if kind == "RSA" and base64_to_int(members["n"]).bit_length() < _LEAST_RSA_BITS:
            return None
        return _KEY_TYPES[kind].import_key({"kty": kind, **members})
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None
