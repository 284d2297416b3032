"""Who calls: from the bearer token of a request to the actor (RFC 6750)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from api.issuers import TokenSource
from domain.accounts.errors import Refusal, TokenRefused
from domain.accounts.queries import StaffRecord, staff_record
from domain.accounts.signatures import claimed_issuer
from domain.accounts.tokens import LONGEST_TEXT, Grant
from domain.kernel.actor import PUBLIC, STAFF, Actor, Role
from domain.kernel.clock import Clock
from domain.kernel.database import Database
from domain.units.queries import id_of_code

FindUnit = Callable[[str], Awaitable[UUID | None]]
FindStaff = Callable[[str], Awaitable[StaffRecord | None]]

# How long a change of the staff record, a unit or a key may take to reach a running process.
RECHECKED_AFTER: Final = timedelta(seconds=10)
_REMEMBERED: Final = 10_000

_log = structlog.get_logger("auth")


def find_staff_in(database: Database) -> FindStaff:
    """Return the look-up of staff records in that database."""

    async def find(subject: str) -> StaffRecord | None:
        async with database.look_up() as session:
            return await staff_record(session, subject)

    return find


def find_unit_in(database: Database) -> FindUnit:
    """Return the look-up of active units by code in that database."""

    async def find(code: str) -> UUID | None:
        async with database.look_up() as session:
            return await id_of_code(session, code)

    return find


@dataclass(frozen=True, slots=True)
class _Known:
    until: datetime
    actor: Actor


class Authenticator:
    """Turns the Authorization header into an actor; the same token again costs one look-up."""

    def __init__(
        self,
        sources: Sequence[TokenSource],
        *,
        find_unit: FindUnit,
        find_staff: FindStaff,
        clock: Clock,
        remembered: int = _REMEMBERED,
    ) -> None:
        self._sources: Mapping[str, TokenSource] = {source.issuer: source for source in sources}
        self._find_unit = find_unit
        self._find_staff = find_staff
        self._clock = clock
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def authenticate(self, authorization: str | None, address: str | None = None) -> Actor:
        """Return the actor of a request: PUBLIC without a header, else what the token says.

        `authorization` is the header's value, `address` the caller's network address, which the
        actor carries on. Raises TokenRefused (an Unauthenticated, always with the same message)
        and KeysUnreachable (answer 503).
        """
        if authorization is None:
            return _at(PUBLIC, address)
        token = _bearer(authorization)
        name = hashlib.sha256(token.encode()).digest()
        now = self._clock.now()
        known = self._known.get(name)
        if known is None or now >= known.until:
            known = await self._resolve(token, now)
            self._remember(name, known)
        return _at(known.actor, address)

    def _remember(self, name: bytes, known: _Known) -> None:
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)

    async def _resolve(self, token: str, now: datetime) -> _Known:
        try:
            source = self._sources.get(claimed_issuer(token) or "")
            if source is None:
                raise TokenRefused(Refusal.WRONG_ISSUER)
            claims = await source.verify(token, now)
            actor = await self._actor(claims.grant)
        except TokenRefused as refused:
            _log.info("token_refused", reason=refused.reason.value)
            raise
        return _Known(min(claims.expires_at, now + RECHECKED_AFTER), actor)

    async def _actor(self, grant: Grant) -> Actor:
        role, unit_id = grant.role, None
        if role is None or role in STAFF:
            record = await self._find_staff(grant.subject)
            role, unit_id = _staff_role(grant, record)
        if grant.unit is not None:
            unit_id = await self._unit_id(grant.unit, unit_id)
        return Actor(role, grant.subject, grant.citizen, unit_id, grant.channel)

    async def _unit_id(self, code: str, recorded: UUID | None) -> UUID:
        unit_id = await self._find_unit(code)
        if unit_id is None:
            raise TokenRefused(Refusal.UNKNOWN_UNIT)
        if recorded is not None and recorded != unit_id:
            raise TokenRefused(Refusal.STAFF_DISAGREES)
        return unit_id


def _staff_role(grant: Grant, record: StaffRecord | None) -> tuple[Role, UUID | None]:
    """The role and unit of staff: a record binds, and without one the token's role must do.

    So who is switched off or moved to another role loses what an older token says.
    """
    if record is None:
        if grant.role is None:
            raise TokenRefused(Refusal.STAFF_DISAGREES)
        return grant.role, None
    if not record.active or grant.role not in {None, record.role}:
        raise TokenRefused(Refusal.STAFF_DISAGREES)
    return record.role, record.unit_id


def _at(actor: Actor, address: str | None) -> Actor:
    if address is None:
        return actor
    # Written out: `dataclasses.replace` costs as much as all the rest of a request's look-up.
    return Actor(actor.role, actor.subject, actor.citizen_id, actor.unit_id, actor.channel, address)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii() or len(token) > LONGEST_TEXT:
        raise TokenRefused(Refusal.MALFORMED)
    return token.strip()
