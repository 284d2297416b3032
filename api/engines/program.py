"""One program that is kept running: how it starts, when it is ready, how it stops."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from api.engines.forked import fork, may_fork

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
# Loaded here and not in the child: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartFailed(Exception):
    """Something cannot be started; the message is one clear line."""


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel to send this process `signal_number` when its parent dies (Linux only).

    Called in the child. A parent killed with -9 cannot stop its children; without this they would
    hold the port and the data directory for ever.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os.kill(os.getpid(), signal_number)


def name_process(name: str) -> None:
    """Let `ps -e`, `top` and `pgrep` show this process as `name`, at most 15 characters (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


class Child(Protocol):
    """A child process: a `subprocess.Popen`, or a `Forked`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The exit code, or the negative number of the signal; None while it runs."""

    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program for the supervisor.

    `ready` is asked with the process id until it says yes, at most `ready_within` seconds.
    `before` runs ahead of every start and clears what a killed predecessor left. `tier` orders the
    stop: the highest goes first. `log` takes the output; without it the terminal does.
    """

    name: str
    arguments: tuple[str, ...]
    ready: Callable[[int], bool]
    environment: Mapping[str, str] | None = None
    before: Callable[[], None] = field(default=lambda: None)
    stop_signal: int = signal.SIGTERM
    stop_within: float = 10.0
    ready_within: float = 30.0
    tier: int = 0
    log: Path | None = None
    account: Account | None = None
    loaded: Callable[[], object] | None = None


def start(program: Program) -> Child:
    """Start the program in a process group of its own, tied to the life of this process.

    The group keeps a Ctrl-C on the terminal from reaching it, so that the supervisor decides the
    order of stopping. Raises StartFailed.
    """
    parent = os.getpid()

    def tie() -> None:
        die_with_parent(parent, program.stop_signal)

    output = None if program.log is None else program.log.open("ab")
    try:
        program.before()
        if program.loaded is not None and program.account is None and may_fork():
            return fork(
                program.loaded,
                environment=program.environment,
                output=None if output is None else output.fileno(),
                begin=tie,
            )
        return subprocess.Popen(
            program.arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=program.environment,
            process_group=0,
            user=program.account.uid if program.account else None,
            group=program.account.gid if program.account else None,
            extra_groups=[] if program.account else None,
            # Runs after the change of user, which would clear the setting. It is system calls
            # alone: no lock that another thread might have held in the moment of the fork.
            preexec_fn=tie,  # noqa: PLW1509
        )
    except OSError as error:
        raise StartFailed(f"{program.name} cannot be started: {error}") from None
    finally:
        if output is not None:
            output.close()


def log_tail(program: Program, lines: int = 3) -> str:
    """Return the last lines of the program's log as one line."""
    if program.log is None or not program.log.exists():
        return "see above"
    text = program.log.read_text(errors="replace").strip().splitlines()
    return " | ".join(text[-lines:]) or f"nothing in {program.log}"
