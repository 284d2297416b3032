"""Keys of other people's key sets: each may be used with the algorithms of its type only."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import OKPKey

from domain.accounts.signatures import verifying_key

KEY = OKPKey.generate_key("Ed25519")
POINT = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _jwk(key: Any, **changes: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    size = math.ceil(numbers.n.bit_length() / 8) if hasattr(numbers, "n") else 32
    if hasattr(numbers, "n"):
        fields = {"kty": "RSA", "n": numbers.n.to_bytes(size), "e": numbers.e.to_bytes(3)}
    else:
        fields = {"kty": "EC", "x": numbers.x.to_bytes(size), "y": numbers.y.to_bytes(size)}
        changes = {"crv": "P-256", **changes}
    texts = {
        name: encode(value) if isinstance(value, bytes) else value for name, value in fields.items()
    }
    return {"kid": "k", **texts, **changes}


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def test_each_type_of_key_allows_its_algorithms_only() -> None:
    rsa_key, ec_key = verifying_key(_jwk(RSA)), verifying_key(_jwk(EC))
    okp_key = verifying_key({**KEY.as_dict(private=True), "kid": "k"})
    assert rsa_key is not None and rsa_key.algorithms == {
        *("RS256", "RS384", "RS512"),
        *("PS256", "PS384", "PS512"),
    }
    assert ec_key is not None and ec_key.algorithms == {"ES256"}
    assert okp_key is not None and okp_key.algorithms == {"EdDSA", "Ed25519"}
    assert not okp_key.key.is_private, "a private member in a public document is not read"
    named = verifying_key(_jwk(RSA, alg="PS256"))
    assert named is not None and named.algorithms == {"PS256"}


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        {},
        {"kty": "oct", "k": encode(POINT), "kid": "k"},
        _jwk(RSA, use="enc"),
        _jwk(RSA, key_ops=["encrypt"]),
        _jwk(RSA, kid=...),
        _jwk(RSA, kid=""),
        _jwk(RSA, alg="HS256"),
        _jwk(RSA, alg="none"),
        _jwk(RSA, n="not base64!"),
        _jwk(RSA, n=7),
        _jwk(EC, crv="secp256k1"),
        _jwk(EC, crv=["P-256"]),
        _jwk(EC, x=encode(bytes(32))),
        _jwk(rsa.generate_private_key(65537, 1024)),
        {"kty": "OKP", "crv": "X25519", "x": encode(POINT), "kid": "k"},
    ],
)
def test_keys_that_are_not_for_signatures_are_passed_over(jwk: object) -> None:
    assert verifying_key(jwk) is None
