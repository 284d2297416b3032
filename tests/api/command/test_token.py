"""`jiesu token`: the token it prints is one that the server takes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner

from api.auth import Authenticator, find_staff_in, find_unit_in
from api.command.token import TokenWish, make_token, register
from api.issuers import built_in_issuer
from domain.accounts.models import Citizen
from domain.accounts.protection import Protection
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock, SystemClock
from domain.kernel.database import Database
from domain.kernel.settings import Settings, WrongSetting
from domain.kernel.vocabulary import Channel
from domain.units.queries import id_of_code

PROTECTION = Protection(bytes(range(32)))
SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CODE = "110101001"


async def unit_id(database: Database, code: str) -> UUID | None:
    async with database.unit_of_work(SYSTEM) as work:
        return await id_of_code(work.session, code)


async def actor_of(database: Database, token: str) -> Actor:
    return await Authenticator(
        [built_in_issuer(database, issuer="jiesu", audience="jiesu")],
        find_unit=find_unit_in(database),
        find_staff=find_staff_in(database),
        clock=database.clock,
    ).authenticate(f"Bearer {token}")


async def test_every_kind_of_token_is_taken(database: Database, clock: FixedClock) -> None:
    for wish, expected in (
        (TokenWish(Role.AGENT), Actor(Role.AGENT, "agent")),
        (
            TokenWish(Role.HANDLER, unit=CODE),
            Actor(Role.HANDLER, f"handler-{CODE}", unit_id=await unit_id(database, CODE)),
        ),
        (
            TokenWish(Role.PARTNER, channel=Channel.WEIBO, subject="weibo"),
            Actor(Role.PARTNER, "weibo", channel="WEIBO"),
        ),
    ):
        token = await make_token(database, PROTECTION, Settings(), wish)
        assert await actor_of(database, token) == expected


async def test_a_citizens_token_is_the_citizen_of_the_number(database: Database) -> None:
    wish = TokenWish(Role.CITIZEN, phone="138 0000 0001")
    actor = await actor_of(database, await make_token(database, PROTECTION, Settings(), wish))
    async with database.unit_of_work(SYSTEM) as work:
        citizen = (await work.session.scalars(select(Citizen))).one()
    assert actor == Actor(Role.CITIZEN, f"citizen:{citizen.id}", citizen_id=citizen.id)


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        (TokenWish(Role.SYSTEM), "--role"),
        (TokenWish(Role.PUBLIC), "--role"),
        (TokenWish(Role.HANDLER), "--unit"),
        (TokenWish(Role.HANDLER, unit="999999"), "--unit: there is no unit 999999"),
        (TokenWish(Role.CITIZEN, phone="13800000001", unit=CODE), "--unit"),
        (TokenWish(Role.CITIZEN), "--phone"),
        (TokenWish(Role.CITIZEN, phone="1380000"), "--phone: is not a telephone number"),
        (TokenWish(Role.AGENT, phone="13800000001"), "--phone"),
        (TokenWish(Role.PARTNER), "--channel"),
        (TokenWish(Role.AGENT, channel=Channel.WEIBO), "--channel"),
    ],
)
async def test_a_wish_that_cannot_be_had_is_one_line_and_leaves_nothing(
    database: Database, wish: TokenWish, line: str
) -> None:
    with pytest.raises(WrongSetting) as refused:
        await make_token(database, PROTECTION, Settings(), wish)
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)
    async with database.unit_of_work(SYSTEM) as work:
        assert await work.session.scalar(select(func.count()).select_from(Citizen)) == 0


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


def test_the_command_prints_the_token_and_nothing_else(
    app: typer.Typer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("JIESU_SECRET", SECRET)
    result = CliRunner().invoke(app, ["token", "--role", "agent", "--hours", "1"])
    assert result.exit_code == 0, result.output
    token = result.stdout.strip()
    assert token.count(".") == 2 and "\n" not in token

    async def read() -> Actor:
        database = Database(database_url, city="beijing", clock=SystemClock())
        try:
            return await actor_of(database, token)
        finally:
            await database.close()

    import asyncio

    assert asyncio.run(read()) == Actor(Role.AGENT, "agent")


def test_production_prints_none_by_accident(
    app: typer.Typer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("JIESU_SECRET", SECRET)
    monkeypatch.setenv("JIESU_MODE", "production")
    refused = CliRunner().invoke(app, ["token", "--role", "admin"])
    assert isinstance(refused.exception, WrongSetting)
    assert "--i-know" in str(refused.exception)
    assert refused.stdout == ""
    assert CliRunner().invoke(app, ["token", "--role", "admin", "--i-know"]).exit_code == 0


@pytest.mark.parametrize("hours", ["0", "25"])
def test_no_token_lives_longer_than_a_day(app: typer.Typer, hours: str) -> None:
    assert CliRunner().invoke(app, ["token", "--role", "agent", "--hours", hours]).exit_code == 2
    assert TokenWish(Role.AGENT).lifetime == timedelta(hours=12)


def test_without_a_running_database_one_line_says_what_to_do(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("JIESU_SECRET", SECRET)
    refused = CliRunner().invoke(app, ["token", "--role", "agent"])
    assert isinstance(refused.exception, WrongSetting)
    assert "jiesu run" in str(refused.exception)
