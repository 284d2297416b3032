"""A draft becomes the rule, and an earlier rule comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from domain.catalogue import checking, queries
from domain.catalogue.checking import Forestalled
from domain.catalogue.drafting import begin, check_reason, record, require_admin
from domain.catalogue.models import CatalogueVersion, StepKind, VersionStatus
from domain.kernel.errors import Conflict, Fault, InvalidInput
from domain.kernel.work import UnitOfWork

# Numbers follow one another without a gap, so one version is published at a time. A submission
# only reads, and is not kept waiting by this lock.
_ONE_AT_A_TIME = text("lock table catalogue_version in share row exclusive mode")


async def publish_catalogue(
    work: UnitOfWork,
    draft_id: UUID | None,
    *,
    reason: str,
    effective_at: datetime | None = None,
    expected_version: int | None = None,
) -> tuple[CatalogueVersion, Sequence[Forestalled]]:
    """发布: a draft gets its number and its day, and changes no more; at once by default.

    Returns the version, and warnings of entries that can never decide. Raises NotAllowed,
    NotFound, Conflict, NotPossibleNow, and InvalidInput with all faults at once.
    """
    require_admin(work)
    if faults := [*check_reason(reason), *_moment_faults(work, effective_at)]:
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, draft_id, expected_version)
    entries = [queries.entry_of(row) for row in await queries.rows_of(work.session, draft.id)]
    units = await queries.active_lineages(work.session, checking.units_of(entries))
    named = checking.categories_of(entries)
    known = await queries.known_categories(work.session, named) if named else set()
    if faults := checking.faults_of(entries, units, known):
        raise InvalidInput(*faults)
    await _publish(work, draft, effective_at)
    record(work, draft.id, StepKind.PUBLISH, reason, number=draft.number)
    return draft, checking.warnings_of(entries, units)


async def roll_back_catalogue(
    work: UnitOfWork,
    number: int,
    *,
    reason: str,
    effective_at: datetime | None = None,
    expected_number: int | None = None,
) -> CatalogueVersion:
    """回退: publish a copy of an earlier version, as a version of its own; at once by default.

    An earlier version is brought back as it was, also where a unit that it names has retired since:
    haste is the point, and there the place decides. Raises NotAllowed, InvalidInput, and Conflict
    where a version was published after `expected_number`.
    """
    require_admin(work)
    faults = [*check_reason(reason), *_moment_faults(work, effective_at)]
    earlier = await queries.published(work.session, number)
    if earlier is None:
        faults.append(Fault("number", "no version has this number"))
    if faults or earlier is None:
        raise InvalidInput(*faults)
    await work.session.execute(_ONE_AT_A_TIME)
    if expected_number not in (None, await queries.last_number(work.session)):
        raise Conflict("another version was published since you read them")
    rows = await queries.rows_of(work.session, earlier.id)
    draft = begin(work, rows, reason=reason, based_on=number)
    await work.flush()
    await _publish(work, draft, effective_at)
    record(work, draft.id, StepKind.ROLL_BACK, reason, number=draft.number, to=number)
    return draft


def _moment_faults(work: UnitOfWork, effective_at: datetime | None) -> list[Fault]:
    if effective_at is None:
        return []
    if effective_at.tzinfo is None:
        return [Fault("effectiveAt", "needs an offset")]
    return [Fault("effectiveAt", "must not be past")] if effective_at < work.now else []


async def _publish(
    work: UnitOfWork, draft: CatalogueVersion, effective_at: datetime | None
) -> None:
    await work.session.execute(_ONE_AT_A_TIME)
    draft.number = await queries.last_number(work.session) + 1
    draft.status = VersionStatus.PUBLISHED.value
    draft.effective_at = effective_at or work.now
    draft.published_at = work.now
    draft.published_by = work.actor.subject
    draft.version += 1
