"""`jiesu serve`: the HTTP server alone, for a database and a Redis that are given."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from typing import Annotated, Any

import typer
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server
from granian.server.common import AbstractServer

from api.command.port import check_port
from api.command.secret import resolve_secret
from api.engines.program import die_with_parent
from api.logs import configure
from domain.kernel.collector import collector_off
from domain.kernel.settings import Settings, WrongSetting, read_settings

HEADERS_WITHIN = 10_000
"""Milliseconds in which the headers of a request must have come; a slow client is let go."""

LARGEST_HEADERS = 64 * 1024
"""Bytes that Granian buffers for one connection before the body."""

STOP_WITHIN = 8
"""Seconds that running requests get at a stop, before the process is killed."""


_THROUGH_OUR_LOGS = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def load_application(target: str) -> Any:
    """Return the ASGI application that the factory `target` (`module:function`) makes.

    Runs in Granian's worker process. Should Granian's main process be killed, this one must not
    stay behind with the port.
    """
    # A forked worker has the main process's handlers, which only note the signal; until Granian
    # sets its own, a stop would not be heard.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(os.getppid(), signal.SIGTERM)
    configure(read_settings(), "api")
    module, _, factory = target.partition(":")
    with collector_off():
        return getattr(import_module(module), factory)()


def server(
    settings: Settings, *, processes: int, target: str = "api.app:create_app"
) -> AbstractServer[Any]:
    """Return the server: HTTP/1.1 and WebSockets, guarded against clients that are slow on purpose.

    HTTP/2 is left to a proxy in front: its settings are per connection and none of them bounds a
    slow client.
    """
    made: AbstractServer[Any] = Server(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=processes,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=True,
        backlog=1024,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_WITHIN, max_buffer_size=LARGEST_HEADERS
        ),
        log_level=LogLevels.warning,
        log_dictconfig=_THROUGH_OUR_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN,
    )
    return made


def register(app: typer.Typer) -> None:
    @app.command("serve")
    def serve(
        processes: Annotated[int, typer.Option(min=1, help="How many server processes.")] = 1,
    ) -> None:
        """Serve HTTP at HOST and PORT, with the PostgreSQL and the Redis that the URLs name."""
        settings = read_settings()
        configure(settings, "api")
        if settings.database_url is None or settings.redis_url is None:
            missing = "DATABASE_URL" if settings.database_url is None else "REDIS_URL"
            raise WrongSetting(f"{missing}: is needed to serve (`jiesu run` brings its own)")
        resolve_secret(settings)
        check_port(settings.host, settings.port)
        server(settings, processes=processes).serve(target_loader=load_application)
