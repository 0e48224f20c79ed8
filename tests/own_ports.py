"""Ports for servers that can only be told a number, apart from those of other pytest processes.

They lie below 32768: from there on the kernel gives ports to callers, between our look and the server's bind.
"""

from __future__ import annotations

import os

from services.local.ports import listen, port_of

_FIRST, _OF_A_PROCESS, _PROCESSES = 11_000, 200, 100
_next = _FIRST + os.getpid() % _PROCESSES * _OF_A_PROCESS


def free_port() -> int:
    """A port that was free a moment ago, and that this process has not handed out before."""
    global _next  # noqa: PLW0603  # the count of this process
    with listen(_next) as candidate:
        _next = port_of(candidate) + 1
        return _next - 1
