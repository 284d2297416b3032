"""Folders of an installation: the data directory, its lock, and a short one for sockets."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from api.engines.program import StartFailed

# The kernel's limit for the path of a unix socket is 107 bytes (Linux) or 103 (macOS).
LONGEST_SOCKET_PATH = 100
_LONGEST_NAME = len("/postgres/.s.PGSQL.5432")


class DataLock:
    """The right to run on one data directory; given back when the process ends, however it ends."""

    def __init__(self, data: Path) -> None:
        self._path = data / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises StartFailed where another process holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StartFailed(
                f"{self._path.parent} is in use by another `jiesu run` (process {holder}):"
                " stop it, or set JIESU_DATA"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def prepare_data_folder(data: Path) -> Path:
    """Make the data directory where it is missing and return its absolute path.

    Raises StartFailed where it cannot be written to.
    """
    data = data.expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "log").mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise StartFailed(f"JIESU_DATA: {data} cannot be used: {error.strerror}") from None
    return data


def socket_folder(data: Path) -> Path:
    """Make the folder for the sockets of the engines of `data` and return its short path.

    The folder is in the system's temporary directory, where anybody can put a folder of the same
    name first; so one that is not ours alone is refused. Raises StartFailed.
    """
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = _short_root() / f"jiesu-{os.getuid()}-{digest}"
    # Root's PostgreSQL runs as another user, who must be able to pass through.
    mode = 0o711 if os.getuid() == 0 else 0o700
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise StartFailed(f"{folder} belongs to somebody else: remove it") from None
    folder.chmod(mode)
    return folder


def _short_root() -> Path:
    root = Path(tempfile.gettempdir())
    longest = len(os.fsencode(root)) + len(f"/jiesu-{os.getuid()}-") + 12 + _LONGEST_NAME
    return root if longest <= LONGEST_SOCKET_PATH else Path("/tmp")  # noqa: S108 - checked above


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours, also where parts of it are gone already."""
    shutil.rmtree(folder, ignore_errors=True)


def rotate(log: Path, largest: int = 10_000_000) -> None:
    """Put a log that has grown past `largest` bytes aside; one older one is kept."""
    if log.exists() and log.stat().st_size > largest:
        log.replace(log.with_suffix(log.suffix + ".1"))
