"""The page for operations does what it says: its commands are run as a reader's shell would run them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_file import CHECKOUT, Composed, start_postgres
from sqlalchemy import create_engine, text

from services.bootstrap import now
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.storage import schema, series
from services.storage.series import SeriesRecord

PAGE = CHECKOUT / "services" / "docs" / "operations.md"
HERE = Path(__file__).parent


def commands(section: str) -> str:
    """The shell block of a section of the page."""
    found = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", found, re.DOTALL)
    return str(block)


def in_shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A script as whoever follows the page has it run: in a shell that knows what the page set alone."""
    own = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return subprocess.run(
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=own | {"PATH": f"{folder / 'tools'}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )


@pytest.fixture
def follower(server_folder: Path) -> Iterator[tuple[Path, Composed]]:
    """The folder of somebody who made .env by the page, and the database of the file, migrated, behind it."""
    folder = server_folder / "follower"
    (folder / "tools").mkdir(parents=True)
    made = in_shell(folder, commands("From nothing").partition("docker compose")[0])
    assert made.returncode == 0, made.stderr
    given = dict(line.split("=", 1) for line in (folder / ".env").read_text().splitlines())
    server = Postgres.prepare(folder / "pg", durable=False)
    path = os.pathsep.join((str(Path(sys.executable).parent), str(server.program), os.defpath))
    composed = Composed(folder, given, path)
    with Supervisor(say=lambda _: None) as supervisor:
        start_postgres(composed, server, supervisor)
        schema.upgrade(composed.environment("api")["DATABASE_URL"])
        plan = {"api": _container(composed, "api"), "postgres": _container(composed, "postgres")}
        socket = {"PGHOST": str(server.sockets), "PGPORT": str(composed.port("postgres", 5432))}
        plan["postgres"]["environment"] |= socket  # type: ignore[operator]  # it is a mapping
        (folder / "plan.json").write_text(json.dumps(plan))
        docker = folder / "tools" / "docker"
        words = [sys.executable, str(HERE / "docker_stand_in.py"), str(folder / "plan.json")]
        docker.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        docker.chmod(0o755)
        yield folder, composed


def _container(composed: Composed, service: str) -> dict[str, object]:
    address = f"127.0.0.1:{composed.port('postgres', 5432)}"
    return {
        "environment": composed.environment(service),
        "folder": str(composed.own_folder(service, "tmp")),
        "network": {"postgres:5432": address},
    }


@pytest.mark.long  # 17 s: a PostgreSQL of its own, a backup and a restore
def test_the_page_leads_through_a_backup_and_a_restore(follower: tuple[Path, Composed]) -> None:
    """Pasted as they stand, its commands put what was registered into the other database."""
    folder, composed = follower
    url = composed.environment("api")["DATABASE_URL"]
    source = create_engine(url)
    with source.begin() as connection:
        series.register(connection, [SeriesRecord("KEPT", "kept", "t")], now=now())
    source.dispose()
    followed = in_shell(folder, commands("Backup and restore"))
    assert followed.returncode == 0, followed.stdout + followed.stderr
    restored = create_engine(url.removesuffix("tonnage") + "elsewhere")
    with restored.connect() as connection:
        assert connection.execute(text("SELECT id FROM series")).scalars().all() == ["KEPT"]
    assert schema.at_head(restored)
    restored.dispose()


@pytest.mark.long  # as above
def test_the_page_leads_through_both_without_docker(server_folder: Path) -> None:
    """On a PostgreSQL as ``make up`` starts one its commands do the same, with the address that it prints."""
    server = Postgres.prepare(server_folder / "pg", durable=False)
    where = str(Path(sys.executable).with_name("tonnage"))
    script = commands("Backup and restore without Docker").replace(".venv/bin/tonnage", where)
    with Supervisor(say=lambda _: None) as supervisor:
        supervisor.start(server.part())
        server.create("tonnage")
        schema.upgrade(server.url())
        source = create_engine(server.url())
        with source.begin() as connection:
            series.register(connection, [SeriesRecord("KEPT", "kept", "t")], now=now())
        source.dispose()
        shell = f"export DATABASE_URL='{server.url()}' PATH='{server.program}':$PATH\n{script}"
        followed = in_shell(server_folder, shell)
        assert followed.returncode == 0, followed.stdout + followed.stderr
        restored = create_engine(server.url("elsewhere"))
        with restored.connect() as connection:
            assert connection.execute(text("SELECT id FROM series")).scalars().all() == ["KEPT"]
        restored.dispose()
