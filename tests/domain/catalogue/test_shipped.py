"""The shipped catalogues: sound, and saying what they are meant to say."""

from __future__ import annotations

import pytest

from domain.catalogue.checking import categories_of, faults_of, units_of, warnings_of
from domain.catalogue.drafting import EntryForm, columns, form_faults
from domain.catalogue.entries import Entry, Facts
from domain.catalogue.matching import Catalogue, Decision
from domain.catalogue.models import CatalogueEntry
from domain.catalogue.queries import entry_of
from domain.catalogue.seeding import shipped_entries
from tests.support.places import CITIES_WITH_UNITS, gazetteer_of, rows_of


def entries_of(city: str) -> list[Entry]:
    return [entry_of(CatalogueEntry(**columns(form))) for form in shipped_entries(city)]


@pytest.mark.parametrize("city", CITIES_WITH_UNITS)
def test_they_can_be_published_as_they_are(city: str) -> None:
    forms: list[EntryForm] = shipped_entries(city)
    assert len(forms) >= 40
    assert [fault for form in forms for fault in form_faults(form)] == []
    entries, gazetteer = entries_of(city), gazetteer_of(city)
    categories = {row["code"] for row in rows_of("", "categories.csv")}
    assert faults_of(entries, units_of(entries) & set(gazetteer.places), categories) == []
    lineages = {code: gazetteer.lineage_of(code) for code in units_of(entries)}
    assert warnings_of(entries, lineages) == []
    assert categories_of(entries) <= categories


def test_a_city_without_one_ships_none() -> None:
    assert shipped_entries("generic") == []


def decided(city: str, category: str, place: str, text: str = "", minute: int = 600) -> Decision:
    gazetteer = gazetteer_of(city)
    facts = Facts(category, gazetteer.lineage_of(place), "HELP", minute, None, text)
    return Catalogue(1, entries_of(city)).decide(facts, gazetteer)


@pytest.mark.parametrize(
    ("city", "category", "lead", "joint"),
    [
        ("beijing", "HOUSING.HEATING", "110105015", ()),
        ("beijing", "HOUSING.HEATING.COLD", "110105015", ("BJ-RELI",)),
        ("beijing", "LABOUR.WAGES.COMPANY", "BJ-RLSB", ("110105015",)),
        ("beijing", "UTILITY.WATER.STOPPED", "BJ-ZLS", ()),
        ("beijing", "UTILITY.POWER.STOPPED", "BJ-DIANLI", ()),
        ("beijing", "CITY.SANITATION.GARBAGE", "110105015", ()),
        ("jinan", "HOUSING.HEATING.COLD", "370102002", ("JN-NENGYUAN",)),
        ("jinan", "LABOUR.WAGES.COMPANY", "JN-RSJ", ("370102002",)),
        ("jinan", "UTILITY.GAS.STOPPED", "JN-NENGYUAN", ()),
    ],
)
def test_who_leads_what(city: str, category: str, lead: str, joint: tuple[str, ...]) -> None:
    place = {"beijing": "110105015", "jinan": "370102002"}[city]
    decision = decided(city, category, place)
    assert (decision.lead, decision.joint) == (lead, joint)


def test_words_and_hours_narrow_an_entry() -> None:
    street = "110105015"
    broadband = [
        decided("beijing", "UTILITY.TELECOM.BROADBAND", street, text).lead
        for text in ("联通宽带断了", "宽带断了")
    ]
    assert broadband == ["BJ-LIANTONG", "BJ-TGJ"]
    night, day = (
        decided("beijing", "ENVIRONMENT.NOISE.CONSTRUCTION", street, minute=minute).entry.level
        for minute in (23 * 60, 10 * 60)
    )
    assert (night, day) == ("L2", None)
