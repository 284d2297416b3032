"""The supervisor with real processes: restarts, the order of stopping, and no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from api.engines.program import Program, StartFailed
from api.engines.supervisor import Bell, Interrupted, Supervisor
from tests.support.engines import ROOT
from tests.support.waiting import wait_until

LOOP = "while :; do sleep 0.02; done"


def shell(name: str, script: str, **fields: object) -> Program:
    defaults: dict[str, object] = {"ready": lambda _: True, "stop_within": 2.0}
    return Program(name=name, arguments=("/bin/sh", "-c", script), **{**defaults, **fields})


@pytest.fixture
def bell() -> Iterator[Bell]:
    with Bell() as bell:
        yield bell


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(bell: Bell, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(bell, said.append)
    yield supervisor
    supervisor.stop()


def watch_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    """Watch as `jiesu run` does; when the condition holds, end it by SIGTERM."""

    def ask_for_the_end() -> None:
        wait_until(condition)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask_for_the_end)
    thread.start()
    supervisor.watch()
    thread.join()


def gone(process: int) -> bool:
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def written(path: Path) -> Callable[[int], bool]:
    return lambda _: path.exists() and path.read_text().endswith("\n")


def test_what_dies_is_started_again_ever_more_slowly(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    supervisor.start(shell("It", f"echo $$ >> {starts}; exit 3", ready=written(starts)))
    watch_until(supervisor, lambda: len(starts.read_text().splitlines()) >= 3)
    assert "It ended with code 3; it is started again in 0.2 s" in said
    assert "It ended with code 3; it is started again in 0.5 s" in said


def test_a_killed_program_comes_back_and_its_children_do_not_stay(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    mine, child = tmp_path / "mine", tmp_path / "child"
    script = f"sleep 60 & echo $! >> {child}; echo $$ >> {mine}; {LOOP}"
    supervisor.start(shell("It", script, ready=written(mine)))
    first, orphan = int(mine.read_text()), int(child.read_text())
    os.kill(first, signal.SIGKILL)
    watch_until(supervisor, lambda: len(mine.read_text().splitlines()) == 2)
    assert said[0] == "It was killed by signal 9; it is started again in 0.2 s"
    assert said[1].startswith("It runs again (process ")
    wait_until(lambda: gone(orphan))


def test_the_highest_tier_stops_first(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name, tier in (("database", 0), ("api", 1), ("queue", 0), ("worker", 1)):
        up = tmp_path / name
        script = f"trap 'echo {name} >> {order}; exit 0' TERM; echo > {up}; {LOOP}"
        supervisor.start(shell(name, script, tier=tier, ready=written(up)))
    supervisor.stop()
    stopped = order.read_text().split()
    assert set(stopped[:2]) == {"api", "worker"}
    assert set(stopped[2:]) == {"database", "queue"}


def test_what_does_not_stop_is_killed(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    up = tmp_path / "up"
    script = f"trap '' TERM; echo $$ > {up}; {LOOP}"
    supervisor.start(shell("Mule", script, ready=written(up), stop_within=0.1))
    supervisor.stop()
    assert said == ["Mule does not stop; it is killed"]
    assert gone(int(up.read_text()))


def test_a_failing_start_tells_the_log_in_one_line(supervisor: Supervisor, tmp_path: Path) -> None:
    program = shell(
        "It", "echo first; echo no room >&2; exit 4", ready=lambda _: False, log=tmp_path / "log"
    )
    with pytest.raises(StartFailed) as failure:
        supervisor.start(program)
    assert str(failure.value) == "It ended with code 4 while starting: first | no room"


def test_what_never_is_ready_is_not_waited_for(supervisor: Supervisor, tmp_path: Path) -> None:
    program = shell("It", LOOP, ready=lambda _: False, ready_within=0.1, log=tmp_path / "log")
    with pytest.raises(StartFailed, match="not ready after"):
        supervisor.start(program)


def test_a_missing_program_is_told(supervisor: Supervisor) -> None:
    program = Program(name="It", arguments=("/no/such/program",), ready=lambda _: True)
    with pytest.raises(StartFailed, match=r"It cannot be started: .*No such file"):
        supervisor.start(program)


def test_a_signal_during_a_start_ends_it(supervisor: Supervisor, tmp_path: Path) -> None:
    up = tmp_path / "up"

    def interrupt(_: int) -> bool:
        if written(up)(0):
            os.kill(os.getpid(), signal.SIGINT)
        return False

    with pytest.raises(Interrupted):
        supervisor.start(shell("It", f"echo $$ > {up}; {LOOP}", ready=interrupt))
    supervisor.stop()
    assert gone(int(up.read_text()))


def test_a_signal_interrupts_a_long_step(bell: Bell) -> None:
    with pytest.raises(Interrupted), bell.interrupting():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    with pytest.raises(Interrupted), bell.interrupting():
        raise AssertionError("after a signal no further step begins")


def test_the_handlers_are_given_back() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    before = [signal.getsignal(number) for number in numbers]
    with Bell():
        assert [signal.getsignal(number) for number in numbers] != before
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_supervisor_leaves_no_children() -> None:
    script = """
import time
from api.engines.program import Program, start
program = Program(name="It", arguments=("/bin/sleep", "60"), ready=lambda _: True)
print(start(program).pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.communicate()
    wait_until(lambda: gone(child))
