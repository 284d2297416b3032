"""The load generator counts what a real server answered, and nothing else."""

from __future__ import annotations

import socket
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import load

WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"data":null}'
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{"data":null}\r\n0\r\n\r\n'
WRONG = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"errors":[]}'
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


@contextmanager
def answering(*answers: bytes, pieces: int = 1) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives these answers in turn, each in so many pieces, and keeps what it got."""
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in range(10**9):
                try:
                    request = connection.recv(65536)
                    if not request:
                        return
                    received.append(request)
                    answer = answers[number % len(answers)]
                    size = -(-len(answer) // pieces)
                    for start in range(0, len(answer), size):
                        connection.sendall(answer[start : start + size])
                except OSError:
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], received
        listener.shutdown(socket.SHUT_RDWR)


REQUESTS = [load.post("/graphql", {"query": "{a}"}), load.post("/graphql", {"query": "{b}"}, "t")]


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED])
@pytest.mark.parametrize("pieces", [1, 3])
def test_whole_answers_are_counted_each_once(answer: bytes, pieces: int) -> None:
    with answering(answer, pieces=pieces) as (port, received):
        pressed = load.press(port, REQUESTS, 0.1, connections=2)
    assert 0 < pressed.answered <= len(received) <= pressed.answered + 2
    assert pressed.failed == 0
    assert set(received) == set(REQUESTS)
    assert pressed.rate == pytest.approx(pressed.answered / pressed.seconds)
    assert pressed.latencies == array("d", sorted(pressed.latencies))


def test_refusals_and_errors_are_not_answers() -> None:
    with answering(WHOLE, WRONG, UNAVAILABLE) as (port, _):
        pressed = load.press(port, REQUESTS, 0.1, connections=1)
    assert abs(pressed.failed - 2 * pressed.answered) <= 2
    assert pressed.sample in (WRONG, UNAVAILABLE)


def test_one_answer_is_had_without_its_framing() -> None:
    for answer in (WHOLE, CHUNKED):
        with answering(answer) as (port, _):
            assert load.ask(port, REQUESTS[0]) == b'{"data":null}'
    with answering(WRONG) as (port, _), pytest.raises(load.NoAnswer):
        load.ask(port, REQUESTS[0])


def test_a_server_that_hangs_up_is_told() -> None:
    with answering(b"") as (port, _):

        def hang_up() -> None:
            load.press(port, REQUESTS, 0.1, connections=1)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
            port = listener.getsockname()[1]
            with pytest.raises((load.NoAnswer, ConnectionError)):
                hang_up()


def test_slices_become_one_stretch() -> None:
    parts = [
        load.Pressed(1.0, array("d", [0.1, 0.3]), 0, b"", 1.0, 0.5),
        load.Pressed(2.0, array("d", [0.2]), 1, b"no", 0.5, 0.25),
    ]
    whole = load.joined(parts)
    assert (whole.seconds, whole.answered, whole.failed, whole.sample) == (3.0, 3, 1, b"no")
    assert list(whole.latencies) == [0.1, 0.2, 0.3]
    assert whole.rate == 1.0
    assert whole.percentile(0.5) == pytest.approx(200)
    assert whole.cpu_ms() == pytest.approx(750)
