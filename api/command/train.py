"""`jiesu train`: learn the categories of complaints from a file, or from what agents corrected."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.training.examples import (
    OWN_RECIPE,
    SAMPLE_NAME,
    SAMPLE_RECIPE,
    Example,
    TooFewExamples,
)
from domain.classification.model import Model, packed
from domain.classification.queries import corrected_texts
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.settings import Settings, WrongSetting, read_settings

_MISSING = "training needs scikit-learn: pip install 'jiesu[train]'"
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file hold what. The title may be absent."""

    title: str = "title"
    content: str = "content"
    label: str = "category"


def read_examples(path: Path, columns: Columns) -> Iterator[Example]:
    """The examples of a .csv or .csv.gz with a header row; rows without a category are passed over.

    Raises OSError, ValueError where the file has not the columns.
    """
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    csv.field_size_limit(10_000_000)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = {columns.content, columns.label} - set(rows.fieldnames or ())
    if missing:
        raise ValueError(f"{path}: has no column {', '.join(sorted(missing))}")
    for row in rows:
        label = (row[columns.label] or "").strip()
        if label:
            yield Example(row.get(columns.title) or "", row[columns.content] or "", label)


async def corrections(settings: Settings) -> list[Example]:
    """What the centre made of the suggestions, from the city's database. Raises WrongSetting."""
    if settings.database_url is None:
        raise WrongSetting("DATABASE_URL: is needed for --from-corrections")
    database = Database(
        settings.database_url, city=settings.city, pool_size=1, application="jiesu train"
    )
    try:
        async with database.unit_of_work(SYSTEM) as work:
            return [Example(*row) for row in await corrected_texts(work.session)]
    finally:
        await database.close()


def learn(own: list[Example], *, sample: bool, console: Console) -> Model:
    """Train with a progress bar. Raises WrongSetting where scikit-learn is missing."""
    try:
        from api.training.learning import train
        from api.training.sample import catalogue_sample, written_sample
    except ModuleNotFoundError as error:
        raise WrongSetting(f"{_MISSING} ({error.name} is not there)") from None
    alone = sample and not own
    aids = [*catalogue_sample(), *(() if alone else written_sample())] if sample else []
    name, recipe = (SAMPLE_NAME, SAMPLE_RECIPE) if alone else ("jiesu-trained", OWN_RECIPE)
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=_STEPS)

        def tell(step: str) -> None:
            progress.update(bar, description=step, advance=1)

        return train(written_sample() if alone else own, name, recipe, aids=aids, tell=tell)


def register(app: typer.Typer) -> None:
    @app.command("train")
    def train_command(
        file: Annotated[
            Path | None, typer.Argument(help="A .csv or .csv.gz with a header row.")
        ] = None,
        out: Annotated[
            Path, typer.Option(help="Where the model goes; name it by JIESU_MODEL.")
        ] = Path("categories.model"),
        title: Annotated[str, typer.Option(help="Column of the title.")] = "title",
        content: Annotated[str, typer.Option(help="Column of the content.")] = "content",
        label: Annotated[str, typer.Option(help="Column of the category code.")] = "category",
        from_corrections: Annotated[
            bool, typer.Option("--from-corrections", help="Also what agents corrected.")
        ] = False,
        sample: Annotated[
            bool, typer.Option("--sample", help="Also the shipped sample, as an aid.")
        ] = False,
    ) -> None:
        """Train the model that suggests categories; needs `pip install 'jiesu[train]'`."""
        if file is None and not from_corrections and not sample:
            raise WrongSetting("nothing to learn from: name a FILE, --from-corrections or --sample")
        try:
            own = list(read_examples(file, Columns(title, content, label))) if file else []
            if from_corrections:
                own += asyncio.run(corrections(read_settings()))
            model = learn(own, sample=sample, console=Console(stderr=True))
            content_ = packed(model)
            out.write_bytes(content_)
        except (OSError, ValueError, TooFewExamples) as fault:
            raise WrongSetting(str(fault)) from None
        Console(highlight=False).print(
            f"{model.name} {model.version}: {len(model.labels)} categories, "
            f"{len(model.weights.runs):,} runs, {len(content_) / 1e6:.2f} MB → {out}",
            markup=False,
            soft_wrap=True,
        )
