"""Scenes of chaos: figures are committed while parts of a real stack are killed; a desk's record is judged.

The one double is time: a retry that waits is made due each second, or a scene would last for hours.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil
from chaos_figures import Commit, held, made, prepare, record_and_nudge
from chaos_moments import killed_while_recording
from chaos_stage import Stage
from chaos_verdict import Bounds, Verdict, judge
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from services.storage import tables

ANY = Bounds()

SENDERS = 4
"""Figures that are on their way to us at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kill:
    """Kill a part with -9 so many times, evenly over the scene; ``child``: one of its children instead.

    ``recording``: each time at a moment at which it has written rows of a recording and has not committed.
    """

    part: str
    times: int
    child: bool = False
    recording: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """What happens while figures are committed, and how; ``mood`` is that of the desks."""

    name: str
    kills: tuple[Kill, ...] = ()
    mood: str = "calm"
    commit: Commit = record_and_nudge
    bounds: Bounds = ANY

    @property
    def slug(self) -> str:
        """The name as it stands in ids."""
        return "".join(sign if sign.isalnum() else "_" for sign in self.name)


def play(on: Stage, scene: Scene, *, figures: int, seconds: float, patience: float = 120.0) -> Verdict:
    """Commit so many figures over ``seconds`` while the kills fall, wait for quiet, and judge."""
    on.settle_down()
    secrets = prepare(on, scene.slug, mood=scene.mood, figures=figures)
    over = threading.Event()
    missed: list[Kill] = []
    passing = threading.Thread(target=_time_passes, args=(on, over))
    killing = threading.Thread(target=_kill, args=(on, scene.kills, seconds, missed))
    passing.start()
    killing.start()
    began = time.monotonic()

    def send(number: int) -> str:
        time.sleep(max(0.0, began + seconds * number / figures - time.monotonic()))
        series_id = f"{scene.slug}-{number}"
        scene.commit(on, series_id)
        return series_id

    try:
        with ThreadPoolExecutor(SENDERS) as senders:
            accepted = list(senders.map(send, range(figures)))
        killing.join()
        _await_quiet(on, patience)
    finally:
        over.set()
        killing.join()
        passing.join()
    return judge(
        on.record.read_text().splitlines(),
        scene=scene.name,
        slug=scene.slug,
        accepted=accepted,
        held=held(on, scene.slug),
        made=made(on, scene.slug),
        secrets=secrets,
        kills=sum(each.times for each in scene.kills),
        bounds=scene.bounds,
        missed=len(missed),
    )


def _kill(on: Stage, kills: Sequence[Kill], seconds: float, missed: list[Kill]) -> None:
    """The kills of a scene, in an order drawn by lot, evenly over its time; those that were not made."""
    order = [each for each in kills for _ in range(each.times)]
    random.Random(1).shuffle(order)  # noqa: S311 - a lot, not a secret
    for each in order:
        time.sleep(seconds / (len(order) + 1))
        if each.recording:
            missed += [] if killed_while_recording(on, each.part) else [each]
            continue
        while (pid := on.supervisor.pids().get(each.part)) is None:
            time.sleep(0.05)  # still being started again after the last kill
        victims = psutil.Process(pid).children() if each.child else [psutil.Process(pid)]
        for victim in victims[:1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGKILL)


def _time_passes(on: Stage, over: threading.Event) -> None:
    """Make what waits for a retry due, and end the rest of an endpoint, each second."""
    due = text("UPDATE deliveries SET due_at = now() WHERE status = 'pending' AND due_at > now()")
    rested = text("UPDATE endpoints SET paused_until = NULL WHERE paused_until > now()")
    while not over.wait(1.0):
        with contextlib.suppress(OperationalError), on.engine.begin() as connection:
            connection.execute(due)
            connection.execute(rested)


def _await_quiet(on: Stage, patience: float) -> None:
    """Until nothing is pending, at most ``patience`` seconds; what is left then is judged as lost."""
    until = time.monotonic() + patience
    query = select(func.count()).where(tables.deliveries.c.status == "pending")
    while time.monotonic() < until:
        with contextlib.suppress(OperationalError), on.engine.connect() as connection:
            if connection.execute(query).scalar_one() == 0:
                return
        time.sleep(0.2)
