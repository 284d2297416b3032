"""The shipped catalogue of categories (诉求分类), brought into the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.kernel.seeding import Seeded, shipped_rows
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Category

SORT = "CATEGORY"


async def seed_categories(work: UnitOfWork) -> Seeded:
    """Add the shipped categories that are missing; the others stay as they are."""
    rows = await work.session.execute(select(Category.__table__))
    held = {row["code"]: dict(row) for row in rows.mappings()}
    seeded, missing = Seeded(), []
    for shipped in _shipped_categories():
        if shipped["code"] in held:
            seeded.keep(SORT, shipped["code"], shipped, held[shipped["code"]])
        else:
            missing.append(shipped)
            seeded.added[SORT] += 1
    if missing:
        await work.session.execute(insert(Category).on_conflict_do_nothing(), missing)
    return seeded


def _shipped_categories() -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "parent_code": row["parent_code"] or None,
            "keywords": row["keywords"],
            "position": position,
        }
        for position, row in enumerate(shipped_rows("categories.csv"))
    ]
