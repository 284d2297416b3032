"""Sockets: the server's side of the graphql-transport-ws protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.graphql.contexts import ContextFactory, operation_connection, request_id_of
from api.graphql.messages import (
    DUPLICATE,
    FORBIDDEN,
    GOING_AWAY,
    INIT_TIMEOUT,
    OVERLOADED,
    PROTOCOL,
    SUBPROTOCOL,
    TOO_MANY_INITS,
    UNAUTHORIZED,
    Close,
    Complete,
    Init,
    Ping,
    Subscribe,
    ack,
    complete_message,
    error_message,
    next_message,
    ping,
    pong,
    read_message,
)
from api.graphql.origins import is_allowed
from api.graphql.settings import TransportSettings
from domain.kernel.errors import DomainError
from schema.answers import Answer, Outcome, plain_refusal
from schema.operations import Operations

_log = structlog.get_logger(__name__)


async def serve_socket(
    scope: Scope,
    receive: Receive,
    send: Send,
    operations: Operations,
    context_factory: ContextFactory,
    settings: TransportSettings,
) -> None:
    """Serve one socket from its upgrade to its end.

    A foreign page's upgrade is refused with 403; a socket that does not speak
    graphql-transport-ws (the legacy graphql-ws among them) is opened and closed with 4406, since
    a browser could not tell why its upgrade was refused.
    """
    await receive()
    headers = dict(scope["headers"])
    if not is_allowed(headers.get(b"origin"), headers.get(b"host"), settings.origins):
        await send({"type": "websocket.close", "code": FORBIDDEN, "reason": "Foreign origin"})
        return
    if PROTOCOL not in scope.get("subprotocols", ()):
        await send({"type": "websocket.accept"})
        reason = f"The subprotocol must be {PROTOCOL}"
        await send({"type": "websocket.close", "code": SUBPROTOCOL, "reason": reason})
        return
    request_id_of(scope, headers.get(b"x-request-id"))
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
    await _Socket(scope, receive, send, operations, context_factory, settings).serve()


class _Socket:
    """One accepted socket: a reader, a writer, and a task for each unfinished operation.

    Whoever finds that the socket must end sets `_end`; `serve` alone closes and cleans up.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        operations: Operations,
        context_factory: ContextFactory,
        settings: TransportSettings,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._operations = operations
        self._context_factory = context_factory
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[Close | None] = self._loop.create_future()
        self._queue: asyncio.Queue[str] = asyncio.Queue(settings.send_queue)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: set[str] = set()
        self._authorization: str | None = None
        self._acknowledged = False
        self._count = 0
        self._heard = self._loop.time()

    async def serve(self) -> None:
        """Serve until the client leaves or the socket must end; leaves no task behind."""
        for work in (self._read, self._write, self._watch):
            self._start(work)
        close = None
        try:
            close = await self._end
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if close is not None:
            # The peer may be gone or deaf by now.
            with suppress(Exception):
                async with asyncio.timeout(self._settings.send_patience):
                    message = {"code": close.code, "reason": close.reason}
                    await self._send({"type": "websocket.close", **message})

    def _start(self, work: Callable[..., Awaitable[None]], *details: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(self._guarded(work, *details))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Callable[..., Awaitable[None]], *details: Any) -> None:
        try:
            await work(*details)
        except Close as close:
            self._finish(close)
        except Exception:
            _log.exception("socket.failed", request_id=self._request_id)
            self._finish(Close(1011, "Internal error"))

    def _finish(self, close: Close | None) -> None:
        if not self._end.done():
            self._end.set_result(close)

    @property
    def _request_id(self) -> str:
        request_id: str = self._scope["state"]["request_id"]
        return request_id

    async def _watch(self) -> None:
        """End a socket that never introduces itself, or from which nothing comes any more."""
        settings = self._settings
        await asyncio.sleep(settings.init_timeout)
        if not self._acknowledged:
            raise Close(INIT_TIMEOUT, "Connection initialisation timeout")
        while True:
            await asyncio.sleep(settings.ping_interval)
            if self._loop.time() - self._heard > settings.silence:
                raise Close(GOING_AWAY, "The client is silent")
            await self._put(ping())

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                await self._send({"type": "websocket.send", "text": text})
            except Exception:
                self._finish(None)
                return

    async def _put(self, text: str) -> None:
        """Queue a message. Raises Close where the client has not read for too long."""
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            try:
                async with asyncio.timeout(self._settings.send_patience):
                    await self._queue.put(text)
            except TimeoutError:
                raise Close(OVERLOADED, "The client reads too slowly") from None

    async def _read(self) -> None:
        bound = self._operations.limits.frame_bytes
        while True:
            frame = await self._receive()
            if frame["type"] == "websocket.disconnect":
                self._finish(None)
                return
            self._heard = self._loop.time()
            message = read_message(dict(frame), bound=bound)
            if isinstance(message, Subscribe):
                await self._subscribe(message)
            elif isinstance(message, Complete):
                self._cancel(message.id)
            elif isinstance(message, Ping):
                await self._put(pong(message.payload))
            elif isinstance(message, Init):
                await self._initialise(message)

    async def _initialise(self, message: Init) -> None:
        if self._acknowledged:
            raise Close(TOO_MANY_INITS, "Too many initialisation requests")
        self._authorization = message.authorization
        try:
            await self._context(self._request_id)
        except DomainError as error:
            raise Close(FORBIDDEN, f"Forbidden: {error.code}") from None
        self._acknowledged = True
        await self._put(ack())

    async def _context(self, request_id: str) -> Any:
        """Make a context. One for each operation, so that a token that has run out is noticed."""
        connection = operation_connection(
            self._scope, request_id=request_id, authorization=self._authorization
        )
        return await self._context_factory(connection)

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise Close(UNAUTHORIZED, "Unauthorized")
        if message.id in self._running:
            raise Close(DUPLICATE, f"Subscriber for {message.id[:64]} already exists"[:120])
        refused = self._too_many(message)
        if refused is not None:
            await self._put(error_message(message.id, refused.errors()))
            return
        self._count += 1
        request_id = f"{self._request_id}.{self._count}"
        self._running[message.id] = self._start(self._operate, message, request_id)

    def _too_many(self, message: Subscribe) -> Answer | None:
        limits = self._operations.limits
        if len(self._tasks) - 3 >= limits.socket_operations:  # beside reader, writer and watch
            text = f"A socket has at most {limits.socket_operations} unfinished operations."
            return plain_refusal(Outcome.REFUSED, text, "OPERATIONS_EXCEEDED")
        if self._operations.kind(message.request) is OperationType.SUBSCRIPTION:
            if len(self._subscriptions) >= limits.socket_subscriptions:
                text = f"A socket has at most {limits.socket_subscriptions} subscriptions."
                return plain_refusal(Outcome.REFUSED, text, "SUBSCRIPTIONS_EXCEEDED")
            self._subscriptions.add(message.id)
        return None

    def _cancel(self, identifier: str) -> None:
        task = self._running.pop(identifier, None)
        self._subscriptions.discard(identifier)
        if task is not None:
            task.cancel()

    async def _operate(self, message: Subscribe, request_id: str) -> None:
        identifier = message.id
        try:
            result = await self._result(message, request_id)
            if isinstance(result, Answer):
                complete = await self._put_answer(identifier, result)
            else:
                complete = True
                async with aclosing(result):
                    async for answer in result:
                        complete = await self._put_answer(identifier, answer)
        finally:
            # Before `complete` is said: the client may use the id again at once.
            self._release(identifier)
        if complete:
            await self._put(complete_message(identifier))

    async def _put_answer(self, identifier: str, answer: Answer) -> bool:
        """Queue an answer; tell whether the operation may still be completed."""
        if answer.outcome.executed:
            await self._put(next_message(identifier, answer.body))
            return True
        await self._put(error_message(identifier, answer.errors()))
        return False

    async def _result(
        self, message: Subscribe, request_id: str
    ) -> Answer | AsyncGenerator[Answer, None]:
        try:
            context = await self._context(request_id)
        except DomainError as error:
            return plain_refusal(Outcome.FORBIDDEN, error.message, error.code)
        except Exception:
            _log.exception("context.failed", request_id=request_id)
            return plain_refusal(Outcome.FAILED, "internal error", "INTERNAL")
        return await self._operations.subscribe(message.request, context)

    def _release(self, identifier: str) -> None:
        # After a cancellation the id may already belong to another operation.
        if self._running.get(identifier) is asyncio.current_task():
            del self._running[identifier]
            self._subscriptions.discard(identifier)
