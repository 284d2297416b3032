"""The gateway, spoken to over real HTTP; it also misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from channels.gateway import GatewayRefused, GatewaySender
from channels.sender import choose_sender
from domain.accounts.passcodes import LoginMessage
from domain.accounts.phone import Phone
from domain.kernel.settings import Mode, Settings

MESSAGE = LoginMessage(
    "key-1", Phone.parse("13800000001"), "123456", datetime(2026, 11, 23, tzinfo=UTC)
)


class _Operator(BaseHTTPRequestHandler):
    """An operator's gateway: keeps what it took, answers with the status it was told."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server: Any = self.server
        server.taken.append((dict(self.headers), json.loads(body)))
        self.send_response(server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def operator() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Operator)
    server.taken, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _url(operator: Any) -> str:
    return f"http://127.0.0.1:{operator.server_address[1]}/sms"


async def test_the_code_reaches_the_gateway_with_its_key(operator: Any) -> None:
    await GatewaySender(_url(operator), "secret").send_login_code(MESSAGE)
    ((headers, body),) = operator.taken
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["authorization"] == "Bearer secret"
    assert headers["idempotency-key"] == "key-1"
    assert body["phone"] == "13800000001"
    assert body["parameters"]["code"] == "123456"


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_a_refusal_is_raised_and_tells_nothing_of_the_message(
    operator: Any, status: int
) -> None:
    operator.status = status
    with pytest.raises(GatewayRefused) as refused:
        await GatewaySender(_url(operator), None).send_login_code(MESSAGE)
    assert "123456" not in str(refused.value)
    assert "138" not in str(refused.value)


def test_production_takes_the_gateway_of_its_settings() -> None:
    settings = Settings(mode=Mode.PRODUCTION, sms_url="https://sms.example/send")
    assert isinstance(choose_sender(settings), GatewaySender)
