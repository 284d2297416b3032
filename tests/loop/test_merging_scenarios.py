"""并单: who was merged keeps their code, is told of everything, and is asked on their own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.dispatch import merging
from domain.kernel.actor import Actor, Role
from domain.kernel.outages import is_conflict
from tests.loop.promises import promises_hold
from tests.loop.steps import DISTRICT, STREET, citizen_of, judged, replied, scores, submitted
from tests.support.city import Caller, Hotline, uuid_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSOLVED = {"resolved": False, "satisfaction": "DISSATISFIED"}
SECRET = "我是三单元的王大爷，电话13800001111"
People = list[Caller]


async def merged(city: Hotline, count: int = 3) -> tuple[Any, list[Any], Caller, People]:
    """A primary and so many followers, each of another citizen."""
    first = citizen_of(city)
    primary = await submitted(first, content=SECRET)
    people = [citizen_of(city) for _ in range(count)]
    followers = []
    for who in people:
        ticket = await submitted(who)
        done = await merge(city, ticket, primary)
        assert done["status"] == "MERGED", done
        followers.append(done)
    return primary, followers, first, people


async def merge(city: Hotline, ticket: Any, primary: Any, **given: Any) -> Any:
    return await city.caller("agent").do(
        "mergeTicket", ticketId=ticket["id"], primaryId=primary["id"], reason="同一楼道", **given
    )


async def hold(city: Hotline, *tickets: Any) -> None:
    await promises_hold(city.database, city.rules, [uuid_of(ticket) for ticket in tickets])


def calls(ticket: Any) -> list[tuple[int, str]]:
    return [(call["round"], call["status"]) for call in ticket["callbacks"]]


async def test_a_primary_and_three_followers_from_submit_to_evaluation(city: Hotline) -> None:
    """Reporters of merged tickets never hear again: here each of them does."""
    agent = city.caller("agent")
    before = await scores(agent, "2026-12")
    primary, followers, first, people = await merged(city)
    for who, ticket in zip(people, followers, strict=True):
        seen = await who.ticket(ticket["code"])
        assert (seen["status"], seen["lead"], seen["deadline"]) == ("MERGED", None, None)
        assert seen["following"]["status"] == "DISPATCHED"
        assert seen["following"]["lead"]["code"] == STREET
        assert await city.timers(ticket) == []
        assert all(part["endedAt"] for part in seen["assignments"])
        assert "EVALUATE" not in seen["availableActions"], "there is nothing to judge yet"
        assert (await judged(who, ticket))["code"] == "NOT_POSSIBLE_NOW"
        assert (await who.ticket(primary["code"])) is None, "another's ticket stays another's"
        assert "王大爷" not in str(seen)
    await hold(city, primary, *followers)
    await replied(city, primary)
    for who, ticket in zip(people, followers, strict=True):
        seen = await who.ticket(ticket["code"])
        assert [reply["content"] for reply in seen["replies"]] == ["已换灯。"]
        assert calls(seen) == [(1, "SCHEDULED")]
        assert seen["callbacks"][0]["unit"]["code"] == STREET
        assert seen["history"]["nodes"][-1]["kind"] == "FOLLOW"
        assert seen["history"]["nodes"][-1]["remark"] == "已换灯。"
        assert seen["following"]["status"] == "REPLIED"
        assert {"EVALUATE"} <= set(seen["availableActions"])
    await hold(city, primary, *followers)
    assert (await judged(people[0], followers[0]))["status"] == "CLOSED"
    assert (await judged(agent, followers[1]))["status"] == "CLOSED"
    assert (await judged(first, primary))["status"] == "CLOSED"
    assert (await judged(people[2], followers[2]))["status"] == "CLOSED", "after the primary too"
    await hold(city, primary, *followers)
    after = await scores(agent, "2026-12")
    assert after[STREET]["valid"] - before[STREET]["valid"] == 4
    assert after[STREET]["resolved"] - before[STREET]["resolved"] == 4


async def test_a_followers_unsolved_gives_the_primary_back_once(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, followers, _, people = await merged(city)
    await replied(city, primary)
    assert (await judged(people[0], followers[0]))["status"] == "CLOSED"
    done = await judged(people[1], followers[1], **UNSOLVED, remark="王大爷说没修")
    assert (done["status"], done["round"]) == ("MERGED", 2)
    back = await agent.ticket(primary["code"])
    assert (back["status"], back["round"], back["lead"]["code"]) == ("DISPATCHED", 2, STREET)
    assert calls(back) == [(1, "CANCELLED")]
    assert "没修" not in str(back), "the words of the other citizen stay with their own ticket"
    waiting = await agent.ticket(followers[2]["code"])
    assert calls(waiting) == [(1, "CANCELLED")], "who was not called yet is called afterwards"
    again = await judged(people[2], followers[2], **UNSOLVED)
    assert again["code"] == "NOT_POSSIBLE_NOW"
    assert (await agent.ticket(primary["code"]))["round"] == 2, "once"
    await hold(city, primary, *followers)
    await replied(city, primary)
    for number in (1, 2):
        seen = await agent.ticket(followers[number]["code"])
        assert calls(seen)[-1] == (2, "SCHEDULED")
        assert [reply["round"] for reply in seen["replies"]] == [1, 2]
        assert (await judged(people[number], followers[number]))["status"] == "CLOSED"
    assert calls(await agent.ticket(followers[0]["code"])) == [(1, "ANSWERED")]
    await hold(city, primary, *followers)


async def test_who_is_unsolved_after_the_primarys_end_goes_on_alone(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, [follower], first, [citizen] = await merged(city, 1)
    await replied(city, primary)
    closed = await judged(first, primary)
    done = await judged(citizen, follower, **UNSOLVED)
    assert (done["status"], done["round"], done["lead"]["code"]) == ("DISPATCHED", 2, STREET)
    assert done["following"] is None
    assert {clock for clock, _, _ in await city.timers(done)} == {"ACCEPT", "CONTACT", "REPLY"}
    assert (await agent.ticket(primary["code"]))["version"] == closed["version"]
    await hold(city, primary, follower)
    assert (await judged(citizen, await replied(city, done)))["status"] == "CLOSED"


async def test_withdrawing_the_primary_loses_nobody(city: Hotline) -> None:
    primary, followers, first, people = await merged(city)
    done = await first.do("withdrawTicket", ticketId=primary["id"])
    assert done["status"] == "WITHDRAWN"
    heir = await people[0].ticket(followers[0]["code"])
    assert (heir["status"], heir["lead"]["code"]) == ("DISPATCHED", STREET)
    await hold(city, primary, *followers)
    await replied(city, heir)
    for who, ticket in zip(people, followers, strict=True):
        assert (await judged(who, ticket))["status"] == "CLOSED"


async def test_unmerging_is_a_fresh_dispatch(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, followers, _, people = await merged(city, 2)
    given = {"reason": "不是同一盏灯"}
    done = await agent.do("unmergeTicket", ticketId=followers[0]["id"], **given)
    assert (done["status"], done["round"], done["lead"]["code"]) == ("DISPATCHED", 1, STREET)
    await hold(city, primary, *followers)
    await replied(city, primary)
    late = await agent.do("unmergeTicket", ticketId=followers[1]["id"], **given)
    assert (late["status"], late["round"]) == ("DISPATCHED", 2), "that reply is not its own"
    assert calls(late) == [(1, "CANCELLED")]
    await hold(city, primary, *followers)
    for number, ticket in enumerate((done, late)):
        assert (await judged(people[number], await replied(city, ticket)))["status"] == "CLOSED"
    fresh = await submitted(citizen_of(city), address="不知道在哪")
    await merge(city, fresh, await submitted(citizen_of(city)))
    back = await agent.do("unmergeTicket", ticketId=fresh["id"], **given)
    assert (back["status"], back["lead"]) == ("RECEIVED", None)


async def test_one_level_and_no_circle(city: Hotline) -> None:
    agent = city.caller("agent")
    primary, followers, _, _ = await merged(city, 2)
    above = await submitted(citizen_of(city))
    assert (await merge(city, primary, primary))["fields"][0]["path"] == "primaryId"
    assert (await merge(city, primary, followers[0]))["code"] == "NOT_POSSIBLE_NOW"
    assert (await merge(city, followers[0], above))["code"] == "NOT_POSSIBLE_NOW"
    assert (await merge(city, primary, above))["status"] == "MERGED"
    await hold(city, above, primary, *followers)
    rows = await city.rows("select id from ticket where primary_id = :id", id=uuid_of(above))
    assert len(rows) == 3
    await replied(city, above)
    for ticket in (primary, *followers):
        assert calls(await agent.ticket(ticket["code"])) == [(1, "SCHEDULED")]
    assert (await merge(city, await submitted(citizen_of(city)), above))["code"] == (
        "NOT_POSSIBLE_NOW"
    ), "who comes after the reply is told the result (B11(3))"


async def test_an_answer_of_the_centre_is_told_to_the_followers(city: Hotline) -> None:
    primary = await submitted(citizen_of(city), kind="CONSULTATION")
    citizen = citizen_of(city)
    follower = await submitted(citizen, kind="CONSULTATION")
    await merge(city, follower, primary)
    await city.caller("agent").do(
        "triageTicket", ticketId=primary["id"], outcome="ANSWER", answer="请带身份证办理。"
    )
    seen = await citizen.ticket(follower["code"])
    assert (seen["status"], seen["answer"]) == ("CLOSED", "请带身份证办理。")


async def test_nobody_but_the_centre_merges(city: Hotline) -> None:
    citizen = citizen_of(city)
    one, other = await submitted(citizen), await submitted(citizen)
    for who in (citizen, city.caller("handler", unit=STREET), city.caller("evaluator")):
        refused = await who.do(
            "mergeTicket", ticketId=one["id"], primaryId=other["id"], reason="同一事项"
        )
        assert refused["code"] == "NOT_ALLOWED"
    stale = await merge(city, one, other, expectedVersion=one["version"] - 1)
    assert stale["code"] == "CONFLICT"
    assert (await citizen.ticket(one["code"]))["version"] == one["version"]


async def test_two_tickets_merged_into_each_other_at_once(city: Hotline) -> None:
    """Two real transactions: one goes through, the other finds what it left; no circle."""
    for _ in range(4):
        one, other = await submitted(citizen_of(city)), await submitted(citizen_of(city))
        agent = Actor(Role.AGENT, "agent")

        async def run(ticket: Any, primary: Any, agent: Actor = agent) -> bool:
            try:
                async with city.database.unit_of_work(agent) as work:
                    await merging.merge_ticket(work, uuid_of(ticket), uuid_of(primary), "同一事项")
            except Exception as error:
                assert is_conflict(error) or "MERGED" in str(error), error
                return False
            return True

        done = await asyncio.gather(run(one, other), run(other, one))
        assert sorted(done) == [False, True]
        await hold(city, one, other)


async def test_the_replies_of_many_followers_are_few_statements(city: Hotline) -> None:
    """No statement a row: five followers cost what one costs."""
    from sqlalchemy import event

    counts = []
    for many in (1, 5):
        primary, _, _, _ = await merged(city, many)
        handler, one = city.caller("handler", unit=STREET), {"ticketId": primary["id"]}
        await handler.do("acceptTicket", **one)
        await handler.do("recordContact", **one, note="已联系")
        assert city.application is not None and city.application._opened is not None
        engine = city.application._opened.services.database.engine.sync_engine
        seen: list[str] = []
        note = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        done = await handler.do("replyToTicket", **one, content="已换灯。", resolved=True)
        event.remove(engine, "before_cursor_execute", note)
        assert done["status"] == "REPLIED"
        counts.append(len(seen))
    assert counts[0] == counts[1] > 5, counts


async def test_the_district_sees_no_followers_that_are_not_its_own(city: Hotline) -> None:
    """`followers` and `primary` ask each ticket's own predicate."""
    primary = await submitted(citizen_of(city))
    follower = await submitted(citizen_of(city), address="海淀区")
    await merge(city, follower, primary)
    document = """query($c: String!) { ticket(code: $c) {
      primary { code } followers { code } following { status } } }"""
    for who, code, wanted in (
        (city.caller("handler", unit=DISTRICT), primary, {"followers": []}),
        (city.caller("agent"), primary, {"followers": [{"code": follower["code"]}]}),
        (city.caller("agent"), follower, {"primary": {"code": primary["code"]}}),
        (city.caller("handler", unit="110108"), follower, {"primary": None}),
    ):
        found = (await who.send(document, c=code["code"]))["ticket"]
        assert found.items() >= wanted.items(), found
