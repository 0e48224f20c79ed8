"""The verdict on a scene: what its sender was told, beside what the desks' record and the database hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from chaos_receiver import TAKEN

from alerts.delivery import signing
from alerts.delivery.errors import SignatureError

DUPLICATES = 0.02
"""Share of messages that may come twice by our doing while parts are killed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds from the beginning of a figure's transaction to the desk, at most."""

    p50: float = 3600.0
    p99: float = 3600.0
    worst: float = 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a scene's figures and of their messages; latencies are in seconds.

    ``lost`` are accepted figures whose message never came, ``unrecorded`` those that the database does not
    hold, ``twice`` those that it holds more than once. ``duplicates`` are takings after a first one that the
    desk did not bring about itself by taking a message and then not answering. ``missed`` are kills that did
    not meet the moment that they were for.
    """

    scene: str
    accepted: int
    unrecorded: int
    twice: int
    lost: int
    gaps: int
    forged: int
    duplicates: int
    provoked: int
    kills: int
    p50: float
    p99: float
    worst: float
    bounds: Bounds
    missed: int = 0

    @property
    def faults(self) -> list[str]:
        """What does not hold, in words; empty where the scene holds."""
        none = ("unrecorded", "twice", "lost", "gaps", "forged", "missed")
        found = [f"{getattr(self, name)} {name}" for name in none if getattr(self, name)]
        if self.duplicates > (DUPLICATES * self.accepted if self.kills else 0):
            found.append(f"{self.duplicates} duplicates of our own")
        for name in ("p50", "p99", "worst"):
            seconds, bound = getattr(self, name), getattr(self.bounds, name)
            if seconds > bound:
                found.append(f"{name} of {seconds:.2f} s, {bound:g} s are promised")
        return found


def judge(
    record: Iterable[str],
    *,
    scene: str,
    slug: str,
    accepted: Collection[str],
    held: Mapping[str, int],
    made: Mapping[str, float],
    secrets: Sequence[str],
    kills: int,
    bounds: Bounds,
    missed: int = 0,
) -> Verdict:
    """The verdict on a scene.

    ``record`` are the desks' lines, ``accepted`` the series whose figure was acknowledged, ``held`` how often
    the database holds each, ``made`` when each message's transaction began.
    """
    taken: dict[str, list[str]] = defaultdict(list)
    first: dict[str, float] = {}
    told = Counter[str]()
    sequences: dict[str, set[int]] = defaultdict(set)
    forged = 0
    for line in map(json.loads, record):
        if not line["scene"].startswith(f"{slug}."):
            continue
        now = dt.datetime.fromtimestamp(line["at"], dt.UTC)
        try:
            message_id = signing.verify(secrets, line["headers"], line["body"].encode(), now=now)
        except SignatureError:
            forged += 1
            continue
        if line["fate"] in TAKEN:
            body: dict[str, Any] = json.loads(line["body"])
            if message_id not in first:
                told[body["data"]["series"]["id"]] += 1
            taken[message_id].append(line["fate"])
            first.setdefault(message_id, line["at"])
            sequences[line["scene"]].add(body["sequence"])
    again = {message_id: fates for message_id, fates in taken.items() if len(fates) > 1}
    provoked = sum(min(len(fates) - 1, sum(fate != "ok" for fate in fates)) for fates in again.values())
    waits = [first[message_id] - at for message_id, at in made.items() if message_id in first]
    cuts = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else [0.0] * 99
    return Verdict(
        scene=scene,
        accepted=len(accepted),
        unrecorded=sum(each not in held for each in accepted),
        twice=sum(count > 1 for count in [*held.values(), *told.values()]),
        lost=sum(each not in told for each in accepted),
        gaps=sum(max(numbers) - len(numbers) for numbers in sequences.values()),
        forged=forged,
        duplicates=sum(len(fates) - 1 for fates in again.values()) - provoked,
        provoked=provoked,
        kills=kills,
        p50=cuts[49],
        p99=cuts[98],
        worst=max(waits, default=0.0),
        bounds=bounds,
        missed=missed,
    )
