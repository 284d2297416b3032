"""GraphQL over SSE, distinct connections mode."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql import TransportSettings
from api.graphql.sse import next_event
from tests.api.graphql.conftest import http_scope
from tests.support.toy import SECRET

EVENTS = {"content-type": "application/json", "accept": "text/event-stream"}


def start(exchange: Any, query: str, endpoint: Any = None, **headers: str) -> Any:
    """Start a POST for an event stream."""
    one = exchange(http_scope(headers={**EVENTS, **headers}), endpoint)
    one.feed(type="http.request", body=orjson.dumps({"query": query}), more_body=False)
    return one


async def events_of(one: Any) -> list[tuple[str, Any]]:
    """Read a finished stream as a browser does: (event, data), comments left out."""
    begin = await one.next()
    assert begin["status"] == 200
    assert dict(begin["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    text = ""
    while True:
        message = await one.next()
        text += message["body"].decode()
        if not message.get("more_body"):
            break
    await one.ended()
    events = []
    for block in text.split("\n\n"):
        fields = dict(
            line.split(":", 1) for line in block.split("\n") if not line.startswith(":") and line
        )
        if fields:
            data = fields["data"].strip()
            events.append((fields["event"].strip(), orjson.loads(data) if data else None))
    return events


async def test_a_subscription_streams_and_completes(exchange: Any, witness: Any) -> None:
    events = await events_of(start(exchange, "subscription { count(to: 3) }"))
    assert [data["data"]["count"] for kind, data in events if kind == "next"] == [0, 1, 2]
    assert events[-1] == ("complete", None)
    assert (witness.opened, witness.closed) == (1, 1)


async def test_queries_and_mutations_are_one_event(exchange: Any, witness: Any) -> None:
    events = await events_of(start(exchange, 'mutation { addBook(book: {title: "x"}) }'))
    assert events[0][1]["data"] == {"addBook": "x"}
    assert [kind for kind, _ in events] == ["next", "complete"]
    assert witness.mutations == ["x"]
    broken = await events_of(start(exchange, "{ hello broken }"))
    assert broken[0][1]["data"] == {"hello": "hello world", "broken": None}


@pytest.mark.parametrize(
    "query", ["{", "{ nope }", "subscription { count }", "subscription { unseen }"]
)
async def test_what_is_wrong_before_execution_is_an_event(exchange: Any, query: str) -> None:
    """The protocol: a 400 would end a browser's EventSource without telling why."""
    events = await events_of(start(exchange, query))
    assert [kind for kind, _ in events] == ["next", "complete"]
    assert events[0][1]["errors"]
    assert "data" not in events[0][1]


async def test_a_source_that_breaks_ends_the_stream_masked(exchange: Any) -> None:
    events = await events_of(start(exchange, "subscription { failing }"))
    assert [kind for kind, _ in events] == ["next", "next", "complete"]
    assert events[1][1]["errors"][0]["message"] == "internal error"
    assert SECRET not in str(events)


async def test_leaving_closes_the_source(exchange: Any, witness: Any) -> None:
    one = start(exchange, "subscription { forever }")
    await one.next()
    await one.next()
    assert witness.opened == 1
    one.feed(type="http.disconnect")
    await one.ended()
    assert witness.closed == 1


async def test_a_connection_that_breaks_between_events_closes_the_source(
    exchange: Any, witness: Any
) -> None:
    one = start(exchange, "subscription { heavy(size: 1) }")
    await one.next()
    await one.next()
    one.broken = True
    with pytest.raises(OSError, match="gone"):
        await one.ended()
    assert (witness.opened, witness.closed) == (1, 1)


async def test_cancelling_closes_the_source(exchange: Any, witness: Any) -> None:
    one = start(exchange, "subscription { forever }")
    await one.next()
    await one.next()
    one.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one.ended()
    assert witness.closed == 1


async def test_silence_is_filled_with_comments(make_endpoint: Any, exchange: Any) -> None:
    endpoint = make_endpoint(settings=TransportSettings(keep_alive=0.02))
    one = start(exchange, "subscription { forever }", endpoint)
    await one.next()
    assert (await one.next())["body"].startswith(b"event: next")
    assert (await one.next())["body"] == b":\n\n"
    assert (await one.next())["body"] == b":\n\n"


async def test_a_subscription_takes_the_stream_where_json_is_accepted_too(exchange: Any) -> None:
    accept = "application/graphql-response+json, application/json, text/event-stream"
    events = await events_of(start(exchange, "subscription { count(to: 1) }", accept=accept))
    assert [kind for kind, _ in events] == ["next", "complete"]
    one = start(exchange, "{ hello }", accept=accept)
    headers = dict((await one.next())["headers"])
    assert headers[b"content-type"].startswith(b"application/graphql-response+json")


async def test_get_streams_subscriptions_and_executes_no_mutation(
    exchange: Any, witness: Any
) -> None:
    def get(query: str) -> Any:
        string = f"query={quote(query)}".encode()
        return exchange(http_scope("GET", {"accept": "text/event-stream"}, string))

    events = await events_of(get("subscription { count(to: 1) }"))
    assert [kind for kind, _ in events] == ["next", "complete"]
    refused = get('mutation { addBook(book: {title: "x"}) }')
    assert (await refused.next())["status"] == 405
    assert witness.mutations == []


async def test_head_opens_no_stream(exchange: Any, witness: Any) -> None:
    string = f"query={quote('subscription { forever }')}".encode()
    one = exchange(http_scope("HEAD", {"accept": "text/event-stream"}, string))
    assert dict((await one.next())["headers"])[b"content-type"].startswith(b"application/json")
    await one.ended()
    assert witness.opened == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer stolen"}, 401),
        ({"authorization": "Bearer slow-down"}, 429),
        ({"origin": "https://evil.example"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
async def test_what_is_no_operation_keeps_its_status(
    exchange: Any, witness: Any, headers: dict[str, str], status: int
) -> None:
    one = start(exchange, "subscription { forever }", **headers)
    assert (await one.next())["status"] == status
    await one.ended()
    assert witness.opened == 0


@given(st.lists(st.sampled_from([b'{"a":', b"1", b"\n", b"\r", b"\r\n", b" ", b"}"])))
def test_line_breaks_between_tokens_never_end_an_event(parts: list[bytes]) -> None:
    event = next_event(b"".join(parts))
    assert event.startswith(b"event: next\ndata: ")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n") == 3
    assert b"\r" not in event


async def test_json_of_postgresql_with_line_breaks_survives(exchange: Any) -> None:
    events = await events_of(start(exchange, "{ shelf { name size } }"))
    assert events[0][1]["data"]["shelf"] == {"name": "书", "size": 3}
