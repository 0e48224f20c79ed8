"""Run as a module: a desk that receives. It verifies each message, keeps it once, and says its sentence.

``tonnage desk`` for people; ``python -m services.local.desk SOCKET FOLDER`` for the stack, with the number of
a listening socket, or HOST:PORT. The folder holds ``secrets``, one a line and read anew for each message, and
``received.jsonl``, what was taken so far. ``POST /`` takes a message, ``GET /received`` lists them, oldest
first, with how often each came.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alerts.delivery.errors import DeliveryError
from alerts.delivery.signing import verify

_LARGEST_BODY = 1_000_000  # bytes


class Inbox:
    """Messages taken, by id, on disk before they are acknowledged: a desk that is killed forgets none."""

    def __init__(self, folder: Path) -> None:
        self._secrets = folder / "secrets"
        self._file = folder / "received.jsonl"
        self._lock = threading.Lock()
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        self._messages: dict[str, dict[str, Any]] = {
            message["id"]: message for message in map(json.loads, filter(None, lines))
        }
        self.refused = 0

    def take(self, headers: dict[str, str], body: bytes, now: dt.datetime) -> dict[str, Any] | None:
        """The message, or None if it came before; DeliveryError where its signature does not hold."""
        try:
            message_id = verify(self._secrets.read_text().split(), headers, body, now=now)
        except DeliveryError:
            self.refused += 1
            raise
        with self._lock:
            if (known := self._messages.get(message_id)) is not None:
                known["times"] += 1
                return None
            message = {"id": message_id, "received_at": now.isoformat(), "times": 1, "body": json.loads(body)}
            with self._file.open("a") as file:
                file.write(json.dumps(message) + "\n")
            self._messages[message_id] = message
            return message

    def received(self) -> dict[str, Any]:
        """What ``GET /received`` answers."""
        with self._lock:
            return {"messages": list(self._messages.values()), "refused": self.refused}


class Handler(BaseHTTPRequestHandler):
    """HTTP to the inbox of the server."""

    protocol_version = "HTTP/1.1"
    server: Desk

    def do_POST(self) -> None:  # the name that http.server calls
        """Take a message: 204, or 400 and 401 with the reason."""
        length = int(self.headers.get("content-length", 0))
        if not 0 < length <= _LARGEST_BODY:
            self.close_connection = True
            self._answer(HTTPStatus.BAD_REQUEST, {"reason": f"a body of 1 to {_LARGEST_BODY} bytes is taken"})
            return
        body = self.rfile.read(length)
        try:
            message = self.server.inbox.take(dict(self.headers.items()), body, dt.datetime.now(dt.UTC))
        except DeliveryError as error:
            _say(f"desk: refused: {error}")
            self._answer(HTTPStatus.UNAUTHORIZED, {"reason": str(error)})
            return
        except json.JSONDecodeError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"reason": str(error)})
            return
        self._answer(HTTPStatus.NO_CONTENT)
        if message is not None:
            _say(f"desk: {sentence(message['body'])}")

    def do_GET(self) -> None:  # the name that http.server calls
        """List what was received."""
        if self.path == "/received":
            self._answer(HTTPStatus.OK, self.server.inbox.received())
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"reason": "ask for /received"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Say nothing of requests: the sentences are what is read."""

    def _answer(self, status: HTTPStatus, content: object = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Desk(ThreadingHTTPServer):
    """The server of one inbox on a socket that already listens."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, inbox: Inbox) -> None:
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.inbox = inbox


def sentence(body: dict[str, Any]) -> str:
    """The sentence that a message carries, or its type where it carries none."""
    data = body.get("data")
    if isinstance(data, dict) and data.get("sentence"):
        return str(data["sentence"])
    return f"a message of type {body.get('type', 'unknown')}"


def serve(where: str, folder: Path, ready: Callable[[], None] = lambda: None) -> None:
    """Receive until the process ends; ``where`` as in the module's own words, ``ready`` once it listens.

    OSError, ValueError or OverflowError where nothing can listen.
    """
    (folder / "secrets").touch(mode=0o600)
    with Desk(_listening(where), Inbox(folder)) as desk:
        ready()
        desk.serve_forever()


def trust(folder: Path, secret: str) -> None:
    """Give the desk of a folder one more signing secret; it reads them anew for each message."""
    with (folder / "secrets").open("a", encoding="utf-8") as file:
        file.write(f"\n{secret}\n")


def _listening(where: str) -> socket.socket:
    host, _, port = where.rpartition(":")
    return socket.create_server((host, int(port))) if host else socket.socket(fileno=int(port))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
