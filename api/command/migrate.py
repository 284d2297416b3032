"""`jiesu migrate`: bring a city's schema to the newest state, or to a named one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from domain.kernel.settings import WrongSetting, read_settings

# Alembic itself is imported where it is used: it takes half a second, and nearly every start finds
# nothing to migrate.
if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_REVISION = re.compile(r"""^(down_)?revision\b.*= ["']([^"']+)["']""", re.M)


def alembic_config(url: str, city: str) -> Config:
    """Return Alembic's configuration for one city of one database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes.update(url=url, city=city)
    return config


def newest_revision() -> str:
    """Return the revision that the code wants: the one that no other builds upon.

    Raises RuntimeError where that is not exactly one.
    """
    made: set[str] = set()
    built_upon: set[str] = set()
    for script in (SCRIPTS / "versions").glob("*.py"):
        for down, revision in _REVISION.findall(script.read_text()):
            (built_upon if down else made).add(revision)
    heads = made - built_upon
    if len(heads) != 1:
        raise RuntimeError(f"one newest migration is needed, found {sorted(heads)}")
    return heads.pop()


async def present_revision(connection: asyncpg.Connection, city: str) -> str | None:
    """Return the revision of the city's schema; None where it was never migrated."""
    async with connection.transaction(readonly=True):
        await connection.execute("select set_config('search_path', $1, true)", city)
        if await connection.fetchval("select to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("select version_num from alembic_version")
        return revision


def upgrade(url: str, city: str, revision: str = "head") -> None:
    """Migrate the schema `city` of the database at `url` up to `revision`; it is made if missing.

    Starts an event loop of its own, so it may not be called from within one.
    """
    from alembic import command

    command.upgrade(alembic_config(url, city), revision)


def downgrade(url: str, city: str, revision: str) -> None:
    """Migrate down to `revision` (`base`: to nothing). What the later ones added is lost."""
    from alembic import command

    command.downgrade(alembic_config(url, city), revision)


def register(app: typer.Typer) -> None:
    @app.command("migrate")
    def migrate(
        to: Annotated[str, typer.Option(help="The revision to migrate up to.")] = "head",
    ) -> None:
        """Bring the database at DATABASE_URL to the state that this release needs."""
        settings = read_settings()
        if settings.database_url is None:
            raise WrongSetting("DATABASE_URL: is needed to migrate (`jiesu run` migrates its own)")
        upgrade(settings.database_url, settings.city, to)
        typer.echo(f"{settings.city}: at {to}")
