"""The smallest ASGI application, to see how the server itself behaves."""

from __future__ import annotations

import sys
import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


async def _body(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


def create_slowly() -> Starlette:
    """Say that it begins, and take long."""
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    time.sleep(30)
    return create_app()


def create_app() -> Starlette:
    return Starlette(
        routes=[Route("/", _body, methods=["GET", "POST"]), WebSocketRoute("/socket", _echo)]
    )
