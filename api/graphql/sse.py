"""Event streams: the distinct connections mode of the GraphQL over SSE protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.types import Receive, Send

from schema.answers import Answer

_COMPLETE = b"event: complete\ndata:\n\n"
_COMMENT = b":\n\n"


def next_event(body: bytes) -> bytes:
    """Return the `next` event of one finished response.

    A line break in JSON can only stand between tokens, where a space means the same; in an event
    it would end the data.
    """
    if b"\n" in body or b"\r" in body:
        body = body.replace(b"\r", b" ").replace(b"\n", b" ")
    return b"event: next\ndata: %b\n\n" % body


async def send_events(
    receive: Receive,
    send: Send,
    headers: list[tuple[bytes, bytes]],
    result: Answer | AsyncGenerator[Answer, None],
    keep_alive: float,
) -> None:
    """Send the response as an event stream until it is complete or the client leaves.

    What was found wrong before execution is a `next` event too, as the protocol asks. After
    `keep_alive` seconds of silence a comment tells proxies that the stream lives. However this
    ends, the stream is closed.
    """
    if isinstance(result, Answer):
        await _start(send, headers)
        await _send(send, next_event(result.body) + _COMPLETE, more=False)
        return
    left: asyncio.Future[Any] = asyncio.ensure_future(_left(receive))
    upcoming: asyncio.Future[Answer | None] | None = None
    try:
        await _start(send, headers)
        while True:
            upcoming = upcoming or asyncio.ensure_future(_next(result))
            await asyncio.wait(
                {left, upcoming}, timeout=keep_alive, return_when=asyncio.FIRST_COMPLETED
            )
            if left.done():
                return
            if not upcoming.done():
                await _send(send, _COMMENT)
                continue
            answer = upcoming.result()
            if answer is None:
                await _send(send, _COMPLETE, more=False)
                return
            upcoming = None
            await _send(send, next_event(answer.body))
    finally:
        waiting = [left] if upcoming is None else [left, upcoming]
        for future in waiting:
            future.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await result.aclose()


async def _start(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    # Buffering proxies would hold events back.
    headers = [*headers, (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _next(stream: AsyncGenerator[Answer, None]) -> Answer | None:
    return await anext(stream, None)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
