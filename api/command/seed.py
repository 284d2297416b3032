"""`jiesu seed`: bring what is shipped for a city (units, categories, catalogue) to its database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from domain.catalogue.seeding import seed_catalogue
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.seeding import Seeded, has_city, take_time
from domain.kernel.settings import Settings, WrongSetting, read_settings
from domain.tickets.categories import seed_categories
from domain.units.seeding import seed_units

_MOST_SHOWN = 20  # differences that are listed one by one


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What seeding one city did."""

    city: str
    units: Seeded
    categories: Seeded
    catalogue: Seeded

    @property
    def parts(self) -> tuple[Seeded, ...]:
        return self.units, self.categories, self.catalogue

    @property
    def added(self) -> int:
        return sum(seeded.added.total() for seeded in self.parts)

    @property
    def kept(self) -> int:
        return sum(seeded.kept.total() for seeded in self.parts)


async def seed(database_url: str, city: str) -> SeedReport:
    """Seed the schema `city` of a migrated database, in one transaction.

    Raises WrongSetting where no data of that city is shipped.
    """
    if not has_city(city):
        raise WrongSetting(f"JIESU_CITY: there is no data for a city called {city}")
    database = Database(database_url, city=city, pool_size=1, application="jiesu seed")
    try:
        async with database.unit_of_work(SYSTEM) as work:
            await take_time(work)
            return SeedReport(
                city,
                await seed_units(work, city),
                await seed_categories(work),
                await seed_catalogue(work, city),
            )
    finally:
        await database.close()


def seed_city(settings: Settings) -> SeedReport:
    """Seed the city that the settings name; for callers without an event loop.

    Raises WrongSetting without DATABASE_URL or for a city that no data is shipped for.
    """
    if settings.database_url is None:
        raise WrongSetting("DATABASE_URL: is needed to seed (`jiesu run` seeds its own)")
    return asyncio.run(seed(settings.database_url, settings.city))


def show(report: SeedReport, console: Console) -> None:
    """Print what was added and kept, and what an admin has made different."""
    table = Table(title=f"{report.city}", title_justify="left")
    table.add_column("")
    table.add_column("added", justify="right")
    table.add_column("kept", justify="right")
    for seeded in report.parts:
        for sort in dict.fromkeys([*seeded.added, *seeded.kept]):
            table.add_row(sort.lower(), str(seeded.added[sort]), str(seeded.kept[sort]))
    console.print(table)
    differences = [*report.units.differences, *report.categories.differences]
    for one in differences[:_MOST_SHOWN]:
        console.print(
            f"{one.code}: {one.field} is {one.held!r}, shipped as {one.shipped!r}; kept",
            markup=False,
        )
    if len(differences) > _MOST_SHOWN:
        console.print(f"… and {len(differences) - _MOST_SHOWN} more that differ")


def register(app: typer.Typer) -> None:
    @app.command("seed")
    def seed_command(
        city: Annotated[str | None, typer.Option(help="The city (default: JIESU_CITY).")] = None,
    ) -> None:
        """Add the shipped units, categories and catalogue that DATABASE_URL's database lacks."""
        settings = read_settings()
        if city is not None:
            settings = settings.model_copy(update={"city": city})
        show(seed_city(settings), Console(highlight=False))
