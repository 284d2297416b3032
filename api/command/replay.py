"""`jiesu replay`: submit the complaints of a file over HTTP and tell what became of them."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.replay.rows import NoColumn, Wishes, read_rows, submissions
from api.replay.sending import NotWelcome, Pace, Sender
from api.replay.tally import Tally
from domain.kernel.settings import Settings, WrongSetting, read_settings
from domain.kernel.vocabulary import Channel

_PATIENCE = 30.0
INTERRUPTED = 130  # what a shell gives for a Ctrl-C


class AddressFrom(StrEnum):
    """Where a missing address comes from."""

    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay: what is sent, where to, how fast. `run` names it for a restart."""

    url: str
    rows: list[dict[str, str]]
    run: str
    wishes: Wishes
    pace: Pace


async def replay(
    plan: Replay, client: httpx.AsyncClient, now: datetime, progress: Progress | None = None
) -> tuple[Tally, Sender]:
    """Send the rows and return what became of them; Ctrl-C ends it between two rows.

    Raises NotWelcome, NoColumn before anything was sent.
    """
    inputs = submissions(plan.rows, plan.run, plan.wishes)
    first: list[dict[str, Any]] = [made for made in [next(inputs, None)] if made is not None]
    tally = Tally(now)
    sender = Sender(client, plan.url, tally)
    with _ending_on_interrupt(sender):
        await sender.greet()
        bar = progress.add_task("", total=len(plan.rows)) if progress else None

        def done() -> None:
            if progress is not None and bar is not None:
                progress.advance(bar)

        def all_inputs() -> Iterator[dict[str, Any]]:
            yield from first
            yield from inputs

        await sender.send(all_inputs(), plan.pace, done)
    return tally, sender


@contextmanager
def _ending_on_interrupt(sender: Sender) -> Iterator[None]:
    """The first Ctrl-C lets what is under way end; a second one is Python's own."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        sender.gave_up = sender.gave_up or "interrupted"
        sender.stopped.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, end)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def run_name(path: Path) -> str:
    """A name that is the same for the same file, so that a restarted replay goes on."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if any(not separator for _, separator, _ in pairs):
        raise typer.BadParameter("is written as name=header, e.g. content=诉求内容")
    return {name.strip(): header for name, _, header in pairs}


def _own_token() -> str:
    """What `jiesu token` prints for an agent. Raises WrongSetting where it prints none."""
    command = [
        sys.executable,
        "-m",
        "api.command",
        "token",
        "--role",
        "agent",
        "--subject",
        "replay",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().removeprefix("jiesu: ").splitlines() or ["no reason given"]
        raise WrongSetting(f"no token can be made here, give one by --token: {reason[-1]}")
    return done.stdout.strip()


async def _main(plan: Replay, token: str | None) -> int:
    """Replay with a progress bar; return the exit code."""
    if token is None:
        token = await asyncio.to_thread(_own_token)
    console, bars = Console(highlight=False), Console(stderr=True)
    limits = httpx.Limits(max_connections=plan.pace.concurrency)
    client = httpx.AsyncClient(
        headers={"authorization": f"Bearer {token}", "accept": "application/json"},
        timeout=_PATIENCE,
        limits=limits,
        trust_env=False,
    )
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with client:
        with Progress(*columns, console=bars, transient=True) as progress:
            tally, sender = await replay(plan, client, datetime.now(UTC), progress)
    tally.show(console, len(plan.rows))
    if sender.gave_up:
        console.print(f"stopped: {sender.gave_up}; the same command again goes on from here")
    if sender.gave_up == "interrupted":
        return INTERRUPTED
    return 1 if tally.failed else 0


def own_url(settings: Settings) -> str:
    """The address at which an installation with these settings serves."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/graphql"


def register(app: typer.Typer) -> None:
    @app.command("replay")
    def replay_command(
        file: Annotated[Path, typer.Argument(help="A .csv or .csv.gz with a header row.")],
        url: Annotated[
            str | None, typer.Option(help="Default: the one that HOST and PORT name.")
        ] = None,
        token: Annotated[str | None, typer.Option(help="Default: an agent's, made here.")] = None,
        limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
        rate: Annotated[float | None, typer.Option(min=0.01, help="Rows a second.")] = None,
        concurrency: Annotated[int, typer.Option(min=1, max=256)] = 8,
        column: Annotated[list[str] | None, typer.Option(help="name=header, repeated.")] = None,
        channel: Annotated[Channel, typer.Option(help="Of rows that name none.")] = Channel.IMPORT,
        address_from: Annotated[AddressFrom | None, typer.Option()] = None,
        fit: Annotated[bool, typer.Option("--fit", help="Cut titles to 200 characters.")] = False,
        run: Annotated[str | None, typer.Option(help="Another name makes new tickets.")] = None,
    ) -> None:
        """Submit the rows of a file; rows that were sent before, in this run, are not doubled."""
        try:
            rows = read_rows(file, limit)
            name = run or run_name(file)
            wishes = Wishes(_columns(column or []), address_from is not None, fit, channel)
            plan = Replay(
                url or own_url(read_settings()), rows, name, wishes, Pace(concurrency, rate)
            )
            code = asyncio.run(_main(plan, token))
        except (OSError, ValueError, NoColumn, NotWelcome) as fault:
            raise WrongSetting(str(fault)) from None
        raise typer.Exit(code)
