"""目录修改建议: what rulings on contested dispatches say about the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from domain.catalogue import queries
from domain.catalogue.drafting import check_reason, record, require_admin
from domain.catalogue.entries import FALLBACK_RANK, categories_above
from domain.catalogue.models import (
    CatalogueEntry,
    CatalogueProposal,
    CatalogueVersion,
    ProposalCase,
    ProposalStatus,
    StepKind,
)
from domain.kernel.errors import Fault, InvalidInput, NotFound, NotPossibleNow
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket
from domain.units.models import Unit


class ProposalDecision(StrEnum):
    """What an admin does with a proposal."""

    TAKE = "TAKE"  # 采纳
    DECLINE = "DECLINE"  # 不采纳


async def propose_change(
    work: UnitOfWork, *, ticket: Ticket, from_unit: Unit, to_unit: Unit, ground: str
) -> UUID:
    """Propose that such tickets go to `to_unit`, after a ruling said so. Returns the proposal's id.

    Equal proposals that are open are one, counted; the same ticket counts once in it. Whoever
    rules calls this; whether they may is asked there.
    """
    statement = insert(CatalogueProposal).values(
        id=work.new_id(),
        category_code=ticket.category_code,
        area_code=ticket.place_code,
        from_code=from_unit.code,
        to_code=to_unit.code,
        ground=ground,
        count=0,
        status=ProposalStatus.OPEN.value,
        first_at=work.now,
        last_at=work.now,
    )
    proposal: UUID = (
        await work.session.execute(
            statement.on_conflict_do_update(
                index_elements=["category_code", "area_code", "from_code", "to_code"],
                index_where=text("status = 'OPEN'"),
                set_={"ground": statement.excluded.ground, "last_at": statement.excluded.last_at},
            ).returning(CatalogueProposal.id)
        )
    ).scalar_one()
    case = insert(ProposalCase).values(
        proposal_id=proposal, ticket_id=ticket.id, ground=ground, at=work.now
    )
    added = await work.session.execute(
        case.on_conflict_do_nothing().returning(ProposalCase.ticket_id)
    )
    if added.one_or_none() is not None:
        await work.session.execute(
            update(CatalogueProposal)
            .where(CatalogueProposal.id == proposal)
            .values(count=CatalogueProposal.count + 1)
            .execution_options(synchronize_session=False)
        )
    return proposal


async def decide_proposal(
    work: UnitOfWork,
    proposal_id: UUID | None,
    decision: ProposalDecision,
    *,
    reason: str,
    draft_id: UUID | None = None,
    rank: int | None = None,
    expected_version: int | None = None,
) -> CatalogueProposal:
    """Take a proposal into a draft, as an entry before the one that decides now, or decline it.

    `rank` is where the entry goes, by default right before; `expected_version` is the draft's.
    Raises NotAllowed, InvalidInput, NotFound, Conflict, NotPossibleNow.
    """
    require_admin(work)
    faults = check_reason(reason)
    if decision is ProposalDecision.TAKE and draft_id is None:
        faults.append(Fault("draftId", "is needed to take a proposal"))
    if rank is not None and not 1 <= rank < FALLBACK_RANK:
        faults.append(Fault("rank", f"must be between 1 and {FALLBACK_RANK - 1}"))
    if faults:
        raise InvalidInput(*faults)
    taken = decision is ProposalDecision.TAKE
    # The draft before the proposal: whoever takes two proposals into one draft takes turns.
    draft = await queries.lock_draft(work, draft_id, expected_version) if taken else None
    proposal = await _locked(work, proposal_id)
    if draft is not None:
        await _take(work, draft, proposal, reason, rank)
    proposal.status = (ProposalStatus.TAKEN if taken else ProposalStatus.DECLINED).value
    proposal.draft_id = draft.id if draft else None
    proposal.decided_at, proposal.decided_by = work.now, work.actor.subject
    proposal.decision_reason = reason
    return proposal


async def _locked(work: UnitOfWork, proposal_id: UUID | None) -> CatalogueProposal:
    proposal = await work.session.scalar(
        select(CatalogueProposal)
        .where(CatalogueProposal.id == proposal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if proposal is None:
        raise NotFound("there is no such proposal")
    if proposal.status != ProposalStatus.OPEN.value:
        raise NotPossibleNow(f"the proposal is {proposal.status}")
    return proposal


async def _take(
    work: UnitOfWork,
    draft: CatalogueVersion,
    proposal: CatalogueProposal,
    reason: str,
    rank: int | None,
) -> None:
    rows = await queries.rows_of(work.session, draft.id)
    decides = await _deciding(work, proposal, rows)
    place = rank if rank is not None else _free_before(decides.rank, rows)
    to = proposal.to_code
    entry = CatalogueEntry(
        id=work.new_id(),
        version_id=draft.id,
        rank=place,
        name=f"{decides.name}（依裁定改派）"[:100],
        category_code=proposal.category_code,
        area_code=proposal.area_code,
        kinds=[],
        keywords=[],
        lead=to,
        joint=[word for word in decides.joint if word != to],
        copies=[word for word in decides.copies if word != to],
        level=decides.level,
    )
    work.add(entry)
    draft.version += 1
    record(
        work, draft.id, StepKind.TAKE_PROPOSAL, reason,
        proposal=str(proposal.id), entry=str(entry.id), rank=place,
    )  # fmt: skip


async def _deciding(
    work: UnitOfWork, proposal: CatalogueProposal, rows: Sequence[CatalogueEntry]
) -> CatalogueEntry:
    """The entry that decides every such ticket that no narrower one decides."""
    area = proposal.area_code
    lineages = await queries.active_lineages(work.session, [area]) if area else {}
    lineage = (None, *lineages.get(area or "", ()))
    categories = (None, *categories_above(proposal.category_code))
    for row in rows:
        plain = not (row.kinds or row.from_time or row.line_code or row.keywords)
        if plain and row.category_code in categories and row.area_code in lineage:
            return row
    raise AssertionError("every version has its fallback")


def _free_before(rank: int, rows: Sequence[CatalogueEntry]) -> int:
    """The highest rank that is free before `rank`. Raises InvalidInput where none is."""
    used = {row.rank for row in rows}
    free = next((number for number in range(rank - 1, 0, -1) if number not in used), None)
    if free is None:
        raise InvalidInput(Fault("rank", "no rank is free before the entry that decides now"))
    return free
