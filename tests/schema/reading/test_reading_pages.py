"""Pages: walked to both ends they give each row once; what is no page or cursor is refused."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from domain.kernel.actor import Actor
from schema.context import Context
from schema.limits import Limits
from schema.operations import OperationRequest
from tests.support.data import STREET, Town
from tests.support.desk import Desk, open_desk

INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
PAGE = f"{{ nodes {{ id }} edges {{ cursor }} {INFO} }}"
ORDERS = ("SUBMITTED_AT_DESC", "SUBMITTED_AT_ASC", "DEADLINE_ASC")


def walk(desk: Desk, actor: Any, order: str, size: int, *, backward: bool = False) -> list[str]:
    """Every id that the pages of a list give, in the order of the list."""
    bound, edge = ("last", "before") if backward else ("first", "after")
    ask = f"""query($n: Int, $c: String, $o: TicketOrder) {{
      tickets(orderBy: $o, {bound}: $n, {edge}: $c) {PAGE} }}"""
    ids: list[str] = []
    cursor, more = None, True
    while more:
        found = desk.data(actor, ask, n=size, c=cursor, o=order)["tickets"]
        page, info = [node["id"] for node in found["nodes"]], found["pageInfo"]
        ids = [*page, *ids] if backward else [*ids, *page]
        more = info["hasPreviousPage" if backward else "hasNextPage"]
        assert info["hasNextPage" if backward else "hasPreviousPage"] is (cursor is not None)
        ends = [edge["cursor"] for edge in found["edges"]]
        assert [info["startCursor"], info["endCursor"]] == [ends[0], ends[-1]]
        assert len(page) == size or not more
        cursor = info["startCursor" if backward else "endCursor"]
    return ids


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("who", ["agent", "citizen", STREET])
def test_pages_give_every_row_once_both_ways(who: str, order: str, desk: Desk, town: Town) -> None:
    actor = town.actors[who]
    whole = walk(desk, actor, order, 100)
    assert len(set(whole)) == len(whole) > 3
    for size in (1, 3, min(len(whole), 100)):
        assert walk(desk, actor, order, size) == whole
        assert walk(desk, actor, order, size, backward=True) == whole


def test_the_end_of_a_list_is_an_empty_page(desk: Desk, town: Town) -> None:
    agent = town.actors["agent"]
    last = desk.data(agent, f"{{ tickets(last: 1) {PAGE} }}")["tickets"]
    end = last["pageInfo"]["endCursor"]
    found = desk.data(agent, f"query($c: String) {{ tickets(after: $c) {PAGE} }}", c=end)["tickets"]
    assert found == {
        "nodes": [],
        "edges": [],
        "pageInfo": {
            "hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    ["totalCount", "__typename", "pageInfo { hasPreviousPage }", "pageInfo { __typename }",
     "pageInfo { hasNextPage }", "a: totalCount __typename", "totalCount @skip(if: true)"],
)  # fmt: skip
@pytest.mark.parametrize("code", ["11", STREET])
def test_a_connection_is_one_object_whatever_is_asked_of_it(
    body: str, code: str, desk: Desk, town: Town
) -> None:
    """Also without a row, and inside a row: nothing of the page's rows may multiply it."""
    agent = town.actors["agent"]
    many = f'tickets(filter: {{unitCode: "{code}"}}) {{ {body} }}'
    inside = f'unit(code: "{code}") {{ tickets {{ {body} }} children {{ tickets {{ {body} }} }} }}'
    found = desk.data(agent, f"{{ {many} {inside} }}")
    assert isinstance(found["tickets"], dict)
    assert list(found["unit"]["tickets"]) == list(found["tickets"])
    children = desk.data(agent, f'{{ unit(code: "{code}") {{ children {{ code }} }} }}')["unit"]
    assert len(found["unit"]["children"]) == len(children["children"])


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode().rstrip("=")


