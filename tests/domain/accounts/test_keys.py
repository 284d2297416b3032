"""Signing keys: a key is known before it signs and until its last token has ended."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from domain.accounts.errors import TokenRefused
from domain.accounts.keys import (
    LONGEST_TOKEN,
    PUBLISHED_AHEAD,
    ROTATED_EVERY,
    NoSigningKey,
    ensure_signing_key,
    key_ring,
    open_private,
    public_jwks,
    renew_signing_key,
    retire_signing_key,
    rotate_signing_key,
    signing_row,
)
from domain.accounts.models import SigningKey
from domain.accounts.protection import Protection, Unreadable
from domain.accounts.queries import signing_keys
from domain.accounts.tokens import Grant, TokenVerifier, issue_token
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import NotAllowed, NotFound


async def rows(database: Database) -> list[SigningKey]:
    async with database.unit_of_work(SYSTEM) as work:
        return list(await signing_keys(work.session))


async def token(database: Database, protection: Protection, now: datetime) -> str:
    row = signing_row(await rows(database), now)
    return issue_token(
        Grant("a", Role.AGENT),
        kid=row.kid,
        key=open_private(row, protection),
        issuer="jiesu",
        audience="jiesu",
        now=now,
        lifetime=LONGEST_TOKEN,
    )


async def is_good(database: Database, text: str, now: datetime) -> bool:
    ring = key_ring(await rows(database))
    try:
        TokenVerifier(ring, issuer="jiesu", audience="jiesu").verify(text, now)
    except TokenRefused:
        return False
    return True


async def test_ten_processes_that_start_at_once_make_one_key(
    database: Database, protection: Protection
) -> None:
    async def start() -> str:
        async with database.unit_of_work(SYSTEM) as work:
            return (await ensure_signing_key(work, protection)).kid

    assert len(set(await asyncio.gather(*(start() for _ in range(10))))) == 1
    assert len(await rows(database)) == 1


async def test_a_rotation_refuses_no_token(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        old = (await ensure_signing_key(work, protection)).kid
    async with database.unit_of_work(SYSTEM) as work:
        new = (await rotate_signing_key(work, protection)).kid
    assert signing_row(await rows(database), clock.now()).kid == old != new
    assert {key["kid"] for key in public_jwks(await rows(database), clock.now())["keys"]} == {
        old,
        new,
    }
    clock.advance(PUBLISHED_AHEAD - timedelta(seconds=1))
    last_of_old = await token(database, protection, clock.now())
    clock.advance(timedelta(seconds=1))
    assert signing_row(await rows(database), clock.now()).kid == new
    clock.advance(LONGEST_TOKEN - timedelta(seconds=2))
    assert await is_good(database, last_of_old, clock.now())
    first_of_new = await token(database, protection, clock.now())
    clock.advance(timedelta(seconds=2))
    assert not await is_good(database, last_of_old, clock.now())
    assert await is_good(database, first_of_new, clock.now())
    published = public_jwks(await rows(database), clock.now())["keys"]
    assert [key["kid"] for key in published] == [new]


async def test_a_second_rotation_waits_for_the_first(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    kids = []
    for _ in range(3):
        async with database.unit_of_work(SYSTEM) as work:
            await ensure_signing_key(work, protection)
            kids.append((await rotate_signing_key(work, protection)).kid)
    assert len(set(kids)) == 1
    assert len(await rows(database)) == 2


async def test_a_key_that_leaked_ends_at_once_and_another_signs(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        leaked = (await ensure_signing_key(work, protection)).kid
    text = await token(database, protection, clock.now())
    async with database.unit_of_work(SYSTEM) as work:
        await retire_signing_key(work, protection, leaked)
    assert not await is_good(database, text, clock.now())
    assert await is_good(database, await token(database, protection, clock.now()), clock.now())
    assert leaked not in str(public_jwks(await rows(database), clock.now()))


async def test_a_waiting_key_takes_over_from_one_that_leaked(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        leaked = (await ensure_signing_key(work, protection)).kid
        waiting = (await rotate_signing_key(work, protection)).kid
    async with database.unit_of_work(SYSTEM) as work:
        await retire_signing_key(work, protection, leaked)
    assert signing_row(await rows(database), clock.now()).kid == waiting
    assert len(await rows(database)) == 2


async def test_what_is_published_is_public(database: Database, protection: Protection) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        row = await ensure_signing_key(work, protection)
        seed = open_private(row, protection).as_dict(private=True)["d"]
    assert isinstance(seed, str)
    (key,) = public_jwks(await rows(database), row.created_at)["keys"]
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["crv"], key["alg"], key["use"]) == ("Ed25519", "EdDSA", "sig")
    assert seed not in str(key)
    with pytest.raises(Unreadable):
        open_private(row, Protection(bytes(32)))


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.CITIZEN, Role.AGENT, Role.PARTNER])
async def test_only_the_admin_manages_keys(
    database: Database, protection: Protection, role: Role
) -> None:
    for command in (ensure_signing_key, rotate_signing_key):
        with pytest.raises(NotAllowed):
            async with database.unit_of_work(Actor(role, "x")) as work:
                await command(work, protection)
    with pytest.raises(NotAllowed):
        async with database.unit_of_work(Actor(role, "x")) as work:
            await retire_signing_key(work, protection, "unknown")
    assert await rows(database) == []


async def test_nothing_signs_before_there_is_a_key(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    with pytest.raises(NoSigningKey):
        signing_row(await rows(database), clock.now())
    with pytest.raises(NotFound):
        async with database.unit_of_work(SYSTEM) as work:
            await retire_signing_key(work, protection, "unknown")


async def test_a_key_is_renewed_when_it_has_signed_long_enough(
    database: Database, protection: Protection, clock: FixedClock
) -> None:
    async def renew() -> int:
        async with database.unit_of_work(SYSTEM) as work:
            await renew_signing_key(work, protection)
        return len(await rows(database))

    assert await renew() == 1
    clock.advance(ROTATED_EVERY - timedelta(seconds=1))
    assert await renew() == 1
    clock.advance(timedelta(seconds=1))
    assert [await renew(), await renew()] == [2, 2]
    clock.advance(PUBLISHED_AHEAD)
    assert await renew() == 2
