"""Tokens of an outside issuer: a real HTTP server on loopback plays the issuer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from api.auth import Authenticator
from api.issuers import KeysUnreachable, RefreshingVerifier
from api.oidc import REFRESHED, oidc_client, oidc_issuer
from domain.accounts.errors import Refusal, TokenRefused
from domain.accounts.queries import StaffRecord
from domain.accounts.signatures import Algorithms
from domain.kernel.actor import Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.settings import WrongSetting

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
UNIT = UUID("01930000-0000-7000-8000-00000000000a")
RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
PUBLISHED = RSA.as_dict(private=False, kid="r")
OKP = OKPKey.generate_key("Ed25519")


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Issuer:
    """An issuer: its documents are plain data that a test may change."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.documents: dict[str, Any] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                found = issuer.documents.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(issuer.status if found is not None else 404)
                self.send_header("content-length", str(len(body)))
                if issuer.status == 302:
                    self.send_header("location", issuer.url + "/moved")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.publish(RSA=("r", RSA), EC=("e", EC), OKP=("o", OKP))

    def publish(self, **keys: tuple[str, Key]) -> None:
        self.documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": self.url + "/keys",
            },
            "/keys": {"keys": [key.as_dict(private=False, kid=kid) for kid, key in keys.values()]},
        }

    def token(
        self, kid: str = "r", key: Key = RSA, algorithm: str = "RS256", **changes: Any
    ) -> str:
        second = int(NOW.timestamp())
        usual = {
            "iss": self.url,
            "aud": ["jiesu-api", "account"],
            "sub": "user-1",
            "role": "agent",
            "iat": second,
            "exp": second + 360_000,
        }
        claims = {name: value for name, value in {**usual, **changes}.items() if value is not ...}
        header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
        return jws.serialize_compact(
            header, json.dumps(claims), key, registry=Algorithms([algorithm])
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, args=(0.02,))
    thread.start()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()
    thread.join()


@pytest.fixture
def source(issuer: Issuer) -> RefreshingVerifier:
    return oidc_issuer(issuer.url, "jiesu-api", oidc_client(), production=False)


@pytest.mark.parametrize(
    ("kid", "key", "algorithm"),
    [
        ("r", RSA, "RS256"),
        ("r", RSA, "PS512"),
        ("e", EC, "ES256"),
        ("o", OKP, "EdDSA"),
        ("o", OKP, "Ed25519"),
    ],
)
async def test_the_usual_algorithms_are_taken(
    issuer: Issuer, source: RefreshingVerifier, kid: str, key: Key, algorithm: str
) -> None:
    claims = await source.verify(issuer.token(kid, key, algorithm), NOW)
    assert (claims.grant.subject, claims.grant.role) == ("user-1", Role.AGENT)


async def test_documents_are_fetched_once_and_then_kept(
    issuer: Issuer, source: RefreshingVerifier
) -> None:
    for second in range(20):
        await source.verify(issuer.token(), NOW + timedelta(seconds=second))
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    await source.verify(issuer.token(), NOW + REFRESHED.every)
    assert len(issuer.asked) == 4


async def test_a_new_key_is_learnt_at_its_first_token_but_not_too_often(
    issuer: Issuer, source: RefreshingVerifier
) -> None:
    await source.verify(issuer.token(), NOW)
    new = RSAKey.generate_key(2048)
    issuer.publish(RSA=("new", new))
    too_soon = NOW + REFRESHED.soonest - timedelta(seconds=1)
    for _ in range(10):
        with pytest.raises(TokenRefused):
            await source.verify(issuer.token("new", new), too_soon)
    assert len(issuer.asked) == 2
    later = NOW + REFRESHED.soonest
    assert await source.verify(issuer.token("new", new), later)
    assert len(issuer.asked) == 4
    with pytest.raises(TokenRefused) as refused:
        await source.verify(issuer.token(), later)
    assert refused.value.reason is Refusal.UNKNOWN_KEY, "the old key is gone"


async def test_known_keys_serve_while_the_issuer_is_away(
    issuer: Issuer, source: RefreshingVerifier
) -> None:
    token = issuer.token()
    await source.verify(token, NOW)
    issuer.status = 500
    assert await source.verify(token, NOW + REFRESHED.stale_after - timedelta(seconds=1))
    with pytest.raises(KeysUnreachable):
        await source.verify(token, NOW + REFRESHED.stale_after + REFRESHED.soonest)


