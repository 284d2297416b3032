"""The endpoint behind the real server, over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
import websockets
from httpx_sse import aconnect_sse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

ROOT = Path(__file__).parents[3]
OURS = [Subprotocol("graphql-transport-ws")]
JSON = {"content-type": "application/json", "accept": "application/graphql-response+json"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Host and port of a server that runs the toy endpoint in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = "tests.support.toy:toy_application"
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--factory"]
    command += ["--no-log", "--host", "127.0.0.1", "--port", str(port), target]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


async def test_a_partial_success_is_294_on_the_wire(address: str) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        response = await client.post(
            f"http://{address}/graphql", json={"query": "{ hello broken }"}, headers=JSON
        )
        assert response.status_code == 294
        assert response.json()["data"] == {"hello": "hello world", "broken": None}
        head = await client.head(f"http://{address}/graphql?query=%7Bhello%7D")
        assert (head.status_code, head.content) == (200, b"")


async def raw(address: str, request: bytes) -> bytes:
    """Send bytes and read until the server has nothing more to say."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    await writer.drain()
    answer = b""
    while b"\r\n\r\n" not in answer:
        async with asyncio.timeout(5):
            chunk = await reader.read(4096)
        if not chunk:
            break
        answer += chunk
    writer.close()
    return answer


async def test_a_body_that_never_comes_is_408(address: str) -> None:
    request = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    answer = await raw(address, request + b'content-length: 100\r\n\r\n{"query":')
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_body_that_is_announced_too_long_is_413(address: str) -> None:
    request = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    answer = await raw(address, request + b"content-length: 100000000\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 413")


async def test_an_event_stream_on_the_wire(address: str) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        body = {"query": "subscription { count(to: 3, pause: 0.01) }"}
        async with aconnect_sse(client, "POST", f"http://{address}/graphql", json=body) as source:
            events = [event async for event in source.aiter_sse()]
    assert [event.event for event in events] == ["next", "next", "next", "complete"]
    assert orjson.loads(events[2].data)["data"] == {"count": 2}


async def test_leaving_an_event_stream_closes_its_source(address: str) -> None:
    """What was opened and closed in the other process is asked of it."""
    async with httpx.AsyncClient(verify=False) as client:
        body = {"query": "subscription { forever }"}
        async with aconnect_sse(client, "POST", f"http://{address}/graphql", json=body) as source:
            async for _ in source.aiter_sse():
                break
        for _ in range(50):
            response = await client.post(
                f"http://{address}/graphql", json={"query": "{ unfinished }"}, headers=JSON
            )
            if response.json()["data"] == {"unfinished": 0}:
                break
            await asyncio.sleep(0.02)
        assert response.json()["data"] == {"unfinished": 0}


async def test_a_socket_on_the_wire(address: str) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=OURS) as client:
        assert client.subprotocol == "graphql-transport-ws"
        await client.send('{"type":"connection_init","payload":{"authorization":"Bearer good"}}')
        assert await client.recv() == '{"type":"connection_ack"}'
        query = '{"query":"{ actor }"}'
        await client.send(f'{{"id":"1","type":"subscribe","payload":{query}}}')
        answer = orjson.loads(await client.recv())
        assert answer["payload"]["data"] == {"actor": "citizen"}
        assert orjson.loads(await client.recv()) == {"id": "1", "type": "complete"}
        await client.send("nonsense")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4400


async def test_foreign_pages_get_a_403_and_no_socket(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(
            f"ws://{address}/graphql", subprotocols=OURS, origin=Origin("https://evil.example")
        )
    assert refused.value.response.status_code == 403


async def test_the_legacy_subprotocol_is_4406(address: str) -> None:
    legacy = [Subprotocol("graphql-ws")]
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=legacy) as client:
        assert client.subprotocol is None
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4406


async def test_dropped_connections_close_their_sources(address: str) -> None:
    client = await websockets.connect(f"ws://{address}/graphql", subprotocols=OURS)
    await client.send('{"type":"connection_init"}')
    await client.recv()
    for identifier in range(3):
        query = '{"query":"subscription { forever }"}'
        await client.send(f'{{"id":"{identifier}","type":"subscribe","payload":{query}}}')
        await client.recv()
    client.transport.abort()
    async with httpx.AsyncClient(verify=False) as other:
        for _ in range(50):
            response = await other.post(
                f"http://{address}/graphql", json={"query": "{ unfinished }"}, headers=JSON
            )
            if response.json()["data"] == {"unfinished": 0}:
                break
            await asyncio.sleep(0.02)
    assert response.json()["data"] == {"unfinished": 0}
