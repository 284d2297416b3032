"""What the worker counts about itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, start_http_server

TIMERS_FIRED = Counter("jiesu_timers_fired_total", "Timers that fired.", ["kind"])
TIMERS_FAILED = Counter("jiesu_timers_failed_total", "Timers that failed alone and were postponed.")
TIMER_LATENESS = Histogram(
    "jiesu_timer_lateness_seconds",
    "How long after its time a timer fired.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600, 3600),
)
NEWS_RELAYED = Counter("jiesu_outbox_relayed_total", "Outbox rows handed on.", ["topic"])
NEWS_WAITING = Gauge("jiesu_outbox_waiting_seconds", "Age of the oldest row not handed on.")
CODES_SENT = Counter("jiesu_login_codes_total", "Login codes, by what became of them.", ["result"])


def expose(port: int | None) -> None:
    """Serve the figures on that port of this machine alone; None: not at all."""
    if port is not None:
        start_http_server(port, addr="127.0.0.1")
