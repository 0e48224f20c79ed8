"""Real servers for the tests that ask for one: a PostgreSQL and a Valkey per pytest process.

``database_url`` is a migrated database without rows, ``empty_database_url`` one without tables, and
``valkey_url`` a Valkey without keys: of this pytest process, whose tests take turns with them. What takes
long to tell is told once: ``pasts``. fsync is off in this PostgreSQL: a power cut is not among the tests.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings
from own_databases import Pasts, empty
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.local.valkey import Valkey

settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")  # how long an example takes says how busy the machine is

# No test speaks TLS to a stranger, and to read whom the world trusts costs each client in each process 50 ms.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))

TEMPLATE = "tonnage_template"

STACKS = (
    "tests/browser/",
    "tests/acceptance/test_demo.py",
    "tests/chaos/test_delivery_chaos.py",
    "tests/integration/test_whole_stack.py",
    "tests/operations/test_compose.py",
)
"""What starts whole stacks, a dozen processes each: all on one worker, one after another."""


class Turns(LoadScopeScheduling):
    """Each test goes to whichever worker is free, but those of STACKS all to one, and first.

    Not by pytest-xdist's own groups: under pytest 9.2 it takes no notice of the marks (3.8.0 tried).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stacks" if nodeid.startswith(STACKS) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns:
    """How tests are handed to workers."""
    return Turns(config, log)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Poll until something holds, for at most 300 s; whether it came to hold.

    So long that on a machine busy with other work a refit with its training still comes in time.
    """

    def wait(holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 300.0
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return wait


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that ``nobody`` can pass, which pytest's own 0700 one is not."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """The process tree of this pytest process; it dies with it."""
    with Supervisor(say=lambda _: None) as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path, supervisor: Supervisor) -> Postgres:
    """A running PostgreSQL, started by the first test that asks for it."""
    server = Postgres.prepare(server_folder / "postgres", durable=False)
    supervisor.start(server.part())
    return server


@pytest.fixture(scope="session")
def valkey_server(server_folder: Path, supervisor: Supervisor) -> Valkey:
    """A running Valkey, started by the first test that asks for it."""
    server = Valkey.prepare(server_folder / "valkey")
    supervisor.start(server.part())
    return server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """Name of a database with every migration applied, to be copied and never written."""
    from services.storage import schema  # noqa: PLC0415  # only tests that ask for a database need storage

    schema.upgrade(postgres_server.create(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def reused_database(postgres_server: Postgres, migrated_template: str) -> str:
    """URL of the database that tests have in turns: a copy for each would cost more than most tests do."""
    return postgres_server.create("tonnage_reused", template=migrated_template)


@pytest.fixture
def database_url(reused_database: str) -> Iterator[str]:
    """SQLAlchemy URL of a migrated database without rows, which only this test sees."""
    yield reused_database
    empty(reused_database)


@pytest.fixture(scope="session")
def pasts() -> Pasts:
    """What takes long to tell, told once a pytest process and put back for each test that begins with it."""
    return Pasts()


@pytest.fixture
def empty_database_url(postgres_server: Postgres) -> Iterator[str]:
    """SQLAlchemy URL of a database without tables that only this test sees."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture
def valkey_url(valkey_server: Valkey) -> str:
    """URL of a Valkey without keys; of this pytest process, so tests of one process take turns."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url
