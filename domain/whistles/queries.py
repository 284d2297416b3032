"""Every SELECT on whistles that commands and jobs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from domain.kernel.membership import among
from domain.kernel.work import UnitOfWork
from domain.tickets.assignments import Assignment
from domain.units.models import Unit
from domain.whistles.models import ReportIn, Whistle


async def ticket_of_whistle(work: UnitOfWork, whistle_id: UUID | None) -> UUID | None:
    """The ticket whose lock comes before the whistle; it never changes."""
    found: UUID | None = await work.session.scalar(
        select(Whistle.ticket_id).where(Whistle.id == whistle_id)
    )
    return found


async def ticket_of_report(work: UnitOfWork, report_id: UUID | None) -> UUID | None:
    """The ticket whose lock comes before the report-in; it never changes."""
    found: UUID | None = await work.session.scalar(
        select(ReportIn.ticket_id).where(ReportIn.id == report_id)
    )
    return found


async def whistle(work: UnitOfWork, whistle_id: UUID) -> Whistle:
    """The whistle as it is now; its ticket is locked."""
    rows = await work.session.scalars(
        select(Whistle).where(Whistle.id == whistle_id).execution_options(populate_existing=True)
    )
    return rows.one()


async def reports(
    work: UnitOfWork, whistle_id: UUID
) -> Sequence[tuple[ReportIn, Assignment, Unit]]:
    """The report-ins of a whistle with their parts and units, as they are now."""
    rows = await work.session.execute(
        select(ReportIn, Assignment, Unit)
        .join(Assignment, Assignment.id == ReportIn.assignment_id)
        .join(Unit, Unit.id == ReportIn.unit_id)
        .where(ReportIn.whistle_id == whistle_id)
        .order_by(ReportIn.id)
        .execution_options(populate_existing=True)
    )
    return [(report, part, unit) for report, part, unit in rows]


async def report(work: UnitOfWork, report_id: UUID) -> tuple[ReportIn, Assignment]:
    """One report-in and its part, as they are now; its ticket is locked."""
    rows = await work.session.execute(
        select(ReportIn, Assignment)
        .join(Assignment, Assignment.id == ReportIn.assignment_id)
        .where(ReportIn.id == report_id)
        .execution_options(populate_existing=True)
    )
    found, part = rows.one()
    return found, part


async def awaited(
    work: UnitOfWork, ids: Iterable[UUID]
) -> Mapping[UUID, tuple[ReportIn, Assignment]]:
    """Of these report-ins those that are still waited for, with their parts; one statement."""
    rows = await work.session.execute(
        select(ReportIn, Assignment)
        .join(Assignment, Assignment.id == ReportIn.assignment_id)
        .join(Whistle, Whistle.id == ReportIn.whistle_id)
        .where(
            among(ReportIn.id, ids),
            ReportIn.reported_at.is_(None),
            Whistle.closed_at.is_(None),
            Assignment.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return {found.id: (found, part) for found, part in rows}
