"""The load: requests over kept-alive connections, as many as are answered, from one thread.

Each connection has one request under way at a time. Every answer is checked; what is not a 200, or
says `errors`, counts as failed and not as answered.
"""

from __future__ import annotations

import selectors
import socket
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle
from typing import Final

import orjson

CONNECTIONS: Final = 16
_PIECE: Final = 1 << 18
_PATIENCE: Final = 10.0


class NoAnswer(Exception):
    """A server closed a connection, or said nothing for a long time."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What one stretch of load gave. Latencies are in seconds, in ascending order.

    `server_cpu`, `database_cpu` and `load_cpu` (our own) are the seconds of processor time that
    went into it; the first two where somebody measured them. They say nearly the same on a busy
    machine as on an idle one.
    """

    seconds: float
    latencies: array[float]
    failed: int
    sample: bytes
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    load_cpu: float = 0.0

    @property
    def answered(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def cpu_ms(self) -> float:
        """Milliseconds of processor time an answer, of the server and PostgreSQL together."""
        return (self.server_cpu + self.database_cpu) / self.answered * 1e3

    def percentile(self, share: float) -> float:
        """The latency, in milliseconds, that `share` of the answers did not exceed."""
        if not self.latencies:
            return float("nan")
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))] * 1e3


def joined(parts: Sequence[Pressed]) -> Pressed:
    """Several stretches of one load as one."""
    return Pressed(
        sum(part.seconds for part in parts),
        array("d", sorted(chain.from_iterable(part.latencies for part in parts))),
        sum(part.failed for part in parts),
        max((part.sample for part in parts), key=len),
        sum(part.server_cpu for part in parts),
        sum(part.database_cpu for part in parts),
        sum(part.load_cpu for part in parts),
    )


def post(path: str, body: object, token: str | None = None) -> bytes:
    """One GraphQL request as bytes, ready to be sent again and again."""
    content = orjson.dumps(body)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(content)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class _Connection:
    __slots__ = ("buffer", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Take in what is there; return the answer when it is whole."""
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise NoAnswer("a connection was closed")
        self.buffer = self.buffer + piece if self.buffer else piece
        answer = self.buffer
        if not _is_whole(answer):
            return None
        self.buffer = b""
        return answer


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")  # chunked; nothing is pipelined
    line_end = head.find(b"\r\n", at)
    length = int(head[at + 15 : line_end if line_end > 0 else None])
    return len(answer) >= end + 4 + length


def is_good(answer: bytes) -> bool:
    """Whether the answer is a 200 without errors."""
    return answer.startswith(b"HTTP/1.1 200") and b'"errors":' not in answer


def press(
    port: int, requests: Sequence[bytes], seconds: float, connections: int = CONNECTIONS
) -> Pressed:
    """Send the requests in turn for so many seconds. Raises NoAnswer, OSError."""
    following = cycle(requests)
    latencies, failed, sample = array("d"), 0, b""
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(port) for _ in range(connections)]
        try:
            begun, spent = time.perf_counter(), time.process_time()
            for connection in opened:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(next(following))
            now = begun
            while now - begun < seconds:
                ready = selector.select(_PATIENCE)
                if not ready:
                    raise NoAnswer(f"nothing was answered for {_PATIENCE:.0f} s")
                for key, _ in ready:
                    connection = key.data
                    answer = connection.receive()
                    if answer is None:
                        continue
                    now = time.perf_counter()
                    if is_good(answer):
                        latencies.append(now - connection.sent_at)
                    else:
                        failed += 1
                        sample = answer
                    connection.send(next(following))
        finally:
            for connection in opened:
                connection.socket.close()
    spent = time.process_time() - spent
    ordered = array("d", sorted(latencies))
    return Pressed(now - begun, ordered, failed, sample, load_cpu=spent)


def ask(port: int, request: bytes) -> bytes:
    """Send one request and return the body of its answer. Raises NoAnswer where it is no good."""
    connection = _Connection(port)
    try:
        connection.send(request)
        while (answer := connection.receive()) is None:
            pass
    finally:
        connection.socket.close()
    if not is_good(answer):
        raise NoAnswer(answer.decode(errors="replace")[:2000])
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"content-length:" in head.lower():
        return body
    return b"".join(body.split(b"\r\n")[1::2])