UUID_TEXT = "0190a1b2-0000-7000-8000-000000000000"
FORGED = [
    "", "x", "====", "é", "\x00", "\ud800", "A" * 513, "bnVsbA", "e30", "W10",
    forged("SUBMITTED_AT_DESC"),
    forged("SUBMITTED_AT_DESC", "not a uuid"),
    forged("SUBMITTED_AT_DESC", 1),
    forged("SUBMITTED_AT_DESC", None),
    forged("SUBMITTED_AT_DESC", UUID_TEXT, UUID_TEXT),
    forged("SUBMITTED_AT_DESC", UUID_TEXT + "\x00"),
    forged("SUBMITTED_AT_ASC", UUID_TEXT),
    forged("CODE", "110105"),
    forged("DEADLINE_ASC", "2026-11-23 10:00:00+08", UUID_TEXT),
    forged("SUBMITTED_AT_DESC'; --", UUID_TEXT),
]  # fmt: skip


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
def test_a_cursor_of_another_list_or_none_is_refused(cursor: str, desk: Desk, town: Town) -> None:
    agent = town.actors["agent"]
    asks = (
        "query($c: String) { tickets(after: $c) { nodes { id } } }",
        "query($c: String) { tickets(last: 2, before: $c) { nodes { id } } }",
        'query($c: String) { unit(code: "11") { tickets(after: $c) { nodes { id } } } }',
    )
    for ask in asks:
        response = desk.ask(agent, ask, {"c": cursor})
        [error] = response["errors"]
        assert error["extensions"]["code"] in {"INVALID_CURSOR", "INVALID_TEXT"}
        assert not response.get("data") or response["data"] == {"unit": None}


