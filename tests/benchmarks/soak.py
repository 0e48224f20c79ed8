"""``make soak``: releases, refits and deliveries on the real stack for a stated time, parts killed; a table.

First the cost of refitting at several sizes (soak_costs). Then the endurance: a release each second, a desk
that fails by lot, and a part killed with -9 in turn. Leases last 30 s here, so that what a killed worker held
is seen to come back; what waits for a retry is made due each second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import Engine, create_engine, text

from services.cli.shell import say
from services.demo.replay import _ok
from services.local.folder import temporary_folder
from services.local.parts import FLOWER_TASKS, Workshop, worker
from services.local.ports import listen, port_of
from services.local.postgres import USER
from services.local.stack import Stack, running
from services.local.supervisor import Part
from services.worker.app import make_app
from tests.benchmarks.soak_costs import MONTHS, PENDING, REFIT_SHARE, costs, count, row, values, wait

RECEIVER = Path(__file__).parents[1] / "chaos" / "chaos_receiver.py"
FLAT = 0.05  # growth of a part after its warm-up
STABLE = 1.5  # by which the second half's p99 may exceed the first
JUDGED_FROM = 10.0  # minutes
STARTING = 20.0  # seconds after a kill in which a slow commit is counted as beside it
NEW_MONTHS = 12  # of each series, that releases bring
RULE = {
    "name": "every figure",
    "desk": "soak",
    "scope": {"tags": ["soak"]},
    "condition": {"kind": "level", "above": 1},
}
TAKEN = {"ok", "take, then hang", "take, then reset"}  # the desk has it, whatever the sender saw
PARTS = (
    *("api", "worker forecast", "worker delivery", "worker ingest"),
    *("beat", "sweep", "flower", "postgres", "valkey"),
)
WAITED = "UPDATE deliveries SET due_at = now() WHERE status = 'pending' AND due_at > now()"
MENDED = "UPDATE endpoints SET status = 'enabled', failing_since = NULL, failures = 0, paused_until = NULL"
KILLED = (
    *(("worker forecast", True), ("worker delivery", True), ("sweep", False)),
    *(("worker delivery", False), ("worker ingest", False)),
)


@dataclass
class Watch:
    """Memory of each part with its children, MB, sampled while it runs."""

    stack: Stack
    samples: dict[str, list[float]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.over.wait(3.0):
            for name, pid in self.stack.supervisor.pids().items():
                with contextlib.suppress(psutil.Error, OSError):
                    self.samples.setdefault(name, []).append(memory(psutil.Process(pid), name))

    def growth(self, name: str) -> tuple[float, float]:
        """MB after the first third, and in the last: medians, so that one killed child does not count."""
        taken = self.samples[name]
        third = max(len(taken) // 3, 1)
        return float(np.median(taken[third : 2 * third] or taken)), float(np.median(taken[-third:]))


def memory(process: psutil.Process, part: str) -> float:
    """MB of a process and its children, each its share (PSS); OSError where one is gone.

    PostgreSQL's shared memory is left out: its buffers have a fixed size and fill with what is read.
    """
    counted = {"Pss_Anon:", "Pss_File:"} if part == "postgres" else {"Pss:"}
    files = [Path(f"/proc/{each.pid}/smaps_rollup") for each in (process, *process.children(recursive=True))]
    lines = (line.split() for file in files for line in file.read_text().splitlines())
    return sum(int(line[1]) for line in lines if line[0] in counted) * 1024 / 1e6


@contextlib.contextmanager
def receiver(folder: Path) -> Iterator[tuple[str, Path]]:
    """A desk that fails by lot: its address, and its record."""
    record = folder / "desk.jsonl"
    record.touch()
    with listen(8200) as socket:
        process = subprocess.Popen(
            [sys.executable, RECEIVER, str(socket.fileno()), record], pass_fds=[socket.fileno()]
        )
        try:
            yield f"http://127.0.0.1:{port_of(socket)}/hostile/soak", record
        finally:
            process.terminate()
            process.wait()


def ingest(stack: Stack) -> Part:
    """A worker of its own for the queue ingest, as production has: the stack's forecast worker does both."""
    shop = Workshop(stack.folder, stack.environment)
    return worker(shop, stack.redis_url, name="ingest", queues="ingest", processes=1)


