"""The command line: `jiesu run`, `serve`, `work`, `migrate`, `seed`, `token`, `replay`, `train`,
`doctor`.

Each command is a module of this package with `register(app)`. Only the module that is asked for is
imported, so that a command starts quickly.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import typer

from api.engines.program import StartFailed, name_process
from domain.kernel.settings import WrongSetting

COMMANDS = ("run", "doctor", "token", "seed", "migrate", "replay", "train", "serve", "work")

app = typer.Typer(
    name="jiesu",
    help="Jiesu 接诉: the backend of a 12345 citizens' hotline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _jiesu() -> None:
    """Keep `jiesu <command>` the form also where one command alone is registered."""


def main() -> None:
    """Run the command that the arguments name. A fault of the environment ends it with one line."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in COMMANDS:
        name_process(f"jiesu-{asked}")
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        if find_spec(f"{__name__}.{name}") is not None:
            import_module(f"{__name__}.{name}").register(app)
    try:
        app(prog_name="jiesu")
    except (WrongSetting, StartFailed) as fault:
        typer.secho(f"jiesu: {fault}", err=True, fg="red")
        raise SystemExit(2) from None
