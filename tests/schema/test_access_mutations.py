"""Every mutation for every role: what the map shuts is a problem, and nothing has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.actor import Role
from schema.access import ACCESS, allowed
from tests.schema.paths import GRAPHQL
from tests.schema.test_access import ACTORS
from tests.support.data import DEPARTMENT, DISTRICT, HELPER, SISTER, STREET, Builder, Town
from tests.support.desk import Desk, open_desk
from tests.support.engines import Ground

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
    "mergeTicket": ("received", {"primaryId": "dispatched", "reason": "同一事项"}),
    "unmergeTicket": ("merged", {"reason": "另有事项"}),
    "splitTicket": (
        "received",
        {
            "reason": "两件事",
            "parts": [
                {"title": "灯", "content": "灯不亮", "unitCode": STREET},
                {"title": "路", "content": "路不平", "unitCode": SISTER},
            ],
        },
    ),
    "concludeTicket": ("whole", {"content": "都修好了", "resolved": True}),
    "recuse": ("dispatched", {"reason": "亲属"}),
    "recuseStaff": ("dispatched", {"subject": "somebody", "reason": "亲属"}),
    "requestExtension": ("accepted", {"limit": "P2WD", "reason": "等待配件"}),
    "suspendTicket": (
        "accepted", {"measures": "分三步整改", "reviewOn": "2026-12-10", "reason": "待供货"},
    ),
    "resumeTicket": ("suspended", {}),
    "reportProgress": ("joint taken", {"progress": "等配件"}),
    "excuseJointUnit": ("joint", {"unitCode": DEPARTMENT, "reason": "与其无关"}),
    "askCoHandler": ("accepted", {"unitCodes": [HELPER], "request": "请协助"}),
    "recordAssistance": ("helped", {"what": "已协助"}),
    "confer": ("received", {"unitCodes": [DEPARTMENT], "question": "归谁办？"}),
    "giveOpinion": ("conferred", {"stance": "SHARED", "opinion": "可配合"}),
    "handDown": ("accepted", {"instruction": "请上门"}),
    "giveBack": ("handed down", {"result": "已上门"}),
    "whistle": (
        "accepted",
        {
            "purpose": "会商", "place": "东门", "at": "2026-11-24T10:00:00+08:00",
            "unitCodes": [DEPARTMENT],
        },
    ),
    "revealContact": ("accepted", {"purpose": "联系市民"}),
    "contestDispatch": ("dispatched", {"ground": "NOT_RESPONSIBLE", "reason": "不属于职责"}),
    "ruleOnContest": ("contested", {"ruling": "REJECTED", "reason": "属于职责"}),
    "openSupervision": ("dispatched", {"grade": "KEY", "reason": "久拖不决"}),
}  # fmt: skip
ON_A_WHISTLE: dict[str, tuple[str, dict[str, Any]]] = {
    "reportIn": ("called", {"what": "已到现场"}),
    "rateWhistle": ("present", {"rating": 5}),
    "closeWhistle": ("whistled", {"reason": "不必到场"}),
    "confirmReportIn": ("reported", {"confirmed": True, "rating": 5}),
}
# The handler of the street does most; a community does what is the communities'.
HANDLER_OF = {"giveBack": "hamlet"}


# Not for the lead itself, but for the unit above it.
ABOVE = {(name, Role.HANDLER): DISTRICT for name in ("decideExtension", "suspendTicket")}


ON_AN_ORDER: dict[str, tuple[str, dict[str, Any]]] = {
    "submitSupervisionReport": ("supervised", {"report": "已整改"}),
    "closeSupervision": ("order reported", {"ruling": "SATISFIED", "reason": "同意"}),
}


def inputs(desk: Desk, town: Town, name: str, ticket: Callable[[str], str]) -> dict[str, Any]:
    """An input with which the mutation goes well, where the caller may."""
    if name in ON_A_TICKET:
        stage, more = ON_A_TICKET[name]
        if "primaryId" in more:
            more = {**more, "primaryId": ticket(more["primaryId"])}
        if name == "handDown":
            unit = town.actors["hamlet"].unit_id
            [community] = desk.rows("select code from unit where id = $1", unit)
            more = {**more, "communityCode": community["code"]}
        return {"ticketId": ticket(stage), **more}
    if name in ON_AN_ORDER:
        stage, more = ON_AN_ORDER[name]
        query = "select id from supervision_order where ticket_id = $1"
        [order] = desk.rows(query, UUID(ticket(stage).removeprefix("Ticket_")))
        return {"orderId": f"SupervisionOrder_{order['id']}", **more}
    if name in ON_A_WHISTLE:
        stage, more = ON_A_WHISTLE[name]
        return {**_on_a_whistle(desk, name, ticket(stage)), **more}
    [unit] = desk.rows("select id from unit where code = $1", SISTER)
    fresh = desk.rows("select count(*) as n from unit")[0]["n"]
    if name == "decideExtension":
        [asked] = desk.rows(
            "select id from extension where ticket_id = $1 and status = 'REQUESTED'",
            UUID(ticket("contacted").removeprefix("Ticket_")),
        )
        return {"extensionId": f"Extension_{asked['id']}", "approve": True}
    given: dict[str, dict[str, Any]] = {
        "submitTicket": {"title": "路灯", "content": "不亮", "address": "东门外"},
        "createUnit": {
            "code": f"N{fresh}",
            "name": "新单位",
            "level": "DEPARTMENT",
            "parentCode": "11",
        },
        "openEmergencyLine": {
            "code": f"L{desk.rows('select count(*) as n from emergency_line')[0]['n']}",
            "name": "扫雪铲冰", "level": "L2", "reason": "演练", "keywords": ["积雪"],
        },
        "extendEmergencyLine": {"lineId": f"EmergencyLine_{_open_line(desk)}"},
        "closeEmergencyLine": {"lineId": f"EmergencyLine_{_open_line(desk)}"},
        "updateUnit": {"unitId": f"Unit_{unit['id']}", "dutyPhone": "010-1"},
        "moveUnit": {"unitId": f"Unit_{unit['id']}", "parentCode": "110106"},
        "retireUnit": {"unitId": f"Unit_{_empty_unit(desk)}"},
        "createStaff": {"subject": f"new-{fresh}", "name": "李四", "role": "AGENT"},
        "updateStaff": {"staffId": f"Staff_{town.staff['agent']}", "name": "王五"},
        "declareHolidays": {
            "days": [{"date": "2027-01-01", "isWorkday": False, "name": "元旦"}],
            "source": "国办通知", "reason": "公布",
        },
        **_catalogue(desk, town),
        "requestLoginCode": {"phone": "13900000000"},
        "logIn": {"phone": "13900000000", "code": "000000"},
    }  # fmt: skip
    return given[name]


def _catalogue(desk: Desk, town: Town) -> dict[str, dict[str, Any]]:
    draft = {"draftId": f"CatalogueVersion_{town.catalogue['draft']}", "reason": "调整"}
    [entry] = desk.rows(
        "select id from catalogue_entry where version_id = $1 and rank = 6", town.catalogue["draft"]
    )
    one = {"entryId": f"CatalogueEntry_{entry['id']}", "reason": "调整"}
    range_ = {"from": "2026-11-01T00:00:00+08:00", "to": "2026-12-01T00:00:00+08:00"}
    proposal = {"proposalId": f"CatalogueProposal_{town.catalogue['open']}", "reason": "属实"}
    return {
        "draftCatalogue": {"reason": "试行"},
        "putCatalogueEntry": {**draft, "rank": 7, "name": "新条", "lead": "PLACE"},
        "removeCatalogueEntry": one,
        "moveCatalogueEntry": {**one, "rank": 8},
        "publishCatalogue": draft,
        "rollBackCatalogue": {"number": 1, "reason": "有误"},
        "discardDraft": draft,
        "replayCatalogue": {"draftId": draft["draftId"], **range_},
        "decideProposal": {**proposal, "decision": "DECLINE"},
    }


def _on_a_whistle(desk: Desk, name: str, ticket: str) -> dict[str, str]:
    id_ = UUID(ticket.removeprefix("Ticket_"))
    if name != "confirmReportIn":
        rows = desk.rows("select id from whistle where ticket_id = $1", id_)
        return {"whistleId": f"Whistle_{rows[0]['id']}"}
    query = "select id from report_in where ticket_id = $1 and reported_at is not null"
    return {"reportInId": f"ReportIn_{desk.rows(query, id_)[0]['id']}"}


def _empty_unit(desk: Desk) -> Any:
    rows = desk.rows(
        """select u.id from unit u where level = 'COMMUNITY' and retired_at is null
        and not exists (select 1 from ticket t where t.lead_unit_id = u.id) limit 1"""
    )
    return rows[0]["id"]


def _open_line(desk: Desk) -> Any:
    rows = desk.rows("select id from emergency_line where closed_at is null order by id desc")
    return rows[0]["id"]


_OBJECTS = {"ticket", "unit", "staff", "catalogue", "replay", "proposal", "line"}


def call(name: str) -> str:
    kind = name[0].upper() + name[1:]
    payload = f"{kind}Payload"
    return f"""mutation($input: {kind}Input!) {{ done: {name}(input: $input) {{
      __typename ... on Problem {{ code message }} ... on {payload} {{ {_leaf(payload)} }} }} }}"""


def _leaf(payload: str) -> str:
    kind: Any = GRAPHQL.type_map[payload]
    name = next(iter(kind.fields))
    return f"{name} {{ __typename }}" if name in _OBJECTS else name


def state(desk: Desk) -> dict[str, str]:
    """How many rows each table has, and the sum of the transactions that wrote them.

    No insert, update or delete leaves both as they were; it reads no row's values.
    """
    tables = desk.rows(
        """select relname from pg_class where relkind = 'r'
        and relnamespace = 'beijing'::regnamespace order by relname"""
    )
    query = " union all ".join(
        f"select '{row['relname']}' as name,"
        f" count(*) || ':' || coalesce(sum(xmin::text::bigint)::text, '') as digest"
        f" from {row['relname']}"
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
        # The refusals are tried on what is there; only the street's own whistles are.
        return f"Ticket_{town.codes[stage if stage in town.codes else 'whistled'][0]}"

    before = state(desk)
    assert sum(digest != "0:" for digest in before.values()) > 10
    for name in MUTATIONS:
        given = inputs(desk, town, name, ticket)
        for role in [role for denied, role in DENIED if denied == name]:
            done = desk.data(town.actors[ACTORS[role]], call(name), input=given)["done"]
            wanted = "UNAUTHENTICATED" if role is Role.PUBLIC else "NOT_ALLOWED"
            assert done.get("code") == wanted, (name, role, done)
        assert state(desk) == before, name


@pytest.fixture(scope="module")
def busy_desk(ground: Ground, town_source: tuple[str, Town]) -> Iterator[Desk]:
    """A desk for mutations that touch nothing but tickets of their own."""
    with ground.clone(town_source[0]) as url, open_desk(url) as desk:
        yield desk


@pytest.fixture(scope="module")
def busy_builder(busy_desk: Desk, town: Town) -> Builder:
    """Makes their tickets."""
    return builder_at(busy_desk, town)


def builder_at(desk: Desk, town: Town) -> Builder:
    builder = Builder(desk.database, desk.clock)
    builder.actors = town.actors
    return builder


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_the_map_opens_is_not_refused_by_it(
    name: str, request: pytest.FixtureRequest, town: Town
) -> None:
    """And goes well for somebody, so that the inputs of the refusals above were good ones."""
    alone = name not in ON_A_TICKET | ON_AN_ORDER | ON_A_WHISTLE
    desk: Desk = request.getfixturevalue("written_desk" if alone else "busy_desk")
    builder = builder_at(desk, town) if alone else request.getfixturevalue("busy_builder")
    outcomes: dict[Role, str] = {}
    for role in [role for opened, role in OPEN if opened == name]:
        who = ABOVE.get((name, role), ACTORS[role])
        if role is Role.HANDLER and name in HANDLER_OF:
            who = HANDLER_OF[name]
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


VERSIONED = [
    name
    for name in ON_A_TICKET
    if "expectedVersion" in GRAPHQL.type_map[f"{name[0].upper()}{name[1:]}Input"].fields
]


# Whose part is over has none any more; who stepped back does not even see the ticket.
LATER = {"giveBack": "NotAllowed", "recuse": "NotFound"}


@pytest.mark.parametrize("name", VERSIONED)
def test_of_two_at_once_one_wins(
    name: str, busy_desk: Desk, busy_builder: Builder, town: Town
) -> None:
    """Both saw the same version; the other is told, and has done nothing."""
    desk, builder = busy_desk, busy_builder
    role = next(role for opened, role in OPEN if opened == name)
    who = HANDLER_OF.get(name, ABOVE.get((name, role), ACTORS[role]))
    submitter = who if role in {Role.CITIZEN, Role.PARTNER} else "citizen"

    def ticket(stage: str) -> str:
        return f"Ticket_{desk.run(builder.bring_to(stage, submitter, STREET))}"

    given = inputs(desk, town, name, ticket)
    id_ = UUID(given["ticketId"].removeprefix("Ticket_"))
    version = "select version from ticket where id = $1"
    [before] = desk.rows(version, id_)
    given["expectedVersion"] = before["version"]
    kinds = sorted(
        answer["data"]["done"]["__typename"]
        for answer in desk.ask_at_once(town.actors[who], call(name), {"input": given})
    )
    payload = f"{name[0].upper()}{name[1:]}Payload"
    assert payload in kinds
    # One that begins when the first is done is told what everybody is told who comes later.
    later = desk.data(town.actors[who], call(name), input=given)["done"]["__typename"]
    assert later == LATER.get(name, "Conflict")
    assert set(kinds) - {payload} <= {"Conflict", later} and len(set(kinds)) == 2, kinds
