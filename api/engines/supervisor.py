"""Keeps programs running: starts them in order, restarts what dies, stops them in reverse."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from api.engines.program import Child, Program, StartFailed, log_tail, start

BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the first, second … restart; the last goes on for ever."""

STEADY_AFTER = 30.0
"""A program that ran this many seconds starts again at the beginning of BACKOFF."""

_POLL = 0.02


class Interrupted(KeyboardInterrupt):
    """The user asked for the end (Ctrl-C, SIGTERM, SIGHUP) while something was being started."""


_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Bell:
    """The signals of this process: they set `rung` and wake a waiting `wait`."""

    def __init__(self) -> None:
        self.rung = 0
        self._interrupting = False
        self._ear, self._mouth = socket.socketpair()
        self._before: dict[int, _Handler] = {}

    def __enter__(self) -> Bell:
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._ring)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._ear.close()
        self._mouth.close()

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        self.rung += 1
        if self._interrupting:
            raise Interrupted

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Within this block a signal raises Interrupted at once (for long steps of our own)."""
        if self.rung:
            raise Interrupted
        self._interrupting = True
        try:
            yield
        finally:
            self._interrupting = False

    def wait(self, seconds: float | None) -> None:
        """Wait until a signal comes, at most `seconds`."""
        if select.select([self._ear], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                self._ear.recv(4096)


@dataclass(slots=True)
class _Running:
    program: Program
    process: Child | None
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """The programs of one installation. `say` gets one line for each death and restart."""

    def __init__(self, bell: Bell, say: Callable[[str], None]) -> None:
        self._bell = bell
        self._say = say
        self._running: list[_Running] = []

    @property
    def has_programs(self) -> bool:
        return bool(self._running)

    def start(self, program: Program) -> None:
        """Start the program and wait until it is ready. Raises StartFailed, Interrupted."""
        self.launch(program)()

    def launch(self, program: Program) -> Callable[[], None]:
        """Start the program; what is returned waits until it is ready. Both raise StartFailed and
        Interrupted."""
        if self._bell.rung:
            raise Interrupted
        process = start(program)
        self._running.append(_Running(program, process, time.monotonic()))
        return lambda: self._await_ready(program, process)

    def _await_ready(self, program: Program, process: Child) -> None:
        deadline = time.monotonic() + program.ready_within
        while not program.ready(process.pid):
            if (code := process.poll()) is not None:
                raise StartFailed(
                    f"{program.name} {_how(code)} while starting: {log_tail(program)}"
                )
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{program.name} is not ready after {program.ready_within:.0f} s:"
                    f" {log_tail(program)}"
                )
            self.pause()

    def pause(self) -> None:
        """Wait for a moment. Raises Interrupted."""
        self._bell.wait(_POLL)
        if self._bell.rung:
            raise Interrupted

    def watch(self) -> None:
        """Restart what dies until the user asks for the end; then return."""
        while not self._bell.rung:
            now = time.monotonic()
            for running in self._running:
                self._look_after(running, now)
            waits = [each.restart_at - now for each in self._running if each.restart_at is not None]
            # The second is for a death whose signal came before the look and after the wait.
            self._bell.wait(max(0.0, min([1.0, *waits])))

    def _look_after(self, running: _Running, now: float) -> None:
        if running.process is not None and (code := running.process.poll()) is not None:
            self._bury(running, running.process, code, now)
        if running.restart_at is not None and running.restart_at <= now:
            running.restart_at = None
            try:
                running.process = start(running.program)
            except StartFailed as error:
                running.process = None
                running.restart_at = now + BACKOFF[-1]
                self._say(str(error))
                return
            running.started_at = now
            self._say(f"{running.program.name} runs again (process {running.process.pid})")

    def _bury(self, running: _Running, process: Child, code: int, now: float) -> None:
        _kill_group(process)  # what it left behind would hold its port
        if now - running.started_at > STEADY_AFTER:
            running.deaths = 0
        pause = BACKOFF[min(running.deaths, len(BACKOFF) - 1)]
        running.deaths += 1
        running.process = None
        running.restart_at = now + pause
        self._say(f"{running.program.name} {_how(code)}; it is started again in {pause:g} s")

    def stop(self) -> None:
        """Stop everything, the highest tier first; two more signals make it short."""
        asked = self._bell.rung
        for tier in sorted({each.program.tier for each in self._running}, reverse=True):
            group = [
                (each.program, each.process)
                for each in self._running
                if each.program.tier == tier and each.process is not None
            ]
            for program, process in group:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        process.send_signal(program.stop_signal)
            for program, process in group:
                self._await_end(program, process, asked)
        self._running.clear()

    def _await_end(self, program: Program, process: Child, asked: int) -> None:
        deadline = time.monotonic() + program.stop_within
        while process.poll() is None:
            if time.monotonic() > deadline or self._bell.rung > asked + 1:
                self._say(f"{program.name} does not stop; it is killed")
                process.kill()
                process.wait()
                break
            self._bell.wait(_POLL)
        _kill_group(process)


def _kill_group(process: Child) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
