"""Scenes of chaos: messages are committed while parts of a real stack are killed; a desk's record is judged.

The one double is time: a retry that waits is made due each second, or a scene would last for hours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import random
import signal
import socket
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path

import psutil
from chaos_receiver import TAKEN
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from alerts.delivery import signing
from alerts.delivery.errors import SignatureError
from alerts.events import ping_event
from services.bootstrap import DELIVER_MESSAGES, Nudger
from services.local import parts
from services.local.parts import Workshop
from services.local.ports import HOST, listen, port_of
from services.local.postgres import USER, Postgres
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey
from services.settings import Settings
from services.storage import outbox, schema, tables
from services.storage.messages import Message
from services.usecases.manage_endpoints import add_endpoint

DESKS = 5
RECEIVER = Path(__file__).with_name("chaos_receiver.py")
RECEIVER_PORT = 8900
TIMEOUT_SECONDS = 2.0
"""Of one attempt; with it a lease lasts 17 s."""
STEADY_SECONDS = 8.0
"""Age of a part that is certainly up: a Celery worker takes 3 to 5 s on a busy machine of two cores."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kill:
    """Kill a part with -9 so many times, evenly over the scene; ``child``: one of its children instead."""

    part: str
    times: int
    child: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """What happens while messages are committed."""

    name: str
    kills: tuple[Kill, ...] = ()
    hostile: bool = False
    nudged: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the desks' record says of a scene; latencies are seconds from commit to the first taking.

    ``duplicates`` are takings after a first one that the desk did not bring about itself by taking a message
    and then not answering.
    """

    scene: str
    committed: int
    lost: int
    gaps: int
    forged: int
    duplicates: int
    provoked: int
    kills: int
    p50: float
    p99: float
    worst: float

    @property
    def holds(self) -> bool:
        """Nothing lost, no gap, no bad signature, duplicates within 2 per cent (none where nothing died)."""
        bound = 0.02 * self.committed if self.kills else 0
        return self.lost == self.gaps == self.forged == 0 and self.duplicates <= bound


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A running stack and its desk."""

    supervisor: Supervisor
    engine: Engine
    settings: Settings
    nudge: Callable[[str], None]
    receiver: str
    record: Path


