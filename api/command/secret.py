"""The secret that protects personal data and keys: given, or in development kept in the data."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from pathlib import Path

from domain.kernel.settings import Settings, WrongSetting, decode_secret


def resolve_secret(settings: Settings) -> bytes:
    """Return the installation's secret (at least 32 bytes).

    In development, where JIESU_SECRET is not given, it is made once and kept in JIESU_DATA/secret
    (mode 0600). Raises WrongSetting in production without JIESU_SECRET, or for an unusable file.
    """
    if settings.secret is not None:
        return decode_secret(settings.secret.get_secret_value())
    if settings.production:
        raise WrongSetting("JIESU_SECRET: is needed in production (base64 of 32 random bytes)")
    path = settings.data.expanduser().resolve() / "secret"
    try:
        if not path.exists():
            _make(path)
        return decode_secret(path.read_text().strip())
    except OSError as error:
        raise WrongSetting(f"JIESU_DATA: {path} cannot be used: {error.strerror}") from None
    except ValueError as error:
        raise WrongSetting(f"{path}: {error}") from None


def _make(path: Path) -> None:
    """Write a new secret; where two processes do so at once, the first to finish wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix="secret.", dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename, this never replaces one that is there
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
