"""Tokens: what is signed here is taken, and every known way around a signature is refused."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from domain.accounts.errors import REFUSED, Refusal, TokenRefused
from domain.accounts.keys import KeyRing, VerifyingKey
from domain.accounts.signatures import Algorithms, claimed_issuer
from domain.accounts.tokens import LONGEST_TEXT, Claims, Grant, TokenVerifier, issue_token
from domain.kernel.actor import Role

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CITIZEN = UUID("01930000-0000-7000-8000-000000000001")
# RFC 8037, appendix A, which is the key of RFC 8032, 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
KEY = OKPKey.import_key(PRIVATE)
VERIFYING = VerifyingKey(
    KID, OKPKey.import_key(KEY.as_dict(private=False)), frozenset({"EdDSA"}), None
)


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def part(value: object) -> str:
    return encode(json.dumps(value).encode())


def claims(**changes: Any) -> dict[str, Any]:
    second = int(NOW.timestamp())
    usual = {
        "iss": "jiesu",
        "aud": "jiesu",
        "sub": "handler-1",
        "role": "handler",
        "unit": "110105001",
        "iat": second,
        "exp": second + 3600,
        "jti": "a",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def token(header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token signed with the right key, whatever it says."""
    usual = {"alg": "EdDSA", "kid": KID, "typ": "at+jwt"}
    merged = {
        name: value for name, value in {**usual, **(header or {})}.items() if value is not ...
    }
    text = f"{part(merged)}.{part(claims(**changes))}"
    return f"{text}.{encode(PRIVATE.sign(text.encode()))}"


def verifier(key: VerifyingKey = VERIFYING, **options: Any) -> TokenVerifier:
    return TokenVerifier(KeyRing([key]), **{"issuer": "jiesu", "audience": "jiesu", **options})


def refusal(text: str, now: datetime = NOW, **options: Any) -> Refusal:
    with pytest.raises(TokenRefused) as refused:
        verifier(**options).verify(text, now)
    assert refused.value.message == str(refused.value) == REFUSED
    return refused.value.reason


def issued(grant: Grant, lifetime: timedelta = timedelta(hours=12)) -> str:
    return issue_token(
        grant, kid=KID, key=KEY, issuer="jiesu", audience="jiesu", now=NOW, lifetime=lifetime
    )


def test_vectors_of_rfc_8032_and_8037() -> None:
    assert PRIVATE.public_key().public_bytes_raw() == PUBLIC
    assert PRIVATE.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")
    assert KEY.thumbprint() == KID
    from joserfc import jws

    signed = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    example = b"Example of Ed25519 signing"
    registry = Algorithms(["EdDSA"])
    assert jws.serialize_compact({"alg": "EdDSA"}, example, KEY, registry=registry) == signed
    assert jws.deserialize_compact(signed, VERIFYING.key, registry=registry).payload == example


@pytest.mark.parametrize(
    "grant",
    [
        Grant("c", Role.CITIZEN, citizen=CITIZEN),
        Grant("a", Role.AGENT),
        Grant("h", Role.HANDLER, unit="110105001"),
        Grant("s", Role.SUPERVISOR, unit="110105000"),
        Grant("e", Role.EVALUATOR),
        Grant("m", Role.ADMIN),
        Grant("p", Role.PARTNER, channel="PARTNER"),
    ],
)
def test_every_role_goes_there_and_back(grant: Grant) -> None:
    known = verifier().verify(issued(grant), NOW)
    assert known.grant == grant
    assert known.expires_at - known.issued_at == timedelta(hours=12)
    assert known.token_id


def test_no_two_tokens_are_the_same() -> None:
    grant = Grant("a", Role.AGENT)
    assert verifier().verify(issued(grant), NOW) != verifier().verify(issued(grant), NOW)


