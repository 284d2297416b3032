"""Login codes on their way, and a gateway that remembers."""

from __future__ import annotations

import asyncio

from domain.accounts.passcodes import LoginMessage, request_login_code
from domain.accounts.protection import Protection
from domain.kernel.actor import PUBLIC
from domain.kernel.database import Database
from domain.kernel.sections import LoginCode

SECRET = bytes(range(32))
RULES = LoginCode(valid_minutes=5, attempts=5, sends_per_hour=5)
PHONE = "13800001234"


class Gateway:
    """A sender that keeps what it was given; `failures` says how often it fails first."""

    def __init__(self, failures: int = 0) -> None:
        self.sent: list[LoginMessage] = []
        self.tries = 0
        self.failures = failures
        self.open = asyncio.Event()
        self.open.set()

    async def send_login_code(self, message: LoginMessage) -> None:
        self.tries += 1
        await self.open.wait()
        if self.tries <= self.failures:
            raise ConnectionError("the gateway is busy")
        self.sent.append(message)


async def ask_for_code(database: Database, phone: str = PHONE) -> str:
    """A citizen asks for a code; returns it."""
    async with database.unit_of_work(PUBLIC) as work:
        return await request_login_code(work, Protection(SECRET), RULES, phone)