def remembered_before(stack: Stack) -> None:
    """Tell Flower of as many tasks as it remembers: it grows for hours until it forgets one for each new one.

    Raises TimeoutError where it has not heard of all within two minutes.
    """
    with (
        make_app(stack.redis_url) as app,
        app.connection() as connection,
        app.events.Dispatcher(connection, hostname="before the soak") as dispatcher,
    ):
        for number in range(FLOWER_TASKS):
            task = {"uuid": f"before-{number}", "name": "deliver_messages", "args": "()", "kwargs": "{}"}
            dispatcher.send("task-received", **task)
            dispatcher.send("task-started", uuid=task["uuid"])
            dispatcher.send("task-succeeded", uuid=task["uuid"], result="None", runtime=0.01)
    address = f"{stack.flower}/api/task/info/before-{FLOWER_TASKS - 1}"
    known = (USER, stack.flower_password)
    wait("Flower", lambda: httpx.get(address, auth=known, timeout=60).is_success, 120)


def kill_in_turn(stack: Stack, over: threading.Event, every: float, killed: list[float]) -> None:
    """Kill a part, or a child of it, each ``every`` seconds; ``killed`` gets the moment of each."""
    turn = 0
    while not over.wait(every):
        part, child = KILLED[turn % len(KILLED)]
        turn += 1
        pid = stack.supervisor.pids().get(part)
        if pid is None:
            continue  # still being started again
        with contextlib.suppress(psutil.Error):
            victim = psutil.Process(pid)
            victim = victim.children()[0] if child and victim.children() else victim
            victim.send_signal(signal.SIGKILL)
            killed.append(time.monotonic())


def time_passes(engine: Engine, over: threading.Event) -> None:
    """Make what waits for a retry due: half a day of a desk's failures has to fit in minutes."""
    while not over.wait(1.0):
        with engine.begin() as connection:
            connection.execute(text(WAITED))
            connection.execute(text(MENDED))


@dataclass(frozen=True, slots=True)
class Commit:
    """One release: when it was sent, and how many seconds its commit took."""

    sent: float
    seconds: float


def releases(client: httpx.Client, held: int, given: argparse.Namespace) -> list[Commit]:
    """Post a release each ``every`` seconds for the time given."""
    commits: list[Commit] = []
    months = [0] * held
    began = time.monotonic()
    while time.monotonic() - began < given.minutes * 60:
        chosen = [(len(commits) * given.figures + k) % held for k in range(given.figures)]
        rows = []
        for number in dict.fromkeys(chosen):
            if months[number] < NEW_MONTHS:
                month = MONTHS + months[number]
                rows.append(row(number, month, float(values(number)[month])))
                months[number] += 1
        if not rows:
            break
        sent = time.monotonic()
        _ok(client.post("/v1/observations", json=rows))
        commits.append(Commit(sent, time.monotonic() - sent))
        time.sleep(max(0.0, began + len(commits) * given.every - time.monotonic()))
    return commits


def endure(client: httpx.Client, stack: Stack, engine: Engine, held: int, given: argparse.Namespace) -> bool:
    """Releases for the time given, then quiet; prints the tables, true where all holds."""
    over = threading.Event()
    watch = Watch(stack)
    killed: list[float] = []
    with receiver(stack.folder) as (address, record):
        _ok(client.post("/v1/endpoints", json={"desk": "soak", "url": address}))
        _ok(client.put("/v1/rules/every", json=RULE))
        threads = [
            threading.Thread(target=watch.run),
            threading.Thread(target=kill_in_turn, args=(stack, over, max(given.minutes * 5, 10.0), killed)),
            threading.Thread(target=time_passes, args=(engine, over)),
        ]
        for thread in threads:
            thread.start()
        try:
            commits = releases(client, held, given)
            wait("coming to rest", lambda: count(engine, PENDING) == 0, 600)
        finally:
            over.set()
            watch.over.set()
            for thread in threads:
                thread.join()
        lines = [json.loads(line) for line in record.read_text().splitlines()]
    say(f"\n{len(commits)} releases of {given.figures} figures, {held} series held")
    sound = [nothing_lost(engine, lines), stable(commits, killed, given), flat(watch, given)]
    return all(sound)


