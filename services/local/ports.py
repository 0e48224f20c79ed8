"""Listening sockets on the loopback address: a port in use is stepped over."""

from __future__ import annotations

import errno
import socket

from services.local.errors import NoFreePortError

HOST = "127.0.0.1"
_TRIES = 100


def listen(first: int) -> socket.socket:
    """A listening socket on the first free port from ``first`` on; it is ours from now until it is closed.

    It is inherited by the part that serves it, so callers that come while that part is restarted wait in its
    queue instead of being refused. NoFreePortError after 100 ports.
    """
    for port in range(first, first + _TRIES):
        candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            candidate.bind((HOST, port))
            candidate.listen(128)
        except OSError as error:
            candidate.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
        else:
            candidate.set_inheritable(True)
            return candidate
    raise NoFreePortError(first, first + _TRIES - 1)


def port_of(listener: socket.socket) -> int:
    """Number of the port that a socket listens on."""
    port: int = listener.getsockname()[1]
    return port
