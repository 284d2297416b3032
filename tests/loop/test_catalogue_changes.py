"""What is tried and proposed before the catalogue changes: replays and proposals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from domain.catalogue import replaying
from domain.catalogue.proposals import propose_change
from domain.kernel.actor import SYSTEM
from domain.tickets.models import Ticket
from domain.units.queries import active_by_code
from tests.loop.catalogue import COLD, change, draft_with, restore
from tests.loop.steps import STREET, citizen_of, submitted
from tests.support.city import Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def clean(city: Hotline) -> AsyncIterator[Hotline]:
    """The city, in which the shipped version is in force again afterwards."""
    yield city
    await restore(city)


# -- replays --------------------------------------------------------------------------------------

REPLAY = """replay { id status total done changed jointChanged
  moves { fromUnit { code } toUnit { code } category { code } tickets samples } }"""


async def replay_of(city: Hotline, replay_id: str) -> Any:
    document = f"query($id: ID!) {{ replay: catalogueReplay(id: $id) {REPLAY[6:]} }}"
    return (await city.caller("admin").send(document, id=replay_id))["replay"]


async def begin_replay(city: Hotline, draft: Any) -> Any:
    now = city.clock.now()
    given = {"draftId": draft["id"], "from": now.isoformat()}
    given["to"] = (now + timedelta(minutes=1)).isoformat()
    return await city.caller("admin").mutate("replayCatalogue", REPLAY, "", given)


async def test_a_replay_counts_what_would_move(
    clean: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks of two, so that the counts of several chunks add up."""
    city = clean
    monkeypatch.setattr(replaying, "CHUNK", 2)
    city.clock.advance(timedelta(days=40))
    citizen, contact = citizen_of(city), {"phone": "13911113333"}
    tickets = [await submitted(citizen, category="CITY.GREEN.TREE") for _ in range(3)]
    other = await submitted(citizen, category="CITY.GREEN.TREE", address="厂里")
    await submitted(citizen, category=COLD)
    await submitted(citizen, category="CITY.GREEN.TREE", kind="CONSULTATION")
    await submitted(
        city.caller("agent"), category="CITY.GREEN.TREE", contact=contact, unitCode=STREET
    )
    draft = await draft_with(
        city.caller("admin"),
        {"rank": 1, "category": "CITY.GREEN", "lead": "BJ-YLJ"},
        {"rank": 2, "category": COLD, "lead": "PLACE"},
    )
    begun = await begin_replay(city, draft)
    assert (begun["status"], begun["total"], begun["done"]) == ("RUNNING", 5, 0)
    twice = await begin_replay(city, draft)
    assert twice["code"] == "NOT_POSSIBLE_NOW"
    await city.fire()
    done = await replay_of(city, begun["id"])
    assert (done["status"], done["done"], done["total"]) == ("DONE", 5, 5)
    assert (done["changed"], done["jointChanged"]) == (4, 1)
    moves = {
        (move["fromUnit"] and move["fromUnit"]["code"], move["toUnit"]["code"]): move
        for move in done["moves"]
    }
    assert set(moves) == {(STREET, "BJ-YLJ"), (None, "BJ-YLJ")}
    assert moves[STREET, "BJ-YLJ"]["tickets"] == 3
    assert moves[STREET, "BJ-YLJ"]["category"] == {"code": "CITY.GREEN.TREE"}
    assert set(moves[STREET, "BJ-YLJ"]["samples"]) == {ticket["code"] for ticket in tickets}
    assert moves[None, "BJ-YLJ"]["samples"] == [other["code"]]
    assert (await submitted(citizen, category="CITY.GREEN.TREE"))["lead"]["code"] == STREET


async def test_a_replay_of_a_draft_that_changed_is_outdated(city: Hotline) -> None:
    admin = city.caller("admin")
    draft = await draft_with(admin, {"rank": 1, "lead": "PLACE"})
    begun = await begin_replay(city, draft)
    await change(admin, "putCatalogueEntry", draftId=draft["id"], rank=2, name="x", lead="PLACE")
    await city.fire()
    assert (await replay_of(city, begun["id"]))["status"] == "OUTDATED"


