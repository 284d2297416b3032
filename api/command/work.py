"""`jiesu work`: the worker that fires timers, empties the outbox and runs the jobs."""

from __future__ import annotations

from importlib import import_module

import typer

from api.command.secret import resolve_secret
from api.logs import configure
from domain.kernel.collector import collector_off
from domain.kernel.settings import WrongSetting, read_settings


def register(app: typer.Typer) -> None:
    @app.command("work")
    def work() -> None:
        """Run a worker, with the PostgreSQL and the Redis that the URLs name."""
        settings = read_settings()
        configure(settings, "worker")
        if settings.database_url is None or settings.redis_url is None:
            missing = "DATABASE_URL" if settings.database_url is None else "REDIS_URL"
            raise WrongSetting(f"{missing}: is needed to work (`jiesu run` brings its own)")
        # By name: `jobs` stands beside `api`, and nothing here may come to need it.
        with collector_off():
            worker = import_module("jobs.worker")
        worker.run(settings, resolve_secret(settings))
