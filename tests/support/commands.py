"""`jiesu serve`, `work` and `migrate` as processes of their own, which may be killed.

Each is forked from one process that has loaded everything and does nothing else: loading is two
seconds of a core. That the commands start from nothing is for `test_run`, `test_main`, `test_serve`
and the chaos test to see.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from api.command import main
from tests.support.engines import ROOT

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["tests.support.commands", *(f"api.command.{name}" for name in ("serve", "work", "migrate")),
     "api.app", "jobs.worker"]
)  # fmt: skip


class Command:
    """A running `jiesu` with these arguments; what it says goes to the end of the file `log`.

    `environment` is all that it gets. Whoever starts one ends it.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str], log: Path) -> None:
        self._process = _FORKS.Process(target=_run, args=(arguments, dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, or the negative number of the signal; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the end; as `poll`. Raises TimeoutExpired, as `subprocess.Popen` does."""
        self._process.join(seconds)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("jiesu", seconds or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.close(output)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["jiesu", *arguments]
    main()
