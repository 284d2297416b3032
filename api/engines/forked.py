"""A child that is a copy of this process: it begins with everything that is loaded here."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_THREADS = Path("/proc/self/task")
_FILES = Path("/proc/self/fd")


class Forked:
    """The parent's hold on such a child: what the supervisor needs of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, or the negative number of the signal; None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """Wait for the end; as `poll`, and never None."""
        code = self._reap(0)
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _reap(self, options: int) -> int | None:
        if self._code is None:
            ended, status = os.waitpid(self.pid, options)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code


def may_fork(patience: float = 0.1) -> bool:
    """Whether a copy of this process is whole: on Linux, where it has one thread.

    Of several threads a fork copies one, and the locks that the others held stay held for ever.
    Elsewhere the system's own libraries do not bear a fork. A thread that was joined stays in the
    kernel's list for a moment: for that there are `patience` seconds.
    """
    if sys.platform != "linux":
        return False
    deadline = time.monotonic() + patience
    while len(list(_THREADS.iterdir())) > 1:
        if threading.active_count() > 1 or time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def fork(
    work: Callable[[], object],
    *,
    environment: Mapping[str, str] | None,
    output: int | None,
    begin: Callable[[], None],
) -> Forked:
    """Do `work` in a copy of this process, as a program of its own would.

    It gets a process group, `environment`, nothing to read, the file descriptor `output` to write
    to (None for either: ours), no other file of ours, and the signals' usual handlers; `begin` is
    called first. It ends where `work` ends: nothing of what called this is returned to there.
    """
    _flush()
    # A signal for the child must not be taken by the handlers that it has from us.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _live(work, environment, output, begin, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return Forked(pid)


def _live(
    work: Callable[[], object],
    environment: Mapping[str, str] | None,
    output: int | None,
    begin: Callable[[], None],
    mask: set[int | signal.Signals],
) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        begin()
        _forget_files(output)
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
        _forget_handlers()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a terminal that is gone stops nobody
            stream.flush()


def _forget_files(output: int | None) -> None:
    """Leave what only the parent may hold: its lock above all. What Python objects still name
    these files are never collected: the parent's frames are never left here."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if output is not None:
        os.dup2(output, 1)
        os.dup2(output, 2)
    # Those that are open, not all that might be: a container may allow a billion of them.
    for file in list(_FILES.iterdir()):
        if int(file.name) > 2:
            with suppress(OSError):  # what the list was read from
                os.close(int(file.name))


def _forget_handlers() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
