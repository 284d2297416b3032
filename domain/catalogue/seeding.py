"""The shipped catalogue of a city, as its version 1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select

from domain.catalogue.drafting import EntryForm, begin, columns, record
from domain.catalogue.models import CatalogueEntry, CatalogueVersion, StepKind, VersionStatus
from domain.kernel.seeding import Seeded, shipped_rows
from domain.kernel.vocabulary import ResponseLevel, TicketKind
from domain.kernel.work import UnitOfWork

SORT: Final = "CATALOGUE ENTRY"

FIRST_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when the shipped version is in force: before any ticket."""

_REASON = "随系统提供的初始目录"


async def seed_catalogue(work: UnitOfWork, city: str) -> Seeded:
    """Publish the shipped catalogue as version 1, where there is no version; else change nothing.

    A city without one gets the version in which the place decides everything. The caller has
    seeded the units before, whose lock lets one process seed at a time.
    """
    seeded = Seeded()
    if await work.session.scalar(select(func.count()).select_from(CatalogueVersion)):
        kept = select(func.count()).join_from(CatalogueVersion, CatalogueEntry)
        kept = kept.where(CatalogueVersion.number == 1)
        seeded.kept[SORT] = int(await work.session.scalar(kept) or 0)
        return seeded
    entries = shipped_entries(city)
    rows = [CatalogueEntry(**columns(form)) for form in entries]
    draft = begin(work, rows, reason=_REASON, based_on=None)
    await work.flush()
    draft.number, draft.status = 1, VersionStatus.PUBLISHED.value
    draft.effective_at, draft.published_at = FIRST_DAY, work.now
    draft.published_by = work.actor.subject
    record(work, draft.id, StepKind.PUBLISH, _REASON, number=1)
    seeded.added[SORT] = len(entries) + 1
    return seeded


def shipped_entries(city: str) -> list[EntryForm]:
    """The entries of `<city>/catalogue.csv`; none where it ships none."""
    return [_form(row) for row in shipped_rows(f"{city}/catalogue.csv")]


def _form(row: Mapping[str, str]) -> EntryForm:
    return EntryForm(
        rank=int(row["rank"]),
        name=row["name"],
        category=row["category"] or None,
        area=row["area"] or None,
        kinds=tuple(TicketKind(word) for word in _words(row["kinds"])),
        from_time=row["from_time"] or None,
        to_time=row["to_time"] or None,
        line=row["line"] or None,
        keywords=_words(row["keywords"]),
        lead=row["lead"],
        joint=_words(row["joint"]),
        copies=_words(row["copies"]),
        level=ResponseLevel(row["level"]) if row["level"] else None,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split("|") if word)
