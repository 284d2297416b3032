"""What comes back over HTTP beyond the audits: origins, headers, masks, trusted documents."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api.graphql import TransportSettings
from domain.kernel.errors import RateLimited
from schema.documents import TrustedDocuments, document_id
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
