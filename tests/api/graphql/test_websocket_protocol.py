"""graphql-transport-ws: how sockets end, close code by close code, and their bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.graphql import TransportSettings
from schema.limits import Limits
from tests.support.sockets import ACK, INIT, Connect

# -- how sockets end


async def test_no_init_is_4408(open_socket: Connect) -> None:
    socket = await open_socket(None, TransportSettings(init_timeout=0.03), init=None)
    assert await socket.closed() == 4408


async def test_a_second_init_is_4429(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.say(INIT)
    assert await socket.closed() == 4429


async def test_an_id_in_use_is_4409(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket()
    socket.subscribe("1", "subscription { forever }")
    await socket.hear()
    socket.subscribe("1", "{ hello }")
    assert await socket.closed() == 4409
    assert witness.closed == 1
    assert witness.queries == 0


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        "[]",
        '"ping"',
        "{}",
        '{"type":"start"}',
        '{"type":"connection_terminate"}',
        '{"type":"subscribe","payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":"1","payload":{"query":1}}',
        '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}',
        '{"type":"complete"}',
        '{"type":"ping","payload":"x"}',
        '{"type":"pong","payload":1}',
    ],
)
async def test_what_the_protocol_does_not_know_is_4400(
    open_socket: Connect, witness: Any, message: str
) -> None:
    socket = await open_socket()
    socket.say(message)
    assert await socket.closed() == 4400
    assert witness.queries == 0


async def test_binary_frames_are_4400(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.one.feed(type="websocket.receive", bytes=b'{"type":"ping"}', text=None)
    assert await socket.closed() == 4400


async def test_a_frame_at_the_bound_passes_and_a_byte_more_is_1009(open_socket: Connect) -> None:
    socket = await open_socket(Limits(frame_bytes=100))
    frame = '{"type":"ping","payload":{"x":"中"}}'
    room = 100 - len(frame.encode())
    socket.say(frame + " " * room)
    assert (await socket.hear())["type"] == "pong"
    socket.say(frame + " " * (room + 1))
    assert await socket.closed() == 1009


@pytest.mark.parametrize("subprotocols", [(), ("graphql-ws",), ("mqtt", "graphql-ws")])
async def test_other_subprotocols_are_4406(
    open_socket: Connect, subprotocols: tuple[str, ...]
) -> None:
    socket = await open_socket(subprotocols=subprotocols, init=None)
    assert await socket.one.next() == {"type": "websocket.accept"}
    assert await socket.closed() == 4406


async def test_ours_is_found_among_other_subprotocols(open_socket: Connect) -> None:
    socket = await open_socket(subprotocols=("graphql-ws", "graphql-transport-ws"))
    await socket.leave()


@pytest.mark.parametrize(
    ("origin", "opened"),
    [
        ("https://evil.example", False),
        ("null", False),
        ("https://toy.test", True),
        ("https://portal.example", True),
    ],
)
async def test_foreign_pages_are_refused_before_the_socket_opens(
    open_socket: Connect, origin: str, opened: bool
) -> None:
    transport = TransportSettings(origins=frozenset({"https://portal.example"}))
    socket = await open_socket(None, transport, headers={"origin": origin}, init=None)
    first = await socket.one.next()
    assert first["type"] == ("websocket.accept" if opened else "websocket.close")


async def test_leaving_closes_every_source(open_socket: Connect, witness: Any) -> None:
    """That no task is left is what the `exchange` fixture asserts of every test here."""
    socket = await open_socket()
    for identifier in ("1", "2", "3"):
        socket.subscribe(identifier, "subscription { forever }")
        await socket.hear()
    socket.subscribe("4", "{ slow(seconds: 60) }")
    await asyncio.sleep(0)
    await socket.leave()
    assert (witness.opened, witness.closed) == (3, 3)
    assert socket.one.outgoing.empty()


async def test_stopping_the_server_closes_every_source(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket()
    socket.subscribe("1", "subscription { forever }")
    await socket.hear()
    socket.one.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await socket.one.ended()
    assert witness.closed == 1


# -- ping and pong


async def test_a_ping_is_answered_with_its_payload_at_any_time(open_socket: Connect) -> None:
    socket = await open_socket(init=None)
    await socket.one.next()
    socket.say({"type": "ping"})
    assert await socket.hear() == {"type": "pong"}
    socket.say({"type": "ping", "payload": {"at": 1}})
    assert await socket.hear() == {"type": "pong", "payload": {"at": 1}}
    socket.say({"type": "pong", "payload": {"unasked": True}})
    socket.say(INIT)
    assert await socket.hear() == ACK


async def test_the_server_pings_and_ends_a_silent_socket(open_socket: Connect) -> None:
    transport = TransportSettings(init_timeout=0.01, ping_interval=0.02, silence=0.05)
    socket = await open_socket(None, transport)
    assert await socket.hear() == {"type": "ping"}
    assert await socket.closed() == 1001


async def test_a_socket_that_answers_is_kept(open_socket: Connect) -> None:
    transport = TransportSettings(init_timeout=0.01, ping_interval=0.05, silence=0.25)
    socket = await open_socket(None, transport)
    for _ in range(6):
        assert await socket.hear() == {"type": "ping"}
        socket.say({"type": "pong"})
    await socket.leave()


# -- bounds of a socket


async def test_subscriptions_of_a_socket_are_bounded(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket(Limits(socket_subscriptions=2))
    for identifier in ("1", "2"):
        socket.subscribe(identifier, "subscription { forever }")
        assert (await socket.hear())["type"] == "next"
    socket.subscribe("3", "subscription { forever }")
    refused = await socket.hear()
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "SUBSCRIPTIONS_EXCEEDED"
    assert witness.opened == 2
    socket.say({"id": "1", "type": "complete"})
    socket.subscribe("3", "subscription { forever }")
    assert (await socket.hear())["type"] == "next"


async def test_operations_of_a_socket_are_bounded(open_socket: Connect) -> None:
    socket = await open_socket(Limits(socket_operations=2))
    for identifier in ("1", "2", "3"):
        socket.subscribe(identifier, "{ slow(seconds: 0.05) }")
    refused = await socket.hear()
    assert (refused["id"], refused["type"]) == ("3", "error")
    assert refused["payload"][0]["extensions"]["code"] == "OPERATIONS_EXCEEDED"
    assert {(await socket.hear())["id"] for _ in range(4)} == {"1", "2"}
    socket.subscribe("3", "{ hello }")
    assert (await socket.hear())["type"] == "next"


async def test_a_client_that_does_not_read_is_closed_and_memory_stays_bounded(
    open_socket: Connect, witness: Any
) -> None:
    transport = TransportSettings(send_queue=4, send_patience=0.05)
    socket = await open_socket(None, transport)
    socket.one.deaf.clear()
    socket.subscribe("1", "subscription { heavy(size: 1000) }")
    await asyncio.sleep(0.15)
    assert socket.one.outgoing.empty()
    # Four in the queue, one with the writer, one that waits for room.
    assert witness.events == 6
    # The close frame is given up too, since the peer does not read it.
    await socket.one.ended()
    socket.one.deaf.set()


async def test_a_client_that_reads_slowly_is_served(open_socket: Connect) -> None:
    transport = TransportSettings(send_queue=2, send_patience=1.0)
    socket = await open_socket(None, transport)
    socket.one.deaf.clear()
    socket.subscribe("1", "subscription { count(to: 20) }")
    await asyncio.sleep(0.02)
    socket.one.deaf.set()
    heard = [await socket.hear() for _ in range(21)]
    assert [m["payload"]["data"]["count"] for m in heard[:-1]] == list(range(20))


@settings(
    max_examples=25,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(
        st.sampled_from(
            [
                '{"type":"ping"}',
                '{"type":"pong"}',
                '{"type":"subscribe","id":"1","payload":{"query":"subscription { forever }"}}',
                '{"type":"subscribe","id":"2","payload":{"query":"{ hello }"}}',
                '{"type":"complete","id":"1"}',
                '{"type":"complete","id":"2"}',
                '{"type":"connection_init"}',
                "{",
            ]
        ),
        max_size=12,
    )
)
async def test_no_order_of_messages_leaves_anything_behind(
    open_socket: Connect, witness: Any, messages: list[str]
) -> None:
    socket = await open_socket()
    before = len(asyncio.all_tasks())
    for message in messages:
        socket.say(message)
    socket.one.feed(type="websocket.disconnect", code=1000)
    await socket.one.ended()
    assert len(asyncio.all_tasks()) < before
    assert witness.opened == witness.closed
