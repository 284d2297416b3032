"""Every SELECT on accounts that the edges and the jobs need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounts.commands import RevealedContact, reveal
from domain.accounts.models import Citizen, Disclosure, SigningKey, Staff
from domain.accounts.protection import Protection
from domain.kernel.actor import Role
from domain.kernel.errors import NotAllowed, NotFound
from domain.kernel.work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """What the tokens of a member of staff are held against."""

    role: Role
    unit_id: UUID | None
    active: bool


async def staff_record(session: AsyncSession, subject: str) -> StaffRecord | None:
    """Return the record of that `sub`, or None where the installation keeps none."""
    rows = await session.execute(
        select(Staff.role, Staff.unit_id, Staff.active).where(Staff.subject == subject)
    )
    row = rows.one_or_none()
    return None if row is None else StaffRecord(Role(row.role), row.unit_id, row.active)


async def signing_keys(session: AsyncSession) -> Sequence[SigningKey]:
    """Return all keys of the built-in issuer, in the order in which they sign."""
    rows = await session.scalars(select(SigningKey).order_by(SigningKey.signs_at, SigningKey.kid))
    return rows.all()


async def contact_for_sending(
    work: UnitOfWork, protection: Protection, citizen_id: UUID
) -> RevealedContact:
    """Return a contact for a message that goes out by itself; no person sees it.

    Only for the system's own units of work; people go through `reveal_contact`, which is on
    record. Raises NotAllowed, NotFound.
    """
    if work.actor.role is not Role.SYSTEM:
        raise NotAllowed("Contacts are revealed to people on record only.")
    citizen = await work.session.get(Citizen, citizen_id)
    if citizen is None:
        raise NotFound("There is no such citizen.")
    return reveal(protection, citizen)


async def disclosures(session: AsyncSession, citizen_id: UUID) -> Sequence[Disclosure]:
    """Return who saw that citizen's contact, the latest first."""
    rows = await session.scalars(
        select(Disclosure)
        .where(Disclosure.citizen_id == citizen_id)
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
    )
    return rows.all()
