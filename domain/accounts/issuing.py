"""Issuing tokens with the installation's own key."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.accounts.keys import open_private, signing_row
from domain.accounts.protection import Protection
from domain.accounts.queries import signing_keys
from domain.accounts.tokens import Grant, issue_token
from domain.kernel.actor import Role
from domain.kernel.work import UnitOfWork

CITIZEN_LIFETIME: Final = timedelta(hours=12)


def citizen_grant(citizen_id: UUID) -> Grant:
    """Return what a citizen's token says."""
    return Grant(f"citizen:{citizen_id}", Role.CITIZEN, citizen=citizen_id)


async def issue(
    work: UnitOfWork,
    protection: Protection,
    grant: Grant,
    *,
    issuer: str,
    audience: str,
    lifetime: timedelta,
) -> str:
    """Return a token signed with the key that signs now.

    Raises NoSigningKey where none was ever made, ValueError as `issue_token` does.
    """
    row = signing_row(await signing_keys(work.session), work.now)
    return issue_token(
        grant,
        kid=row.kid,
        key=open_private(row, protection),
        issuer=issuer,
        audience=audience,
        now=work.now,
        lifetime=lifetime,
    )


async def issue_for_citizen(
    work: UnitOfWork, protection: Protection, citizen_id: UUID, *, issuer: str, audience: str
) -> tuple[str, datetime]:
    """Return a token for a citizen who has just proved their phone, and when it expires."""
    token = await issue(
        work,
        protection,
        citizen_grant(citizen_id),
        issuer=issuer,
        audience=audience,
        lifetime=CITIZEN_LIFETIME,
    )
    return token, work.now + CITIZEN_LIFETIME
