"""`jiesu run`: a working hotline from nothing, kept running until Ctrl-C."""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path

import asyncpg
import typer

from api.command import main
from api.command.migrate import newest_revision, present_revision, upgrade
from api.command.port import check_port
from api.command.secret import resolve_secret
from api.command.terminal import Terminal
from api.engines.folders import DataLock, prepare_data_folder, remove_folder, socket_folder
from api.engines.postgres import EmbeddedPostgres
from api.engines.program import Program
from api.engines.redis import EmbeddedRedis
from api.engines.supervisor import Bell, Interrupted, Supervisor
from api.logs import configure
from domain.kernel.collector import collector_off, settle_collector
from domain.kernel.settings import Settings, WrongSetting, read_settings

DATABASE = "jiesu"

LOADED = ("api.command.serve", "api.command.work", "api.app", "jobs.worker")
"""By name: `jobs` stands beside `api`, and nothing here may come to need it."""

TOGETHER_WITHIN = 10.0
"""Seconds that API, worker and engines get to find each other before what is missing is told."""


class Run:
    """One `jiesu run`, from the data directory to the last line on the terminal."""

    def __init__(self, settings: Settings, terminal: Terminal, bell: Bell) -> None:
        self.settings = settings
        self.terminal = terminal
        self.bell = bell
        self.data = Path()
        self.sockets: Path | None = None
        self.supervisor = Supervisor(bell, terminal.say)

    def __call__(self) -> None:
        """Raises StartFailed, WrongSetting; everything that was started is stopped again."""
        self.data = prepare_data_folder(self.settings.data)
        lock = DataLock(self.data)
        lock.take()
        try:
            check_port(self.settings.host, self.settings.port)
            resolve_secret(self.settings)
            self._start_engines()
            self._fill()
            self._start_processes()
            self._welcome()
            self.supervisor.watch()
        except Interrupted:
            pass
        finally:
            self._stop()
            lock.release()

    def _stop(self) -> None:
        if self.supervisor.has_programs:
            with self.terminal.step("Stopping"):
                self.supervisor.stop()
        if self.sockets is not None:
            remove_folder(self.sockets)

    def _start_engines(self) -> None:
        if self.settings.database_url is not None:
            with self.terminal.step("Libraries"), self.bell.interrupting():
                load()  # else while PostgreSQL starts
        if self.settings.database_url and self.settings.redis_url:
            return
        self.sockets = socket_folder(self.data)
        given: dict[str, str] = {}
        if self.settings.database_url is None:
            given["database_url"] = self._start_postgres(self.sockets)
        if self.settings.redis_url is None:
            given["redis_url"] = self._start_redis(self.sockets)
        self.settings = self.settings.model_copy(update=given)

    def _start_postgres(self, sockets: Path) -> str:
        engine = EmbeddedPostgres(
            self.data / "postgres", sockets, self.data / "log" / "postgres.log"
        )
        with self.terminal.step("PostgreSQL") as notes:
            with self.bell.interrupting():
                if engine.prepare():
                    notes.append("(new data directory)")
            is_up = self.supervisor.launch(engine.program())
            with self.bell.interrupting():
                load()
            is_up()
            with self.bell.interrupting():
                asyncio.run(_create_database(engine.url(), DATABASE))
        for folder in engine.opened:
            self.terminal.say(f"  {folder} was opened for PostgreSQL's user to pass through")
        return engine.url(DATABASE)

    def _start_redis(self, sockets: Path) -> str:
        engine = EmbeddedRedis(self.data / "redis", sockets, self.data / "log" / "redis.log")
        with self.terminal.step("Redis"):
            engine.prepare()
            self.supervisor.start(engine.program())
        return engine.url()

    def _fill(self) -> None:
        url, city = self.settings.database_url, self.settings.city
        assert url is not None
        with self.terminal.step("Migrations") as notes, self.bell.interrupting():
            present = asyncio.run(_present(url, city))
            if present != newest_revision():
                upgrade(url, city)
                notes.append(f"({present or 'nothing'} → {newest_revision()})")
        with self.terminal.step(f"Data of {city}") as notes, self.bell.interrupting():
            from api.command.seed import seed_city

            notes.append(f"({seed_city(self.settings).added} added)")

    def _start_processes(self) -> None:
        environment = self._environment()
        address = (_reachable(self.settings.host), self.settings.port)
        worker = _process("Worker", "work", environment, ready=lambda _: True)
        api = _process(
            "API",
            "serve",
            environment,
            ready=lambda _: _ask(*address, "/healthz")[0] == HTTPStatus.OK,
        )
        # Before the step: on a terminal its spinner is a thread, beside which nothing is forked.
        awaited = [self.supervisor.launch(program) for program in (worker, api)]
        with self.terminal.step("API and worker") as notes:
            for is_up in awaited:
                is_up()
            missing = self._missing(*address)
            if missing:
                notes.append(f"(not yet: {missing}; see `jiesu doctor`)")

    def _missing(self, host: str, port: int) -> str:
        """Wait until /readyz is content, and return what it misses where it does not become so."""
        deadline = time.monotonic() + TOGETHER_WITHIN
        while True:
            status, body = _ask(host, port, "/readyz")
            if status == HTTPStatus.OK:
                return ""
            if time.monotonic() > deadline:
                return body
            self.supervisor.pause()

    def _environment(self) -> Mapping[str, str]:
        """The children's environment: ours, with the addresses of what was started here."""
        assert self.settings.database_url is not None
        assert self.settings.redis_url is not None
        return {
            **os.environ,
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "JIESU_DATA": str(self.data),
        }

    def _welcome(self) -> None:
        host = _reachable(self.settings.host)
        url = f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"
        self.terminal.say("")
        self.terminal.say(f"Jiesu 接诉 is ready: {url}/graphql")
        if not self.settings.production:
            self.terminal.say(f"  Explorer:  {url}/graphql in a browser")
            self.terminal.say("  A token:   .venv/bin/jiesu token --role agent   (or --help)")
        self.terminal.say(f"  Data:      {self.data}")
        self.terminal.say("  Ctrl-C stops everything.")


