"""What `jiesu run` shows: steps with a tick and the seconds they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Terminal:
    """Lines for a person: coloured and moving on a terminal, plain in a file or a pipe."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, line: str) -> None:
        self.console.print(escape(line))

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """Show `what` while the block runs, then a tick and the seconds; ✗ where it raises.

        What the block appends to the list is shown behind it.
        """
        began = time.monotonic()
        notes: list[str] = []
        mark = "[red]✗[/red]"
        try:
            if self.console.is_terminal:
                with self.console.status(escape(what)):
                    yield notes
            else:
                self.console.print(f"… {escape(what)}")
                yield notes
            mark = "[green]✓[/green]"
        finally:
            text = escape(" ".join([what, *notes]))
            self.console.print(f"{mark} {text} [dim]{time.monotonic() - began:.1f} s[/dim]")
