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
from schema.documents import TrustedDocuments, document_id
from schema.limits import Limits
from tests.api.graphql.conftest import http_scope
from tests.support.toy import SECRET

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
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
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


# -- origins


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "https://toy.test.evil.example"},
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_foreign_pages_may_not_call(
    client: Any, witness: Any, headers: dict[str, str]
) -> None:
    response = await post(client, {"query": MUTATION}, **headers)
    assert response.status_code == 403
    assert code(response) == "ORIGIN_FORBIDDEN"
    assert "access-control-allow-origin" not in response.headers
    assert witness.mutations == []


@pytest.mark.parametrize("origin", ["https://toy.test", "https://portal.example"])
async def test_own_and_listed_pages_may(make_client: Any, origin: str) -> None:
    settings = TransportSettings(origins=frozenset({"https://portal.example"}))
    client = make_client(settings=settings)
    response = await post(client, {"query": "{ hello }"}, origin=origin)
    assert response.status_code == 200
    assert response.headers["vary"] == "Accept, Origin"
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (origin if origin == "https://portal.example" else None)


async def test_preflights(make_client: Any) -> None:
    settings = TransportSettings(origins=frozenset({"https://portal.example"}))
    client = make_client(settings=settings)
    asked = {"access-control-request-method": "POST"}
    listed = await client.options("/graphql", headers={"origin": "https://portal.example", **asked})
    assert listed.status_code == 204
    assert listed.headers["access-control-allow-origin"] == "https://portal.example"
    assert "content-type" in listed.headers["access-control-allow-headers"]
    foreign = await client.options("/graphql", headers={"origin": "https://evil.example", **asked})
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers
    assert "content-length" not in listed.headers
    plain = await client.options("/graphql")
    assert plain.status_code == 204
    assert plain.headers["allow"] == "GET, HEAD, POST, OPTIONS"


# -- headers, ids, masks


async def test_headers_of_every_answer(client: Any) -> None:
    for body in (b"{", orjson.dumps({"query": "{ hello }"})):
        response = await post(client, body)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["vary"] == "Accept"
        assert len(response.headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    ("sent", "taken"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("a\u00e9", False)]
)
async def test_a_request_id_is_taken_only_where_it_is_safe(
    client: Any, witness: Any, sent: str, taken: bool
) -> None:
    headers = {**JSON, "x-request-id": sent.encode("latin-1")}
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert (response.headers["x-request-id"] == sent) is taken
    assert witness.contexts == [response.headers["x-request-id"]]


@pytest.mark.parametrize("query", ["{ broken }", "{ brokenHard }", "{ surrogate }"])
async def test_what_breaks_is_masked_and_logged_under_the_id(
    client: Any, logs: Any, query: str
) -> None:
    response = await post(client, {"query": query}, x_request_id="r-7")
    assert SECRET not in response.text
    entry = response.json()["errors"][0]
    assert entry["message"] == "internal error"
    assert entry["extensions"] == {"code": "INTERNAL", "requestId": "r-7"}
    [event] = logs
    assert event["request_id"] == "r-7"
    assert isinstance(event["exc_info"], Exception)


async def test_a_broken_context_is_masked(client: Any, logs: Any) -> None:
    response = await post(client, {"query": "{ hello }"}, authorization="Bearer broken")
    assert response.status_code == 500
    assert SECRET not in response.text
    assert logs[0]["event"] == "context.failed"


async def test_what_the_caller_can_act_on_is_not_masked(client: Any, logs: Any) -> None:
    response = await post(client, {"query": "{ refused misused }"})
    assert response.status_code == 294
    assert [entry["extensions"] for entry in response.json()["errors"]] == [
        {"code": "NOT_FOUND"},
        {"code": "CURSOR_INVALID", "argument": "after"},
    ]
    assert logs == []


async def test_variables_are_never_echoed(client: Any) -> None:
    query = "query Q($n: String!) { hello(name: $n) }"
    response = await post(client, {"query": query, "variables": {"n": {"phone": SECRET}}})
    assert response.status_code == 422
    assert SECRET not in response.text


async def test_an_argument_without_a_usable_value_is_the_callers_fault(client: Any) -> None:
    query = 'query Q($n: String = "a") { hello(name: $n) }'
    response = await post(client, {"query": query, "variables": {"n": None}})
    assert code(response) == "ARGUMENT_INVALID"


async def test_too_often_is_429_with_a_time(client: Any, make_client: Any, witness: Any) -> None:
    response = await post(client, {"query": "{ hello }"}, authorization="Bearer slow-down")
    assert (response.status_code, response.headers["retry-after"]) == (429, "8")

    async def admit(context: Any, cost: int) -> None:
        raise RateLimited("too much at once", 0.2)

    response = await post(make_client(admit=admit), {"query": MUTATION}, accept="application/json")
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert witness.mutations == []


# -- trusted documents


async def test_who_must_send_trusted_documents_can_send_nothing_else(
    make_client: Any, witness: Any
) -> None:
    documents = TrustedDocuments(
        {document_id(MUTATION): MUTATION, "hello": "{ hello }"},
        required=lambda context: context.actor == "citizen",
    )
    client = make_client(documents=documents, production=True)
    token = {"authorization": "Bearer good"}
    by_id = {"documentId": document_id(MUTATION)}
    assert (await post(client, by_id, **token)).json()["data"] == {"addBook": "x"}
    refused = await post(client, {"query": MUTATION + " "}, **token)
    assert (refused.status_code, code(refused)) == (403, "DOCUMENT_NOT_TRUSTED")
    assert witness.mutations == ["x"]
    assert (await post(client, {"query": MUTATION}, **token)).status_code == 200
    assert (await post(client, {"query": "{ actor }"})).json()["data"] == {"actor": "public"}
    got = await client.get("/graphql?documentId=hello", headers={"accept": GRAPHQL})
    assert got.json()["data"] == {"hello": "hello world"}


async def test_an_unknown_document_is_one_error(client: Any, make_client: Any) -> None:
    for one in (client, make_client(documents=TrustedDocuments({}))):
        response = await post(one, {"documentId": "sha256:" + "0" * 64})
        assert (response.status_code, code(response)) == (422, "DOCUMENT_UNKNOWN")
    both = await post(client, {"documentId": "hello", "query": "{ hello }"})
    assert (both.status_code, code(both)) == (422, "REQUEST_MALFORMED")


def test_a_manifest_is_checked_against_its_hashes() -> None:
    text = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    # The example of the persisted documents appendix.
    known = "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    assert document_id(text) == known
    documents = TrustedDocuments.from_manifest(orjson.dumps({known: text}))
    assert documents.text(known) == text
    for wrong in ({known: text + " "}, {known: 1}, [text]):
        with pytest.raises(ValueError, match="document"):
            TrustedDocuments.from_manifest(orjson.dumps(wrong))


async def test_production_hides_the_schema(make_client: Any) -> None:
    client = make_client(production=True)
    response = await post(client, {"query": "{ __schema { types { name } } }"})
    assert response.status_code == 422
    response = await post(client, {"query": "{ helo }"})
    assert "hello" not in response.text
    assert (await post(client, {"query": "{ __typename }"})).status_code == 200
