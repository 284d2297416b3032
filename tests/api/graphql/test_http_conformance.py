"""The public audits of GraphQL over HTTP, clause by clause, in our own words.

Each case carries the number under which the audit suite of the GraphQL foundation knows it. Where
the first edition of the specification (September 2026) says otherwise than the older audits, the
case says so and asks for what the edition says; docs/decisions/0005 explains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
TYPENAME = {"query": "{ __typename }"}
TYPE = {
    "query": "query Type($name: String!) { __type(name: $name) { name } }",
    "variables": {"name": "Query"},
}
UNKNOWN_FIELD = {"query": "{ thereIsNoSuchField }"}
UNCOERCIBLE = {**TYPE, "variables": {"name": None}}


@dataclass
class Audit:
    """One clause: what is sent and what must come back."""

    number: str
    clause: str
    body: Any = None
    accept: str | None = None
    status: int = 200
    media: str | None = None
    content_type: str | None = JSON
    method: str = "POST"
    params: dict[str, str] = field(default_factory=dict)
    errors: bool | None = None
    data: bool | None = None

    def __str__(self) -> str:
        return f"{self.number}-{self.clause}"


def _wrong(number: str, name: str, values: list[Any]) -> list[Audit]:
    return [
        Audit(
            f"{number}{index}",
            f"{name} must not be {value!r}",
            body={**TYPENAME, name: value},
            accept=accept,
            status=status,
            errors=True,
            data=False,
        )
        for index, value in enumerate(values)
        # The edition wants 422; towards readers of application/json it stays 400, as audited.
        for accept, status in ((None, 400), (JSON, 400), (GRAPHQL, 422))
    ]


NOT_STRINGS = [{"obj": "ect"}, 0, False, ["array"]]
NOT_OBJECTS = ["string", 0, False, ["array"]]

AUDITS = [
    # Media types
    Audit("22EB", "graphql-response+json is served", TYPENAME, GRAPHQL, media=GRAPHQL),
    Audit("4655", "json is served", TYPENAME, JSON, media=JSON),
    Audit("47DE", "*/* is answered in json", TYPENAME, "*/*", media=JSON),
    Audit("80D8", "without Accept the answer is json", TYPENAME, media=JSON),
    Audit("82A3", "the answer is UTF-8", {"query": '{ hello(name: "热线") }'}),
    Audit(
        "BF61",
        "a request may say that it is UTF-8",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        content_type="application/json; charset=utf-8",
    ),
    Audit("78D5", "UTF-8 is assumed", {"query": '{ hello(name: "热线") }'}),
    # Request
    Audit("2C94", "POST is served", TYPENAME),
    Audit("5A70", "GET is served", method="GET", params={"query": "{ __typename }"}),
    Audit(
        "9C48",
        "GET executes no mutation",
        method="GET",
        params={"query": "mutation { __typename }"},
        accept=GRAPHQL,
        status=405,
    ),
    Audit("9ABE", "POST needs a Content-Type", content_type=None, status=415),
    Audit("03D4", "POST takes application/json", TYPENAME),
    Audit("A5BF", "POST needs a body", body=b"", status=400),
    # Parameters
    Audit(
        "423L", "query is required (edition: 422)", {"notquery": "{ x }"}, GRAPHQL, 422, data=False
    ),
    Audit("34A2", "query is a string", TYPENAME, GRAPHQL, errors=False),
    Audit("13EE", "query is a string", TYPENAME, JSON, errors=False),
    *_wrong("LKJ", "query", NOT_STRINGS),
    *_wrong("6C0", "operationName", NOT_STRINGS),
    *_wrong("476", "variables", NOT_OBJECTS),
    *_wrong("58B", "extensions", NOT_OBJECTS),
    Audit(
        "8161",
        "operationName is a string",
        {"query": "query Query { __typename }", "operationName": "Query"},
        GRAPHQL,
        errors=False,
    ),
    Audit(
        "B8B3",
        "operationName is a string",
        {"query": "query Query { __typename }", "operationName": "Query"},
        JSON,
        errors=False,
    ),
    *[
        Audit(
            f"{number}{index}",
            f"{name} may be null",
            {**TYPENAME, name: None},
            accept,
            errors=False,
        )
        for number, accept in (("94B", GRAPHQL), ("022", JSON))
        for index, name in enumerate(["variables", "operationName", "extensions"])
    ],
    Audit("2EA1", "variables is an object", TYPE, GRAPHQL, errors=False),
    Audit("28B9", "variables is an object", TYPE, JSON, errors=False),
    *[
        Audit(
            number,
            "variables is JSON in a GET",
            method="GET",
            params={"query": TYPE["query"], "variables": '{"name":"Query"}'},
            accept=accept,
            errors=False,
        )
        for number, accept in (("D6D5", GRAPHQL), ("6A70", JSON))
    ],
    Audit(
        "428F",
        "extensions is an object",
        {**TYPENAME, "extensions": {"some": "value"}},
        GRAPHQL,
        errors=False,
    ),
    Audit(
        "1B7A",
        "extensions is an object",
        {**TYPENAME, "extensions": {"some": "value"}},
        JSON,
        errors=False,
    ),
    # What is no request
    Audit("B6DC", "bad JSON is the client's fault", b'{ "not a JSON', status=400),
    Audit("BCF8", "bad JSON is 400", b'{ "not a JSON', JSON, 400, data=False),
    Audit("B7N8", "bad JSON is 400", b'{ "not a JSON', GRAPHQL, 400, data=False),
    Audit("8764", "wrong parameters are an error", {"qeury": "{ x }"}, status=400),
    Audit("3E3A", "wrong parameters are 400", {"qeury": "{ x }"}, status=400, data=False),
    # application/json: 200 for all that is well-formed
    Audit("572B", "json: 200 where parsing fails", {"query": "{"}, JSON, 200, JSON, errors=True),
    Audit("FDE2", "json: 200 where validation fails", UNKNOWN_FIELD, JSON, 200, errors=True),
    Audit("7B9B", "json: 200 where coercion fails", UNCOERCIBLE, JSON, 200, errors=True),
    # application/graphql-response+json: the status tells
    Audit("865D", "4xx where parsing fails", {"query": "{"}, GRAPHQL, 400, GRAPHQL),
    Audit("556A", "400 where parsing fails", {"query": "{"}, GRAPHQL, 400),
    Audit("D586", "no data where parsing fails", {"query": "{"}, GRAPHQL, 400, data=False),
    Audit("51FE", "4xx where validation fails", UNKNOWN_FIELD, GRAPHQL, 422, GRAPHQL),
    Audit("74FF", "validation (edition: 422)", UNKNOWN_FIELD, GRAPHQL, 422),
    Audit(
        "74FF",
        "400 for what the audit sends: it does not parse",
        {"query": "{ 8f3 }"},
        GRAPHQL,
        400,
    ),
    Audit("5E5B", "no data where validation fails", UNKNOWN_FIELD, GRAPHQL, 422, data=False),
    Audit("86EE", "coercion (edition: 422)", UNCOERCIBLE, GRAPHQL, 422, data=False),
    Audit(
        "EE52",
        "2xx where there is data, 294 where there are errors too",
        {"query": "{ hello broken }"},
        GRAPHQL,
        294,
        GRAPHQL,
        errors=True,
        data=True,
    ),
]


async def send(client: httpx.AsyncClient, audit: Audit) -> httpx.Response:
    """Send what the audit describes, with no header of the client's own."""
    headers = {}
    if audit.accept is not None:
        headers["accept"] = audit.accept
    if audit.content_type is not None and audit.method == "POST":
        headers["content-type"] = audit.content_type
    content = audit.body if isinstance(audit.body, bytes | None) else orjson.dumps(audit.body)
    return await client.request(
        audit.method, "/graphql", headers=headers, content=content, params=audit.params
    )


