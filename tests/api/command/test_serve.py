"""The HTTP server's own behaviour: slow and greedy clients, and no process left behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from websockets.sync.client import connect

from api.command.serve import LARGEST_HEADERS
from tests.support.engines import ROOT
from tests.support.waiting import all_gone, wait_until

HEADERS_WITHIN = 0.4  # seconds; the real one is longer than a test may last

PROGRAM = f"""
import sys
from api.command import serve
from domain.kernel.settings import read_settings
serve.HEADERS_WITHIN = {int(HEADERS_WITHIN * 1000)}
server = serve.server(
    read_settings(), processes=1, target=f"tests.support.plain_application:{{sys.argv[1]}}"
)
server.serve(target_loader=serve.load_application)
"""


class Server:
    """A running server with the smallest application."""

    def __init__(self, factory: str = "create_app") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, factory],
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PORT": str(self.port)},
            stdout=subprocess.PIPE,
        )

    def answers(self) -> bool:
        try:
            return self.post(b"") == b"0"
        except OSError:
            return False

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> bytes | int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("POST", "/", body, headers or {})
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else answer.status
        finally:
            connection.close()

    def connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    wait_until(server.answers)
    yield server
    server.process.terminate()
    assert server.process.wait(timeout=10) == 0


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"])
def test_who_does_not_finish_the_headers_is_let_go(server: Server, sent: bytes) -> None:
    with server.connection() as slow:
        slow.sendall(sent)
        began = time.monotonic()
        assert b" 200 " not in slow.recv(4096)
        assert HEADERS_WITHIN * 0.5 < time.monotonic() - began < HEADERS_WITHIN + 3
    assert server.answers()


def test_who_drips_headers_is_let_go_too(server: Server) -> None:
    with server.connection() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < 4:
                slow.sendall(b"X-A: b\r\n")
                time.sleep(0.05)
        assert time.monotonic() - began < 4


def test_headers_have_a_bound(server: Server) -> None:
    try:
        answer = server.post(b"", {"X-Big": "x" * (2 * LARGEST_HEADERS)})
    except OSError:
        answer = 431
    assert answer in (400, 431)
    assert server.answers()


def test_a_body_may_be_larger_than_the_headers(server: Server) -> None:
    assert server.post(b"x" * (8 * LARGEST_HEADERS)) == str(8 * LARGEST_HEADERS).encode()


def test_sockets_are_served(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/socket") as client:
        client.send("接诉")
        assert client.recv() == "接诉"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_server_leaves_no_process_with_the_port() -> None:
    server = Server()
    wait_until(server.answers)
    children = psutil.Process(server.process.pid).children(recursive=True)
    assert children
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    wait_until(lambda: all_gone(children))
    assert not server.answers()


def test_a_stop_is_heard_while_the_application_is_being_made() -> None:
    server = Server("create_slowly")
    assert server.process.stdout is not None
    assert server.process.stdout.readline() == b"begun\n"
    children = psutil.Process(server.process.pid).children()
    assert children
    server.process.terminate()
    assert server.process.wait(timeout=5) == 0
    server.process.stdout.close()
    assert all_gone(children)
