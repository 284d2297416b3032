"""Matching: first match wins, and the compiled form says what the naive loop says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalogue.checking import covers, warnings_of
from domain.catalogue.entries import (
    FALLBACK_RANK,
    RELATIVE,
    Entry,
    Facts,
    fallback,
    minute_of,
    text_of,
    within,
)
from domain.catalogue.matching import Catalogue, Decision, settle
from domain.catalogue.tree import Branches

TREE = Branches(
    [
        ("11", "某市", "CITY", None),
        ("D1", "东区", "DISTRICT", "11"),
        ("D2", "西区", "DISTRICT", "11"),
        ("S1", "一街", "STREET", "D1"),
        ("S2", "二街", "STREET", "D1"),
        ("S3", "三街", "STREET", "D2"),
        ("HEAT", "热力集团", "ENTERPRISE", "11"),
        ("LABOUR", "人社局", "DEPARTMENT", "11"),
        ("D1-CG", "东区城管", "DEPARTMENT", "D1"),
    ]
)
PLACES = (None, "11", "D1", "D2", "S1", "S2", "S3")
CODES = ("A", "A.B", "A.B.C", "A.BB", "B", "B.A")
WORDS = ("暖气", "欠薪", "暖", "ＡＢＣ", "abc", "路 灯")
TEXTS = ("暖气不热", "工资欠薪", "ABC", "路灯不亮", "路\u3000灯", "无事", "暖。气")
UNITS = ("S1", "D1", "HEAT", "LABOUR", "D1-CG", "GONE")


def maybe(words: tuple[str | None, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(words)


minutes = st.integers(0, 1439)
hours = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1])
entries = st.builds(
    Entry,
    rank=st.just(0),
    name=st.just("条目"),
    category=maybe(CODES),
    area=maybe(("11", "D1", "D2", "S1", "S3")),
    kinds=st.frozensets(st.sampled_from(["HELP", "COMPLAINT", "REPORT"]), max_size=2),
    hours=st.none() | hours,
    line=maybe(("HEATING",)),
    keywords=st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple),
    lead=st.sampled_from([*RELATIVE, *UNITS]),
    joint=st.lists(st.sampled_from([*RELATIVE, *UNITS]), max_size=3).map(tuple),
    copies=st.lists(st.sampled_from([*RELATIVE, *UNITS]), max_size=3).map(tuple),
)
versions = st.lists(entries, max_size=10).map(
    lambda found: [replace(entry, rank=10 * n + 10) for n, entry in enumerate(found)]
)
facts = st.builds(
    Facts,
    category=maybe((*CODES, "A.B.C.D")),
    lineage=st.sampled_from(PLACES).map(TREE.lineage_of),
    kind=st.sampled_from(["HELP", "COMPLAINT", "REPORT", "PRAISE"]),
    minute=minutes,
    line=maybe(("HEATING", "GAS")),
    text=st.sampled_from(TEXTS),
)


@settings(max_examples=40)
@given(versions, facts, st.randoms())
def test_the_compiled_catalogue_is_the_naive_loop(
    version: list[Entry], fact: Facts, random: object
) -> None:
    naive = next(entry for entry in [*version, fallback()] if entry.holds(fact))
    shuffled = sorted(version, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert Catalogue(1, shuffled).entry_for(fact) == naive


@settings(max_examples=40)
@given(versions, st.lists(facts, min_size=1, max_size=8))
def test_an_entry_that_is_warned_of_never_decides(version: list[Entry], some: list[Facts]) -> None:
    lineages = {code: TREE.lineage_of(code) for code in PLACES if code}
    never = {warning.rank for warning in warnings_of([*version, fallback()], lineages)}
    decided = {Catalogue(1, version).entry_for(fact).rank for fact in some}
    assert not never & decided


@pytest.mark.parametrize(
    ("wide", "narrow", "always"),
    [
        (Entry(1, ""), Entry(2, "", category="A"), True),
        (Entry(1, "", category="A.B"), Entry(2, "", category="A.B.C"), True),
        (Entry(1, "", category="A.B"), Entry(2, "", category="A.BB"), False),
        (Entry(1, "", category="A.B"), Entry(2, "", category="A"), False),
        (Entry(1, "", area="D1"), Entry(2, "", area="S1"), True),
        (Entry(1, "", area="D1"), Entry(2, "", area="S3"), False),
        (Entry(1, "", area="S1"), Entry(2, ""), False),
        (Entry(1, "", kinds=frozenset({"HELP"})), Entry(2, ""), False),
        (Entry(1, "", keywords=("暖",)), Entry(2, "", keywords=("暖气", "暖炉")), True),
        (Entry(1, "", keywords=("暖气",)), Entry(2, "", keywords=("暖气", "暖炉")), False),
        (Entry(1, "", hours=(1320, 360)), Entry(2, "", hours=(0, 300)), True),
        (Entry(1, "", hours=(1320, 360)), Entry(2, "", hours=(1300, 300)), False),
        (Entry(1, "", hours=(1320, 360)), Entry(2, ""), False),
        (Entry(1, "", line="GAS"), Entry(2, "", line="GAS"), True),
        (Entry(1, "", line="GAS"), Entry(2, ""), False),
    ],
)
def test_what_forestalls_what(wide: Entry, narrow: Entry, always: bool) -> None:
    lineages = {code: TREE.lineage_of(code) for code in PLACES if code}
    assert covers(wide, narrow, lineages) is always


@settings(max_examples=40)
@given(versions, facts)
def test_units_of_a_decision_are_active_and_have_one_part_each(
    version: list[Entry], fact: Facts
) -> None:
    decision = Catalogue(3, version).decide(fact, TREE)
    parts = [code for code in (decision.lead, *decision.joint, *decision.copies) if code]
    assert len(parts) == len(set(parts))
    assert all(code in TREE for code in parts)
    for code in (decision.lead, *decision.joint):
        district = TREE.district_of(code) if code else None
        assert district in (None, *parts), "what goes below a district is shown to it (B12)"
    if decision.lead is None:
        assert fact.place is None
    said = decision.explain(TREE)
    assert f"第3版第{decision.entry.rank}条“{decision.entry.name}”" in said


def decided(entry: Entry, place: str | None) -> Decision:
    return settle(1, entry, place, TREE)


def test_relative_units_follow_the_place() -> None:
    wages = Entry(1, "欠薪", lead="LABOUR", joint=("STREET",))
    assert decided(wages, "S1") == Decision(1, wages, "LABOUR", ("S1",), ("D1",))
    assert decided(wages, "D2").joint == ("D2",), "only the district is known (B12)"
    assert decided(wages, None) == Decision(1, wages, "LABOUR", (), ())
    heating = Entry(2, "供暖", joint=("HEAT",), copies=("DISTRICT",))
    assert decided(heating, "S3") == Decision(1, heating, "S3", ("HEAT",), ("D2",))
    assert decided(heating, None).lead is None
    assert decided(Entry(3, "区", lead="DISTRICT"), "S2").lead == "D1"
    assert decided(Entry(3, "街", lead="STREET"), "S2").lead == "S2"


def test_a_lead_that_retired_leaves_it_to_the_place() -> None:
    gone = Entry(1, "旧", lead="GONE", joint=("GONE", "HEAT"))
    decision = decided(gone, "S1")
    assert (decision.lead, decision.joint, decision.stood_in) == ("S1", ("HEAT",), True)
    assert "已撤销" in decision.explain(TREE) and "一街" in decision.explain(TREE)


def test_no_keyword_is_found_across_title_and_content() -> None:
    entry = Entry(1, "", keywords=("暖气",))
    assert not entry.holds(Facts(None, (), "HELP", 0, None, text_of("停暖", "气温低")))
    assert entry.holds(Facts(None, (), "HELP", 0, None, text_of("停 暖\u3000气", "x")))


def test_hours_may_cross_midnight() -> None:
    assert [within((1320, 360), m) for m in (1319, 1320, 1439, 0, 359, 360)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert [within((360, 1320), m) for m in (359, 360, 1319, 1320)] == [False, True, True, False]


@pytest.mark.parametrize("text", ["24:00", "7:00", "07:60", "", "07:00 ", "０7:00"])
def test_what_is_no_time_of_day(text: str) -> None:
    assert minute_of(text) is None
    assert (minute_of("00:00"), minute_of("23:59")) == (0, 1439)


def test_a_ticket_is_held_against_few_of_many() -> None:
    """Counted, not timed: of 300 entries those of other categories and areas are left alone."""
    many = [
        Entry(n + 1, "", category=f"C{n % 100}.X", area=("S1", "S2", "D2")[n % 3])
        for n in range(300)
    ]
    catalogue = Catalogue(1, many)
    found = catalogue._candidates(Facts("C7.X.Y", TREE.lineage_of("S2"), "HELP", 0, None, ""))
    assert len(found) <= 4
    assert found[-1][1].rank == FALLBACK_RANK