@contextlib.contextmanager
def stage(*, sweep: bool = True, celery: bool = True, appendonly: bool = True) -> Iterator[Stage]:
    """PostgreSQL, Valkey, a Celery worker with two children, beat, the sweep and a desk, all processes."""
    with contextlib.ExitStack() as leaving:
        folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="tonnage-chaos-")))
        folder.chmod(0o711)
        (folder / "logs").mkdir()
        supervisor = leaving.enter_context(Supervisor(say=lambda _: None))
        postgres = Postgres.prepare(folder / "postgres")
        valkey = Valkey.prepare(folder / "valkey")
        supervisor.start(postgres.part(), _broker(valkey, appendonly=appendonly))
        schema.upgrade(postgres.create(USER))
        listener = leaving.enter_context(listen(RECEIVER_PORT))
        key = Fernet.generate_key().decode()
        environment = {
            **os.environ,
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": valkey.url,
            "TONNAGE_SECRET_KEYS": json.dumps([key]),
            "TONNAGE_PRIVATE_NETWORKS": '["127.0.0.1/32"]',
            "TONNAGE_DELIVERY_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        }
        shop = Workshop(folder, environment)
        record = folder / "received.jsonl"
        record.touch()
        started = [_receiver(shop, listener, record)]
        if sweep:
            started.append(parts.sweep(shop))
        if celery:
            started.append(parts.worker(shop, valkey.url, name="delivery", queues="delivery", processes=2))
        if celery and sweep:
            started.append(parts.beat(shop))
        supervisor.start(*started)
        engine = create_engine(postgres.url(), pool_pre_ping=True)
        leaving.callback(engine.dispose)
        nudger = Nudger(valkey.url)
        leaving.callback(nudger.close)
        on = Stage(
            supervisor,
            engine,
            Settings(
                secret_keys=(SecretStr(key),),
                private_networks=(IPv4Network("127.0.0.1/32"),),
            ),
            nudger.nudge,
            f"http://{HOST}:{port_of(listener)}",
            record,
        )
        if sweep:
            play(on, Scene("warm up", nudged=False), messages=1, seconds=0)
        yield on


def play(on: Stage, scene: Scene, *, messages: int, seconds: float, patience: float = 120.0) -> Verdict:
    """Commit so many messages over ``seconds`` while the kills fall, wait for quiet, and judge the record."""
    _await_parts(on)
    secrets = _desks(on, scene)
    commits: dict[str, float] = {}
    over = threading.Event()
    passing = threading.Thread(target=_time_passes, args=(on, over))
    killing = threading.Thread(target=_kill, args=(on, scene.kills, seconds))
    passing.start()
    killing.start()
    began = time.monotonic()
    try:
        for number in range(messages):
            time.sleep(max(0.0, began + seconds * number / messages - time.monotonic()))
            message_id, at = _commit(on, scene, number)
            commits[message_id] = at
            if scene.nudged:
                on.nudge(DELIVER_MESSAGES)
        killing.join()
        _await_quiet(on, patience)
    finally:
        over.set()
        killing.join()
        passing.join()
    return judge(on, scene, commits, secrets)


def judge(on: Stage, scene: Scene, commits: dict[str, float], secrets: Sequence[str]) -> Verdict:
    """The verdict on a scene from the desk's record alone."""
    taken: dict[str, list[str]] = defaultdict(list)
    first: dict[str, float] = {}
    sequences: dict[str, set[int]] = defaultdict(set)
    forged = 0
    for line in map(json.loads, on.record.read_text().splitlines()):
        if not line["scene"].startswith(f"{_slug(scene)}-"):
            continue
        now = dt.datetime.fromtimestamp(line["at"], dt.UTC)
        try:
            message_id = signing.verify(secrets, line["headers"], line["body"].encode(), now=now)
        except SignatureError:
            forged += 1
            continue
        if line["fate"] in TAKEN:
            taken[message_id].append(line["fate"])
            first.setdefault(message_id, line["at"])
            sequences[line["scene"]].add(json.loads(line["body"])["sequence"])
    again = {message_id: fates for message_id, fates in taken.items() if len(fates) > 1}
    provoked = sum(min(len(fates) - 1, sum(fate != "ok" for fate in fates)) for fates in again.values())
    waits = [first[message_id] - at for message_id, at in commits.items() if message_id in first]
    cuts = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else [0.0] * 99
    return Verdict(
        scene=scene.name,
        committed=len(commits),
        lost=len(commits.keys() - taken.keys()),
        gaps=sum(max(numbers) - len(numbers) for numbers in sequences.values()),
        forged=forged,
        duplicates=sum(len(fates) - 1 for fates in again.values()) - provoked,
        provoked=provoked,
        kills=sum(each.times for each in scene.kills),
        p50=cuts[49],
        p99=cuts[98],
        worst=max(waits, default=0.0),
    )


def _desks(on: Stage, scene: Scene) -> list[str]:
    mood = "hostile" if scene.hostile else "calm"
    return [
        add_endpoint(
            on.engine,
            on.settings,
            desk=f"{_slug(scene)}-{number}",
            url=f"{on.receiver}/{mood}/{_slug(scene)}-{number}",
            now=dt.datetime.now(dt.UTC),
        )[1]
        for number in range(DESKS)
    ]


def _commit(on: Stage, scene: Scene, number: int) -> tuple[str, float]:
    """One message committed; while the database is away, again until it is taken, as a sender would."""
    desk = f"{_slug(scene)}-{number % DESKS}"
    while True:
        now = dt.datetime.now(dt.UTC)
        message = Message(desk, ping_event(endpoint_id=str(number), now=now), now)
        try:
            with on.engine.begin() as connection:
                outbox.enqueue(connection, outbox.address(connection, [message]), now=now)
        except OperationalError:
            time.sleep(0.1)
        else:
            return message.id, time.time()


def _await_parts(on: Stage) -> None:
    """Until every part has been up for a while: each scene starts whole, whatever the one before killed."""
    while any(time.time() - born < STEADY_SECONDS for born in _births(on.supervisor.pids().values())):
        time.sleep(0.2)


def _births(pids: Iterable[int]) -> list[float]:
    """When the processes were started, in seconds of the epoch; one that is gone counts as just started."""
    births = []
    for pid in pids:
        try:
            births.append(psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            births.append(time.time())
    return births


def _kill(on: Stage, kills: Sequence[Kill], seconds: float) -> None:
    """The kills of a scene, in an order drawn by lot, evenly over its time."""
    order = [each for each in kills for _ in range(each.times)]
    random.Random(1).shuffle(order)  # noqa: S311 - a lot, not a secret
    for each in order:
        time.sleep(seconds / (len(order) + 1))
        while (pid := on.supervisor.pids().get(each.part)) is None:
            time.sleep(0.05)  # still being started again after the last kill
        victims = psutil.Process(pid).children() if each.child else [psutil.Process(pid)]
        for victim in victims[:1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGKILL)


def _time_passes(on: Stage, over: threading.Event) -> None:
    """Make what waits for a retry due, each second."""
    statement = text("UPDATE deliveries SET due_at = now() WHERE status = 'pending' AND due_at > now()")
    while not over.wait(1.0):
        with contextlib.suppress(OperationalError), on.engine.begin() as connection:
            connection.execute(statement)


def _await_quiet(on: Stage, patience: float) -> None:
    """Until nothing is pending, at most ``patience`` seconds; what is left then is judged as lost."""
    until = time.monotonic() + patience
    query = select(func.count()).where(tables.deliveries.c.status == "pending")
    while time.monotonic() < until:
        with contextlib.suppress(OperationalError), on.engine.connect() as connection:
            if connection.execute(query).scalar_one() == 0:
                return
        time.sleep(0.2)


def _slug(scene: Scene) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in scene.name)


def _broker(valkey: Valkey, *, appendonly: bool) -> Part:
    part = valkey.part()
    if appendonly:
        return part
    argv = list(part.command.argv)
    argv[argv.index("--appendonly") + 1] = "no"
    return dataclasses.replace(part, command=dataclasses.replace(part.command, argv=tuple(argv)))


def _receiver(shop: Workshop, listener: socket.socket, record: Path) -> Part:
    number = listener.fileno()
    command = shop.command("receiver", str(RECEIVER), str(number), str(record), listener=listener)
    return Part("receiver", command, ready=lambda: True)
