"""The whole service on one machine: real servers, one process tree, one data folder."""

from __future__ import annotations

import contextlib
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import redis
import sqlalchemy as sa
from cryptography.fernet import Fernet

from alerts.delivery.signing import new_secret
from services.local import desk, parts
from services.local.errors import LocalStackError, UnreachableError
from services.local.folder import held, kept_secret
from services.local.ports import HOST, listen, port_of
from services.local.postgres import USER, Postgres
from services.local.supervisor import Supervisor
from services.local.valkey import Valkey
from services.storage import schema

API_PORT, FLOWER_PORT, DESK_PORT = 8000, 5555, 8100  # the first ones tried
KEY_FILE = "secret_key"
"""File in the data folder that holds the key of this installation's secrets."""
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: where its parts are, and the environment that a process needs to join it."""

    supervisor: Supervisor
    environment: Mapping[str, str]
    api: str
    flower: str
    flower_password: str
    desk: str
    desk_secret: str
    folder: Path

    def trust(self, secret: str) -> None:
        """Give the demo desk one more signing secret; it reads them anew for each message."""
        desk.trust(self.folder / "desk", secret)

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the migrated database."""
        return self.environment["DATABASE_URL"]

    @property
    def joined_by(self) -> str:
        """What a shell is told before a command of this installation; its key is read from the file."""
        given, path = (
            f"DATABASE_URL='{self.database_url}' REDIS_URL='{self.redis_url}'",
            self.folder / KEY_FILE,
        )
        if self.environment["TONNAGE_SECRET_KEYS"] != f'["{path.read_text().strip()}"]':
            return f"export {given}"  # its keys were given, and whoever gave them has them
        return f"""export {given} TONNAGE_SECRET_KEYS="[\\"$(cat '{path}')\\"]\""""

    @property
    def redis_url(self) -> str:
        """Address of the broker."""
        return self.environment["REDIS_URL"]


@contextlib.contextmanager
def running(folder: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Stack]:
    """The stack on a data folder, all parts ready; leaving it stops them in reverse order.

    DATABASE_URL and REDIS_URL in ``environment`` are used where they are set, and the embedded server is not
    started. Raises LocalStackError: a folder that cannot be used, a server that does not answer, a part that
    does not start.
    """
    with contextlib.ExitStack() as leaving:
        folder = leaving.enter_context(held(folder))
        for name in ("logs", "desk"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        given = dict(environment)
        check_given(given)
        supervisor = leaving.enter_context(Supervisor(say))
        given |= _start_servers(folder, given, supervisor)
        try:
            schema.upgrade(given["DATABASE_URL"])
        except schema.MigrationsError as error:
            raise LocalStackError(str(error)) from error
        api, flower, desk = (
            leaving.enter_context(listen(port)) for port in (API_PORT, FLOWER_PORT, DESK_PORT)
        )
        password = secrets.token_urlsafe(12)
        ours = {"TONNAGE_FLOWER_URL": f"http://{HOST}:{port_of(flower)}"}
        stack = Stack(
            supervisor=supervisor,
            environment=_environment(folder, ours | given, flower_password=password),
            api=f"http://{HOST}:{port_of(api)}",
            flower=f"http://{HOST}:{port_of(flower)}",
            flower_password=password,
            desk=f"http://{HOST}:{port_of(desk)}",
            desk_secret=kept_secret(folder / "desk" / "secrets", lambda: new_secret(secrets.token_bytes(32))),
            folder=folder,
        )
        shop = parts.Workshop(folder, stack.environment)
        supervisor.start(
            parts.worker(shop, stack.redis_url, name="forecast", queues="forecast,ingest", processes=2),
            parts.worker(shop, stack.redis_url, name="delivery", queues="delivery", processes=2),
            parts.api(shop, api),
            parts.beat(shop),
            parts.sweep(shop),
            parts.flower(shop, flower, f"{USER}:{password}"),
            parts.desk(shop, desk),
        )
        yield stack


def run_until_stopped(folder: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """``tonnage up``: the stack until Ctrl-C, SIGTERM (``tonnage down``) or the end of the terminal."""
    with stops_on_signals(), running(folder, environment, say) as stack:
        say(f"to join it: {stack.joined_by}")
        say(
            f"the service is at {stack.api}: its dashboard, with the API under /docs; "
            f"Ctrl-C stops it, its state stays in {folder}"
        )
        threading.Event().wait()


@contextlib.contextmanager
def stops_on_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP leave this block, cleaning up on the way; it ends without an exception."""

    def leave(_signum: int, _frame: FrameType | None) -> None:
        for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(
                caught, signal.SIG_IGN
            )  # cleaning up is not interrupted; every wait in it is bounded
        raise KeyboardInterrupt

    before = {
        caught: signal.signal(caught, leave) for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)


def check_given(environment: Mapping[str, str]) -> None:
    """UnreachableError where DATABASE_URL or REDIS_URL is set and names a server that does not answer."""
    if url := environment.get("DATABASE_URL"):
        try:
            engine = sa.create_engine(url, connect_args={"connect_timeout": 5})
            with contextlib.closing(engine.connect()):
                pass
            engine.dispose()
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise UnreachableError("DATABASE_URL", _without_password(url), _first_line(error)) from error
    if url := environment.get("REDIS_URL"):
        try:
            with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
                client.ping()
        except (redis.RedisError, ValueError) as error:
            raise UnreachableError("REDIS_URL", _without_password(url), _first_line(error)) from error


def _start_servers(folder: Path, given: Mapping[str, str], supervisor: Supervisor) -> dict[str, str]:
    addresses: dict[str, str] = {}
    wanted = []
    if not given.get("DATABASE_URL"):
        postgres = Postgres.prepare(folder / "postgres")
        addresses["DATABASE_URL"] = postgres.url()
        wanted.append(postgres.part())
    if not given.get("REDIS_URL"):
        valkey = Valkey.prepare(folder / "valkey")
        addresses["REDIS_URL"] = valkey.url
        wanted.append(valkey.part())
    supervisor.start(*wanted)
    if "DATABASE_URL" in addresses:
        postgres.create(USER)
    return addresses


def _environment(folder: Path, given: Mapping[str, str], *, flower_password: str) -> dict[str, str]:
    """What a child gets: ours, one BLAS thread a process, and keys that this installation keeps."""
    key = kept_secret(folder / KEY_FILE, lambda: Fernet.generate_key().decode())
    defaults = {
        "TONNAGE_SECRET_KEYS": f'["{key}"]',
        "TONNAGE_PRIVATE_NETWORKS": '["127.0.0.0/8"]',  # the demo desk is on this machine
    }
    return {
        **defaults,
        **given,
        **dict.fromkeys(
            _ONE_THREAD, "1"
        ),  # workers are processes; threads under them fight for the same cores
        "FLOWER_BASIC_AUTH": f"{USER}:{flower_password}",
        "PYTHONUNBUFFERED": "1",
    }


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "an address that cannot be read"


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().splitlines()[0].rstrip(".") if str(cause).strip() else type(cause).__name__
