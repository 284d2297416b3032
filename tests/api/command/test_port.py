"""The address that is to be served: a fault is told in a line that names the setting."""

from __future__ import annotations

import socket

import pytest

from api.command.port import check_port
from api.engines.program import StartFailed


def test_a_used_port_is_named_and_a_free_one_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=rf"^PORT: {port} on 127.0.0.1 is in use"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)  # the check itself does not take it


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StartFailed, match=r"^HOST: "):
        check_port(host, 1)
