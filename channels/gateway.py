"""A gateway for short messages that takes JSON over HTTPS, before whatever an operator has.

    POST JIESU_SMS_URL      Authorization: Bearer JIESU_SMS_TOKEN, Idempotency-Key: <key>
    {"template": "login_code", "phone": "13800000000",
     "parameters": {"code": "…", "expiresAt": "…"}}

Any 2xx is taken as sent; everything else is tried again until the code has ended.
"""

from __future__ import annotations

from typing import Final

import httpx

from domain.accounts.passcodes import LoginMessage

_TIMEOUT: Final = httpx.Timeout(8.0, connect=3.0)


class GatewayRefused(Exception):
    """The gateway did not take the message; the text holds its status and nothing else."""


class GatewaySender:
    """Sends through the gateway at `url`."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    async def send_login_code(self, message: LoginMessage) -> None:
        """Hand the code to the gateway. Raises GatewayRefused, httpx.HTTPError."""
        body = {
            "template": "login_code",
            "phone": message.phone.clear,
            "parameters": {"code": message.code, "expiresAt": message.expires_at.isoformat()},
        }
        headers = {**self._headers, "idempotency-key": message.key}
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            answer = await client.post(self._url, json=body, headers=headers)
        if not answer.is_success:
            raise GatewayRefused(f"status {answer.status_code}")
