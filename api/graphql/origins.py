"""Which web pages may call. Programs that are no browser send no Origin and are not concerned.

A token travels in a header that no page can make a browser add on its own, so a forged request
arrives without one; and what a browser sends across origins without asking is refused by its
Content-Type. This is the third wall: a page of a foreign origin is refused as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from api.graphql.refusals import Header, HttpRefusal
from api.graphql.settings import TransportSettings

_ALLOWED_HEADERS = b"authorization, content-type, x-request-id"
_EXPOSED_HEADERS = b"retry-after, x-request-id"
_FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})


def is_allowed(origin: bytes | None, host: bytes | None, origins: frozenset[str]) -> bool:
    """Tell whether a page of `origin` may call: the server's own, or one on the list.

    Only host and port are compared with the Host header: behind a proxy that ends TLS the
    server does not know its own scheme.
    """
    if origin is None:
        return True
    name = origin.decode("latin-1")
    if name in origins:
        return True
    try:
        place = urlsplit(name).netloc.lower()
    except ValueError:
        return False
    return host is not None and place == host.decode("latin-1").lower()


def check_origin(headers: Mapping[bytes, bytes], settings: TransportSettings) -> None:
    """Refuse a request made by a foreign page. Raises HttpRefusal (403).

    A GET made by an image or a script of a foreign page carries no Origin, but browsers tell of
    it in Sec-Fetch-Site. Its answer would be unreadable to the page; its cost would be ours.
    """
    origin = headers.get(b"origin")
    if origin is None:
        foreign = headers.get(b"sec-fetch-site") in _FOREIGN_SITES
    else:
        foreign = not is_allowed(origin, headers.get(b"host"), settings.origins)
    if foreign:
        raise HttpRefusal(403, "ORIGIN_FORBIDDEN", "Pages of this origin may not call.")


def sharing_headers(origin: bytes | None, settings: TransportSettings) -> list[Header]:
    """Return the CORS headers of a response to an allowed origin; none where it is our own."""
    if origin is None or origin.decode("latin-1") not in settings.origins:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED_HEADERS),
    ]


def preflight_headers(settings: TransportSettings) -> list[Header]:
    """Return what a preflight is told besides: methods, headers and how long to remember."""
    return [
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", str(settings.preflight_age).encode()),
    ]
