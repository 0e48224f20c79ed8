"""The schema's version in a database, and the way to the newest."""

from __future__ import annotations

import datetime as dt
import time
from itertools import takewhile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from services.storage.session import cut_short

MIGRATIONS = Path(__file__).with_name("migrations")


PATIENCE = dt.timedelta(minutes=5)
"""How long a revision waits for other migrations of the same database, and for tables that others hold."""

GIVE_WAY = dt.timedelta(seconds=5)
"""How long a migration asks for a table that others hold: whoever comes meanwhile waits behind it. Then it
takes back what it did, lets them through for as long, and begins anew."""


class MigrationsError(Exception):
    """Migrations that did not come to their end, and may be run again; the revisions before stand whole."""


class MigrationsRunningError(MigrationsError):
    """Migrations that did not go on, since others of the same database had not ended."""

    def __init__(self, waited: dt.timedelta) -> None:
        self.waited = waited
        super().__init__(
            f"Other migrations of this database have not ended in {waited.total_seconds():g} s, and nothing "
            "more was changed. Let them end, then run `tonnage migrate` again. If none should run, pg_locks "
            "names the session that holds on (locktype advisory), and pg_terminate_backend(pid) ends it."
        )


class TablesHeldError(MigrationsError):
    """A revision that never had the tables that it changes to itself: others held them."""

    def __init__(self, revision: str, waited: dt.timedelta) -> None:
        self.revision = revision
        self.waited = waited
        super().__init__(
            f"Migration {revision} changes tables that others have held for {waited.total_seconds():g} s, "
            "and nothing of it stands. Let long transactions end, such as a backup (pg_stat_activity names "
            "them by xact_start), then run `tonnage migrate` again."
        )


def configuration(
    database_url: str, *, patience: dt.timedelta = PATIENCE, give_way: dt.timedelta = GIVE_WAY
) -> Config:
    """Alembic's settings for one database; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = database_url
    config.attributes["patience"] = patience
    config.attributes["give_way"] = give_way
    return config


def upgrade(
    database_url: str,
    to: str = "head",
    *,
    patience: dt.timedelta = PATIENCE,
    give_way: dt.timedelta = GIVE_WAY,
) -> None:
    """Bring a database to a version, the newest by default; one that is there already is left as it is.

    Each revision is a transaction, so that none holds what it locks while another works. Of two upgrades that
    run at once one waits for the other, and then finds done what that did. MigrationsRunningError where that
    takes longer than ``patience``, TablesHeldError where others hold tables so long; run again, it goes on.
    """
    config = configuration(database_url, patience=patience, give_way=give_way)
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            present = revision(connection)
    finally:
        engine.dispose()
    above = ScriptDirectory(str(MIGRATIONS)).walk_revisions(head=to)
    steps = [step.revision for step in takewhile(lambda step: step.revision != present, above)]
    for step in reversed(steps):
        _apply(config, step)


def _apply(config: Config, step: str) -> None:
    """Apply one revision, unless others have; tried anew while they hold what it changes."""
    patience, give_way = config.attributes["patience"], config.attributes["give_way"]
    until = time.monotonic() + patience.total_seconds()
    while True:
        try:
            command.upgrade(config, step)
        except DBAPIError as error:
            if cut_short(error) != "waiting":
                raise
            if time.monotonic() >= until:
                raise TablesHeldError(step, patience) from error
            time.sleep(give_way.total_seconds())
        else:
            return


def alone(connection: Connection, patience: dt.timedelta, give_way: dt.timedelta = GIVE_WAY) -> None:
    """Hold the lock of migrations until the transaction ends. MigrationsRunningError where others keep it.

    Every migration runs in such a transaction, so the lock is of the transaction too: it goes with it,
    whatever ends it, and a pool of connections before the server cannot part it from its migration. What
    follows in it waits for a table no longer than ``give_way``.
    """
    _wait_for_locks(connection, patience)
    try:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("migrations", 5))))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise MigrationsRunningError(patience) from error
        raise
    _wait_for_locks(connection, give_way)


def _wait_for_locks(connection: Connection, at_most: dt.timedelta) -> None:
    """Let no statement of the transaction wait longer for a lock."""
    milliseconds = at_most / dt.timedelta(milliseconds=1)
    connection.execute(select(func.set_config("lock_timeout", f"{milliseconds:.0f}ms", True)))


def check(database_url: str) -> None:
    """Raises AutogenerateDiffsDetected where tables.py and the migrations have parted ways."""
    command.check(configuration(database_url))


def revision(connection: Connection) -> str | None:
    """The version that a database is at; None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def at_head(engine: Engine) -> bool:
    """True where every migration is applied."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with engine.connect() as connection:
        return revision(connection) == newest


def server(connection: Connection) -> tuple[int, dt.datetime]:
    """The version of the server as PostgreSQL numbers it, and its clock at this moment."""
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    clock: dt.datetime = connection.execute(select(text("clock_timestamp()"))).scalar_one()
    return version, clock
