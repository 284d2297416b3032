"""Operations and tokens over graphql-transport-ws."""

from __future__ import annotations

from typing import Any

import pytest

from schema.limits import Limits
from tests.support.sockets import INIT, Connect
from tests.support.toy import SECRET

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
