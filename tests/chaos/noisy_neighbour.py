"""Run as a script: what one hanging desk of fifty costs the other forty-nine, on a real stack.

Messages are committed evenly, each to the next desk. In turn all desks are calm, and one of them takes every
message and never answers. Latency is from the beginning of a message's transaction to the desk.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Sequence

from chaos_stage import Stage, stage

from services.bootstrap import DELIVER_MESSAGES
from services.storage import outbox
from services.storage.messages import Message
from services.usecases.manage_endpoints import add_endpoint

DESKS = 50
ALLOWED = 0.20
"""By which the others' p99 may grow."""
EVENT = {
    "type": "alert.opened",
    "version": 1,
    "timestamp": "2025-06-20T02:00:00Z",
    "data": {"sentence": "x" * 500},
}
_ARRIVED_WITHIN = 10.0


def main() -> int:
    """Measure, print both distributions; 0 where the neighbours are not disturbed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="of a calm and a noisy part each")
    parser.add_argument("--seconds", type=float, default=10.0, help="of one part")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second, over all desks")
    given = parser.parse_args()
    waits: dict[bool, list[float]] = {False: [], True: []}
    with stage(timeout=15.0) as on:
        on.settle_down()
        play(on, "warm", noisy=False, seconds=2.0, rate=given.rate)
        for turn in range(given.rounds):
            for noisy in (False, True):
                waits[noisy] += play(
                    on, f"{turn}-{noisy}", noisy=noisy, seconds=given.seconds, rate=given.rate
                )
    calm, noisy_p99 = (spread(name, waits[noisy]) for name, noisy in (("calm", False), ("one hangs", True)))
    grown = noisy_p99 / calm - 1
    _say(f"one hanging desk of {DESKS} raises the others' p99 by {100 * grown:.0f} % (promised: < 20 %)")
    return int(grown >= ALLOWED)


def play(on: Stage, scene: str, *, noisy: bool, seconds: float, rate: float) -> list[float]:
    """Commit messages for so long; seconds that each took to a desk that does not hang."""
    names = [f"{scene}.{number}" for number in range(DESKS)]
    moods = ["hanging" if noisy and number == 0 else "calm" for number in range(DESKS)]
    now = dt.datetime.now(dt.UTC)
    ids = [
        add_endpoint(on.engine, on.settings, desk=name, url=f"{on.receiver}/{mood}/{name}", now=now)[0].id
        for name, mood in zip(names, moods, strict=True)
    ]
    made: dict[str, float] = {}
    began = time.monotonic()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        place = number % DESKS
        message = Message(names[place], EVENT, dt.datetime.now(dt.UTC))
        if moods[place] == "calm":
            made[message.id] = message.created_at.timestamp()
        with on.engine.begin() as connection:
            outbox.enqueue(connection, [(message, [ids[place]])], now=message.created_at)
        on.nudge(DELIVER_MESSAGES)
    return _arrived(on, made)


def _arrived(on: Stage, made: dict[str, float]) -> list[float]:
    until = time.monotonic() + _ARRIVED_WITHIN
    while True:
        first: dict[str, float] = {}
        for line in map(json.loads, on.record.read_text().splitlines()):
            first.setdefault(line["headers"]["webhook-id"], line["at"])
        if made.keys() <= first.keys():
            return [first[message_id] - at for message_id, at in made.items()]
        if time.monotonic() > until:
            raise TimeoutError(f"{len(made.keys() - first.keys())} messages did not come to calm desks")
        time.sleep(0.2)  # between two looks


def spread(name: str, waits: Sequence[float]) -> float:
    """Print p50 and p99 in milliseconds; the p99 in seconds."""
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    _say(f"{name}: {len(waits)} messages, p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms")
    return cuts[98]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