@pytest.mark.parametrize(
    ("order", "parts"),
    [
        ("DEADLINE_ASC", ("2026-11-23 10:00:00", UUID_TEXT)),
        ("DEADLINE_ASC", ("yesterday", UUID_TEXT)),
        ("DEADLINE_ASC", ("99999-01-01 00:00:00+08", UUID_TEXT)),
        ("DEADLINE_ASC", ("0001-01-01 00:00:00+14", UUID_TEXT)),
        ("DEADLINE_ASC", ("9999-12-31 23:59:59-12", UUID_TEXT)),
    ],
)
def test_times_in_cursors_are_checked(
    order: str, parts: tuple[str, ...], desk: Desk, town: Town
) -> None:
    ask = f"query($c: String) {{ tickets(orderBy: {order}, after: $c) {{ nodes {{ id }} }} }}"
    response = desk.ask(town.actors["agent"], ask, {"c": forged(order, *parts)})
    [error] = response["errors"]
    assert error["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("place", ["x", "-1", "99999999999999999999", "1e3", "٣", " 1", 1])
def test_numbers_in_cursors_are_checked(place: Any, desk: Desk, town: Town) -> None:
    ask = """query($c: String) { tickets(first: 1) { nodes {
      history(after: $c) { nodes { kind } } } } }"""
    response = desk.ask(town.actors["agent"], ask, {"c": forged("HISTORY", place)})
    for error in response.get("errors", ()):
        assert error["extensions"]["code"] == "INVALID_CURSOR"


def test_a_cursor_is_no_key_to_a_row(desk: Desk, town: Town) -> None:
    """Somebody else's cursor is a place in the order, and shows nothing of theirs."""
    ask = f"query($c: String) {{ tickets(first: 100, after: $c) {PAGE} }}"
    start = desk.data(town.actors["agent"], f"{{ tickets(first: 5) {PAGE} }}")["tickets"]
    own = walk(desk, town.actors["citizen"], "SUBMITTED_AT_DESC", 100)
    found = desk.data(town.actors["citizen"], ask, c=start["pageInfo"]["endCursor"])["tickets"]
    assert {node["id"] for node in found["nodes"]} <= set(own)
    assert (
        desk.data(town.actors["public"], ask, c=start["pageInfo"]["endCursor"])["tickets"]["nodes"]
        == []
    )


@pytest.mark.parametrize("size", [0, -1, 101, 2**31 - 1, -(2**31), 2**31])
def test_sizes_out_of_bounds_are_refused(size: int, desk: Desk, town: Town) -> None:
    agent = town.actors["agent"]
    sent = len(desk.pool.statements)
    for bound in ("first", "last"):
        given = desk.ask(
            agent, f"query($n: Int) {{ tickets({bound}: $n) {{ totalCount }} }}", {"n": size}
        )
        written = desk.ask(agent, f"{{ tickets({bound}: {size}) {{ totalCount }} }}")
        for response in (given, written):
            [error] = response["errors"]
            assert error["extensions"]["code"] in {
                "PAGE_EXCEEDED", "INVALID_VARIABLE", "DOCUMENT_INVALID", "INVALID_PAGE",
            }  # fmt: skip
    assert len(desk.pool.statements) == sent


def test_the_planner_itself_bounds_a_page(desk: Desk, town: Town) -> None:
    """Whatever limit stands before it."""
    with open_desk(desk.database.url, Limits(page=10**6, cost=10**9)) as lax:
        for size in (0, -1, 101, 10**6):
            text = f"{{ tickets(first: {size}) {{ totalCount }} }}"
            [error] = lax.ask(town.actors["agent"], text)["errors"]
            # The limit knows sizes below 1; the planner alone stops what is too large here.
            assert error["extensions"]["code"] == ("PAGE_EXCEEDED" if size < 1 else "INVALID_PAGE")


@pytest.mark.parametrize(
    "arguments",
    ["first: 2, last: 2", 'after: "x", last: 2', 'before: "x"', 'first: 2, before: "x"'],
)
def test_ends_that_contradict_each_other_are_refused(
    arguments: str, desk: Desk, town: Town
) -> None:
    response = desk.ask(town.actors["agent"], f"{{ tickets({arguments}) {{ totalCount }} }}")
    [error] = response["errors"]
    assert error["extensions"]["code"] == "INVALID_PAGE"
    assert error["path"] == ["tickets"]
    assert response["data"] is None


def test_one_plan_serves_all_values_but_not_all_sizes(desk: Desk, town: Town) -> None:
    ask = "query($n: Int, $c: String) { tickets(first: $n, filter: {code: $c}) { nodes { id } } }"
    agent = town.actors["agent"]
    codes = [row["code"] for row in desk.rows("select code from ticket order by id limit 3")]
    begin = len(desk.pool.calls)
    for code in codes:
        assert len(desk.data(agent, ask, n=5, c=code)["tickets"]["nodes"]) == 1
    assert len({sql for sql, _ in desk.pool.calls[begin:]}) == 1
    assert len(desk.data(agent, ask, n=6, c=None)["tickets"]["nodes"]) == 6
    assert len(desk.data(agent, ask, n=3)["tickets"]["nodes"]) == 3


def test_a_fragment_of_two_operations_is_merged_in_each(desk: Desk, town: Town) -> None:
    """In the generic executor too, whose plans are kept by their place in the document."""
    document = """
      query A($n: Int, $m: Int) { triageGrounds { code } ...F callbacks(first: $m) { totalCount } }
      query B($m: Int, $n: Int) {
        triageGrounds { code } ...F
        tickets(first: $n) { totalCount } units(first: $m) { __typename }
      }
      fragment F on Query { tickets(first: $n) { nodes { id } } }
    """
    actor: Actor = town.actors["agent"]

    def ask(name: str, **variables: int) -> Any:
        context = Context.of(desk.services, actor, "r-1")
        request = OperationRequest(document, operation_name=name, variables=variables)
        answer = desk.run(desk.operations.execute(request, context, mutations_allowed=True))
        return orjson.loads(answer.body)["data"]["tickets"]

    assert len(ask("A", n=2, m=3)["nodes"]) == 2
    assert len(ask("A", n=3, m=2)["nodes"]) == 3
    merged = ask("B", n=3, m=2)
    assert len(merged["nodes"]) == 3
    assert merged["totalCount"] > 3