async def test_a_worker_that_dies_at_a_chunk_loses_nothing(
    city: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.clock.advance(timedelta(days=80))
    await submitted(citizen_of(city), category="CITY.GREEN")
    draft = await draft_with(
        city.caller("admin"), {"rank": 1, "category": "CITY.GREEN", "lead": "BJ-YLJ"}
    )
    begun = await begin_replay(city, draft)
    whole = replaying._count

    async def die(*given: Any) -> None:
        await whole(*given)
        raise RuntimeError("killed after it counted")

    monkeypatch.setattr(replaying, "_count", die)
    await city.fire()
    assert (await replay_of(city, begun["id"]))["done"] == 0
    monkeypatch.undo()
    city.clock.advance(timedelta(minutes=5))
    await city.fire()
    done = await replay_of(city, begun["id"])
    assert (done["status"], done["done"], done["changed"]) == ("DONE", 1, 1)
    assert [move["tickets"] for move in done["moves"]] == [1]


# -- proposals ------------------------------------------------------------------------------------

PROPOSAL = "proposal { id status count decidedBy draft { entries { rank lead joint name } } }"


async def proposed(city: Hotline, ticket: dict[str, Any], to: str, ground: str = "裁定") -> str:
    async with city.database.unit_of_work(SYSTEM) as work:
        row = await work.session.get(Ticket, uuid_of(ticket))
        units = [await active_by_code(work.session, code) for code in (STREET, to)]
        assert row is not None and units[0] is not None and units[1] is not None
        found = await propose_change(
            work, ticket=row, from_unit=units[0], to_unit=units[1], ground=ground
        )
    return f"CatalogueProposal_{found}"


async def test_equal_proposals_are_one_and_are_taken_into_a_draft(clean: Hotline) -> None:
    city, admin = clean, clean.caller("admin")
    tickets = [await submitted(citizen_of(city), category=COLD) for _ in range(2)]
    ids = {await proposed(city, ticket, "BJ-CGW") for ticket in (*tickets, tickets[0])}
    assert len(ids) == 1, "counted, not repeated"
    [proposal] = ids
    listed = await city.caller("supervisor").send(
        "{ catalogueProposals(status: OPEN) { nodes { id count cases { ticket { code } } } } }"
    )
    cases = [{"ticket": {"code": ticket["code"]}} for ticket in tickets]
    nodes = listed["catalogueProposals"]["nodes"]
    assert {"id": proposal, "count": 2, "cases": cases} in nodes
    draft = await change(admin, "draftCatalogue")
    taking = {"proposalId": proposal, "decision": "TAKE", "reason": "属实"}
    missing = await admin.mutate("decideProposal", PROPOSAL, "", taking)
    assert [fault["path"] for fault in missing["fields"]] == ["draftId"]
    stale = await admin.mutate(
        "decideProposal", PROPOSAL, "", taking | {"draftId": draft["id"], "expectedVersion": 7}
    )
    assert stale["code"] == "CONFLICT"
    taken = await admin.mutate("decideProposal", PROPOSAL, "", taking | {"draftId": draft["id"]})
    assert (taken["status"], taken["count"], taken["decidedBy"]) == ("TAKEN", 2, "admin")
    first = taken["draft"]["entries"][0]
    assert (first["rank"], first["lead"], first["joint"]) == (9, "BJ-CGW", ["BJ-RELI"])
    again = await admin.mutate("decideProposal", PROPOSAL, "", taking | {"draftId": draft["id"]})
    assert again["code"] == "NOT_POSSIBLE_NOW"
    assert "message" not in await change(admin, "publishCatalogue", draftId=draft["id"])
    assert (await submitted(citizen_of(city), category=COLD))["lead"]["code"] == "BJ-CGW"
    elsewhere = await submitted(citizen_of(city), category=COLD, address="朝阳区望京街道")
    assert elsewhere["lead"]["name"] == "望京街道", "the ruling was about one street"


async def test_a_declined_proposal_changes_nothing_and_may_come_back(city: Hotline) -> None:
    admin = city.caller("admin")
    ticket = await submitted(citizen_of(city), category="CITY.SNOW")
    proposal = await proposed(city, ticket, "BJ-CGW")
    declined = await admin.mutate(
        "decideProposal", PROPOSAL, "",
        {"proposalId": proposal, "decision": "DECLINE", "reason": "属地职责"},
    )  # fmt: skip
    assert (declined["status"], declined["draft"]) == ("DECLINED", None)
    assert await proposed(city, ticket, "BJ-CGW") != proposal
