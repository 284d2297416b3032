"""Tokens of the built-in issuer for many callers: one alone would soon meet its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from api.command.secret import resolve_secret
from bench.ground import CITY, Ground
from domain.accounts.keys import ensure_signing_key, open_private
from domain.accounts.protection import Protection
from domain.accounts.tokens import Grant, issue_token
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.database import Database
from domain.kernel.settings import Settings


def agents(ground: Ground, count: int) -> list[str]:
    """Tokens of that many agents."""
    return _tokens(ground, [Grant(f"agent-{number}", Role.AGENT) for number in range(count)])


def handlers(ground: Ground, units: Sequence[str]) -> list[str]:
    """A token of a handler of each unit."""
    return _tokens(ground, [Grant(f"handler-{unit}", Role.HANDLER, unit=unit) for unit in units])


def _tokens(ground: Ground, grants: Sequence[Grant]) -> list[str]:
    return asyncio.run(_issue(ground, grants))


async def _issue(ground: Ground, grants: Sequence[Grant]) -> list[str]:
    settings = Settings(DATABASE_URL=ground.database_url, JIESU_DATA=ground.data, JIESU_CITY=CITY)
    protection = Protection(resolve_secret(settings))
    database = Database(ground.database_url, city=CITY, pool_size=1)
    try:
        async with database.unit_of_work(SYSTEM) as work:
            row = await ensure_signing_key(work, protection)
            key = open_private(row, protection)
            return [
                issue_token(
                    grant,
                    kid=row.kid,
                    key=key,
                    issuer=settings.issuer,
                    audience=settings.audience,
                    now=work.now,
                    lifetime=timedelta(hours=12),
                )
                for grant in grants
            ]
    finally:
        await database.close()
