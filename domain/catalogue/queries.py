"""Every SELECT on the catalogue that commands and jobs need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalogue.entries import Entry, minute_of
from domain.catalogue.matching import Catalogue
from domain.catalogue.models import CatalogueEntry, CatalogueVersion, VersionStatus
from domain.kernel.aliases import alias_of
from domain.kernel.errors import Conflict, NotFound, NotPossibleNow
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Category
from domain.units.models import Unit


def in_force(now: datetime | ColumnElement[datetime]) -> ScalarSelect[UUID]:
    """The id of the version in force at a moment, as a subquery."""
    version = alias_of(CatalogueVersion)
    return (
        select(version.c.id)
        .where(
            version.c.status == VersionStatus.PUBLISHED.value,
            version.c.effective_at <= now,
        )
        .order_by(version.c.effective_at.desc(), version.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )


async def compiled(session: AsyncSession, version_id: UUID | None) -> Catalogue:
    """A version, compiled; of none, the catalogue in which the place decides everything."""
    if version_id is None:
        return Catalogue(None, ())
    rows = await session.execute(
        select(CatalogueVersion.number, CatalogueEntry)
        .join_from(CatalogueVersion, CatalogueEntry)
        .where(CatalogueVersion.id == version_id)
        .execution_options(populate_existing=True)
    )
    found = rows.all()
    return Catalogue(found[0][0] if found else None, [entry_of(row) for _, row in found])


def entry_of(row: CatalogueEntry) -> Entry:
    """The entry that a row holds."""
    begin, end = minute_of(row.from_time or ""), minute_of(row.to_time or "")
    return Entry(
        rank=row.rank,
        name=row.name,
        category=row.category_code,
        area=row.area_code,
        kinds=frozenset(row.kinds),
        hours=None if begin is None or end is None else (begin, end),
        line=row.line_code,
        keywords=tuple(row.keywords),
        lead=row.lead,
        joint=tuple(row.joint),
        copies=tuple(row.copies),
        level=row.level,
        id=row.id,
    )


async def lock_draft(
    work: UnitOfWork, draft_id: UUID | None, expected_version: int | None = None
) -> CatalogueVersion:
    """Lock a draft that is about to change.

    Raises NotFound, Conflict where it changed since it was read, NotPossibleNow for what is no
    draft any more.
    """
    draft = await work.session.scalar(
        select(CatalogueVersion)
        .where(CatalogueVersion.id == draft_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if draft is None:
        raise NotFound("there is no such version of the catalogue")
    if expected_version is not None and draft.version != expected_version:
        raise Conflict("the draft changed since you read it")
    if draft.status != VersionStatus.DRAFT.value:
        raise NotPossibleNow(f"a version that is {draft.status} does not change")
    return draft


async def rows_of(session: AsyncSession, version_id: UUID) -> Sequence[CatalogueEntry]:
    """The entries of a version, by rank."""
    rows = await session.scalars(
        select(CatalogueEntry)
        .where(CatalogueEntry.version_id == version_id)
        .order_by(CatalogueEntry.rank, CatalogueEntry.id)
    )
    return rows.all()


async def count_entries(session: AsyncSession, version_id: UUID) -> int:
    """How many entries a version has."""
    statement = select(func.count()).where(CatalogueEntry.version_id == version_id)
    return int(await session.scalar(statement) or 0)


async def published(session: AsyncSession, number: int) -> CatalogueVersion | None:
    """The published version of that number."""
    found: CatalogueVersion | None = await session.scalar(
        select(CatalogueVersion).where(CatalogueVersion.number == number)
    )
    return found


async def last_number(session: AsyncSession) -> int:
    """The highest number of a version; 0 where none was published."""
    return int(await session.scalar(select(func.max(CatalogueVersion.number))) or 0)


async def known_categories(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Those of the codes that are categories."""
    rows = await session.scalars(select(Category.code).where(Category.code.in_(codes)))
    return set(rows)


async def active_lineages(session: AsyncSession, codes: Collection[str]) -> dict[str, list[str]]:
    """For those of the codes that are active units: the codes from the city down to the unit."""
    above = alias_of(Unit)
    lineage = (
        select(func.array_agg(above.c.code))
        .where(above.c.id == func.any(Unit.lineage))
        .correlate(Unit)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Unit.code, lineage).where(Unit.code.in_(codes), Unit.retired_at.is_(None))
    )
    return {code: list(codes_above) for code, codes_above in rows}
