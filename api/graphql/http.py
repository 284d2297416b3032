"""GraphQL over HTTP as a plain ASGI application; sockets and event streams are handed on."""

from __future__ import annotations

import math
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from api.graphql.body import read_body, request_of_query_string, requests_of_body
from api.graphql.contexts import ContextFactory, request_id_of
from api.graphql.explorer import explorer_page
from api.graphql.negotiation import Accepted, Media, is_json, negotiate, status_of
from api.graphql.origins import check_origin, preflight_headers, sharing_headers
from api.graphql.refusals import METHODS, ClientGone, Header, HttpRefusal, method_not_allowed
from api.graphql.settings import TransportSettings
from api.graphql.sse import send_events
from api.graphql.websocket import serve_socket
from domain.kernel.errors import NotAllowed, RateLimited, Unauthenticated
from domain.kernel.outages import is_outage
from schema.answers import Answer, Outcome
from schema.operations import OperationRequest, Operations

_log = structlog.get_logger(__name__)

_WANTED = frozenset(
    {
        b"accept",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"x-request-id",
        b"origin",
        b"host",
        b"sec-fetch-site",
    }
)
_ACCEPT_BYTES = 1_000  # what negotiation remembers is bounded; no client needs more
_JSON_MEDIA = (Media.GRAPHQL, Media.JSON)


