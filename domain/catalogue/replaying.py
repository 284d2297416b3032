"""回放: past tickets held against a draft before it is published.

For each ticket that the catalogue dispatches it is asked where the version in force would send it
and where the draft would; what differs is counted. The work is done in chunks by a timer that arms
the next one, each chunk in one transaction with its own counts: a worker that dies loses the chunk
that it was at, and nothing is counted twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from domain.catalogue import queries
from domain.catalogue.drafting import record, require_admin
from domain.catalogue.entries import Facts, text_of
from domain.catalogue.matching import Catalogue, settle
from domain.catalogue.models import (
    CatalogueMove,
    CatalogueReplay,
    CatalogueVersion,
    ReplayStatus,
    StepKind,
    VersionStatus,
)
from domain.catalogue.tree import Branches, branches
from domain.kernel import timers
from domain.kernel.aliases import alias_of
from domain.kernel.errors import Fault, InvalidInput, NotPossibleNow
from domain.kernel.membership import among
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import TicketKind, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.tickets.lines import EmergencyLine
from domain.tickets.models import Ticket
from domain.tickets.policy import protected
from domain.units.models import Unit

CHUNK: Final = 10_000
"""Tickets in one transaction: a few seconds of work at most."""

TIMER: Final = "replay.chunk"
SAMPLES: Final = 5
_NAMED: Final = "NAMED_UNIT"  # an agent named the unit; the catalogue had no say
_Move = tuple[str | None, str | None, str | None]  # from, to, category


async def replay_catalogue(
    work: UnitOfWork,
    draft_id: UUID | None,
    *,
    from_at: datetime,
    to_at: datetime,
    expected_version: int | None = None,
) -> CatalogueReplay:
    """Begin to replay the tickets that came in from `from_at` until before `to_at`.

    Raises NotAllowed, InvalidInput, NotFound, Conflict, and NotPossibleNow for what is no draft,
    or while one of the same draft is running.
    """
    require_admin(work)
    if faults := _range_faults(from_at, to_at):
        raise InvalidInput(*faults)
    draft = await queries.lock_draft(work, draft_id, expected_version)
    if await _is_running(work, draft):
        raise NotPossibleNow("a replay of this draft is running")
    base = await work.session.scalar(select(queries.in_force(work.now)))
    counted = select(func.count()).where(*_dispatched_by_rule(from_at, to_at))
    replay = CatalogueReplay(
        id=work.new_id(),
        draft_id=draft.id,
        draft_version=draft.version,
        base_id=base,
        from_at=from_at,
        to_at=to_at,
        status=ReplayStatus.RUNNING.value,
        total=int(await work.session.scalar(counted) or 0),
        done=0,
        changed=0,
        joint_changed=0,
        requested_by=work.actor.subject,
        requested_at=work.now,
    )
    work.add(replay)
    timers.arm(work, TIMER, replay.id, work.now)
    record(work, draft.id, StepKind.REPLAY, "回放", replay=str(replay.id))
    return replay


def _range_faults(from_at: datetime, to_at: datetime) -> list[Fault]:
    moments = {"from": from_at, "to": to_at}
    faults = [Fault(name, "needs an offset") for name, at in moments.items() if at.tzinfo is None]
    if not faults and from_at >= to_at:
        faults.append(Fault("to", "must be after from"))
    return faults


async def _is_running(work: UnitOfWork, draft: CatalogueVersion) -> bool:
    found = await work.session.scalar(
        select(CatalogueReplay.id)
        .where(
            CatalogueReplay.draft_id == draft.id,
            CatalogueReplay.draft_version == draft.version,
            CatalogueReplay.status == ReplayStatus.RUNNING.value,
        )
        .limit(1)
    )
    return found is not None


def _dispatched_by_rule(from_at: datetime, to_at: datetime) -> list[ColumnElement[bool]]:
    """The tickets that a catalogue has a say in: no consultation, no unit named by an agent."""
    return [
        Ticket.submitted_at >= from_at,
        Ticket.submitted_at < to_at,
        Ticket.kind != TicketKind.CONSULTATION.value,
        Ticket.route_reason.is_distinct_from(_NAMED),
    ]


# -- a chunk --------------------------------------------------------------------------------------


async def lock(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, CatalogueReplay]:
    """Lock one of the replays that nobody is at: a chunk is enough for one transaction."""
    replay = await work.session.scalar(
        select(CatalogueReplay)
        .where(among(CatalogueReplay.id, ids))
        .order_by(CatalogueReplay.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return {} if replay is None else {replay.id: replay}


async def fire(
    work: UnitOfWork,
    zone: tzinfo,
    replays: Mapping[UUID, CatalogueReplay],
    due: Sequence[Timer],
) -> None:
    """Replay the next chunk of each, and arm the one after it."""
    for timer in due:
        await _chunk(work, zone, replays[timer.subject_id])


async def _chunk(work: UnitOfWork, zone: tzinfo, replay: CatalogueReplay) -> None:
    draft = await work.session.get(CatalogueVersion, replay.draft_id)
    assert draft is not None
    if (draft.status, draft.version) != (VersionStatus.DRAFT.value, replay.draft_version):
        replay.status, replay.finished_at = ReplayStatus.OUTDATED.value, work.now
        return
    before = await queries.compiled(work.session, replay.base_id)
    after = await queries.compiled(work.session, replay.draft_id)
    tree = await branches(work.session)
    rows = [Past(*row) for row in (await work.session.execute(_past(replay))).all()]
    # In a thread of its own: the worker's other duties go on meanwhile.
    found = await asyncio.to_thread(compare, rows, before, after, tree, zone)
    await _count(work, replay, found)
    replay.done += len(rows)
    replay.changed += found.changed
    replay.joint_changed += found.joint_changed
    if rows:
        replay.after_id = rows[-1].id
    if len(rows) == CHUNK:
        timers.arm(work, TIMER, replay.id, work.now)
    else:
        # Tickets that came in since, at the edge of a range that ends in the future.
        replay.total = replay.done
        replay.status, replay.finished_at = ReplayStatus.DONE.value, work.now


class Past(NamedTuple):
    """What a replay reads of one ticket."""

    id: UUID
    code: str
    category: str | None
    kind: str
    submitted_at: datetime
    title: str
    content: str
    place: str | None
    line: str | None = None
    protected: bool = False


def _past(replay: CatalogueReplay) -> Select[*tuple[Any, ...]]:
    """The next chunk. A ticket from before the catalogue has no place of its own on record: the
    street or district that leads it stands for it."""
    lead = alias_of(Unit)
    local = lead.c.level.in_([UnitLevel.STREET.value, UnitLevel.DISTRICT.value])
    place = func.coalesce(Ticket.place_code, case((local, lead.c.code)))
    statement = (
        select(
            Ticket.id, Ticket.code, Ticket.category_code, Ticket.kind, Ticket.submitted_at,
            Ticket.title, Ticket.content, place, EmergencyLine.code, protected(Ticket.__table__),
        )
        .outerjoin(lead, lead.c.id == Ticket.lead_unit_id)
        .outerjoin(EmergencyLine, EmergencyLine.id == Ticket.line_id)
        .where(*_dispatched_by_rule(replay.from_at, replay.to_at))
        .order_by(Ticket.id)
        .limit(CHUNK)
    )  # fmt: skip
    return statement if replay.after_id is None else statement.where(Ticket.id > replay.after_id)


@dataclass(slots=True)
class Difference:
    """What one chunk would change."""

    changed: int = 0
    joint_changed: int = 0
    moves: Counter[_Move] = field(default_factory=Counter)
    samples: defaultdict[_Move, list[str]] = field(default_factory=lambda: defaultdict(list))


def compare(
    rows: Sequence[Past], before: Catalogue, after: Catalogue, tree: Branches, zone: tzinfo
) -> Difference:
    """Where two catalogues would send the same tickets. Pure."""
    found = Difference()
    sides = (_Side(before, tree), _Side(after, tree))
    for row in rows:
        local = row.submitted_at.astimezone(zone)
        facts = Facts(
            category=row.category,
            lineage=tree.lineage_of(row.place),
            kind=row.kind,
            minute=local.hour * 60 + local.minute,
            line=row.line,
            text=text_of(row.title, row.content),
        )
        (old, old_joint), (new, new_joint) = (side.units(facts) for side in sides)
        if old != new:
            move = (old, new, row.category)
            found.changed += 1
            found.moves[move] += 1
            # All staff read the samples: not even the code of a report is among them (J32).
            if len(found.samples[move]) < SAMPLES and not row.protected:
                found.samples[move].append(row.code)
        elif old_joint != new_joint:
            found.joint_changed += 1
    return found


class _Side:
    """One of the two catalogues; what an entry means at a place is worked out once."""

    def __init__(self, catalogue: Catalogue, tree: Branches) -> None:
        self._catalogue = catalogue
        self._tree = tree
        self._known: dict[tuple[int, str | None], tuple[str | None, frozenset[str]]] = {}

    def units(self, facts: Facts) -> tuple[str | None, frozenset[str]]:
        entry = self._catalogue.entry_for(facts)
        key = (entry.rank, facts.place)
        units = self._known.get(key)
        if units is None:
            decision = settle(self._catalogue.number, entry, facts.place, self._tree)
            units = self._known[key] = (decision.lead, frozenset(decision.joint))
        return units


async def _count(work: UnitOfWork, replay: CatalogueReplay, found: Difference) -> None:
    if not found.moves:
        return
    statement = insert(CatalogueMove)
    statement = statement.on_conflict_do_update(
        index_elements=["replay_id", "from_code", "to_code", "category_code"],
        set_={
            "tickets": CatalogueMove.tickets + statement.excluded.tickets,
            "samples": literal_column(f"(catalogue_move.samples || excluded.samples)[1:{SAMPLES}]"),
        },
    )
    await work.session.execute(
        statement,
        [
            {
                "id": work.new_id(),
                "replay_id": replay.id,
                "from_code": move_[0],
                "to_code": move_[1],
                "category_code": move_[2],
                "tickets": tickets,
                "samples": found.samples[move_],
            }
            for move_, tickets in found.moves.items()
        ],
    )
