"""Login by a code that is sent to the citizen's mobile phone."""

from __future__ import annotations

import base64
import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select

from domain.accounts.commands import upsert_citizen
from domain.accounts.errors import CODE_REFUSED
from domain.accounts.locks import hold_until_commit
from domain.accounts.models import Citizen, Passcode
from domain.accounts.phone import Phone, read_phone
from domain.accounts.protection import Protection, Sealed
from domain.kernel.actor import PUBLIC, Actor
from domain.kernel.database import Database
from domain.kernel.errors import Fault, InvalidInput, RateLimited, Unauthenticated
from domain.kernel.sections import LoginCode
from domain.kernel.work import UnitOfWork

LOGIN_CODE: Final = "login_code"  # the outbox topic
_DIGITS: Final = 6
_HOUR: Final = timedelta(hours=1)
_NOBODY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class LoginMessage:
    """What the sender needs; it prints without the code, and the phone masked. `key` names it."""

    key: str
    phone: Phone
    code: str = field(repr=False)
    expires_at: datetime


async def request_login_code(
    work: UnitOfWork, protection: Protection, rules: LoginCode, phone: str
) -> str:
    """Make a code for a mobile number and publish it for sending, sealed; returns the code.

    Known and unknown numbers are treated alike: the citizen is created at the first login. A new
    code ends the earlier one. Raises InvalidInput for a number that no text message reaches (or
    that is abroad, where messages cost and are paid for by the city), and RateLimited beyond
    `rules.sends_per_hour`.
    """
    number = read_phone(phone)
    if not number.is_mobile:
        raise InvalidInput(Fault("phone", "must be a mobile number of the mainland"))
    index = protection.phone_index(number)
    await hold_until_commit(work, "passcode", index)
    await _check_sends(work, rules, index)
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
    row = Passcode(
        id=work.new_id(),
        phone_index=index,
        code_hash=b"",
        created_at=work.now,
        expires_at=work.now + timedelta(minutes=rules.valid_minutes),
        tries=0,
    )
    row.code_hash = protection.passcode_hash(row.id.bytes, code)
    work.add(row)
    work.publish(LOGIN_CODE, _sealed_message(protection, row, number, code))
    await work.flush()
    return code


async def try_login_code(
    work: UnitOfWork, protection: Protection, rules: LoginCode, phone: str, code: str
) -> Citizen | None:
    """Return the citizen, created at the first login, or None where the code is refused.

    None rather than an exception, because the unit of work must be committed either way: the wrong
    try is counted in it. Use `log_in` unless there is a reason. An unknown number, a wrong, used,
    expired or worn-out code take the same way through: one lock, one look-up, one keyed hash, one
    comparison in constant time. (A live code has its tries written; that a code was asked for is
    all that could be measured.)
    """
    number = read_phone(phone)
    index = protection.phone_index(number)
    await hold_until_commit(work, "passcode", index)
    row = await work.session.scalar(
        select(Passcode)
        .where(Passcode.phone_index == index)
        .order_by(Passcode.created_at.desc(), Passcode.id.desc())
        .limit(1)
    )
    given = protection.passcode_hash(row.id.bytes if row else bytes(16), _plain(code))
    matches = hmac.compare_digest(given, row.code_hash if row else _NOBODY)
    if row is None or not _is_live(row, rules, work.now):
        return None
    if not matches:
        row.tries += 1
        await work.flush()
        return None
    row.used_at = work.now
    return await upsert_citizen(work, protection, number.clear, None)


async def log_in(
    database: Database,
    protection: Protection,
    rules: LoginCode,
    phone: str,
    code: str,
    *,
    actor: Actor = PUBLIC,
) -> Citizen:
    """Exchange a code for its citizen, in a unit of work of its own.

    A wrong try stays counted although this raises: Unauthenticated with one message for every
    cause; InvalidInput where `phone` is no number.
    """
    async with database.unit_of_work(actor) as work:
        citizen = await try_login_code(work, protection, rules, phone, code)
    if citizen is None:
        raise Unauthenticated(CODE_REFUSED)
    return citizen


def open_login_message(protection: Protection, payload: Mapping[str, Any]) -> LoginMessage:
    """Return what a row of the outbox topic `login_code` holds. Raises Unreadable."""
    key: str = payload["passcode"]
    sealed = base64.b64decode(payload["sealed"])
    phone, code = protection.open(Sealed.LOGIN_CODE, sealed, UUID(key).bytes).decode().split(" ")
    return LoginMessage(key, Phone(phone), code, datetime.fromisoformat(payload["expires_at"]))


async def forget_login_codes(work: UnitOfWork, before: datetime) -> None:
    """Remove codes made before that moment; keep at least the last hour's, which are counted."""
    await work.session.execute(
        delete(Passcode).where(Passcode.created_at < min(before, work.now - _HOUR))
    )


async def _check_sends(work: UnitOfWork, rules: LoginCode, index: bytes) -> None:
    newest = await work.session.scalars(
        select(Passcode.created_at)
        .where(Passcode.phone_index == index, Passcode.created_at > work.now - _HOUR)
        .order_by(Passcode.created_at.desc())
        .limit(rules.sends_per_hour)
    )
    sent = newest.all()
    if len(sent) >= rules.sends_per_hour:
        wait = (sent[-1] + _HOUR - work.now).total_seconds()
        raise RateLimited("Too many codes were asked for; try again later.", max(wait, 1.0))


def _is_live(row: Passcode, rules: LoginCode, now: datetime) -> bool:
    return row.used_at is None and now < row.expires_at and row.tries < rules.attempts


def _sealed_message(
    protection: Protection, row: Passcode, phone: Phone, code: str
) -> dict[str, Any]:
    sealed = protection.seal(Sealed.LOGIN_CODE, f"{phone.clear} {code}".encode(), row.id.bytes)
    return {
        "passcode": str(row.id),
        "sealed": base64.b64encode(sealed).decode(),
        "expires_at": row.expires_at.isoformat(),
    }


def _plain(code: str) -> str:
    """The code as people type it: full-width digits and blanks are understood."""
    return "".join(unicodedata.normalize("NFKC", code[:40]).split())