class GraphQLEndpoint:
    """One GraphQL endpoint for the ASGI scopes `http` and `websocket`.

    `context_factory` is called once for each operation with the connection, whose
    `state.request_id` is set. It may raise the domain's Unauthenticated, NotAllowed and
    RateLimited; anything else it raises is masked.
    """

    def __init__(
        self,
        operations: Operations,
        context_factory: ContextFactory,
        settings: TransportSettings | None = None,
    ) -> None:
        self._operations = operations
        self._context_factory = context_factory
        self._settings = settings or TransportSettings()
        vary = b"Accept, Origin" if self._settings.origins else b"Accept"
        self._headers: dict[Media, list[Header]] = {
            media: [
                (b"content-type", media.content_type),
                (b"cache-control", b"no-store"),
                (b"vary", vary),
                (b"x-content-type-options", b"nosniff"),
            ]
            for media in Media
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await serve_socket(
                scope, receive, send, self._operations, self._context_factory, self._settings
            )
            return
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _WANTED:
                headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value
        await _Exchange(self, scope, receive, send, headers).serve()


class _Exchange:
    """One HTTP request and its response."""

    __slots__ = ("_endpoint", "_headers", "_receive", "_request_id", "_scope", "_send", "_settings")

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
    ) -> None:
        self._endpoint = endpoint
        self._settings = endpoint._settings
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = headers
        self._request_id = request_id_of(scope, headers.get(b"x-request-id"))

    async def serve(self) -> None:
        method = self._scope["method"]
        explorer = self._settings.explorer and method in {"GET", "HEAD"}
        explorer = explorer and not self._scope["query_string"]
        accept = self._headers.get(b"accept", b"")[:_ACCEPT_BYTES]
        accepted = negotiate(accept, explorer=explorer)
        try:
            if accepted.media is Media.HTML:
                await self._explore()
                return
            check_origin(self._headers, self._settings)
            if method == "POST":
                await self._post(accepted)
            elif method in {"GET", "HEAD"}:
                await self._get(accepted)
            elif method == "OPTIONS":
                await self._options()
            else:
                raise method_not_allowed()
        except HttpRefusal as refusal:
            await self._refuse(refusal, accepted.media)
        except ClientGone:
            return

    async def _post(self, accepted: Accepted) -> None:
        headers = self._headers
        if not is_json(headers.get(b"content-type")):
            message = "A body must be application/json in UTF-8."
            raise HttpRefusal(415, "CONTENT_TYPE_UNSUPPORTED", message)
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise HttpRefusal(415, "ENCODING_UNSUPPORTED", "A body must not be compressed.")
        _check_acceptable(accepted)
        limits = self._endpoint._operations.limits
        body = await read_body(
            self._receive,
            declared=headers.get(b"content-length"),
            bound=limits.body_bytes,
            seconds=self._settings.body_timeout,
        )
        request = requests_of_body(body, batch_length=limits.batch_length)
        if isinstance(request, OperationRequest):
            await self._answer(request, accepted, mutations_allowed=True)
        else:
            await self._answer_batch(request, accepted)

    async def _get(self, accepted: Accepted) -> None:
        _check_acceptable(accepted)
        query_string = self._scope["query_string"]
        if len(query_string) > self._settings.query_string_bytes:
            message = f"A query string has at most {self._settings.query_string_bytes} bytes."
            raise HttpRefusal(414, "QUERY_STRING_TOO_LONG", message)
        request = request_of_query_string(query_string)
        if self._scope["method"] == "HEAD":
            # There is no use in the head of a stream that nobody could end.
            media = accepted.media if accepted.media in _JSON_MEDIA else Media.JSON
            accepted = Accepted(media, events=False)
        await self._answer(request, accepted, mutations_allowed=False)

    async def _options(self) -> None:
        headers = [(b"allow", METHODS)]
        sharing = sharing_headers(self._headers.get(b"origin"), self._settings)
        if sharing:
            headers += preflight_headers(self._settings)
        headers += [(b"x-request-id", self._request_id.encode("ascii", "replace")), *sharing]
        if self._settings.origins:
            headers.append((b"vary", b"Origin"))
        await self._send({"type": "http.response.start", "status": 204, "headers": headers})
        await self._send({"type": "http.response.body", "body": b""})

    async def _explore(self) -> None:
        page, policy = explorer_page()
        await self._respond(200, Media.HTML, page, [(b"content-security-policy", policy)])

    async def _answer(
        self, request: OperationRequest, accepted: Accepted, *, mutations_allowed: bool
    ) -> None:
        operations = self._endpoint._operations
        context = await self._context()
        media = accepted.media
        assert media is not None
        if accepted.events and (media is Media.EVENTS or _is_subscription(operations, request)):
            result = await operations.subscribe(
                request, context, mutations_allowed=mutations_allowed
            )
            if not isinstance(result, Answer) or status_of(result, Media.JSON) == 200:
                headers = self._response_headers(Media.EVENTS, [])
                await send_events(
                    self._receive, self._send, headers, result, self._settings.keep_alive
                )
                return
            answer, media = result, Media.JSON
        else:
            answer = await operations.execute(request, context, mutations_allowed=mutations_allowed)
        await self._respond(status_of(answer, media), media, answer.body, _headers_of(answer))

    async def _answer_batch(self, batch: list[OperationRequest], accepted: Accepted) -> None:
        """Execute a batch in order; the response is the list of the answers.

        No status could be true of all of them, so it is always 200.
        """
        if accepted.media not in _JSON_MEDIA:
            raise HttpRefusal(406, "NOT_ACCEPTABLE", "A batch is answered in JSON only.")
        # All before any is used: a batch is let in as a whole or not at all.
        contexts = [await self._context() for _ in batch]
        bodies = []
        for request, context in zip(batch, contexts, strict=True):
            answer = await self._endpoint._operations.execute(
                request, context, mutations_allowed=True
            )
            bodies.append(answer.body)
        await self._respond(200, accepted.media, b"[%b]" % b",".join(bodies), [])

    async def _context(self) -> Any:
        try:
            return await self._endpoint._context_factory(HTTPConnection(self._scope))
        except Unauthenticated as error:
            headers = [(b"www-authenticate", b"Bearer")]
            raise HttpRefusal(401, error.code, error.message, headers=headers) from None
        except NotAllowed as error:
            raise HttpRefusal(403, error.code, error.message) from None
        except RateLimited as error:
            headers = [_retry_after(error.retry_after)]
            raise HttpRefusal(429, error.code, error.message, headers=headers) from None
        except Exception as error:
            if is_outage(error):
                _log.warning("context.unavailable", request_id=self._request_id)
                message = "The service is not available for a moment; try again."
                raise HttpRefusal(503, "UNAVAILABLE", message, headers=[_retry_after(1)]) from None
            _log.exception("context.failed", request_id=self._request_id)
            raise HttpRefusal(500, "INTERNAL", "internal error") from None

    async def _refuse(self, refusal: HttpRefusal, media: Media | None) -> None:
        chosen = media if media in _JSON_MEDIA else Media.JSON
        status = refusal.status if chosen is Media.GRAPHQL else refusal.legacy_status
        await self._respond(status, chosen, refusal.body(), refusal.headers)

    async def _respond(self, status: int, media: Media, body: bytes, extra: Any) -> None:
        headers = self._response_headers(media, extra)
        headers.append((b"content-length", b"%d" % len(body)))
        if self._scope["method"] == "HEAD":
            body = b""
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _response_headers(self, media: Media, extra: Any) -> list[Header]:
        headers = [
            *self._endpoint._headers[media],
            (b"x-request-id", self._request_id.encode("ascii", "replace")),
            *extra,
        ]
        origin = self._headers.get(b"origin")
        if origin is not None:
            headers += sharing_headers(origin, self._settings)
        return headers


def _check_acceptable(accepted: Accepted) -> None:
    if accepted.media is None:
        message = "Accept application/graphql-response+json, application/json or text/event-stream."
        raise HttpRefusal(406, "NOT_ACCEPTABLE", message)


def _is_subscription(operations: Operations, request: OperationRequest) -> bool:
    return operations.kind(request) is OperationType.SUBSCRIPTION


def _headers_of(answer: Answer) -> list[Header]:
    if answer.retry_after is not None:
        return [_retry_after(answer.retry_after)]
    return [(b"allow", b"POST")] if answer.outcome is Outcome.MISPLACED else []


def _retry_after(seconds: float) -> Header:
    return b"retry-after", b"%d" % max(1, math.ceil(seconds))
