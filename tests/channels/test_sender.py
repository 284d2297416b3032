"""The sender: production does not start without one, and the log masks the number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import structlog

from channels.sender import LogSender, Sender, choose_sender
from domain.accounts.passcodes import LoginMessage
from domain.accounts.phone import Phone
from domain.kernel.settings import Mode, Settings, WrongSetting

MESSAGE = LoginMessage(
    "key", Phone.parse("13800000001"), "123456", datetime(2026, 11, 23, tzinfo=UTC)
)


class Collecting:
    """A gateway that keeps what it was given."""

    def __init__(self) -> None:
        self.messages: list[LoginMessage] = []

    async def send_login_code(self, message: LoginMessage) -> None:
        self.messages.append(message)


def test_production_needs_a_sender() -> None:
    production = Settings(mode=Mode.PRODUCTION)
    with pytest.raises(WrongSetting, match="JIESU_SMS_URL"):
        choose_sender(production)
    configured = Collecting()
    assert choose_sender(production, configured) is configured
    assert choose_sender(Settings(mode=Mode.DEVELOPMENT), configured) is configured


async def test_development_prints_the_code_with_the_number_masked() -> None:
    sender: Sender = choose_sender(Settings(mode=Mode.DEVELOPMENT))
    assert isinstance(sender, LogSender)
    with structlog.testing.capture_logs() as lines:
        await sender.send_login_code(MESSAGE)
    (line,) = lines
    assert line["code"] == "123456"
    assert "138****0001" in str(line)
    assert "13800000001" not in str(line)
