"""Run as a module: the FastAPI service on a listening socket of the stack, whose number is the argument."""

from __future__ import annotations

import socket
import sys

import uvicorn

if __name__ == "__main__":
    config = uvicorn.Config(
        "services.asgi:create_app",
        factory=True,
        log_level="info",
        access_log=False,
        timeout_graceful_shutdown=5,  # streams of events never end by themselves
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
