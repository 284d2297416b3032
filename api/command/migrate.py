"""`jiesu migrate`: bring a city's schema to the newest state, or to a named one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from domain.kernel.settings import WrongSetting, read_settings

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str, city: str) -> Config:
    """Return Alembic's configuration for one city of one database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes.update(url=url, city=city)
    return config


def newest_revision() -> str | None:
    """Return the revision that the code wants, None where there are no migrations."""
    config = alembic_config("", "")
    return ScriptDirectory.from_config(config).get_current_head()


def upgrade(url: str, city: str, revision: str = "head") -> None:
    """Migrate the schema `city` of the database at `url` up to `revision`; it is made if missing.

    Starts an event loop of its own, so it may not be called from within one.
    """
    command.upgrade(alembic_config(url, city), revision)


def downgrade(url: str, city: str, revision: str) -> None:
    """Migrate down to `revision` (`base`: to nothing). What the later ones added is lost."""
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
