"""Use cases of accounts: citizens, the disclosure of a contact, staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, case, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from domain.accounts.models import Citizen, Disclosure, Staff
from domain.accounts.names import mask_name, read_name
from domain.accounts.phone import Phone, read_phone
from domain.accounts.policy import may_manage_staff, may_rename_citizen, may_reveal_contact
from domain.accounts.protection import Protection, Sealed
from domain.kernel.actor import STAFF, Role
from domain.kernel.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound
from domain.kernel.work import UnitOfWork

_PURPOSE_LENGTH = (2, 500)
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class RevealedContact:
    """A citizen's contact in clear; it prints without either."""

    name: str | None = field(repr=False)
    phone: str = field(repr=False)


async def upsert_citizen(
    work: UnitOfWork, protection: Protection, phone: str, name: str | None
) -> Citizen:
    """Return the citizen of that number, created if new; any number of callers at once get one.

    A name fills an unknown one; a known one is replaced only as `may_rename_citizen` says.
    Raises InvalidInput for `phone` or `name`.
    """
    number = read_phone(phone)
    name = None if name is None else read_name(name)
    row = _new_citizen(work, protection, number, name)
    known: Citizen | None = await work.session.scalar(_FOUND_OR_MADE, row)
    if known is not None and (
        name is None or known.id == row["id"] or reveal(protection, known).name == name
    ):
        return known
    return await _write_citizen(work, row)


def reveal(protection: Protection, citizen: Citizen) -> RevealedContact:
    """Return the contact in clear. Callers put on record why (`reveal_contact`). May raise
    Unreadable."""
    bond = citizen.phone_index
    return RevealedContact(
        name=None
        if citizen.name_cipher is None
        else protection.open(Sealed.NAME, citizen.name_cipher, bond).decode(),
        phone=protection.open(Sealed.PHONE, citizen.phone_cipher, bond).decode(),
    )


async def reveal_contact(
    work: UnitOfWork, protection: Protection, citizen_id: UUID, ticket_id: UUID, purpose: str
) -> RevealedContact:
    """Return the contact in clear and put on record who saw it, for which ticket and why.

    The caller has checked that the ticket is the citizen's and visible to the actor. Raises
    NotAllowed, NotFound, InvalidInput for `purpose`.
    """
    if not may_reveal_contact(work.actor):
        raise NotAllowed("This role does not see contacts.")
    purpose = " ".join(purpose.split())
    shortest, longest = _PURPOSE_LENGTH
    if not shortest <= len(purpose) <= longest:
        raise InvalidInput(Fault("purpose", f"must have {shortest} to {longest} characters"))
    citizen = await work.session.get(Citizen, citizen_id)
    if citizen is None:
        raise NotFound("There is no such citizen.")
    contact = reveal(protection, citizen)
    work.add(
        Disclosure(
            id=work.new_id(),
            citizen_id=citizen_id,
            ticket_id=ticket_id,
            subject=work.actor.subject,
            role=work.actor.role.value,
            purpose=purpose,
            at=work.now,
        )
    )
    await work.flush()
    return contact


async def create_staff(
    work: UnitOfWork, *, subject: str, name: str, role: Role, unit_id: UUID | None = None
) -> Staff:
    """Register a person under the `sub` of their tokens. Raises NotAllowed, InvalidInput."""
    _check_may_manage(work)
    faults = _staff_faults(role, unit_id)
    if not 0 < len(subject) <= _LONGEST_SUBJECT or subject != subject.strip():
        faults.append(Fault("subject", f"must have 1 to {_LONGEST_SUBJECT} characters"))
    if faults:
        raise InvalidInput(*faults)
    rows = await work.session.scalars(
        insert(Staff)
        .values(
            id=work.new_id(),
            subject=subject,
            name=read_name(name),
            role=role.value,
            unit_id=unit_id,
            active=True,
            created_at=work.now,
            version=1,
        )
        .on_conflict_do_nothing(index_elements=[Staff.subject])
        .returning(Staff)
    )
    row = rows.one_or_none()
    if row is None:
        raise InvalidInput(Fault("subject", "is already registered"))
    return row


