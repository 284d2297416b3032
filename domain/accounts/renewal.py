"""Sealing personal data again after the secret was replaced."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from domain.accounts.commands import reveal
from domain.accounts.models import Citizen
from domain.accounts.phone import Phone
from domain.accounts.protection import Protection, Sealed
from domain.kernel.work import UnitOfWork


async def renew_citizens(
    work: UnitOfWork, protection: Protection, after: UUID | None = None, limit: int = 500
) -> UUID | None:
    """Seal up to `limit` citizens again under the present secret, and index them by it.

    Returns the last id looked at, to go on from, or None when there are no more. To be run before
    anything is served under the new secret: until then look-ups do not find the old rows, and a
    citizen who comes back would be made a second time. Safe to run again after a crash.
    """
    statement = select(Citizen).order_by(Citizen.id).limit(limit).with_for_update()
    if after is not None:
        statement = statement.where(Citizen.id > after)
    rows = (await work.session.scalars(statement)).all()
    for row in rows:
        if not protection.is_current(row.phone_cipher):
            _renew(row, protection)
    await work.flush()
    return rows[-1].id if len(rows) == limit else None


def _renew(row: Citizen, protection: Protection) -> None:
    clear = reveal(protection, row)
    index = protection.phone_index(Phone(clear.phone))
    row.phone_index = index
    row.phone_cipher = protection.seal(Sealed.PHONE, clear.phone.encode(), index)
    if clear.name is not None:
        row.name_cipher = protection.seal(Sealed.NAME, clear.name.encode(), index)
