"""The port by which short messages leave for citizens' phones, and the sender of development."""

from __future__ import annotations

from typing import Protocol

import structlog

from channels.gateway import GatewaySender
from domain.accounts.passcodes import LoginMessage
from domain.kernel.settings import Settings, WrongSetting

_log = structlog.get_logger("sender")


class Sender(Protocol):
    """A gateway for short messages. The operators' gateways take templates with parameters, not
    free text, so each kind of message is a method of its own."""

    async def send_login_code(self, message: LoginMessage) -> None:
        """Hand the message to the gateway; raise where it must be tried again.

        `message.key` is the same at every try, so that a gateway which knows such keys sends once.
        A message past `expires_at` is of no use and is not to be sent.
        """
        ...


class LogSender:
    """Prints login codes in the log: for development, where no gateway is."""

    async def send_login_code(self, message: LoginMessage) -> None:
        _log.warning(
            "login_code",
            phone=message.phone.masked,
            code=message.code,
            expires_at=message.expires_at.isoformat(),
        )


def choose_sender(settings: Settings, configured: Sender | None = None) -> Sender:
    """Return the configured sender, the gateway of the settings, or the log's in development.

    Raises WrongSetting in production without one: codes in a log would let its readers in.
    """
    if configured is not None:
        return configured
    if settings.sms_url is not None:
        token = settings.sms_token.get_secret_value() if settings.sms_token else None
        return GatewaySender(settings.sms_url, token)
    if settings.production:
        raise WrongSetting("JIESU_SMS_URL: production needs a gateway for login codes")
    return LogSender()
