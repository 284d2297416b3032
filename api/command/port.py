"""Whether the address that is to be served can be had."""

from __future__ import annotations

import errno
import socket
from contextlib import closing

from api.engines.program import StartFailed


def check_port(host: str, port: int) -> None:
    """Raise StartFailed, with a line that names the setting, where the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise StartFailed(f"HOST: {host} is not known here ({error.strerror})") from None
    with closing(socket.socket(family, kind, protocol)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise StartFailed(_reason(host, port, error)) from None


def _reason(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: {port} on {host} is in use: stop the other program or set PORT"
        case errno.EACCES:
            return f"PORT: {port} needs more rights than this user has: set PORT above 1023"
        case errno.EADDRNOTAVAIL:
            return f"HOST: {host} is no address of this machine"
        case _:
            return f"PORT: {port} on {host} cannot be had ({error.strerror})"