@pytest.mark.parametrize(
    "documents",
    [
        {},
        {"/.well-known/openid-configuration": b"not json"},
        {"/.well-known/openid-configuration": []},
        {
            "/.well-known/openid-configuration": {
                "issuer": "https://evil.example",
                "jwks_uri": "URL/keys",
            }
        },
        {"/.well-known/openid-configuration": {"issuer": "URL"}},
        {
            "/.well-known/openid-configuration": {
                "issuer": "URL",
                "jwks_uri": "http://10.0.0.1/keys",
            }
        },
        {"/.well-known/openid-configuration": {"issuer": "URL", "jwks_uri": "file:///etc/passwd"}},
        {"/keys": {}},
        {"/keys": {"keys": []}},
        {"/keys": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "r"}]}},
        {"/keys": {"keys": [{"kty": "RSA"}] * 65}},
        {"/keys": b" " * 300_000 + json.dumps({"keys": [PUBLISHED]}).encode()},
    ],
)
async def test_an_issuer_that_misbehaves_gives_no_keys(
    issuer: Issuer, source: RefreshingVerifier, documents: dict[str, Any]
) -> None:
    for path, document in documents.items():
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        issuer.documents[path] = text.replace(b'"URL', f'"{issuer.url}'.encode())
    if not documents:
        issuer.documents.clear()
    with pytest.raises(KeysUnreachable):
        await source.verify(issuer.token(), NOW)


async def test_redirects_are_not_followed(issuer: Issuer, source: RefreshingVerifier) -> None:
    issuer.documents["/moved"] = issuer.documents["/.well-known/openid-configuration"]
    issuer.status = 302
    with pytest.raises(KeysUnreachable):
        await source.verify(issuer.token(), NOW)
    assert "/moved" not in issuer.asked


async def test_the_public_key_is_no_hmac_secret(issuer: Issuer, source: RefreshingVerifier) -> None:
    header, payload, _ = issuer.token().split(".")
    header = encode(json.dumps({"alg": "HS256", "kid": "r", "typ": "JWT"}).encode())
    secret = RSA.as_pem(private=False)
    forged = hmac.digest(secret, f"{header}.{payload}".encode(), hashlib.sha256)
    with pytest.raises(TokenRefused) as refused:
        await source.verify(f"{header}.{payload}.{encode(forged)}", NOW)
    assert refused.value.reason is Refusal.WRONG_ALGORITHM


@pytest.mark.parametrize(
    ("address", "production"),
    [
        ("http://127.0.0.1:1", True),
        ("http://issuer.example", False),
        ("https://user@issuer.example", False),
        ("ftp://issuer.example", False),
        ("issuer.example", False),
        ("https://[", False),
        ("", False),
    ],
)
async def test_an_unsafe_address_stops_the_start(address: str, production: bool) -> None:
    async with oidc_client() as client:
        with pytest.raises(WrongSetting, match="JIESU_OIDC_ISSUER"):
            oidc_issuer(address, "jiesu-api", client, production=production)
        with pytest.raises(WrongSetting, match="JIESU_OIDC_AUDIENCE"):
            oidc_issuer("https://issuer.example", "", client, production=True)


async def test_the_staff_record_gives_the_role_that_the_token_lacks(
    issuer: Issuer, source: RefreshingVerifier, clock: FixedClock
) -> None:
    async def find_unit(_: str) -> UUID:
        return UNIT

    async def find_staff(subject: str) -> StaffRecord | None:
        return StaffRecord(Role.HANDLER, UNIT, True) if subject == "user-1" else None

    authenticator = Authenticator([source], find_unit=find_unit, find_staff=find_staff, clock=clock)
    actor = await authenticator.authenticate(f"Bearer {issuer.token(role=...)}")
    assert actor == Actor(Role.HANDLER, "user-1", unit_id=UNIT)
    for stranger in (issuer.token(role=..., sub="user-2"), issuer.token(role="admin")):
        with pytest.raises(TokenRefused) as refused:
            await authenticator.authenticate(f"Bearer {stranger}")
        assert refused.value.reason is Refusal.STAFF_DISAGREES