def nothing_lost(engine: Engine, lines: Sequence[dict[str, Any]]) -> bool:
    """Whether the desk has every message, no job failed, and no lease is stuck."""
    taken = {line["headers"]["webhook-id"] for line in lines if line["fate"] in TAKEN}
    with engine.connect() as connection:
        sent_ids = set(connection.execute(text("SELECT message_id FROM deliveries")).scalars())
    lost = len(sent_ids - taken)
    failed = count(engine, "SELECT count(*) FROM jobs WHERE status = 'failed'")
    stuck = count(engine, "SELECT count(*) FROM jobs WHERE status = 'pending' AND lease_until < now()")
    say(f"messages {len(sent_ids)}, attempts at the desk {len(lines)}")
    say(f"messages lost {lost} · jobs failed {failed} · stuck leases {stuck}")
    return lost == failed == stuck == 0


def stable(commits: Sequence[Commit], killed: Sequence[float], given: argparse.Namespace) -> bool:
    """Whether a release's commit took no longer in the second half; not judged in a short run.

    Beside it stands the median, and how many of the slowest hundredth ended soon after a kill.
    """
    half = len(commits) // 2
    halves = [[each.seconds for each in part] for part in (commits[:half], commits[half:])]
    usual = (float(np.median(part)) for part in halves)
    first, last = (float(np.percentile(part, 99)) for part in halves)
    slowest = sorted(commits, key=lambda each: -each.seconds)[: max(len(commits) // 100, 1)]
    near = sum(any(0 <= each.sent + each.seconds - at <= STARTING for at in killed) for each in slowest)
    say("median of a release's commit: first half {:.3f} s, second half {:.3f} s".format(*usual))
    say(f"p99 of a release's commit: first half {first:.3f} s, second half {last:.3f} s")
    say(f"of the {len(slowest)} slowest {near} ended within {STARTING:.0f} s of a kill, {len(killed)} in all")
    return given.minutes < JUDGED_FROM or last <= STABLE * max(first, 0.05)


def flat(watch: Watch, given: argparse.Namespace) -> bool:
    """Whether no part holds more at the end than after its warm-up; not judged in a short run."""
    say("\npart            | MB middle | MB end | growth")
    grown = []
    for name in PARTS:
        middle, end = watch.growth(name)
        say(f"{name:15} | {middle:9.0f} | {end:6.0f} | {100 * (end / middle - 1):+5.1f} %")
        if end > middle * (1 + FLAT) + 2:  # a part of a few MB may gain one
            grown.append(name)
    if given.minutes < JUDGED_FROM:
        say(f"memory and p99 are judged from {JUDGED_FROM:.0f} minutes on: less is warm-up")
        return True
    say("memory is flat" if not grown else f"memory grows: {', '.join(grown)}")
    return not grown


def main() -> int:
    """Print the tables; 0 where nothing was lost, failed or stuck."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100,1000", help="series added and refitted in turn")
    parser.add_argument("--minutes", type=float, default=3.0, help="of endurance")
    parser.add_argument("--figures", type=int, default=5, help="in a release")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two releases")
    given = parser.parse_args()
    environment = {**os.environ, "TONNAGE_LEASE_SECONDS": "30"}
    with temporary_folder() as folder, running(folder, environment, lambda _: None) as stack:
        engine = create_engine(stack.database_url, pool_pre_ping=True)
        with httpx.Client(base_url=stack.api, timeout=120) as client:
            held, share = costs(client, stack, engine, [int(each) for each in given.sizes.split(",")])
            stack.supervisor.start(ingest(stack))
            remembered_before(stack)
            sound = endure(client, stack, engine, held, given)
        engine.dispose()
    enough = share >= REFIT_SHARE
    say(
        f"\nrefits have {share:.2f} of the bare engine's CPU throughput at the least ({REFIT_SHARE} promised)"
    )
    return 0 if sound and enough else 1


if __name__ == "__main__":
    sys.exit(main())
