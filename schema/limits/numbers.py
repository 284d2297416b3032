"""Every number that bounds a GraphQL request, with its reason.

They guard the process, not a city's rules, and so stand here and not in the city profile.
Yardsticks: GitHub pages 1-100; Shopify input lists 250; Saleor pages 100, cost in the answer;
graphql-armor depth 6, aliases 15, directives 50, tokens 1,000, cost 5,000; Apollo Router 2 MB,
15,000 tokens, recursion 500.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a request, its document and its connection. At the bound passes, above fails."""

    # The request.
    body_bytes: int = 262_144  # the longest complaint with its variables takes a quarter of it
    batch_length: int = 10  # a page of the portal opens with fewer

    # The text of a document.
    document_length: int = 65_536  # characters; the lexer is linear, about 0.2 µs for each
    tokens: int = 2_000  # comments count; the standard introspection query has under 200
    nesting: int = 64  # brackets; a parser frame or six for each, far from Python's 1,000

    # The shape of a document, fragments spread out.
    operations: int = 20  # in one document; validation works on all, though one is run
    depth: int = 12  # levels of fields; ticket → history → edges → node → unit → parent has 6
    introspection_depth: int = 20  # the standard introspection query has 15
    aliases: int = 30  # in one operation; a dashboard counts a dozen things at once
    directives: int = 50  # written in the document; each is a validation of its own
    root_fields: int = 20  # in one operation; each becomes one SQL statement
    expansion: int = 5_000  # selections visited; fragments may double 2 ** depth times
    overlap: int = 10_000  # comparisons of fields for one response key; about 3 µs each
    errors: int = 20  # validation or coercion errors in one answer; nobody reads more

    # The work of an operation, in points.
    cost: int = 5_000  # 100 tickets, each with unit, parent and 4 events, take about 1,300
    page: int = 100  # rows of one connection, as with GitHub and Saleor
    default_page: int = 20  # where neither the request nor the schema names a page size
    assumed_size: int = 10  # items of a list without pages that declares no other size

    # The values of a request.
    list_length: int = 250  # items, in variables and in literals; as with Shopify
    string_length: int = 20_000  # characters; a complaint by post seldom has 5,000
    variable_values: int = 5_000  # JSON values and keys in all variables together
    variable_nesting: int = 16  # objects and lists in each other; our inputs have 4

    # A socket.
    frame_bytes: int = 131_072  # one operation with a string of full length in Chinese
    socket_operations: int = 50  # unfinished at one time
    socket_subscriptions: int = 20  # open at one time; one a ticket that is on screen

    # An actor, over all sockets and event streams of a process.
    actor_subscriptions: int = 100  # five windows, each with as many as a socket may have
