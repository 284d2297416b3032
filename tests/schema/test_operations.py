"""The one path of execution, without any transport."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import strawberry
import structlog
from graphql import GraphQLError, OperationDefinitionNode, OperationType, located_error
from strawberry.extensions import SchemaExtension

from schema.answers import Answer, Outcome
from schema.documents import PreparedDocument
from schema.limits import Limits
from schema.operations import OperationRequest, Operations
from schema.preparation import Preparation
from tests.support.toy import SECRET, Query, ToyContext, Witness, toy_operations


@pytest.fixture(autouse=True)
def logs() -> Any:
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def context() -> ToyContext:
    return ToyContext("r-1", "public", Witness())


async def run(operations: Operations, text: str, context: Any, **parts: Any) -> Answer:
    request = OperationRequest(text, **parts)
    return await operations.execute(request, context, mutations_allowed=True)


class Reads:
    """Compiled reads that count how often they are prepared and run."""

    def __init__(self, pairs: Any = None, errors: Any = (), raises: Any = None) -> None:
        self.prepared: list[OperationDefinitionNode] = []
        self.runs: list[dict[str, Any]] = []
        self.pairs = pairs or [("counted", b'"compiled"')]
        self.errors = list(errors)
        self.raises = raises
        self.able = True

    def prepare(
        self, prepared: PreparedDocument, operation: OperationDefinitionNode
    ) -> Reads | None:
        self.prepared.append(operation)
        return self if self.able else None

    async def run(self, variables: dict[str, Any], context: Any) -> Any:
        self.runs.append(variables)
        if self.raises:
            raise self.raises
        return self.pairs, self.errors


# -- compiled reads


async def test_a_compiled_query_skips_the_executor_and_is_prepared_once(context: Any) -> None:
    reads = Reads()
    operations = toy_operations(reads=reads)
    text = "query Q($n: String) { counted(name: $n) }"
    for name in ("a", "b"):
        answer = await run(operations, text, context, variables={"n": name, "unused": 1})
        assert answer == Answer(
            Outcome.COMPLETE, b'{"data":{"counted":"compiled"},"extensions":{"cost":0}}'
        )
    assert len(reads.prepared) == 1
    assert reads.runs == [{"n": "a"}, {"n": "b"}]


async def test_finished_bytes_stand_in_the_answer_untouched(context: Any) -> None:
    body = '[{"a": 1}, \n {"书": "x\\u0001"}]'.encode()
    reads = Reads([("a", body), ("b", b"null")])
    answer = await run(toy_operations(reads=reads), "{ a: counted b: counted }", context)
    assert body in answer.body
    assert list(orjson.loads(answer.body)["data"]) == ["a", "b"]


async def test_what_is_not_compiled_and_no_query_go_to_the_executor(context: Any) -> None:
    reads = Reads()
    operations = toy_operations(reads=reads)
    answer = await run(operations, 'mutation { addBook(book: {title: "x"}) }', context)
    assert answer.outcome is Outcome.COMPLETE
    assert (reads.prepared, reads.runs) == ([], [])
    reads.able = False
    answer = await run(operations, "{ counted }", context)
    assert orjson.loads(answer.body)["data"] == {"counted": "executor x"}
    assert reads.runs == []


async def test_errors_of_compiled_reads_are_partial_and_masked(context: Any, logs: Any) -> None:
    error = located_error(RuntimeError(f"row of {SECRET}"), None, ["counted"])
    reads = Reads([("counted", b"null")], [error])
    answer = await run(toy_operations(reads=reads), "{ counted }", context)
    assert answer.outcome is Outcome.PARTIAL
    response = orjson.loads(answer.body)
    assert list(response) == ["errors", "data", "extensions"]
    assert response["errors"][0]["path"] == ["counted"]
    assert SECRET not in answer.body.decode()
    assert [event["request_id"] for event in logs] == ["r-1"]


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (RuntimeError(f"pool of {SECRET}"), Outcome.FAILED),
        (GraphQLError("required", path=["counted"], original_error=ValueError()), Outcome.PARTIAL),
    ],
)
async def test_what_compiled_reads_raise(context: Any, raised: Any, outcome: Outcome) -> None:
    answer = await run(toy_operations(reads=Reads(raises=raised)), "{ counted }", context)
    assert answer.outcome is outcome
    response = orjson.loads(answer.body)
    assert response["errors"][0]["message"] == "internal error"
    assert ("data" in response) is outcome.executed
    assert response.get("data") is None


async def test_an_outage_is_told_as_one_and_may_be_tried_again(context: Any, logs: Any) -> None:
    raised = GraphQLError("required", path=["counted"], original_error=ConnectionRefusedError())
    answer = await run(toy_operations(reads=Reads(raises=raised)), "{ counted }", context)
    assert answer.outcome is Outcome.UNAVAILABLE
    response = orjson.loads(answer.body)
    assert response["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "data" not in response
    assert [event["log_level"] for event in logs] == ["warning"]


async def test_variables_are_checked_before_any_read_runs(context: Any) -> None:
    reads = Reads()
    operations = toy_operations(Limits(string_length=5), reads=reads)
    text = "query Q($n: String!) { counted(name: $n) }"
    for variables, outcome in (
        ({}, Outcome.UNCOERCIBLE),
        ({"n": 1}, Outcome.UNCOERCIBLE),
        ({"n": "abcdef"}, Outcome.REFUSED),
        ({"n": "abcde"}, Outcome.COMPLETE),
    ):
        answer = await run(operations, text, context, variables=variables)
        assert answer.outcome is outcome
    assert reads.runs == [{"n": "abcde"}]


# -- cost


async def test_cost_is_in_the_answer_and_bounds_it(context: Any) -> None:
    operations = toy_operations(Limits(cost=10))
    answer = await run(operations, "{ shelves { name } }", context)
    assert orjson.loads(answer.body)["extensions"] == {"cost": 10}
    answer = await run(operations, "{ shelves { name } shelf { name } }", context)
    assert answer.outcome is Outcome.REFUSED
    [entry] = orjson.loads(answer.body)["errors"]
    assert entry["extensions"] == {"code": "COST_EXCEEDED", "limit": 10, "cost": 11}


# -- the executor


async def test_finished_values_pass_through_fields_lists_and_non_null(context: Any) -> None:
    answer = await run(toy_operations(), "{ shelf { size } shelves { name } }", context)
    data = orjson.loads(answer.body)["data"]
    # The bytes are the answer: no selection is applied to them again.
    assert data == {"shelf": {"name": "书", "size": 3}, "shelves": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize("mutations_allowed", [True, False])
async def test_mutations_run_only_where_they_may(context: Any, mutations_allowed: bool) -> None:
    request = OperationRequest('mutation { addBook(book: {title: "x"}) }')
    for act in ("execute", "subscribe"):
        context.witness.mutations.clear()
        method = getattr(toy_operations(), act)
        answer = await method(request, context, mutations_allowed=mutations_allowed)
        assert context.witness.mutations == (["x"] if mutations_allowed else [])
        assert answer.outcome is (Outcome.COMPLETE if mutations_allowed else Outcome.MISPLACED)


async def test_the_named_operation_runs_and_no_other(context: Any) -> None:
    text = """
        query A { hello }
        mutation B { addBook(book: {title: "x"}) }
        query C { ...F }
        fragment F on Query { hello }
    """
    operations = toy_operations()
    for name in ("A", "C"):
        answer = await run(operations, text, context, operation_name=name)
        assert orjson.loads(answer.body)["data"] == {"hello": "hello world"}
    for name in (None, "D", ""):
        answer = await run(operations, text, context, operation_name=name)
        assert answer.outcome is Outcome.INVALID
    assert context.witness.mutations == []


async def test_a_kind_that_the_schema_lacks_is_invalid(context: Any) -> None:
    schema = strawberry.Schema(query=Query)
    operations = Operations(Preparation(schema, Limits(), production=False))
    for text in ("mutation { __typename }", "subscription { __typename }"):
        assert (await run(operations, text, context)).outcome is Outcome.INVALID


async def test_closing_a_stream_closes_its_source(context: Any) -> None:
    stream = await toy_operations().subscribe(OperationRequest("subscription { forever }"), context)
    assert not isinstance(stream, Answer)
    first = await anext(stream)
    assert orjson.loads(first.body)["data"] == {"forever": 0}
    assert context.witness.closed == 0
    await stream.aclose()
    assert context.witness.closed == 1


def test_the_kind_is_known_without_running(context: Any) -> None:
    operations = toy_operations()
    kinds = {
        "{ hello }": OperationType.QUERY,
        'mutation { addBook(book: {title: "x"}) }': OperationType.MUTATION,
        "subscription { forever }": OperationType.SUBSCRIPTION,
        "{": None,
    }
    assert {text: operations.kind(OperationRequest(text)) for text in kinds} == kinds
    assert context.witness == Witness()


def test_extensions_of_the_schema_are_not_silently_dropped() -> None:
    class Extension(SchemaExtension):
        pass

    schema = strawberry.Schema(query=Query, extensions=[Extension])
    with pytest.raises(ValueError, match="extensions"):
        Preparation(schema, Limits(), production=False)
