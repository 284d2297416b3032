"""graphql-transport-ws, message by message and close code by close code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.graphql import TransportSettings
from schema.limits import Limits
from tests.support.toy import SECRET

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}


class Socket:
    """A client of the socket, on top of an ASGI exchange."""

    def __init__(self, one: Any) -> None:
        self.one = one
        one.feed(type="websocket.connect")

    def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        self.one.feed(type="websocket.receive", text=text)

    def subscribe(self, identifier: str, query: str, **payload: Any) -> None:
        self.say({"id": identifier, "type": "subscribe", "payload": {"query": query, **payload}})

    async def hear(self) -> Any:
        message = await self.one.next()
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def closed(self) -> int:
        """Skip what is said until the socket is closed; return the code."""
        while True:
            message = await self.one.next()
            if message["type"] == "websocket.close":
                await self.one.ended()
                return int(message["code"])

    async def leave(self) -> None:
        self.one.feed(type="websocket.disconnect", code=1000)
        await self.one.ended()


Connect = Callable[..., Any]


@pytest.fixture
def open_socket(exchange: Any, make_endpoint: Any) -> Connect:
    """Open a socket; with `init`, up to and including its acknowledgement."""

    async def connect(
        limits: Limits | None = None,
        transport: TransportSettings | None = None,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = ("graphql-transport-ws",),
        init: Any = INIT,
    ) -> Socket:
        scope = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "headers": [
                (name.encode(), value.encode())
                for name, value in ({"host": "toy.test"} | (headers or {})).items()
            ],
            "subprotocols": list(subprotocols),
        }
        socket = Socket(exchange(scope, make_endpoint(limits, transport)))
        if init is not None:
            accepted = await socket.one.next()
            assert accepted == {
                "type": "websocket.accept",
                "subprotocol": "graphql-transport-ws",
            }
            socket.say(init)
            assert await socket.hear() == ACK
        return socket

    return connect


# -- operations


async def test_a_query_is_next_and_complete(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.subscribe("1", "query Q($n: String!) { hello(name: $n) }", variables={"n": "小"})
    answer = await socket.hear()
    assert answer["id"] == "1"
    assert answer["type"] == "next"
    assert answer["payload"]["data"] == {"hello": "hello 小"}
    assert await socket.hear() == {"id": "1", "type": "complete"}
    await socket.leave()


async def test_mutations_pass_over_sockets(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket()
    socket.subscribe("1", 'mutation { addBook(book: {title: "x"}) }')
    assert (await socket.hear())["payload"]["data"] == {"addBook": "x"}
    assert witness.mutations == ["x"]


async def test_a_subscription_streams_and_completes(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket()
    socket.subscribe("s", "subscription { count(to: 3) }")
    for number in range(3):
        assert (await socket.hear())["payload"]["data"] == {"count": number}
    assert await socket.hear() == {"id": "s", "type": "complete"}
    assert witness.closed == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "DOCUMENT_UNPARSABLE"),
        ("{ nope }", "DOCUMENT_INVALID"),
        ("subscription { unseen }", "NOT_FOUND"),
        ("query A { hello } query B { hello }", "OPERATION_NAME_NEEDED"),
    ],
)
async def test_errors_before_execution_are_error_and_no_complete(
    open_socket: Connect, query: str, code: str
) -> None:
    socket = await open_socket()
    socket.subscribe("1", query)
    message = await socket.hear()
    assert message["type"] == "error"
    assert message["id"] == "1"
    assert message["payload"][0]["extensions"]["code"] == code
    socket.subscribe("1", "{ hello }")
    assert (await socket.hear())["type"] == "next"


async def test_the_limits_of_documents_are_those_of_post(open_socket: Connect) -> None:
    socket = await open_socket(Limits(depth=1))
    socket.subscribe("1", "{ shelf { name } }")
    assert (await socket.hear())["payload"][0]["extensions"]["code"] == "DEPTH_EXCEEDED"


async def test_a_source_that_breaks_is_masked(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.subscribe("1", "subscription { failing }")
    heard = [await socket.hear() for _ in range(2)]
    assert [message["type"] for message in heard] == ["next", "error"]
    assert heard[1]["payload"][0]["message"] == "internal error"
    assert SECRET not in str(heard)
    socket.say({"type": "ping"})
    assert await socket.hear() == {"type": "pong"}


async def test_operations_run_side_by_side(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.subscribe("slow", "{ slow(seconds: 0.05) }")
    socket.subscribe("quick", "{ hello }")
    assert [(await socket.hear())["id"] for _ in range(4)] == ["quick", "quick", "slow", "slow"]


async def test_complete_stops_a_subscription_and_frees_its_id(
    open_socket: Connect, witness: Any
) -> None:
    socket = await open_socket()
    socket.subscribe("1", "subscription { forever }")
    await socket.hear()
    socket.say({"id": "1", "type": "complete"})
    socket.say({"id": "unknown", "type": "complete"})
    socket.subscribe("1", "{ hello }")
    assert (await socket.hear())["payload"]["data"] == {"hello": "hello world"}
    assert (witness.opened, witness.closed) == (1, 1)
    assert await socket.hear() == {"id": "1", "type": "complete"}


async def test_an_id_used_again_belongs_to_its_new_operation(open_socket: Connect) -> None:
    socket = await open_socket()
    socket.subscribe("1", "subscription { forever }")
    await socket.hear()
    socket.say({"id": "1", "type": "complete"})
    socket.subscribe("1", "subscription { forever }")
    await socket.hear()
    # The end of the first must not have freed the id of the second.
    socket.subscribe("1", "{ hello }")
    assert await socket.closed() == 4409


async def test_each_operation_has_a_context_of_its_own(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket(headers={"x-request-id": "s-1"})
    for identifier in ("a", "b"):
        socket.subscribe(identifier, "{ hello }")
        await socket.hear()
        await socket.hear()
    assert witness.contexts == ["s-1", "s-1.1", "s-1.2"]


# -- tokens


@pytest.mark.parametrize("key", ["authorization", "Authorization"])
async def test_a_token_may_come_with_the_init(open_socket: Connect, key: str) -> None:
    init = {**INIT, "payload": {key: "Bearer good"}}
    socket = await open_socket(headers={"authorization": "Bearer stolen"}, init=init)
    socket.subscribe("1", "{ actor }")
    assert (await socket.hear())["payload"]["data"] == {"actor": "citizen"}


async def test_a_token_may_come_with_the_upgrade(open_socket: Connect) -> None:
    socket = await open_socket(headers={"authorization": "Bearer good"})
    socket.subscribe("1", "{ actor }")
    assert (await socket.hear())["payload"]["data"] == {"actor": "citizen"}


async def test_a_wrong_token_is_4403(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket(init=None)
    socket.say({**INIT, "payload": {"authorization": "Bearer stolen"}})
    assert await socket.closed() == 4403
    assert witness.contexts == []


async def test_a_broken_token_store_is_1011_and_logged(open_socket: Connect, logs: Any) -> None:
    socket = await open_socket(init=None)
    socket.say({**INIT, "payload": {"authorization": "Bearer broken"}})
    assert await socket.closed() == 1011
    assert logs[0]["event"] == "socket.failed"


async def test_subscribing_before_the_ack_is_4401(open_socket: Connect, witness: Any) -> None:
    socket = await open_socket(init=None)
    socket.subscribe("1", 'mutation { addBook(book: {title: "x"}) }')
    assert await socket.closed() == 4401
    assert witness.mutations == []


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
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