async def update_staff(
    work: UnitOfWork,
    staff_id: UUID,
    *,
    name: str | None = None,
    role: Role | None = None,
    unit_id: UUID | None = None,
    active: bool | None = None,
    expected_version: int | None = None,
) -> Staff:
    """Change what is given of a staff account; tokens follow within the cache time of api.auth.

    A role other than handler keeps its unit until another is given. Nobody changes their own role
    or switches themselves off, so that an installation keeps its last admin. Raises NotAllowed,
    NotFound, Conflict, InvalidInput.
    """
    _check_may_manage(work)
    row = await work.session.get(Staff, staff_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such staff account.")
    if expected_version is not None and row.version != expected_version:
        raise Conflict("The account was changed meanwhile.")
    new_role = role or Role(row.role)
    new_unit = unit_id or row.unit_id
    if row.subject == work.actor.subject and (new_role != row.role or active is False):
        raise NotAllowed("Nobody changes their own role.")
    if faults := _staff_faults(new_role, new_unit):
        raise InvalidInput(*faults)
    row.role, row.unit_id = new_role.value, new_unit
    row.name = row.name if name is None else read_name(name)
    row.active = row.active if active is None else active
    row.version += 1
    await work.flush()
    return row


def _check_may_manage(work: UnitOfWork) -> None:
    if not may_manage_staff(work.actor):
        raise NotAllowed("Only the admin manages staff.")


def _staff_faults(role: Role, unit_id: UUID | None) -> list[Fault]:
    if role not in STAFF:
        return [Fault("role", "is not a role of staff")]
    if role is Role.HANDLER and unit_id is None:
        return [Fault("unitCode", "a handler belongs to a unit")]
    return []


def _new_citizen(
    work: UnitOfWork, protection: Protection, phone: Phone, name: str | None
) -> dict[str, Any]:
    index = protection.phone_index(phone)
    return {
        "id": work.new_id(),
        "phone_cipher": protection.seal(Sealed.PHONE, phone.clear.encode(), index),
        "phone_index": index,
        "masked_phone": phone.masked,
        "name_cipher": protection.seal(Sealed.NAME, name.encode(), index) if name else None,
        "masked_name": mask_name(name) if name else None,
        "created_at": work.now,
    }


def _found_or_made() -> Executable:
    """The citizen of a number; the row given, where it was not known and nobody just made it.

    One statement, as every submission by telephone sends it. A row that is made at the same moment
    by another gives none: the statement does not see it yet.
    """
    table = Citizen.metadata.tables[Citizen.__tablename__]
    known = select(*table.c).where(table.c.phone_index == bindparam("phone_index"))
    given = select(*(bindparam(column.name, type_=column.type) for column in table.c))
    new = insert(table).from_select(table.c.keys(), given.where(~known.exists()))
    made = new.on_conflict_do_nothing(index_elements=[table.c.phone_index]).returning(*table.c)
    either = union_all(select(*made.cte("made").c), known)
    return select(Citizen).from_statement(either)


_FOUND_OR_MADE = _found_or_made()


async def _write_citizen(work: UnitOfWork, row: dict[str, Any]) -> Citizen:
    new = insert(Citizen).values(row)
    # Decided inside the statement: the row may have come into being since it was looked for.
    renames = or_(Citizen.name_cipher.is_(None), may_rename_citizen(work.actor))
    statement = new.on_conflict_do_update(
        index_elements=[Citizen.phone_index],
        set_={
            column: case((renames, func.coalesce(given, kept)), else_=kept)
            for column, given, kept in (
                ("name_cipher", new.excluded.name_cipher, Citizen.name_cipher),
                ("masked_name", new.excluded.masked_name, Citizen.masked_name),
            )
        },
    ).returning(Citizen)
    rows = await work.session.scalars(statement, execution_options={"populate_existing": True})
    return rows.one()
