"""What an installation may set of the GraphQL transports. Sizes and counts stand in `Limits`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """All times in seconds.

    `origins` are the foreign web origins that may call (`https://portal.example`), without a
    trailing slash; a page of the server's own origin always may. `explorer` serves the page for
    developers and belongs to development only.
    """

    origins: frozenset[str] = frozenset()
    explorer: bool = False
    query_string_bytes: int = 16_384  # of a GET; proxies commonly stop at 8 or 16 KiB
    body_timeout: float = 10.0  # from the first byte to the last of a request's body
    init_timeout: float = 5.0  # from the opening of a socket to connection_init
    ping_interval: float = 25.0  # below the 30 s at which proxies commonly drop idle sockets
    silence: float = 60.0  # a socket from which nothing came for so long is dead
    send_queue: int = 64  # messages that wait for a slow socket
    send_patience: float = 5.0  # how long a full queue may stay full
    keep_alive: float = 12.0  # between comments on a silent event stream
    preflight_age: int = 600  # how long a browser may remember what a preflight allowed
