"""`jiesu token`: print a token of the built-in issuer, to try things out with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from api.command.run import DATABASE
from api.command.secret import resolve_secret
from api.engines.folders import prepare_data_folder, socket_folder
from api.engines.postgres import EmbeddedPostgres
from domain.accounts.commands import upsert_citizen
from domain.accounts.issuing import citizen_grant, issue
from domain.accounts.keys import ensure_signing_key
from domain.accounts.protection import Protection
from domain.accounts.tokens import Grant
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.database import Database
from domain.kernel.errors import DomainError
from domain.kernel.settings import Settings, WrongSetting, read_settings
from domain.kernel.vocabulary import Channel
from domain.kernel.work import UnitOfWork
from domain.units.queries import id_of_code

_CARRIED = sorted(role.value for role in Role if role not in {Role.PUBLIC, Role.SYSTEM})


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What the token shall say; `phone` is a citizen's, who is created if new."""

    role: Role
    unit: str | None = None
    subject: str | None = None
    phone: str | None = None
    channel: Channel | None = None
    lifetime: timedelta = timedelta(hours=12)


async def make_token(
    database: Database, protection: Protection, settings: Settings, wish: TokenWish
) -> str:
    """Return a token as wished, signed with the installation's key (made if there is none).

    Raises WrongSetting with one line where the wish cannot be had.
    """
    async with database.unit_of_work(SYSTEM) as work:
        grant = await _grant(work, protection, wish)
        await ensure_signing_key(work, protection)
        return await issue(
            work,
            protection,
            grant,
            issuer=settings.issuer,
            audience=settings.audience,
            lifetime=wish.lifetime,
        )


async def _grant(work: UnitOfWork, protection: Protection, wish: TokenWish) -> Grant:
    _check(wish)
    if wish.unit is not None and await id_of_code(work.session, wish.unit) is None:
        raise WrongSetting(f"--unit: there is no unit {wish.unit}")
    if wish.phone is None:
        subject = wish.subject or "-".join(filter(None, (wish.role.value, wish.unit)))
        return Grant(subject, wish.role, wish.unit, channel=wish.channel and wish.channel.value)
    try:
        citizen = await upsert_citizen(work, protection, wish.phone, None)
    except DomainError as error:
        raise WrongSetting(f"--{error.message}") from None
    grant = citizen_grant(citizen.id)
    return replace(grant, subject=wish.subject or grant.subject)


def _check(wish: TokenWish) -> None:
    if wish.role in {Role.PUBLIC, Role.SYSTEM}:
        raise WrongSetting(f"--role: must be one of {', '.join(_CARRIED)}")
    if wish.role is Role.HANDLER and wish.unit is None:
        raise WrongSetting("--unit: a handler needs one, e.g. --unit 110105001")
    if wish.unit is not None and wish.role in {Role.CITIZEN, Role.PARTNER}:
        raise WrongSetting("--unit: is for staff only")
    if (wish.phone is not None) is not (wish.role is Role.CITIZEN):
        raise WrongSetting("--phone: a citizen needs one, e.g. --phone 13800000000; nobody else")
    if (wish.channel is not None) is not (wish.role is Role.PARTNER):
        raise WrongSetting("--channel: a partner needs one, e.g. --channel PARTNER; nobody else")


def _database_url(settings: Settings) -> str:
    """DATABASE_URL, or the address of the PostgreSQL that `jiesu run` keeps for this data."""
    if settings.database_url is not None:
        return settings.database_url
    data = prepare_data_folder(settings.data)
    engine = EmbeddedPostgres(data / "postgres", socket_folder(data), data / "log" / "postgres.log")
    return engine.url(DATABASE)


async def _print_token(settings: Settings, wish: TokenWish) -> None:
    database = Database(_database_url(settings), city=settings.city, application="jiesu token")
    try:
        token = await make_token(database, Protection(resolve_secret(settings)), settings, wish)
    except OSError:
        raise WrongSetting("PostgreSQL is not running: start `jiesu run` first") from None
    except DBAPIError as error:
        raise WrongSetting(f"the database cannot be used: {type(error.orig).__name__}") from None
    finally:
        await database.close()
    typer.echo(token)


def register(app: typer.Typer) -> None:
    @app.command("token")
    def token(
        role: Annotated[Role, typer.Option(help=f"One of {', '.join(_CARRIED)}.")],
        unit: Annotated[str | None, typer.Option(help="The unit's code.")] = None,
        subject: Annotated[str | None, typer.Option(help="The `sub` claim.")] = None,
        phone: Annotated[str | None, typer.Option(help="The citizen's number.")] = None,
        channel: Annotated[Channel | None, typer.Option(help="The partner's channel.")] = None,
        hours: Annotated[int, typer.Option(min=1, max=24, help="How long it is valid.")] = 12,
        i_know: Annotated[
            bool, typer.Option("--i-know", help="Print one in production too: a way in for all.")
        ] = False,
    ) -> None:
        """Print one token of the built-in issuer; nothing else goes to standard output."""
        settings = read_settings()
        if settings.production and not i_know:
            raise WrongSetting("JIESU_MODE: tokens are printed in development (or with --i-know)")
        lifetime = timedelta(hours=hours)
        wish = TokenWish(role, unit, subject, phone, channel, lifetime)
        asyncio.run(_print_token(settings, wish))
