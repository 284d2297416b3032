"""From the Authorization header to the actor: real tokens, a real database, every refusal alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import event

from api.auth import RECHECKED_AFTER, Authenticator, find_staff_in, find_unit_in
from api.issuers import BUILT_IN, KeysUnreachable, RefreshingVerifier, built_in_issuer
from domain.accounts.commands import create_staff, update_staff
from domain.accounts.errors import REFUSED, Refusal, TokenRefused
from domain.accounts.keys import (
    KeyRing,
    ensure_signing_key,
    open_private,
    retire_signing_key,
    rotate_signing_key,
)
from domain.accounts.models import Staff
from domain.accounts.protection import Protection
from domain.accounts.tokens import Grant, TokenVerifier, issue_token
from domain.kernel.actor import PUBLIC, SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.units.queries import id_of_code

CODE = "110101001"
CITIZEN = UUID("01930000-0000-7000-8000-000000000001")
PROTECTION = Protection(bytes(range(32)))


async def issue(database: Database, grant: Grant, **options: Any) -> str:
    async with database.unit_of_work(SYSTEM) as work:
        row = await ensure_signing_key(work, PROTECTION)
        usual = {"issuer": "jiesu", "audience": "jiesu", "lifetime": timedelta(hours=1)}
        key = open_private(row, PROTECTION)
        return issue_token(grant, kid=row.kid, key=key, now=work.now, **{**usual, **options})


async def unit_id(database: Database, code: str = CODE) -> UUID | None:
    async with database.unit_of_work(SYSTEM) as work:
        return await id_of_code(work.session, code)


@pytest.fixture
def authenticator(database: Database, clock: FixedClock) -> Authenticator:
    return Authenticator(
        [built_in_issuer(database, issuer="jiesu", audience="jiesu")],
        find_unit=find_unit_in(database),
        find_staff=find_staff_in(database),
        clock=clock,
    )


async def refusal(authenticator: Authenticator, header: str) -> Refusal:
    with pytest.raises(TokenRefused) as refused:
        await authenticator.authenticate(header)
    assert refused.value.message == REFUSED
    return refused.value.reason


async def test_no_token_is_the_public(authenticator: Authenticator) -> None:
    assert await authenticator.authenticate(None) is PUBLIC
    assert await authenticator.authenticate(None, "10.0.0.1") == Actor(
        Role.PUBLIC, "public", address="10.0.0.1"
    )


@pytest.mark.parametrize(
    ("grant", "actor"),
    [
        (Grant("c", Role.CITIZEN, citizen=CITIZEN), Actor(Role.CITIZEN, "c", citizen_id=CITIZEN)),
        (Grant("a", Role.AGENT), Actor(Role.AGENT, "a")),
        (Grant("m", Role.ADMIN), Actor(Role.ADMIN, "m")),
        (Grant("p", Role.PARTNER, channel="WEIBO"), Actor(Role.PARTNER, "p", channel="WEIBO")),
    ],
)
async def test_each_role_is_its_actor(
    authenticator: Authenticator, database: Database, grant: Grant, actor: Actor
) -> None:
    assert await authenticator.authenticate(f"Bearer {await issue(database, grant)}") == actor


async def test_a_handler_is_bound_to_the_unit_of_the_code(
    authenticator: Authenticator, database: Database
) -> None:
    token = await issue(database, Grant("h", Role.HANDLER, unit=CODE))
    actor = await authenticator.authenticate(f"bearer  {token}", "10.0.0.1")
    assert actor == Actor(Role.HANDLER, "h", unit_id=await unit_id(database), address="10.0.0.1")
    assert actor.unit_id is not None
    unknown = await issue(database, Grant("h", Role.HANDLER, unit="999999"))
    assert await refusal(authenticator, f"Bearer {unknown}") is Refusal.UNKNOWN_UNIT


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer ü", "Bearer a b"]
)
async def test_other_headers_are_refused(authenticator: Authenticator, header: str) -> None:
    assert await refusal(authenticator, header) is Refusal.MALFORMED


async def test_an_overlong_header_is_refused_unparsed(authenticator: Authenticator) -> None:
    assert await refusal(authenticator, "Bearer " + "a" * 4097) is Refusal.MALFORMED


async def test_a_token_for_another_issuer_or_audience_is_refused(
    authenticator: Authenticator, database: Database
) -> None:
    grant = Grant("a", Role.AGENT)
    other_issuer = await issue(database, grant, issuer="evil")
    assert await refusal(authenticator, f"Bearer {other_issuer}") is Refusal.WRONG_ISSUER
    other_audience = await issue(database, grant, audience="evil")
    assert await refusal(authenticator, f"Bearer {other_audience}") is Refusal.WRONG_AUDIENCE


async def test_a_refusal_is_logged_with_its_reason_and_without_the_token(
    authenticator: Authenticator, database: Database
) -> None:
    token = await issue(database, Grant("a", Role.AGENT), audience="evil")
    with structlog.testing.capture_logs() as lines:
        await refusal(authenticator, f"Bearer {token}")
    (line,) = lines
    assert (line["event"], line["reason"]) == ("token_refused", "wrong audience")
    assert token not in str(line)


async def test_an_expired_token_is_refused_though_it_was_known(
    authenticator: Authenticator, database: Database, clock: FixedClock
) -> None:
    token = await issue(database, Grant("a", Role.AGENT), lifetime=timedelta(seconds=5))
    await authenticator.authenticate(f"Bearer {token}")
    clock.advance(timedelta(seconds=5))
    assert await refusal(authenticator, f"Bearer {token}") is Refusal.EXPIRED


async def test_a_repeated_token_asks_the_database_nothing(
    authenticator: Authenticator, database: Database, clock: FixedClock
) -> None:
    header = f"Bearer {await issue(database, Grant('h', Role.HANDLER, unit=CODE))}"
    first = await authenticator.authenticate(header)
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    assert [await authenticator.authenticate(header) for _ in range(3)] == [first] * 3
    assert statements == []
    clock.advance(RECHECKED_AFTER)
    await authenticator.authenticate(header)
    assert len(statements) == 3, "the keys, the staff record, the unit"


async def test_staff_lose_what_an_older_token_says(
    authenticator: Authenticator, database: Database, clock: FixedClock
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        staff = await create_staff(work, subject="s", name="王五", role=Role.SUPERVISOR)
    header = f"Bearer {await issue(database, Grant('s', Role.SUPERVISOR))}"
    assert (await authenticator.authenticate(header)).role is Role.SUPERVISOR

    async def change(**changes: Any) -> Staff:
        clock.advance(RECHECKED_AFTER)
        async with database.unit_of_work(SYSTEM) as work:
            return await update_staff(work, staff.id, **changes)

    await change(role=Role.AGENT)
    assert await refusal(authenticator, header) is Refusal.STAFF_DISAGREES
    await change(role=Role.SUPERVISOR)
    assert (await authenticator.authenticate(header)).role is Role.SUPERVISOR
    await change(active=False)
    assert await refusal(authenticator, header) is Refusal.STAFF_DISAGREES


async def test_a_handler_moved_to_another_unit_cannot_use_the_old_one(
    authenticator: Authenticator, database: Database
) -> None:
    async with database.unit_of_work(SYSTEM) as work:
        await create_staff(
            work,
            subject="h",
            name="王五",
            role=Role.HANDLER,
            unit_id=await unit_id(database, "110101002"),
        )
    old = await issue(database, Grant("h", Role.HANDLER, unit=CODE))
    assert await refusal(authenticator, f"Bearer {old}") is Refusal.STAFF_DISAGREES
    new = await issue(database, Grant("h", Role.HANDLER, unit="110101002"))
    actor = await authenticator.authenticate(f"Bearer {new}")
    assert actor.unit_id == await unit_id(database, "110101002")


async def test_a_key_made_after_the_start_is_learnt_at_once(
    authenticator: Authenticator, database: Database, clock: FixedClock
) -> None:
    await authenticator.authenticate(f"Bearer {await issue(database, Grant('a', Role.AGENT))}")
    async with database.unit_of_work(SYSTEM) as work:
        waiting = await rotate_signing_key(work, PROTECTION)
    clock.advance(BUILT_IN.soonest)
    token = issue_token(
        Grant("a", Role.AGENT),
        kid=waiting.kid,
        key=open_private(waiting, PROTECTION),
        issuer="jiesu",
        audience="jiesu",
        now=clock.now(),
        lifetime=timedelta(hours=1),
    )
    assert (await authenticator.authenticate(f"Bearer {token}")).subject == "a"


async def test_a_retired_key_ends_its_tokens_within_the_recheck(
    authenticator: Authenticator, database: Database, clock: FixedClock
) -> None:
    header = f"Bearer {await issue(database, Grant('a', Role.AGENT))}"
    await authenticator.authenticate(header)
    async with database.unit_of_work(SYSTEM) as work:
        leaked = await ensure_signing_key(work, PROTECTION)
        await retire_signing_key(work, PROTECTION, leaked.kid)
    clock.advance(RECHECKED_AFTER)
    assert await refusal(authenticator, header) is Refusal.UNKNOWN_KEY


class Loads:
    """A source of keys that counts and can fail."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring, self.count, self.fails = ring, 0, False

    async def __call__(self) -> KeyRing:
        self.count += 1
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("away")
        return self.ring


