"""The embedded PostgreSQL as root and as an ordinary user, after a kill, and where it cannot go."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.local.errors import DataFolderError
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor

CHECKOUT = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
NOBODY = 65534

START_AND_ASK = """
import sys
from pathlib import Path
import sqlalchemy as sa
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor

server = Postgres.prepare(Path(sys.argv[1]), durable=False)
with Supervisor(say=lambda line: None) as supervisor:
    supervisor.start(server.part())
    engine = sa.create_engine(server.url("postgres"))
    with engine.connect() as connection:
        print(connection.scalar(sa.text("select 6 * 7")))
    engine.dispose()
"""


@pytest.fixture
def folder(server_folder: Path) -> Path:
    """A folder of the test's own that ``nobody`` can pass."""
    made = Path(tempfile.mkdtemp(dir=server_folder))
    made.chmod(0o711)
    return made


def surroundings(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode and owner of each folder above, and of the accounts."""
    watched = [
        *folder.parents,
        Path("/etc/passwd"),
        Path("/etc/group"),
        Path("/home"),
        CHECKOUT,
        Path(sys.prefix),
    ]
    found = {str(path): path.stat() for path in watched}
    return {path: (status.st_mode, status.st_uid, status.st_gid) for path, status in found.items()}


def ask(server: Postgres, statement: str) -> object:
    engine = sa.create_engine(server.url("postgres"))
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_nothing_outside_the_data_folder_is_touched(folder: Path) -> None:
    """No account is made and no mode or owner changes outside the data folder, as root or not."""
    before, accounts = surroundings(folder / "postgres"), Path("/etc/passwd").read_bytes()
    server = Postgres.prepare(folder / "postgres", durable=False)
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start(server.part())
        assert ask(server, "select 1") == 1
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert surroundings(folder / "postgres") == before
    assert Path("/etc/passwd").read_bytes() == accounts


@pytest.mark.skipif(not AS_ROOT, reason="every other test here runs as an ordinary user then")
def test_an_ordinary_user_starts_it(folder: Path) -> None:
    """An ordinary user gets a server from the same lines, run from where the wheel is installed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv of util-linux is not installed")
    os.chown(folder, NOBODY, NOBODY)
    become_nobody = [
        *(setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        # root's own interpreter and checkout may lie where nobody may not pass; reading is all this allows
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    ]
    result = subprocess.run(  # our own script
        [*become_nobody, sys.executable, "-c", START_AND_ASK, str(folder / "postgres")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "42\n"
    assert not (folder / "postgres" / "program").exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_a_folder_that_nobody_may_pass_is_refused(folder: Path) -> None:
    """Below a closed folder the error names it and the way out, and its mode stays as it is."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataFolderError) as refusal:
        Postgres.prepare(closed / "postgres")
    assert f"may not pass {closed} (mode 0700)" in str(refusal.value)
    assert "TONNAGE_DATA_DIR" in str(refusal.value)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_killed_server_is_started_again_with_what_it_held(
    folder: Path, eventually: Callable[[Callable[[], bool]], bool]
) -> None:
    """After kill -9 of the server its committed rows are there again, without anybody's help."""
    said: list[str] = []
    server = Postgres.prepare(folder / "postgres")
    with Supervisor(said.append) as supervisor:
        supervisor.start(server.part())
        ask(server, "create table figure as select 1238 as tonnes")
        os.kill(supervisor.pids()["postgres"], signal.SIGKILL)
        assert eventually(lambda: any("ready again" in line for line in said)), said
        assert ask(server, "select tonnes from figure") == 1238


def test_a_lock_file_of_a_dead_server_is_no_obstacle(folder: Path) -> None:
    """A lock file left by a kill, its number another process's by now, does not hinder the next start."""
    server = Postgres.prepare(folder / "postgres", durable=False)
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1700000000\n5432\n\n\n\n")
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start(server.part())
        assert ask(server, "select 1") == 1


def test_a_long_path_still_has_a_socket(folder: Path) -> None:
    """Where a path is longer than a socket address may be, the socket lies elsewhere, as private."""
    server = Postgres.prepare(folder / ("deep" * 25) / "postgres", durable=False)
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start(server.part())
        assert ask(server, "select 1") == 1
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert not server.sockets.exists()
