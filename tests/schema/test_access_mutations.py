"""Every mutation for every role: what the map shuts is a problem, and nothing has happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.actor import Role
from schema.access import ACCESS, allowed
from tests.schema.paths import GRAPHQL
from tests.schema.test_access import ACTORS
from tests.support.data import SISTER, STREET, Builder, Town
from tests.support.desk import Desk

assert GRAPHQL.mutation_type is not None
MUTATIONS = tuple(GRAPHQL.mutation_type.fields)

# The stage of the ticket on which each mutation is possible, and what goes beside its id.
ON_A_TICKET: dict[str, tuple[str, dict[str, Any]]] = {
    "addSupplement": ("dispatched", {"content": "又坏了"}),
    "urgeTicket": ("dispatched", {}),
    "withdrawTicket": ("dispatched", {}),
    "evaluateTicket": (
        "replied", {"contacted": True, "resolved": True, "satisfaction": "SATISFIED"},
    ),
    "triageTicket": ("received", {"outcome": "ANSWER", "answer": "请拨打热线。"}),
    "classifyTicket": ("dispatched", {"level": "L1"}),
    "dispatchTicket": ("received", {"unitCode": STREET}),
    "recordCallback": (
        "replied",
        {"reached": True, "contacted": True, "resolved": True, "satisfaction": "SATISFIED"},
    ),
    "acceptTicket": ("dispatched", {}),
    "recordContact": ("accepted", {"note": "已联系"}),
    "replyToTicket": ("accepted", {"content": "已修好", "resolved": True}),
    "revealContact": ("accepted", {"purpose": "联系市民"}),
    "contestDispatch": ("dispatched", {"ground": "NOT_RESPONSIBLE", "reason": "不属于职责"}),
    "ruleOnContest": ("contested", {"ruling": "REJECTED", "reason": "属于职责"}),
    "openSupervision": ("dispatched", {"grade": "KEY", "reason": "久拖不决"}),
}  # fmt: skip


ON_AN_ORDER: dict[str, tuple[str, dict[str, Any]]] = {
    "submitSupervisionReport": ("supervised", {"report": "已整改"}),
    "closeSupervision": ("reported", {"ruling": "SATISFIED", "reason": "同意"}),
}


def inputs(desk: Desk, town: Town, name: str, ticket: Callable[[str], str]) -> dict[str, Any]:
    """An input with which the mutation goes well, where the caller may."""
    if name in ON_A_TICKET:
        stage, more = ON_A_TICKET[name]
        return {"ticketId": ticket(stage), **more}
    if name in ON_AN_ORDER:
        stage, more = ON_AN_ORDER[name]
        query = "select id from supervision_order where ticket_id = $1"
        [order] = desk.rows(query, UUID(ticket(stage).removeprefix("Ticket_")))
        return {"orderId": f"SupervisionOrder_{order['id']}", **more}
    [unit] = desk.rows("select id from unit where code = $1", SISTER)
    fresh = desk.rows("select count(*) as n from unit")[0]["n"]
    given: dict[str, dict[str, Any]] = {
        "submitTicket": {"title": "路灯", "content": "不亮", "address": "东门外"},
        "createUnit": {
            "code": f"N{fresh}",
            "name": "新单位",
            "level": "DEPARTMENT",
            "parentCode": "11",
        },
        "updateUnit": {"unitId": f"Unit_{unit['id']}", "dutyPhone": "010-1"},
        "moveUnit": {"unitId": f"Unit_{unit['id']}", "parentCode": "110106"},
        "retireUnit": {"unitId": f"Unit_{_empty_unit(desk)}"},
        "createStaff": {"subject": f"new-{fresh}", "name": "李四", "role": "AGENT"},
        "updateStaff": {"staffId": f"Staff_{town.staff['agent']}", "name": "王五"},
        "requestLoginCode": {"phone": "13900000000"},
        "logIn": {"phone": "13900000000", "code": "000000"},
    }  # fmt: skip
    return given[name]


def _empty_unit(desk: Desk) -> Any:
    rows = desk.rows(
        """select u.id from unit u where level = 'COMMUNITY' and retired_at is null
        and not exists (select 1 from ticket t where t.lead_unit_id = u.id) limit 1"""
    )
    return rows[0]["id"]


def call(name: str) -> str:
    kind = name[0].upper() + name[1:]
    payload = f"{kind}Payload"
    return f"""mutation($input: {kind}Input!) {{ done: {name}(input: $input) {{
      __typename ... on Problem {{ code message }} ... on {payload} {{ {_leaf(payload)} }} }} }}"""


def _leaf(payload: str) -> str:
    kind: Any = GRAPHQL.type_map[payload]
    name = next(iter(kind.fields))
    return f"{name} {{ __typename }}" if name in {"ticket", "unit", "staff"} else name


def state(desk: Desk) -> dict[str, str]:
    """A digest of every row of every table."""
    tables = desk.rows(
        """select relname from pg_class where relkind = 'r'
        and relnamespace = 'beijing'::regnamespace order by relname"""
    )
    query = " union all ".join(
        f"select '{row['relname']}' as name, count(*) || ':' || coalesce(sum(hashtextextended("
        f"t::text, 0))::text, '') as digest from {row['relname']} t"
        for row in tables
    )
    return {row["name"]: row["digest"] for row in desk.rows(query)}


DENIED = [
    (name, role) for name in MUTATIONS for role in ACTORS if not allowed(role, "Mutation", name)
]
OPEN = [(name, role) for name in MUTATIONS for role in ACTORS if allowed(role, "Mutation", name)]


def test_the_matrix_is_whole() -> None:
    assert set(MUTATIONS) == set(ACCESS["Mutation"])
    assert len(DENIED) + len(OPEN) == len(MUTATIONS) * len(ACTORS)
    assert len(DENIED) > 100


def test_what_the_map_shuts_is_refused_and_does_nothing(written_desk: Desk, town: Town) -> None:
    desk = written_desk

    def ticket(stage: str) -> str:
        return f"Ticket_{town.codes[stage][0]}"

    before = state(desk)
    assert sum(digest != "0:" for digest in before.values()) > 10
    for name in MUTATIONS:
        given = inputs(desk, town, name, ticket)
        for role in [role for denied, role in DENIED if denied == name]:
            done = desk.data(town.actors[ACTORS[role]], call(name), input=given)["done"]
            wanted = "UNAUTHENTICATED" if role is Role.PUBLIC else "NOT_ALLOWED"
            assert done.get("code") == wanted, (name, role, done)
        assert state(desk) == before, name


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_the_map_opens_is_not_refused_by_it(name: str, written_desk: Desk, town: Town) -> None:
    """And goes well for somebody, so that the inputs of the refusals above were good ones."""
    desk = written_desk
    builder = Builder(desk.database, desk.clock)
    builder.actors = town.actors
    outcomes: dict[Role, str] = {}
    for role in [role for opened, role in OPEN if opened == name]:
        who = ACTORS[role]
        submitter = who if role in {Role.CITIZEN, Role.PARTNER} else "citizen"

        def ticket(stage: str, submitter: str = submitter) -> str:
            return f"Ticket_{desk.run(builder.bring_to(stage, submitter, STREET))}"

        given = inputs(desk, town, name, ticket)
        if name == "submitTicket" and role is not Role.CITIZEN:
            given["contact"] = {"phone": "13800000001"}
        if name == "requestLoginCode":
            given["phone"] = f"1390000000{len(outcomes)}"
        before = state(desk)
        done = desk.data(town.actors[who], call(name), input=given)["done"]
        outcomes[role] = done["__typename"]
        assert done.get("message") not in {"log in first", "this is not for your role"}
        if done["__typename"].endswith("Payload"):
            assert state(desk) != before, "it did something"
    if name == "logIn":
        assert set(outcomes.values()) == {"Unauthenticated"}, "a wrong code, for everybody"
    else:
        assert {kind for kind in outcomes.values() if not kind.endswith("Payload")} == set()
