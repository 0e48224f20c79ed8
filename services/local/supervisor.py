"""Keeps parts running: starts them, says when each is ready, starts again what dies, stops in reverse."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from services.local.errors import PartFailedError
from services.local.processes import Command, Process, Warden, last_words

_TICK_SECONDS = 0.05
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 0.5, 30.0
_STEADY_AFTER = 60.0  # seconds of life after which an earlier death is forgiven


@dataclass(frozen=True, slots=True)
class Part:
    """A named server of the stack; ``ready`` answers within about a second, ``deadline`` is in seconds.

    ``before`` runs ahead of each start, also of each new start: it clears what a killed predecessor left;
    ``after`` runs once, when the part has been stopped for good.
    ``address`` is shown behind the progress line.
    """

    name: str
    command: Command
    ready: Callable[[], bool]
    deadline: float = 30.0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    address: str = ""


@dataclass(slots=True)
class _Life:
    """One part over its lives; ``process`` is None while it waits to be started."""

    part: Part
    tier: int
    process: Process | None = None
    started: float = 0.0
    ready: bool = False
    was_ever_ready: bool = False
    back_off: float = _FIRST_BACK_OFF
    due: float = 0.0
    failure: PartFailedError | None = None
    probe: Future[bool] | None = None


class Supervisor:
    """Context manager over a process tree; leaving it stops everything it started.

    Everything is started and stopped by one thread, because the kernel ties a child's life to the thread that
    forked it. ``say`` is called with one line at a time.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lives: list[_Life] = []
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._crash: BaseException | None = None
        self._probes = ThreadPoolExecutor(thread_name_prefix="probe")
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def start(self, *parts: Part) -> None:
        """Start parts side by side and return when all are ready; else PartFailedError."""
        with self._changed:
            tier = 1 + max((life.tier for life in self._lives), default=-1)
            lives = [_Life(part, tier) for part in parts]
            self._lives.extend(lives)
            while not all(life.was_ever_ready for life in lives):
                failure = next((life.failure for life in lives if life.failure is not None), None)
                if failure is not None:
                    raise failure
                if self._crash is not None:
                    raise self._crash
                self._changed.wait(0.5)

    def pids(self) -> dict[str, int]:
        """Process number by name of the parts that run at this moment."""
        with self._changed:
            return {life.part.name: life.process.pid for life in self._lives if life.process is not None}

    def _run(self) -> None:
        warden = Warden()
        try:
            while not self._stopping.wait(_TICK_SECONDS):
                warden.keep_alive()
                with self._changed:
                    lives = list(self._lives)
                for life in lives:
                    self._step(life, warden, time.monotonic())
        except BaseException as crash:
            self._crash = crash  # raised where the stack is entered, started or left
            raise
        finally:
            self._stop_all()
            self._probes.shutdown()
            warden.close()

    def _step(self, life: _Life, warden: Warden, now: float) -> None:
        if life.failure is not None or (life.process is None and now < life.due):
            return
        if life.process is None:
            self._begin(life, warden, now)
        elif (status := life.process.ended()) is not None:
            self._lost(life, _how_it_ended(status), now)
        elif not life.ready:
            self._ask(life, now)
        elif now - life.started > _STEADY_AFTER:
            life.back_off = _FIRST_BACK_OFF

    def _begin(self, life: _Life, warden: Warden, now: float) -> None:
        try:
            life.part.before()
            process = Process(life.part.command, warden)
        except OSError as error:
            self._lost(life, str(error), now)
            return
        with self._changed:
            life.process, life.started = process, now

    def _ask(self, life: _Life, now: float) -> None:
        if life.probe is None:
            life.probe = self._probes.submit(life.part.ready)
        elif life.probe.done():
            answered, life.probe = life.probe, None
            if (error := answered.exception()) is not None:
                self._give_up(life, f"could not be asked whether it is ready: {error!r}", now)
            elif answered.result():
                self._became_ready(life)
        if life.process is not None and not life.ready and now - life.started > life.part.deadline:
            self._give_up(life, f"was not ready within {life.part.deadline:.0f} s", now)

    def _give_up(self, life: _Life, what: str, now: float) -> None:
        if life.process is not None:
            life.process.ask_to_stop()
        self._lost(life, what, now)

    def _became_ready(self, life: _Life) -> None:
        again = " again" if life.was_ever_ready else ""
        where = f", {life.part.address}" if life.part.address else ""
        self._say(f"{life.part.name} ready{again} in {time.monotonic() - life.started:.1f} s{where}")
        with self._changed:
            life.ready = life.was_ever_ready = True
            self._changed.notify_all()

    def _lost(self, life: _Life, what: str, now: float) -> None:
        if life.process is not None:
            life.process.finish()
        with self._changed:
            life.process, life.ready, life.probe = None, False, None
            if life.was_ever_ready:
                life.due = now + life.back_off
            else:
                life.failure = PartFailedError(life.part.name, what, last_words(life.part.command.log))
            self._changed.notify_all()
        if life.was_ever_ready:
            self._say(f"{life.part.name} {what}; it is started again in {life.back_off:.1f} s")
            life.back_off = min(2 * life.back_off, _LONGEST_BACK_OFF)

    def _stop_all(self) -> None:
        for tier in sorted({life.tier for life in self._lives}, reverse=True):
            lives = [life for life in self._lives if life.tier == tier]
            processes = [life.process for life in lives if life.process is not None]
            for process in processes:
                process.ask_to_stop()
            for process in processes:
                process.finish()
            for life in lives:
                life.part.after()


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    return f"was ended by {signal.Signals(-status).name}"
