"""Requests over HTTP beyond the audits: sizes, slowness, batches, origins, masking."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.graphql import GraphQLEndpoint, TransportSettings
from domain.kernel.errors import RateLimited
from schema.limits import Limits
from tests.api.graphql.conftest import http_scope

GRAPHQL = "application/graphql-response+json"
JSON = {"content-type": "application/json", "accept": GRAPHQL}
MUTATION = 'mutation { addBook(book: {title: "x"}) }'


async def post(client: Any, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.post("/graphql", content=content, headers=sent)


def code(response: Any) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


# -- bodies


async def test_a_body_at_the_bound_passes_and_one_byte_more_does_not(
    make_client: Any, witness: Any
) -> None:
    client = make_client(Limits(body_bytes=200))
    body = orjson.dumps({"query": MUTATION})
    padded = body + b" " * (200 - len(body))
    assert (await post(client, padded)).status_code == 200
    response = await post(client, padded + b" ")
    assert response.status_code == 413
    assert code(response) == "BODY_TOO_LONG"
    assert witness.mutations == ["x"]


async def test_a_long_body_is_refused_by_its_announcement_without_being_read(
    make_endpoint: Any, exchange: Any
) -> None:
    scope = http_scope(headers={**JSON, "content-length": "1000"})
    one = exchange(scope, make_endpoint(Limits(body_bytes=200)))
    assert (await one.next())["status"] == 413
    await one.ended()


async def test_a_body_that_hides_its_length_is_cut_while_it_streams(
    make_endpoint: Any, exchange: Any, witness: Any
) -> None:
    one = exchange(http_scope(headers=JSON), make_endpoint(Limits(body_bytes=200)))
    for _ in range(3):
        one.feed(type="http.request", body=b" " * 90, more_body=True)
    assert (await one.next())["status"] == 413
    await one.ended()
    assert witness.contexts == []


@pytest.mark.parametrize(
    ("length", "status"), [("ten", 400), ("-1", 400), ("2, 2", 400), ("9" * 5_000, 413)]
)
async def test_a_content_length_that_cannot_be(client: Any, length: str, status: int) -> None:
    assert (await post(client, b"{}", content_length=length)).status_code == status


async def test_a_body_that_dribbles_in_is_408(
    make_endpoint: Any, exchange: Any, witness: Any
) -> None:
    endpoint = make_endpoint(settings=TransportSettings(body_timeout=0.03))
    one = exchange(http_scope(headers=JSON), endpoint)
    one.feed(type="http.request", body=b'{"query":', more_body=True)
    assert (await one.next())["status"] == 408
    await one.ended()
    assert witness.contexts == []


async def test_a_client_that_leaves_is_not_answered(exchange: Any, witness: Any) -> None:
    one = exchange(http_scope(headers=JSON))
    one.feed(type="http.request", body=b'{"query":', more_body=True)
    one.feed(type="http.disconnect")
    await one.ended()
    assert one.outgoing.empty()
    assert witness.contexts == []


async def test_cancelling_a_slow_request_is_not_taken_for_a_timeout(exchange: Any) -> None:
    one = exchange(http_scope(headers=JSON))
    await asyncio.sleep(0)
    one.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one.ended()
    assert one.outgoing.empty()


async def test_a_compressed_body_is_415(client: Any) -> None:
    assert (await post(client, b"\x1f\x8b", content_encoding="gzip")).status_code == 415


@pytest.mark.parametrize("body", [b"null", b"1", b'"query"', b"[]", b"[1]", b"{}"])
async def test_json_that_is_no_request_is_422(client: Any, body: bytes) -> None:
    response = await post(client, body)
    assert response.status_code == 422
    assert code(response) == "REQUEST_MALFORMED"


@pytest.mark.parametrize("body", [b"", b"\xff", b"{'a':1}", b"NaN", b'{"query":"\\ud800"}'])
async def test_what_is_no_json_is_400(client: Any, body: bytes) -> None:
    response = await post(client, body)
    assert response.status_code == 400
    assert code(response) == "JSON_UNPARSABLE"


async def test_a_hundred_thousand_brackets_are_an_error_and_no_crash(client: Any) -> None:
    for body in (b"[" * 100_000, b'{"query":"' + b"[" * 100_000 + b'"}'):
        assert 400 <= (await post(client, body)).status_code < 500


@settings(
    max_examples=40,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["query", "variables", "operationName", "extensions", "x"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=6,
    )
)
async def test_no_json_at_all_makes_the_server_fail(client: Any, value: Any) -> None:
    try:
        body = orjson.dumps(value)
    except TypeError:
        return
    response = await post(client, body)
    answers = response.json()
    if not isinstance(answers, list):
        assert 400 <= response.status_code < 500
        answers = [answers]
    for answer in answers:
        assert answer["errors"]
        assert "data" not in answer


# -- GET


@pytest.mark.parametrize(
    ("query_string", "status"),
    [
        (b"", 422),
        (b"query=", 422),
        (b"query=%7B__typename%7D&query=%7Bhello%7D", 422),
        (b"query=%FF", 422),
        (b"query=%7B__typename%7D&variables=%7B", 400),
        (b"query=%7B__typename%7D&variables=[]", 422),
        (b"query=%7B__typename%7D&variables=null", 200),
        (b"query=%7B__typename%7D&variables=&operationName=&extensions=", 200),
        (b"query=query+null%7B__typename%7D&operationName=null", 200),
        (b"query=%7B__typename%7D&unknown=1", 200),
        (b"query=" + b"%20" * 8_000 + b"%7B__typename%7D", 414),
    ],
)
async def test_get_parameters(client: Any, query_string: bytes, status: int) -> None:
    response = await client.get("/graphql?" + query_string.decode(), headers={"accept": GRAPHQL})
    assert response.status_code == status


async def test_a_subscription_needs_a_stream(client: Any, witness: Any) -> None:
    response = await post(client, {"query": "subscription { count(to: 1) }"})
    assert response.status_code == 422
    assert code(response) == "STREAM_NEEDED"
    assert witness.opened == 0


# -- batches


async def test_a_batch_is_executed_in_order_each_in_a_context_of_its_own(
    client: Any, witness: Any
) -> None:
    titles = ["a", "b", "c"]
    query = "mutation M($t: String!) { addBook(book: {title: $t}) }"
    response = await post(client, [{"query": query, "variables": {"t": t}} for t in titles])
    assert response.status_code == 200
    assert [answer["data"]["addBook"] for answer in response.json()] == titles
    assert witness.mutations == titles
    assert len(witness.contexts) == 3


async def test_one_bad_answer_leaves_the_others(client: Any) -> None:
    response = await post(client, [{"query": "{ hello }"}, {"query": "{"}, {"query": "{ hello }"}])
    assert ["data" in answer for answer in response.json()] == [True, False, True]


async def test_a_batch_is_bounded_and_a_malformed_one_executes_nothing(
    make_client: Any, witness: Any
) -> None:
    client = make_client(Limits(batch_length=2))
    one = {"query": MUTATION}
    assert (await post(client, [one, one])).status_code == 200
    assert len(witness.mutations) == 2
    for batch in ([one] * 3, [one, {"nothing": 1}], []):
        assert (await post(client, batch)).status_code == 422
    assert len(witness.mutations) == 2


async def test_a_batch_is_let_in_as_a_whole_or_not_at_all(
    make_endpoint: Any, exchange: Any, witness: Any
) -> None:
    endpoint = make_endpoint()
    make, calls = endpoint._context_factory, []

    async def only_once(connection: Any) -> Any:
        calls.append(connection)
        if len(calls) == 2:
            raise RateLimited("too many requests", 1)
        return await make(connection)

    one = exchange(http_scope(headers=JSON), GraphQLEndpoint(endpoint._operations, only_once))
    one.feed(type="http.request", body=orjson.dumps([{"query": MUTATION}] * 2))
    assert (await one.next())["status"] == 429
    assert witness.mutations == []


async def test_every_operation_of_a_batch_is_admitted_by_its_cost(
    make_client: Any, witness: Any
) -> None:
    admitted = []

    async def admit(context: Any, cost: int) -> None:
        admitted.append((context.request_id, cost))

    client = make_client(admit=admit)
    await post(client, [{"query": MUTATION}, {"query": "{ hello }"}], x_request_id="r-1")
    assert admitted == [("r-1", 10), ("r-1", 0)]