def load() -> None:
    """Load what API and worker consist of, so that each start of theirs is a fork of this process:
    the first ones, and those after a death, when citizens wait. PostgreSQL starts meanwhile."""
    with collector_off():
        for module in LOADED:
            import_module(module)
    settle_collector()


def _process(
    name: str, command: str, environment: Mapping[str, str], ready: Callable[[int], bool]
) -> Program:
    return Program(
        name=name,
        arguments=(sys.executable, "-m", "api.command", command),
        loaded=partial(_command, command),
        environment=environment,
        ready=ready,
        stop_within=15.0,
        ready_within=60.0,
        tier=1,
    )


def _command(command: str) -> None:
    sys.argv = ["jiesu", command]
    main()


def _reachable(host: str) -> str:
    """Return the address under which a client on this machine reaches `host`."""
    try:
        address = ip_address(host)
    except ValueError:
        return host or "127.0.0.1"  # a name, or every address
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _ask(host: str, port: int, path: str) -> tuple[int, str]:
    """Return the API's status and body; status 0 where it does not answer."""
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


async def _create_database(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url, timeout=10)
    try:
        await connection.execute(f'create database "{name}"')
    except asyncpg.DuplicateDatabaseError:
        pass
    finally:
        await connection.close()


async def _present(url: str, city: str) -> str | None:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise WrongSetting(f"DATABASE_URL: cannot be reached ({error})") from None
    try:
        return await present_revision(connection, city)
    finally:
        await connection.close()


def register(app: typer.Typer) -> None:
    @app.command("run")
    def run() -> None:
        """Bring up everything: PostgreSQL and Redis (unless their URLs are given), API, worker."""
        settings = read_settings()
        configure(settings, "run")
        with Bell() as bell:
            Run(settings, Terminal(), bell)()
