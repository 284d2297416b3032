"""The tree's changes: create, rename, move, retire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text, update

from domain.kernel.actor import Role
from domain.kernel.errors import (
    Conflict,
    DomainError,
    Fault,
    InvalidInput,
    NotAllowed,
    ProblemCode,
)
from domain.kernel.texts import check_text
from domain.kernel.vocabulary import UnitLevel
from domain.kernel.work import UnitOfWork
from domain.units import queries
from domain.units.models import Unit

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-]{0,29}", re.ASCII)
_MOST_LISTED = 50

# Which level may stand under which; None is the root.
_UNDER: dict[UnitLevel, frozenset[UnitLevel | None]] = {
    UnitLevel.CITY: frozenset({None}),
    UnitLevel.DISTRICT: frozenset({UnitLevel.CITY}),
    UnitLevel.STREET: frozenset({UnitLevel.DISTRICT}),
    UnitLevel.COMMUNITY: frozenset({UnitLevel.STREET}),
    UnitLevel.DEPARTMENT: frozenset({UnitLevel.CITY, UnitLevel.DISTRICT}),
    UnitLevel.ENTERPRISE: frozenset({UnitLevel.CITY, UnitLevel.DISTRICT}),
}


class UnitHasOpenTickets(DomainError):
    """A unit cannot be retired while it leads open tickets; `codes` names the first of them."""

    code = ProblemCode.UNIT_HAS_OPEN_TICKETS

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__("the unit leads open tickets: name a successor or finish them first")
        self.codes = list(codes)


def _require_admin(work: UnitOfWork) -> None:
    if work.actor.role not in {Role.ADMIN, Role.SYSTEM}:
        raise NotAllowed("only an admin changes the tree of units")


async def create_unit(
    work: UnitOfWork,
    *,
    code: str,
    name: str,
    level: UnitLevel,
    parent_id: UUID | None,
    population: int | None = None,
    duty_phone: str | None = None,
    aliases: Sequence[str] = (),
) -> Unit:
    """Create a unit under an active parent. Raises NotAllowed, InvalidInput with all faults."""
    _require_admin(work)
    await queries.lock_tree(work)
    faults = _fact_faults(name, population, duty_phone, aliases)
    if not _CODE.fullmatch(code):
        faults.append(Fault("code", "must be 1 to 30 letters, digits or dashes"))
    elif await work.session.scalar(select(func.count()).where(Unit.code == code)):
        faults.append(Fault("code", "is already the code of a unit"))
    parent = await work.session.get(Unit, parent_id) if parent_id else None
    if parent is None or not parent.active:
        faults.append(Fault("parentCode", "is not an active unit"))
    elif UnitLevel(parent.level) not in _UNDER[level]:
        faults.append(Fault("level", f"{level.value} cannot stand under {parent.level}"))
    if faults or parent is None:
        raise InvalidInput(*faults)
    unit_id = work.new_id()
    unit = Unit(
        id=unit_id,
        code=code,
        name=name,
        level=level.value,
        parent_id=parent.id,
        lineage=[*parent.lineage, unit_id],
        aliases=list(aliases),
        duties=[],
        population=population,
        duty_phone=duty_phone,
        created_at=work.now,
        version=1,
    )
    work.add(unit)
    return unit


async def update_unit(
    work: UnitOfWork,
    unit_id: UUID | None,
    *,
    name: str | None = None,
    population: int | None = None,
    duty_phone: str | None = None,
    aliases: Sequence[str] | None = None,
    expected_version: int | None = None,
) -> Unit:
    """Rename a unit or change its facts; what is None stays.

    Raises NotAllowed, NotFound, Conflict, InvalidInput.
    """
    _require_admin(work)
    unit = await _locked(work, unit_id, expected_version)
    faults = _fact_faults(
        unit.name if name is None else name, population, duty_phone, aliases or ()
    )
    if faults:
        raise InvalidInput(*faults)
    unit.name = unit.name if name is None else name
    unit.population = unit.population if population is None else population
    unit.duty_phone = unit.duty_phone if duty_phone is None else duty_phone
    unit.aliases = unit.aliases if aliases is None else list(aliases)
    unit.version += 1
    return unit


async def move_unit(
    work: UnitOfWork,
    unit_id: UUID | None,
    parent_id: UUID | None,
    expected_version: int | None = None,
) -> Unit:
    """Move a unit, with all that is below it, under another parent.

    The lineages of the branch are rewritten in one statement. Raises NotAllowed, NotFound,
    Conflict, and InvalidInput where the move would make a cycle or stand at a wrong level.
    The caller rebuilds the audience of the tickets below (`tickets.audience.rebuild`).
    """
    _require_admin(work)
    unit = await _locked(work, unit_id, expected_version)
    parent = await work.session.get(Unit, parent_id, populate_existing=True) if parent_id else None
    if parent is None or not parent.active:
        raise InvalidInput(Fault("parentCode", "is not an active unit"))
    if unit.id in parent.lineage:
        raise InvalidInput(Fault("parentCode", "lies below the unit itself"))
    if UnitLevel(parent.level) not in _UNDER[UnitLevel(unit.level)]:
        raise InvalidInput(Fault("parentCode", f"{unit.level} cannot stand under {parent.level}"))
    depth = len(unit.lineage)
    await work.session.execute(
        update(Unit).where(Unit.id == unit.id).values(parent_id=parent.id, version=unit.version + 1)
    )
    await work.session.execute(
        text(
            "update unit set lineage = cast(:above as uuid[]) || lineage[cast(:depth as int) : ] "
            "where lineage @> array[cast(:unit as uuid)]"
        ).bindparams(above=list(parent.lineage), depth=depth, unit=unit.id)
    )
    await work.session.refresh(unit)
    return unit


async def retire_unit(
    work: UnitOfWork, unit_id: UUID | None, expected_version: int | None = None
) -> Unit:
    """Retire a unit that has nothing left to do.

    Raises NotAllowed, NotFound, Conflict, UnitHasOpenTickets with their codes, and InvalidInput
    where active units stand below it. Handing open tickets on is `dispatch.succession`.
    """
    _require_admin(work)
    unit = await _locked(work, unit_id, expected_version)
    if await queries.has_active_children(work, unit.id):
        raise InvalidInput(Fault("unitId", "has active units below it: move or retire them first"))
    codes = await queries.open_ticket_codes(work, unit.id, _MOST_LISTED)
    if codes:
        raise UnitHasOpenTickets(codes)
    if unit.retired_at is None:
        unit.retired_at = work.now
        unit.version += 1
    return unit


async def _locked(work: UnitOfWork, unit_id: UUID | None, expected_version: int | None) -> Unit:
    await queries.lock_tree(work)
    unit = await queries.get(work, unit_id)
    await work.session.refresh(unit, with_for_update={"key_share": True})
    if expected_version is not None and unit.version != expected_version:
        raise Conflict("the unit changed since you read it")
    return unit


def _fact_faults(
    name: str, population: int | None, duty_phone: str | None, aliases: Sequence[str]
) -> list[Fault]:
    faults = check_text("name", name, most=100)
    faults += check_text("dutyPhone", duty_phone, most=40, required=False)
    if population is not None and not 0 <= population <= 100_000_000:
        faults.append(Fault("population", "must be between 0 and 100,000,000"))
    if len(aliases) > 20:
        faults.append(Fault("aliases", "must be at most 20"))
    for number, alias in enumerate(aliases[:20]):
        faults += check_text(f"aliases.{number}", alias, most=40)
    return faults