def refreshing(loads: Loads) -> RefreshingVerifier:
    return RefreshingVerifier(
        TokenVerifier(KeyRing(()), issuer="jiesu", audience="jiesu"), loads, BUILT_IN
    )


async def test_made_up_key_ids_cannot_flood_the_source(
    database: Database, clock: FixedClock
) -> None:
    token = await issue(database, Grant("a", Role.AGENT))
    loads = Loads(KeyRing(()))
    verifier = refreshing(loads)
    for _ in range(50):
        with pytest.raises(TokenRefused):
            await verifier.verify(token, clock.now())
    assert loads.count == 1
    clock.advance(BUILT_IN.soonest)
    results = await asyncio.gather(
        *(verifier.verify(token, clock.now()) for _ in range(50)), return_exceptions=True
    )
    assert all(isinstance(result, TokenRefused) for result in results)
    assert loads.count == 2


async def test_old_keys_serve_while_the_source_is_away_but_not_for_ever(
    database: Database, clock: FixedClock
) -> None:
    from domain.accounts.keys import key_ring
    from domain.accounts.queries import signing_keys

    token = await issue(database, Grant("a", Role.AGENT), lifetime=timedelta(hours=3))
    async with database.unit_of_work(SYSTEM) as work:
        loads = Loads(key_ring(await signing_keys(work.session)))
    verifier = refreshing(loads)
    assert await verifier.verify(token, clock.now())
    loads.fails = True
    clock.advance(BUILT_IN.stale_after - timedelta(seconds=1))
    assert await verifier.verify(token, clock.now())
    clock.advance(timedelta(seconds=1))
    with pytest.raises(KeysUnreachable):
        await verifier.verify(token, clock.now())
    loads.fails = False
    clock.advance(BUILT_IN.soonest)
    assert await verifier.verify(token, clock.now())


async def test_no_keys_at_the_start_is_our_fault_and_not_the_tokens(
    database: Database, clock: FixedClock
) -> None:
    token = await issue(database, Grant("a", Role.AGENT))
    loads = Loads(KeyRing(()))
    loads.fails = True
    with pytest.raises(KeysUnreachable):
        await refreshing(loads).verify(token, clock.now())


async def test_remembered_actors_are_bounded(database: Database, clock: FixedClock) -> None:
    async def nobody(_: str) -> None:
        return None

    authenticator = Authenticator(
        [built_in_issuer(database, issuer="jiesu", audience="jiesu")],
        find_unit=nobody,
        find_staff=nobody,
        clock=clock,
        remembered=3,
    )
    for number in range(6):
        token = await issue(database, Grant(f"a{number}", Role.AGENT))
        await authenticator.authenticate(f"Bearer {token}")
    assert len(authenticator._known) == 3
