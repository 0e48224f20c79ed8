"""``make chaos``: every scene on the local stack, and the table that goes into the README."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

import structlog
from chaos_figures import post, record
from chaos_scenes import Kill, Scene, play
from chaos_stage import LEASE_SECONDS, stage
from chaos_verdict import Bounds, Verdict

API = Kill("api", 3, recording=True)
WORKER, CHILD = Kill("worker delivery", 2), Kill("worker delivery", 6, child=True)
SWEEP, BEAT, BROKER, DATABASE = Kill("sweep", 3), Kill("beat", 2), Kill("valkey", 2), Kill("postgres", 2)

IDLE = Bounds(p50=0.1, p99=1.0)
SWEPT = Bounds(p99=5.0)
RECOVERED = Bounds(worst=LEASE_SECONDS + 2.0)
"""After a sender's death its lease ends and the message goes out; 32 s at the service's own timeout."""
BROKER_BACK = Bounds(worst=10.0)

SCENES = (
    Scene("nothing is killed", bounds=IDLE),
    Scene("the API, posted to", (API,), commit=post, bounds=RECOVERED),
    Scene("the sweep", (SWEEP,), bounds=RECOVERED),
    Scene("a Celery child", (CHILD,), bounds=RECOVERED),
    Scene("the Celery worker", (WORKER,), bounds=RECOVERED),
    Scene("beat", (BEAT,), bounds=BROKER_BACK),
    Scene("Valkey", (BROKER,), bounds=BROKER_BACK),
    Scene("PostgreSQL", (DATABASE,), bounds=RECOVERED),
    Scene("nothing, a hostile desk", mood="hostile"),
    Scene(
        "all of these, a hostile desk",
        (API, SWEEP, CHILD, WORKER, BEAT, BROKER, DATABASE),
        mood="hostile",
        commit=post,
    ),
)


def main() -> int:
    """Play every scene; 0 where each holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=25.0, help="over which they are committed")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = time.monotonic()
    _say(HEAD)
    verdicts = []

    def scenes(chosen: Sequence[Scene], **how: object) -> None:
        with stage(**how) as on:  # type: ignore[arg-type]  # the switches of stage
            for scene in chosen:
                verdicts.append(play(on, scene, figures=given.figures, seconds=given.seconds))
                _say(row(verdicts[-1]))

    scenes(SCENES, api="real")
    scenes([Scene("Valkey without appendonly", (BROKER,), bounds=BROKER_BACK)], appendonly=False)
    scenes([Scene("nothing, no broker at all", commit=record, bounds=SWEPT)], celery=False)
    red = {verdict.scene: verdict.faults for verdict in verdicts if verdict.faults}
    for scene, faults in red.items():
        _say(f"{scene}: {', '.join(faults)}")
    _say(f"{len(verdicts) - len(red)} of {len(verdicts)} scenes hold, {time.monotonic() - began:.0f} s")
    return 1 if red else 0


HEAD = (
    "| killed with -9 | kills | figures accepted | not recorded | recorded twice | messages lost | gaps "
    "| bad signatures | our duplicates | the desk's own | p50 s | p99 s | worst s |\n" + "|---" * 13 + "|"
)


def row(verdict: Verdict) -> str:
    """One scene as a line of the table."""
    return (
        f"| {verdict.scene} | {verdict.kills} | {verdict.accepted} | {verdict.unrecorded} | {verdict.twice} "
        f"| {verdict.lost} | {verdict.gaps} | {verdict.forged} | {verdict.duplicates} | {verdict.provoked} "
        f"| {verdict.p50:.2f} | {verdict.p99:.2f} | {verdict.worst:.1f} |"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
