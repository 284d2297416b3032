"""The shipped tree of a city's units, brought into the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import insert, select

from domain.kernel.seeding import Seeded, shipped_rows
from domain.kernel.vocabulary import UnitLevel
from domain.kernel.work import UnitOfWork
from domain.units.models import Unit, UnitTree

# A unit's id is UUIDv5 of its code, so that every installation of a city gives it the same one.
NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:jiesu:unit")

_TREE: Final = 1  # the only row of `unit_tree`


def seeded_id(code: str) -> UUID:
    """The id that seeding gives to the unit of this code."""
    return uuid5(NAMESPACE, code)


async def seed_units(work: UnitOfWork, city: str) -> Seeded:
    """Add the city's shipped units that are missing, parents first; the others stay as they are.

    The tree's revision rises only where a unit was added. Adding and every change by an admin
    take the same lock, so neither works on a tree that the other is about to change.
    """
    revision = await _locked_revision(work)
    held = await _held_units(work)
    seeded, missing = Seeded(), []
    for shipped in _shipped_units(city):
        code, level = shipped["code"], UnitLevel(shipped["level"])
        parent = held.get(shipped.pop("parent_code"))
        shipped["parent_id"] = parent["id"] if parent else None
        if code in held:
            seeded.keep(level.value, code, shipped, held[code])
            continue
        row = _new_row(work, shipped, parent)
        held[code] = row
        missing.append(row)
        seeded.added[level.value] += 1
    if missing:
        await work.session.execute(insert(Unit), missing)
        revision.revision += 1
    return seeded


async def _locked_revision(work: UnitOfWork) -> UnitTree:
    tree = await work.session.scalar(select(UnitTree).where(UnitTree.id == _TREE).with_for_update())
    if tree is None:
        tree = UnitTree(id=_TREE, revision=0)
        work.add(tree)
        await work.flush()
    return tree


async def _held_units(work: UnitOfWork) -> dict[str, Mapping[str, Any]]:
    rows = await work.session.execute(select(Unit.__table__))
    return {row["code"]: dict(row) for row in rows.mappings()}


def _new_row(
    work: UnitOfWork, shipped: Mapping[str, Any], parent: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    unit_id = seeded_id(shipped["code"])
    above = parent["lineage"] if parent else []
    return {**shipped, "id": unit_id, "lineage": [*above, unit_id], "created_at": work.now}


def _shipped_units(city: str) -> list[dict[str, Any]]:
    """The rows of the city's three files, in which parents stand before their children."""
    tree = [_unit(row) for row in shipped_rows(f"{city}/units.csv")]
    departments = [
        _unit({**row, "aliases": row["short_name"]})
        for row in shipped_rows(f"{city}/departments.csv")
    ]
    communities = [
        _unit({**row, "level": UnitLevel.COMMUNITY.value})
        for row in shipped_rows(f"{city}/communities.csv.gz")
    ]
    return [*tree, *departments, *communities]


def _unit(row: Mapping[str, str]) -> dict[str, Any]:
    population = row.get("population")
    return {
        "code": row["code"],
        "name": row["name"],
        "level": row["level"],
        "parent_code": row["parent_code"] or None,
        "aliases": _words(row.get("aliases")),
        "duties": _words(row.get("duties")),
        "population": int(population) if population else None,
        "duty_phone": row.get("duty_phone") or None,
    }


def _words(text: str | None) -> list[str]:
    return [word for word in (text or "").split("|") if word]
