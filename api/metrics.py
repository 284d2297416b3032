"""/metrics: what an operator watches of the API, for Prometheus."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

REQUESTS = Counter("jiesu_http_requests", "HTTP requests by path and status.", ["path", "status"])
SECONDS = Histogram(
    "jiesu_graphql_seconds",
    "Seconds from the first byte of a GraphQL request to the last of its answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
SOCKETS = Gauge("jiesu_sockets", "Open GraphQL sockets.")
SUBSCRIBERS = Gauge("jiesu_subscribers", "Open subscriptions.")


async def metrics(_request: Request) -> Response:
    """The metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