@pytest.mark.parametrize("audit", AUDITS, ids=str)
async def test_audit(client: httpx.AsyncClient, audit: Audit) -> None:
    response = await send(client, audit)
    assert response.status_code == audit.status
    body = orjson.loads(response.content)
    assert response.headers["content-type"].endswith("; charset=utf-8")
    if audit.media is not None:
        assert response.headers["content-type"] == f"{audit.media}; charset=utf-8"
    if audit.errors is not None:
        assert ("errors" in body) is audit.errors
    if audit.data is not None:
        assert ("data" in body) is audit.data


def test_audits_are_all_there() -> None:
    """The suite of the foundation has 61 audits; each number is asked at least once."""
    assert len({audit.number for audit in AUDITS} - {"EE52"}) == 61


UNAUTHORIZED = {"authorization": "Bearer stolen"}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_who_may_not_ask_is_told_so(client: httpx.AsyncClient, accept: str) -> None:
    """Clause BC58: 401 with the challenge that RFC 9110 asks for; 403 where a token helps not."""
    headers = {"content-type": JSON, "accept": accept}
    response = await client.post("/graphql", json=TYPENAME, headers=headers | UNAUTHORIZED)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == {
        "errors": [{"message": "the token is not valid", "extensions": {"code": "UNAUTHENTICATED"}}]
    }
    banned = {"authorization": "Bearer banned"}
    response = await client.post("/graphql", json=TYPENAME, headers=headers | banned)
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),  # what the edition recommends to clients
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.4", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"text/html, {GRAPHQL};q=0.1", GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        ("application/*", JSON),
        ("Application/JSON", JSON),
        ("", JSON),
        (f"{JSON};q=nonsense, {GRAPHQL};q=0.2", GRAPHQL),
    ],
)
async def test_accept_is_respected(client: httpx.AsyncClient, accept: str, media: str) -> None:
    response = await client.post(
        "/graphql", json=TYPENAME, headers={"content-type": JSON, "accept": accept}
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", f"{JSON};q=0", f"{JSON}; charset=gb18030", "nonsense"],
)
async def test_what_is_not_acceptable_is_406(
    client: httpx.AsyncClient, witness: Any, accept: str
) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ hello }"}, headers={"content-type": JSON, "accept": accept}
    )
    assert response.status_code == 406
    assert witness.queries == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=gb18030",
        "text/plain; application/json",
    ],
)
async def test_simple_requests_are_not_read(
    client: httpx.AsyncClient, witness: Any, content_type: str
) -> None:
    """What a foreign page can make a browser send without a preflight executes nothing."""
    mutation = b'{"query":"mutation { addBook(book: {title: \\"x\\"}) }"}'
    response = await client.post(
        "/graphql", content=mutation, headers={"content-type": content_type}
    )
    assert response.status_code == 415
    assert witness.mutations == []
    assert witness.contexts == []


async def test_get_mutation_is_halted(client: httpx.AsyncClient, witness: Any) -> None:
    """405 with Allow, in either media type, and nothing happened."""
    for accept in (GRAPHQL, JSON, "text/event-stream"):
        response = await client.get(
            "/graphql",
            params={"query": 'mutation { addBook(book: {title: "x"}) }'},
            headers={"accept": accept},
        )
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
    assert witness.mutations == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    params = {"query": "{ __typename }"}
    got = await client.get("/graphql", params=params)
    head = await client.head("/graphql", params=params)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]
