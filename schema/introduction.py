"""What a reader of the schema must know before its types: the description of the schema itself."""

from __future__ import annotations

from collections.abc import Mapping

from schema.limits import LimitCode, Limits

_TEXT = """\
One API for everybody at a 12345 hotline: citizens, the centre, the units, partners (市民热线接口).

## Sending (请求)
POST JSON to `/graphql` with `Accept: application/graphql-response+json`; a list of up to {batch}
requests is a batch. A GET reads and never changes anything. Subscriptions come over a WebSocket of
the subprotocol `graphql-transport-ws`, or answer a POST with `Accept: text/event-stream`.

## Who you are (身份)
`Authorization: Bearer TOKEN`; on a WebSocket, `authorization` in the payload of `connection_init`.
A citizen gets a token by `requestLoginCode` and `logIn`, staff and partners from the city's own
login. `viewer` tells who you are. Without a token you read what is public.

## Reading (查询)
Ids and cursors are opaque. A page has 1 to {page} rows, {default_page} where you ask for no number.
What does not exist and what you may not see look the same: null, or NotFound.

## Steps (操作)
A mutation gives its payload, or why it was refused. Always select
`... on Problem {{ code message }}` and `... on InvalidInput {{ fields {{ path message }} }}`.
`Ticket.availableActions` says which steps you may take now. With `expectedVersion` a step is
refused (Conflict) where somebody else was quicker. A submission whose answer did not come is sent
again with the same `idempotencyKey`, and makes no second ticket.

## Errors (错误)
What is not a Problem stands in `errors`; go by `extensions.code`, never by the message.
UNAVAILABLE: try again in a moment. RATE_LIMITED: try again after `extensions.retryAfter` seconds.
INTERNAL: our fault; tell us `extensions.requestId`. UNAUTHENTICATED: log in again.
TOO_SLOW ends a subscription that does not take its news: read anew and subscribe again.

## Limits (限制)
What an operation costs stands beside its data, in `extensions.cost`; what you may spend comes back
with time (RATE_LIMITED). The most that there may be, by the code of what goes beyond it:
{limits}"""


def introduction(limits: Limits) -> str:
    """The description of the schema (Markdown), with the numbers that are in force."""
    rows = "\n".join(f"- {code}: {meaning}" for code, meaning in _meanings(limits).items())
    return _TEXT.format(
        batch=limits.batch_length,
        page=limits.page,
        default_page=limits.default_page,
        limits=rows,
    )


def _meanings(limits: Limits) -> Mapping[str, str]:
    return {
        "BODY_TOO_LONG": f"{limits.body_bytes:,} bytes of a request's body",
        LimitCode.DOCUMENT_EXCEEDED: f"{limits.document_length:,} characters of a document",
        LimitCode.TOKENS_EXCEEDED: f"{limits.tokens:,} tokens of a document",
        LimitCode.NESTING_EXCEEDED: f"{limits.nesting} brackets in each other",
        LimitCode.OPERATIONS_EXCEEDED: f"{limits.operations} operations of a document, "
        f"{limits.socket_operations} unfinished ones of a socket",
        LimitCode.DEPTH_EXCEEDED: f"{limits.depth} levels of fields",
        LimitCode.ALIASES_EXCEEDED: f"{limits.aliases} aliases of an operation",
        LimitCode.DIRECTIVES_EXCEEDED: f"{limits.directives} directives of a document",
        LimitCode.ROOT_FIELDS_EXCEEDED: f"{limits.root_fields} root fields of an operation",
        LimitCode.EXPANSION_EXCEEDED: f"{limits.expansion:,} selections, fragments spread out",
        LimitCode.OVERLAP_EXCEEDED: f"{limits.overlap:,} pairs of fields for one response key",
        LimitCode.COST_EXCEEDED: f"{limits.cost:,} points of an operation",
        LimitCode.PAGE_EXCEEDED: f"{limits.page} rows of a page",
        LimitCode.LIST_EXCEEDED: f"{limits.list_length} items of a list that you send",
        LimitCode.STRING_EXCEEDED: f"{limits.string_length:,} characters of a string",
        LimitCode.VARIABLES_EXCEEDED: f"{limits.variable_values:,} values of all variables, "
        f"{limits.variable_nesting} levels of them",
        LimitCode.INVALID_TEXT: "NUL and lone surrogates are no text",
        "SUBSCRIPTIONS_EXCEEDED": f"{limits.socket_subscriptions} subscriptions of a socket, "
        f"{limits.actor_subscriptions} of an actor",
    }
