"""docker-compose.yml as processes: each service's own command, environment and health check, without Docker.

What a container has of its own is given to each process: its ports (a number of its own stands for each), its
folders (``/tmp`` and volumes become folders of the test), and the names of the others, which become loopback
addresses. Nothing else of a command is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import yaml
from own_ports import free_port
from psycopg import sql

from services.local.postgres import Postgres
from services.local.processes import Account, Command
from services.local.supervisor import Part, Supervisor

CHECKOUT = Path(__file__).parents[2]
COMPOSE = CHECKOUT / "docker-compose.yml"
HEALTH_SECONDS = 90.0

_NETWORK = Path(__file__).parent / "container_network"
"""Put first in the path of every process: to it loopback is the network between containers."""

Service = dict[str, Any]


def services() -> dict[str, Service]:
    """Every service by name, anchors and merges resolved."""
    found: dict[str, Service] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """Compose's interpolation of ``$$`` and ``${NAME}``, with ``:-default`` or ``:?``; KeyError if unset."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, default = match["name"], match["default"]
        if given.get(name):
            return given[name]
        if match["required"] is not None or default is None:
            raise KeyError(name)
        return default

    pattern = r"(?P<escaped>\$\$)|\$\{(?P<name>\w+)(?::(?:-(?P<default>[^}]*)|(?P<required>\?)[^}]*))?\}"
    return re.sub(pattern, value, text)


def stated(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service, where ``given`` is what stands in .env."""
    named: dict[str, Any] = services()[service].get("environment") or {}
    return {name: interpolated(str(value), given) for name, value in named.items()}


@dataclass(frozen=True)
class Composed:
    """The services as processes of a folder; ``given`` is what stands in .env."""

    folder: Path
    given: Mapping[str, str]
    path: str
    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)

    def port(self, service: str, number: int) -> int:
        """What stands for a port of a service's container."""
        if (service, number) not in self.ports:
            self.ports[service, number] = free_port()
        return self.ports[service, number]

    def translated(self, text: str, service: str) -> str:
        """A text of a service with addresses, ports and folders as they are for its process."""
        text = interpolated(text, self.given)
        for host in services():
            text = re.sub(
                rf"(?<=[@/]){host}:(\d+)",
                lambda m, host=host: f"127.0.0.1:{self.port(host, int(m[1]))}",
                text,
            )
        text = re.sub(
            r"(?<=127\.0\.0\.1:)\d{4}(?!\d)|(?<=0\.0\.0\.0:)\d{4}|(?<=--port=)\d{4}|^\d{4}$|(?<=-p )\d{4}",
            lambda m: str(self._own_port(service, int(m[0]))),
            text,
        )
        return re.sub(r"(?<![\w.])/(tmp|var/lib)(?=/|$)", lambda m: str(self.own_folder(service, m[1])), text)

    def _own_port(self, service: str, number: int) -> int:
        return number if number in self.ports.values() else self.port(service, number)

    def own_folder(self, service: str, path: str) -> Path:
        """The folder that stands for one of a container's; volumes are shared by their path."""
        folder = self.folder / ("volumes" if path == "var/lib" else service) / path
        folder.mkdir(parents=True, exist_ok=True)
        for shared in ("desk", "flower") if path == "var/lib" else ():
            (folder / shared).mkdir(exist_ok=True)
        return folder

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service's container, and what its image sets."""
        image = {"PATH": self.path, "HOME": str(self.own_folder(service, "tmp")), "PYTHONUNBUFFERED": "1"}
        image["PYTHONPATH"] = os.pathsep.join((str(_NETWORK), str(CHECKOUT)))
        image |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        its = stated(service, self.given)
        return image | {name: self.translated(value, service) for name, value in its.items()}

    def command(self, service: str) -> list[str]:
        """The command of a service."""
        return [self.translated(word, service) for word in services()[service]["command"]]

    def health(self, service: str) -> list[str]:
        """The health check of a service as an argument list."""
        kind, *words = services()[service]["healthcheck"]["test"]
        words = [self.translated(word, service) for word in words]
        return words if kind == "CMD" else ["/bin/sh", "-c", *words]

    def part(self, service: str, account: Account | None = None) -> Part:
        """A service as a part of a process tree: ready when healthy, started anew if it dies."""
        return Part(
            name=service,
            command=Command(
                argv=tuple(self._found(self.command(service))),
                environment=self.environment(service),
                folder=self.own_folder(service, "tmp"),
                log=self.folder / f"{service}.log",
                account=account,
                stop_signal=signal.Signals[services()[service].get("stop_signal", "SIGTERM")],
                stop_within=float(services()[service]["stop_grace_period"].removesuffix("s")),
            ),
            ready=lambda: self.is_healthy(service),
            deadline=HEALTH_SECONDS,
        )

    def is_healthy(self, service: str) -> bool:
        """Whether the health check of a service is passed; a check costs a second of CPU, so it is asked each
        2 s, and of what listens (all but beat) only once that does.
        """
        if time.monotonic() - self.asked.get(service, 0.0) < 2.0 or not self._begun(service):
            return False
        asked = subprocess.run(
            self._found(self.health(service)),
            env=self.environment(service),
            cwd=self.own_folder(service, "tmp"),
            capture_output=True,
            check=False,
            timeout=60,
        )
        self.asked[service] = time.monotonic()
        return asked.returncode == 0

    def _begun(self, service: str) -> bool:
        own = [port for (name, _), port in self.ports.items() if name == service]
        return service == "beat" or any(map(_listens, own))

    def run(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """A service that ends by itself, or a command in its container, run to its end."""
        return subprocess.run(
            self._found(list(command) or self.command(service)),
            env=self.environment(service),
            cwd=self.own_folder(service, "tmp"),
            capture_output=True,
            text=True,
            check=False,
            timeout=170,
        )

    def _found(self, words: list[str]) -> list[str]:
        """The program by its path, looked for as the container would."""
        found = shutil.which(words[0], path=self.path)
        assert found is not None, f"there is no {words[0]} in {self.path}"
        return [found, *words[1:]]


def start_postgres(composed: Composed, server: Postgres, supervisor: Supervisor) -> None:
    """The database as its image would have made it: a user with a password, asked for on every connection."""
    with (server.data / "postgresql.conf").open("a") as file:
        file.write(f"unix_socket_directories = '{server.sockets}'\n")
    (server.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    part = composed.part("postgres", account=server.account)
    server._clear_remains()
    environment = {
        **part.command.environment,
        "PGDATA": str(server.data),
        "PGPORT": str(composed.port("postgres", 5432)),
        "LC_ALL": "C",
    }
    command = replace(part.command, environment=environment)
    supervisor.start(replace(part, command=command))
    port = composed.port("postgres", 5432)
    with psycopg.connect(
        host=str(server.sockets), port=port, user="tonnage", dbname="postgres", autocommit=True
    ) as admin:
        admin.execute(sql.SQL("ALTER USER tonnage PASSWORD {}").format(composed.given["POSTGRES_PASSWORD"]))
        admin.execute("CREATE DATABASE tonnage")


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
