"""The jobs that leave the house. Each gets the id of an outbox row, and the row is its record.

The row is locked while the job runs and marked published when it is done, in one transaction. So
however often Redis hands out a job, or loses it, what the row stands for is done once; only when
a worker is killed, or the database goes away, between the gateway's answer and the commit it is
done again, with the same key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from channels.sender import Sender
from domain.accounts.passcodes import LoginMessage, open_login_message
from domain.accounts.protection import Protection
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Database
from domain.kernel.outbox import mark_published, take_one
from jobs import measures

_log = structlog.get_logger("sending")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the jobs work with."""

    database: Database
    protection: Protection
    sender: Sender


async def send_login_code(ctx: dict[Any, Any], row_id: str) -> None:
    """Send the login code of an outbox row, unless that was done or the code has ended.

    A failure leaves the row as it was: the relay offers it again until the code ends.
    """
    desk: Desk = ctx["desk"]
    try:
        result = await _send(desk, UUID(row_id))
    except Exception as error:
        # Without the traceback: its frames hold the code and the number.
        _log.error("login_code_not_sent", row=row_id, error=type(error).__name__)
        result = "failed"
    if result is not None:
        measures.CODES_SENT.labels(result).inc()


async def _send(desk: Desk, row_id: UUID) -> str | None:
    async with desk.database.unit_of_work(SYSTEM) as work:
        row = await take_one(work.session, row_id)
        if row is None:
            return None  # done, or in the hands of another worker
        message: LoginMessage = open_login_message(desk.protection, row.payload)
        live = work.now < message.expires_at
        if live:
            await desk.sender.send_login_code(message)
        await mark_published(work.session, [row.id], work.now)
    return "sent" if live else "expired"