@pytest.mark.parametrize(
    "grant",
    [
        Grant("x", Role.SYSTEM),
        Grant("x", Role.PUBLIC),
        Grant("x", None),
        Grant("x", Role.HANDLER),
        Grant("x", Role.CITIZEN),
        Grant("x", Role.PARTNER),
        Grant("x", Role.AGENT, citizen=CITIZEN),
        Grant("x", Role.ADMIN, channel="PARTNER"),
        Grant("x", Role.CITIZEN, citizen=CITIZEN, unit="110105001"),
    ],
)
def test_an_unsound_grant_is_not_issued(grant: Grant) -> None:
    with pytest.raises(ValueError, match="role"):
        issued(grant)


@pytest.mark.parametrize("hours", [-1, 0, 25])
def test_no_token_outlives_the_rotation_of_keys(hours: int) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        issued(Grant("a", Role.AGENT), timedelta(hours=hours))


def test_the_hand_made_token_of_these_tests_is_good() -> None:
    assert verifier().verify(token(), NOW).grant == Grant("handler-1", Role.HANDLER, "110105001")


def _unsigned(algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': KID, 'typ': 'at+jwt'})}.{part(claims())}."


def _hmac_with_public_key() -> str:
    text = f"{part({'alg': 'HS256', 'kid': KID, 'typ': 'at+jwt'})}.{part(claims())}"
    return f"{text}.{encode(hmac.digest(PUBLIC, text.encode(), hashlib.sha256))}"


def _own_key_in_header() -> str:
    own = Ed25519PrivateKey.generate()
    jwk = OKPKey.import_key(own).as_dict(private=False)
    text = f"{part({'alg': 'EdDSA', 'kid': KID, 'typ': 'at+jwt', 'jwk': jwk})}.{part(claims())}"
    return f"{text}.{encode(own.sign(text.encode()))}"


def _another_key() -> str:
    text = f"{part({'alg': 'EdDSA', 'kid': KID, 'typ': 'at+jwt'})}.{part(claims())}"
    return f"{text}.{encode(Ed25519PrivateKey.generate().sign(text.encode()))}"


def _tampered_payload() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{part(claims(role='admin', unit=...))}.{signature}"


def _tampered_header() -> str:
    _, payload, signature = token().split(".")
    return (
        f"{part({'alg': 'EdDSA', 'kid': KID, 'typ': 'at+jwt', 'x5t': 'a'})}.{payload}.{signature}"
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: _unsigned("none"), Refusal.MALFORMED),
        (lambda: _unsigned("none") + "AA", Refusal.WRONG_ALGORITHM),
        (lambda: _unsigned("NonE") + "AA", Refusal.WRONG_ALGORITHM),
        (_hmac_with_public_key, Refusal.WRONG_ALGORITHM),
        (lambda: token({"alg": "Ed448"}), Refusal.WRONG_ALGORITHM),
        (lambda: token({"alg": "RS256"}), Refusal.WRONG_ALGORITHM),
        (_own_key_in_header, Refusal.UNSAFE_HEADER),
        (lambda: token({"jku": "https://evil.example/keys"}), Refusal.UNSAFE_HEADER),
        (lambda: token({"x5u": "https://evil.example/cert"}), Refusal.UNSAFE_HEADER),
        (lambda: token({"x5c": ["AA"]}), Refusal.UNSAFE_HEADER),
        (lambda: token({"crit": ["exp"], "exp": 1}), Refusal.UNSAFE_HEADER),
        (lambda: token({"b64": False, "crit": ["b64"]}), Refusal.UNSAFE_HEADER),
        (lambda: token({"typ": "JWT"}), Refusal.UNSAFE_HEADER),
        (lambda: token({"typ": ...}), Refusal.UNSAFE_HEADER),
        (lambda: token({"kid": "unknown"}), Refusal.UNKNOWN_KEY),
        (lambda: token({"kid": "../../etc/passwd"}), Refusal.UNKNOWN_KEY),
        (lambda: token({"kid": ...}), Refusal.MALFORMED),
        (lambda: token({"kid": ["a"]}), Refusal.MALFORMED),
        (lambda: token({"kid": "k" * 200}), Refusal.MALFORMED),
        (lambda: token({"alg": ...}), Refusal.MALFORMED),
        (lambda: token({"alg": None}), Refusal.MALFORMED),
        (_another_key, Refusal.BAD_SIGNATURE),
        (_tampered_payload, Refusal.BAD_SIGNATURE),
        (_tampered_header, Refusal.BAD_SIGNATURE),
        (lambda: token()[:-8] + "AAAAAAAA", Refusal.BAD_SIGNATURE),
        (lambda: token() + "=", Refusal.BAD_SIGNATURE),
        (lambda: token() + ".AA", Refusal.MALFORMED),
        (lambda: "", Refusal.MALFORMED),
        (lambda: "..", Refusal.MALFORMED),
        (lambda: "a.b.c", Refusal.MALFORMED),
        (lambda: f"{encode(b'[' * 500)}.AA.AA", Refusal.MALFORMED),
        (lambda: f"{part({'alg': 'EdDSA', 'kid': 'k' * 700})}.AA.AA", Refusal.MALFORMED),
        (lambda: "ü.ü.ü", Refusal.MALFORMED),
        (lambda: "\ud800.\ud800.\ud800", Refusal.MALFORMED),
    ],
)
def test_ways_around_the_signature(make: Callable[[], str], reason: Refusal) -> None:
    assert refusal(make()) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "evil"}, Refusal.WRONG_ISSUER),
        ({"iss": ...}, Refusal.WRONG_ISSUER),
        ({"aud": "another"}, Refusal.WRONG_AUDIENCE),
        ({"aud": ["another"]}, Refusal.WRONG_AUDIENCE),
        ({"aud": []}, Refusal.WRONG_AUDIENCE),
        ({"aud": ...}, Refusal.WRONG_AUDIENCE),
        ({"iat": int(NOW.timestamp()) - 60, "exp": int(NOW.timestamp())}, Refusal.EXPIRED),
        ({"iat": int(NOW.timestamp()) - 7200, "exp": int(NOW.timestamp()) - 1}, Refusal.EXPIRED),
        ({"iat": int(NOW.timestamp()) + 31}, Refusal.NOT_YET_VALID),
        ({"nbf": int(NOW.timestamp()) + 31}, Refusal.NOT_YET_VALID),
        ({"exp": ...}, Refusal.WRONG_CLAIMS),
        ({"iat": ...}, Refusal.WRONG_CLAIMS),
        ({"exp": "2099-01-01"}, Refusal.WRONG_CLAIMS),
        ({"exp": True}, Refusal.WRONG_CLAIMS),
        ({"exp": 10**300}, Refusal.WRONG_CLAIMS),
        ({"exp": int(NOW.timestamp()) - 10}, Refusal.WRONG_CLAIMS),
        ({"nbf": None}, Refusal.WRONG_CLAIMS),
        ({"sub": ...}, Refusal.WRONG_CLAIMS),
        ({"sub": ""}, Refusal.WRONG_CLAIMS),
        ({"sub": 7}, Refusal.WRONG_CLAIMS),
        ({"sub": "s" * 256}, Refusal.WRONG_CLAIMS),
        ({"jti": ...}, Refusal.WRONG_CLAIMS),
        ({"role": ...}, Refusal.WRONG_CLAIMS),
        ({"role": "mayor"}, Refusal.WRONG_CLAIMS),
        ({"role": "system", "unit": ...}, Refusal.WRONG_CLAIMS),
        ({"role": "public", "unit": ...}, Refusal.WRONG_CLAIMS),
        ({"role": ["handler"]}, Refusal.WRONG_CLAIMS),
        ({"role": "HANDLER"}, Refusal.WRONG_CLAIMS),
        ({"unit": ...}, Refusal.WRONG_CLAIMS),
        ({"role": "citizen", "unit": ...}, Refusal.WRONG_CLAIMS),
        ({"role": "citizen", "unit": ..., "citizen": "me"}, Refusal.WRONG_CLAIMS),
        ({"citizen": str(CITIZEN)}, Refusal.WRONG_CLAIMS),
        ({"role": "partner", "unit": ...}, Refusal.WRONG_CLAIMS),
    ],
)
def test_wrong_claims_under_the_right_signature(changes: dict[str, Any], reason: Refusal) -> None:
    assert refusal(token(**changes)) is reason


