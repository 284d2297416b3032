"""What a program that is forked begins with, and how it ends. Each test in a parent of its own: a
process that forks has one thread, and the tests' has several."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.engines import ROOT
from tests.support.waiting import all_gone, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bears a fork")

BEGIN = """
import atexit, json, os, signal, sys, threading, time
from functools import partial
from pathlib import Path
from api.engines.program import Program, start
from api.engines.supervisor import Bell, Supervisor

log = Path(sys.argv[1])
kept = ["from the parent"]

def program(loaded, **fields):
    return Program(
        name="It", arguments=("/bin/sh", "-c", "echo executed"), ready=lambda _: True, log=log,
        loaded=loaded, **fields,
    )
"""


def run(script: str, log: Path, **environment: str) -> str:
    """Run BEGIN and the script in a process of its own; what the children wrote is in `log`."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script, str(log)],
        cwd=ROOT, env={"PATH": os.defpath, **environment},
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_begins_as_a_program_of_its_own_would(tmp_path: Path) -> None:
    script = """
def tell():
    kept.append("more")
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    handlers = {number.name: signal.getsignal(number) for number in asked}
    print(json.dumps({
        "kept": kept, "environment": dict(os.environ), "group": os.getpgid(0) == os.getpid(),
        "handlers": {name: getattr(handler, "__name__", None) or handler.name
                     for name, handler in handlers.items()},
        "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "wakeup": signal.set_wakeup_fd(-1), "read": sys.stdin.read(),
        "files": sorted(int(each.name) for each in Path("/proc/self/fd").iterdir()),
    }))

atexit.register(lambda: print("the parent's end"))
with Bell():
    held = log.with_name("lock").open("w")
    sys.stdout.write("said before; ")  # not yet written, and not to be written twice
    child = start(program(tell, environment={"A": "b"}))
    print(child.wait(), kept, signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    said = run(script, tmp_path / "log", JIESU_CITY="jinan")
    assert said == "said before; 0 ['from the parent'] set()\nthe parent's end\n"
    told: dict[str, Any] = json.loads((tmp_path / "log").read_text())
    assert told["kept"] == ["from the parent", "more"], "it has what the parent had loaded"
    assert told["environment"] == {"A": "b"}
    assert told["group"] and told["read"] == "" and told["wakeup"] == -1 and told["blocked"] == 0
    assert told["handlers"] == {
        "SIGINT": "default_int_handler", "SIGTERM": "SIG_DFL", "SIGCHLD": "SIG_DFL",
    }  # fmt: skip
    # Its own three, and the folder that was being listed: neither the parent's lock nor its bell.
    assert told["files"] == [0, 1, 2, 3]


def test_it_ends_where_its_work_ends(tmp_path: Path) -> None:
    script = """
for work in (
    lambda: print("done"),
    lambda: sys.exit(3),
    lambda: sys.exit("no room"),
    lambda: 1 / 0,
    lambda: os.kill(os.getpid(), signal.SIGKILL),
):
    try:
        child = start(program(work))
        print(child.wait(), child.poll())
    finally:
        print("the parent goes on")
"""
    codes = (0, 3, 1, 1, -signal.SIGKILL)
    expected = "".join(f"{code} {code}\nthe parent goes on\n" for code in codes)
    assert run(script, tmp_path / "log") == expected
    written = (tmp_path / "log").read_text().splitlines()
    assert written[:2] == ["done", "no room"]
    assert written[-1] == "ZeroDivisionError: division by zero"


def test_a_signal_that_comes_at_once_is_not_lost(tmp_path: Path) -> None:
    """Neither taken by the handlers that it has from the parent, nor told to the parent."""
    script = """
with Bell() as bell:
    for _ in range(50):
        child = start(program(lambda: time.sleep(20)))
        child.send_signal(signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM
    print(bell.rung)
"""
    assert run(script, tmp_path / "log") == "0\n"


def test_beside_a_thread_nothing_is_forked(tmp_path: Path) -> None:
    script = """
over = threading.Event()
thread = threading.Thread(target=over.wait)
thread.start()
print(start(program(lambda: print("forked"))).wait())
over.set()
thread.join()
print(start(program(lambda: print("forked"))).wait())
"""
    assert run(script, tmp_path / "log") == "0\n0\n"
    assert (tmp_path / "log").read_text().split() == ["executed", "forked"]


def test_what_dies_is_forked_again(tmp_path: Path) -> None:
    script = """
def live():
    print(os.getpid(), flush=True)
    time.sleep(20)

with Bell() as bell:
    said = []

    def say(line):
        said.append(line)
        if "runs again" in line:
            os.kill(os.getpid(), signal.SIGTERM)  # the end is asked for

    supervisor = Supervisor(bell, say)
    supervisor.start(program(live))
    while not log.read_text().split():
        time.sleep(0.01)
    os.kill(int(log.read_text()), signal.SIGKILL)
    supervisor.watch()
    while len(log.read_text().split()) < 2:
        time.sleep(0.01)
    supervisor.stop()
    print("\\n".join(said))
"""
    said = run(script, tmp_path / "log").splitlines()
    first, second = (tmp_path / "log").read_text().split()
    assert said == [
        "It was killed by signal 9; it is started again in 0.2 s",
        f"It runs again (process {second})",
    ]
    assert first != second


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    script = "print(start(program(lambda: time.sleep(60))).pid, flush=True)\ntime.sleep(60)\n"
    parent = subprocess.Popen(
        [sys.executable, "-c", BEGIN + script, str(tmp_path / "log")],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    parent.kill()
    parent.communicate()
    wait_until(lambda: all_gone([child]))
