"""Listening sockets: a port in use is stepped over."""

from __future__ import annotations

import socket

import pytest

from services.local import ports
from services.local.errors import NoFreePortError


def test_a_port_in_use_is_stepped_over() -> None:
    """The socket is on the first port that nobody listens on, and it can be reached there."""
    with ports.listen(42_000) as taken:
        first = ports.port_of(taken)
        with ports.listen(first) as other:
            assert ports.port_of(other) > first
            socket.create_connection((ports.HOST, ports.port_of(other)), timeout=90).close()


def test_only_this_machine_can_connect() -> None:
    """The socket is bound to the loopback address."""
    with ports.listen(42_000) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_when_every_port_is_in_use_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the range that was tried."""
    with ports.listen(42_000) as taken:
        first = ports.port_of(taken)
        monkeypatch.setattr(ports, "_TRIES", 1)
        with pytest.raises(NoFreePortError, match=f"from {first} to {first}"):
            ports.listen(first)
