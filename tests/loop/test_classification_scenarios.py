"""Complaints without a category: what the model makes of them, and what agents make of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.command.train import corrections
from api.training.examples import Example, Recipe
from domain.classification.classifier import Classifier
from domain.classification.model import packed
from domain.dispatch import intake
from domain.dispatch.city import City
from domain.kernel.actor import Actor, Role
from tests.loop.steps import ADDRESS, STREET, citizen_of, submitted
from tests.support.city import Hotline, uuid_of
from tests.support.training import train

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLD = {"title": "暖气不热", "content": "供暖一周了，家里暖气片还是冰凉，室温只有十三度。"}
LAMP = {"title": "路灯不亮", "content": "这条街的路灯半个月不亮。"}
NOTHING = {"title": "来电", "content": "您好，我想说一件事。"}
SUGGEST = """query($t: String, $c: String!) { suggestCategory(title: $t, content: $c) {
  category { code name } probability model modelVersion wouldBeSet } }"""


async def kept(city: Hotline, table: str, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    return await city.rows(
        f"select * from {table} where ticket_id = :id order by id", id=uuid_of(ticket)
    )


async def test_what_the_model_is_sure_of_is_set_and_its_level_follows(city: Hotline) -> None:
    citizen, agent = citizen_of(city), city.caller("agent")
    ticket = await submitted(citizen, **COLD)
    assert (ticket["category"]["code"], ticket["categorySource"]) == (
        "HOUSING.HEATING.COLD", "MODEL",
    )  # fmt: skip
    assert ticket["level"] == "L2", "heating has twenty-four hours"
    assert ticket["categorySuggestions"] == [], "not the citizen's business"
    found = (await agent.ticket(ticket["code"]))["categorySuggestions"]
    assert [one["rank"] for one in found] == [1, 2, 3]
    assert found[0]["category"]["code"] == "HOUSING.HEATING.COLD"
    assert 0.6 <= found[0]["probability"] <= 1 and found[0]["model"] == "jiesu-sample"
    handler = city.caller("handler", unit=STREET)
    assert (await handler.ticket(ticket["code"]))["categorySuggestions"] == found
    assert await kept(city, "category_correction", ticket) == []


async def test_what_it_is_not_sure_of_is_left_to_the_agent(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city), **NOTHING)
    assert (ticket["category"], ticket["categorySource"], ticket["level"]) == (None, None, "L3")
    found = (await agent.ticket(ticket["code"]))["categorySuggestions"]
    assert len(found) == 3 and all(one["probability"] < 0.6 for one in found)
    done = await agent.do("classifyTicket", ticketId=ticket["id"], category="CIVIL.COMMUNITY")
    assert (done["category"]["code"], done["categorySource"]) == ("CIVIL.COMMUNITY", "CENTRE")
    [row] = await kept(city, "category_correction", ticket)
    first = (await kept(city, "category_suggestion", ticket))[0]
    assert (row["category_code"], row["previous_code"]) == ("CIVIL.COMMUNITY", None)
    assert (row["suggestion_id"], first["rank"]) == (first["id"], 1)
    assert (row["actor_role"], row["at"]) == ("agent", city.clock.now())


async def test_a_category_that_was_named_is_not_guessed_at(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), **COLD, category="CITY.FACILITY.LAMP")
    assert (ticket["category"]["code"], ticket["categorySource"]) == (
        "CITY.FACILITY.LAMP", "SUBMITTED",
    )  # fmt: skip
    assert ticket["level"] == "L3"
    assert await kept(city, "category_suggestion", ticket) == []


async def test_emergency_words_outrank_the_model(city: Hotline) -> None:
    ticket = await submitted(
        citizen_of(city), title="暖气不热", content="暖气片冰凉，楼下刚刚着火了。"
    )
    assert ticket["level"] == "L1"


async def test_the_same_category_again_is_no_correction(city: Hotline) -> None:
    agent = city.caller("agent")
    ticket = await submitted(citizen_of(city), **LAMP)
    one = {"ticketId": ticket["id"]}
    done = await agent.do("classifyTicket", **one, category="CITY.FACILITY.LAMP")
    assert done["categorySource"] == "CENTRE", "somebody has looked at it"
    await agent.do("classifyTicket", **one, level="L2", reason="主干道")
    assert await kept(city, "category_correction", ticket) == []
    await agent.do("classifyTicket", **one, category="RURAL.VILLAGE.ROAD")
    await agent.do("classifyTicket", **one, category="CITY.FACILITY")
    rows = await kept(city, "category_correction", ticket)
    assert [(row["previous_code"], row["category_code"]) for row in rows] == [
        ("CITY.FACILITY.LAMP", "RURAL.VILLAGE.ROAD"), ("RURAL.VILLAGE.ROAD", "CITY.FACILITY"),
    ]  # fmt: skip
    texts = [each for each in await corrections(city.settings) if each.title == LAMP["title"]]
    assert texts == [Example(LAMP["title"], LAMP["content"], "CITY.FACILITY")], "the last one"


async def test_a_refused_correction_leaves_nothing(city: Hotline) -> None:
    agent, handler = city.caller("agent"), city.caller("handler", unit=STREET)
    ticket = await submitted(citizen_of(city), **LAMP)
    one = {"ticketId": ticket["id"]}
    refusals = [
        await handler.do("classifyTicket", **one, category="CIVIL.COMMUNITY"),
        await agent.do("classifyTicket", **one, category="NO.SUCH"),
        await agent.do("classifyTicket", **one, category="CIVIL.COMMUNITY", expectedVersion=0),
    ]
    assert [refusal["code"] for refusal in refusals] == ["NOT_ALLOWED", "INVALID_INPUT", "CONFLICT"]
    seen = await agent.ticket(ticket["code"])
    assert (seen["category"]["code"], seen["categorySource"]) == ("CITY.FACILITY.LAMP", "MODEL")
    assert await kept(city, "category_correction", ticket) == []


async def test_an_agent_is_told_while_writing(city: Hotline) -> None:
    before = await city.row("select count(*) as n from category_suggestion")
    agent = city.caller("agent")
    found = (await agent.send(SUGGEST, t=COLD["title"], c=COLD["content"]))["suggestCategory"]
    assert found[0]["category"] == {"code": "HOUSING.HEATING.COLD", "name": "室内温度不达标"}
    assert [one["wouldBeSet"] for one in found] == [True, False, False]
    unsure = (await agent.send(SUGGEST, c=NOTHING["content"]))["suggestCategory"]
    assert not any(one["wouldBeSet"] for one in unsure)
    for role in ("citizen", "evaluator", "admin"):
        other = citizen_of(city) if role == "citizen" else city.caller(role)
        assert (await other.send(SUGGEST, c=COLD["content"]))["suggestCategory"] == []
    long = await agent.answer(SUGGEST, c="暖" * 8001)
    assert long["errors"][0]["extensions"]["code"] in {"TEXT_TOO_LONG", "LIMIT_EXCEEDED"}
    assert await city.row("select count(*) as n from category_suggestion") == before


async def test_categories_that_the_city_lacks_are_left_out(city: Hotline, tmp_path: Path) -> None:
    """A model of somebody else's categories may not stop a complaint from coming in."""
    learnt = [
        Example(f"{word}{n}", f"{word}第{n}次反映", label)
        for word, label in (("暖气", "OUR.OWN"), ("路灯", "CITY.FACILITY.LAMP"))
        for n in range(9)
    ]
    file = tmp_path / "own.model"
    file.write_bytes(packed(train(learnt, "own", Recipe(fewest=1, sharpness=30.0))))
    beijing = City("beijing", lambda: city.rules, Classifier(file))
    agent = Actor(Role.AGENT, "agent")
    contact = intake.ContactDetails("13800000099")
    for word, expected in (("暖气", None), ("路灯", "CITY.FACILITY.LAMP")):
        async with city.database.unit_of_work(agent) as work:
            submission = intake.Submission(word, f"{word}反映", contact=contact, address=ADDRESS)
            made = await intake.submit_ticket(work, beijing, city.protection, submission)
        row = await city.row("select category_code as code from ticket where id = :id", id=made)
        assert row["code"] == expected, "what is sure and unknown is not replaced by the next"
        listed = await city.rows(
            "select category_code, model from category_suggestion where ticket_id = :id", id=made
        )
        assert {(one["category_code"], one["model"]) for one in listed} == {
            ("CITY.FACILITY.LAMP", "own")
        }


async def test_what_waits_for_triage_is_not_overdue(city: Hotline) -> None:
    ticket = await submitted(citizen_of(city), **NOTHING, address=None)
    assert (ticket["status"], ticket["deadline"]) == ("RECEIVED", None)
    listed = "query($o: Boolean!) { tickets(first: 100, filter: {overdue: $o}) { nodes { code } } }"
    agent = city.caller("agent")
    codes = {
        late: {node["code"] for node in (await agent.send(listed, o=late))["tickets"]["nodes"]}
        for late in (True, False)
    }
    assert ticket["code"] in codes[False] - codes[True]