def test_a_payload_that_is_no_object() -> None:
    for payload in (b"[]", b"null", b"{", b"\xff", b"[" * 2000):
        text = f"{part({'alg': 'EdDSA', 'kid': KID, 'typ': 'at+jwt'})}.{encode(payload)}"
        signed = f"{text}.{encode(PRIVATE.sign(text.encode()))}"
        assert refusal(signed) is Refusal.MALFORMED


def test_one_audience_among_several_will_do() -> None:
    assert verifier().verify(token(aud=["another", "jiesu"]), NOW).grant.subject == "handler-1"


def test_another_machines_clock_may_be_a_little_ahead() -> None:
    second = int(NOW.timestamp())
    assert verifier().verify(token(iat=second + 30, nbf=second + 30), NOW)


def test_a_long_token_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr("domain.accounts.tokens.read_header", fail)
    assert refusal("a" * (LONGEST_TEXT + 1)) is Refusal.TOO_LONG


@given(st.integers(0, 5000), st.integers(0, 7))
def test_any_altered_character_is_refused(place: int, bit: int) -> None:
    text = token()
    index = place % len(text)
    altered = text[:index] + chr(ord(text[index]) ^ 1 << bit) + text[index + 1 :]
    with pytest.raises(TokenRefused):
        verifier().verify(altered, NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(TokenRefused):
        verifier().verify(text, NOW)
    with contextlib.suppress(TokenRefused):
        claimed_issuer(text)


def test_a_known_token_is_looked_up_and_ends_with_its_time() -> None:
    checked = verifier()
    text = token()
    first = checked.verify(text, NOW)
    assert checked.verify(text, NOW + timedelta(minutes=59, seconds=59)) is first
    with pytest.raises(TokenRefused) as refused:
        checked.verify(text, NOW + timedelta(hours=1))
    assert refused.value.reason is Refusal.EXPIRED


def test_a_known_token_ends_with_its_key() -> None:
    ends = NOW + timedelta(minutes=10)
    checked = verifier(VerifyingKey(KID, VERIFYING.key, VERIFYING.algorithms, ends))
    text = token()
    assert checked.verify(text, ends - timedelta(seconds=1)) is checked.verify(text, NOW)
    with pytest.raises(TokenRefused) as refused:
        checked.verify(text, ends)
    assert refused.value.reason is Refusal.UNKNOWN_KEY


def test_known_tokens_are_forgotten_when_their_key_goes() -> None:
    checked = verifier()
    text = token()
    first = checked.verify(text, NOW)
    checked.replace_keys(KeyRing([VERIFYING]))
    assert checked.verify(text, NOW) is first, "the same keys again forget nothing"
    checked.replace_keys(KeyRing([]))
    with pytest.raises(TokenRefused):
        checked.verify(text, NOW)


def test_a_refused_token_is_not_remembered_and_memory_is_bounded() -> None:
    checked = verifier(remembered=3)
    texts = [token(jti=str(number)) for number in range(5)]
    known: list[Claims] = [checked.verify(text, NOW) for text in texts]
    assert checked.verify(texts[4], NOW) is known[4]
    assert checked.verify(texts[0], NOW) is not known[0]
    with pytest.raises(TokenRefused):
        checked.verify("a.b.c", NOW)
    assert len(checked._known) == 3
    assert not any(text.encode() in name for name in checked._known for text in texts)


def test_tokens_from_outside_may_lack_role_and_id() -> None:
    text = token({"typ": "JWT"}, role=..., jti=..., unit=...)
    assert verifier(outside=True).verify(text, NOW).grant == Grant("handler-1", None)
    assert refusal(token({"typ": "secevent+jwt"}), outside=True) is Refusal.UNSAFE_HEADER
    assert refusal(token({"typ": 7}), outside=True) is Refusal.UNSAFE_HEADER
    assert refusal(token(role=..., citizen=str(CITIZEN)), outside=True) is Refusal.WRONG_CLAIMS
