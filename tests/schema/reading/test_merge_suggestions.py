"""mergeSuggestions: one statement, by indexes, and what it suggests is a repeat."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.schema.reading.test_reading_statements import plan_nodes
from tests.support.data import DISTRICT, OTHER_STREET, SISTER, STREET, Builder, Town
from tests.support.desk import Desk

DOCUMENT = """query($id: ID!) { mergeSuggestions(ticketId: $id) {
  score sameCitizen sameCategory near alike why ticket { id } } }"""
HERE = (116.4800, 39.9200)
NEARBY = (116.4830, 39.9220)  # about 340 metres
FAR = (116.5100, 39.9200)  # about 2.5 kilometres


def ask(desk: Desk, town: Town, who: str, ticket: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.data(town.actors[who], DOCUMENT, id=f"Ticket_{ticket}")[
        "mergeSuggestions"
    ]
    return found


@pytest.fixture
def builder(written_desk: Desk, town: Town) -> Builder:
    made = Builder(written_desk.database, written_desk.clock)
    made.actors = town.actors
    return made


def submit(desk: Desk, builder: Builder, who: str, unit: str, title: str, **more: Any) -> UUID:
    given = {"title": title, "content": f"{title}，请尽快处理。", "address": None} | more
    made: UUID = desk.run(builder.submit(who, unit, **given))
    return made


def test_what_is_suggested_is_scored_and_said_in_words(
    written_desk: Desk, town: Town, builder: Builder
) -> None:
    desk, words = written_desk, "小区东门的垃圾桶满了没有人清运"
    own = submit(desk, builder, "citizen", STREET, words, location=HERE, category="UTILITY.WATER")
    same = submit(
        desk, builder, "citizen", STREET, words, location=NEARBY, category="UTILITY.WATER"
    )
    alike = submit(
        desk, builder, "neighbour", SISTER, "小区东门的垃圾桶没有人清运", location=NEARBY
    )
    away = submit(desk, builder, "neighbour", OTHER_STREET, words, location=FAR)
    other = submit(desk, builder, "neighbour", SISTER, "地铁站口共享单车乱停放", location=FAR)
    found = ask(desk, town, "agent", own)
    ids = [row["ticket"]["id"] for row in found]
    assert ids == [f"Ticket_{id_}" for id_ in (same, away, alike)] or ids == [
        f"Ticket_{id_}" for id_ in (same, alike, away)
    ]
    assert f"Ticket_{other}" not in ids
    best = found[0]
    assert (best["sameCitizen"], best["sameCategory"], best["near"]) == (True, True, True)
    assert best["score"] == pytest.approx(1.0) and best["alike"] == pytest.approx(1.0)
    assert best["why"] == "同一市民、同一分类、同一地点或相距很近、文字相似100%"
    by_id = {row["ticket"]["id"]: row for row in found}
    assert by_id[f"Ticket_{alike}"]["near"] and not by_id[f"Ticket_{away}"]["near"]
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)


def test_what_is_ended_merged_or_on_another_unit_is_not_suggested(
    written_desk: Desk, town: Town, builder: Builder
) -> None:
    from domain.dispatch import merging
    from domain.kernel.vocabulary import TicketKind

    desk, words = written_desk, "楼下餐馆夜间油烟和噪声扰民"
    own = submit(desk, builder, "citizen", STREET, words)
    assert ask(desk, town, "agent", own) == []
    open_ = submit(desk, builder, "neighbour", STREET, words)
    merged = submit(desk, builder, "neighbour", STREET, words)
    desk.run(builder.run("agent", lambda w: merging.merge_ticket(w, merged, open_, "同一事项")))
    ended = submit(desk, builder, "neighbour", STREET, words)
    desk.run(builder.run(
        "neighbour", lambda w: merging.withdraw_ticket(w, builder.city.rules, ended)
    ))  # fmt: skip
    submit(
        desk, builder, "neighbour", DISTRICT, words, kind=TicketKind.REPORT,
        accused_unit_code=STREET,
    )  # fmt: skip
    assert [row["ticket"]["id"] for row in ask(desk, town, "agent", own)] == [f"Ticket_{open_}"]
    for who in ("citizen", STREET, "evaluator"):
        assert ask(desk, town, who, own) == [], "for agents only"


def test_at_most_five(written_desk: Desk, town: Town, builder: Builder) -> None:
    made = [
        submit(written_desk, builder, "citizen", STREET, "电梯三天两头坏了没有人修")
        for _ in range(8)
    ]
    assert len(ask(written_desk, town, "agent", made[0])) == 5


def test_it_goes_by_indexes_among_many(crowded: Desk, town: Town) -> None:
    [row] = crowded.rows("select id from ticket where lead_unit_id is not null limit 1")
    document = DOCUMENT.replace("query($id: ID!)", "").replace("$id", f'"Ticket_{row["id"]}"')
    begin = len(crowded.pool.statements)
    nodes = plan_nodes(crowded, town.actors["agent"], document)
    scanned = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
    assert "ticket" not in scanned, scanned
    used = {node.get("Index Name") for node in nodes}
    assert {"ix_ticket_title_open", "ix_ticket_place_open"} <= used, used
    assert len(crowded.pool.statements) == begin + 1
