"""``make chaos``: every scene on the local stack, and the table that goes into the README."""

from __future__ import annotations

import argparse
import logging
import sys

import structlog
from chaos_scenes import Kill, Scene, Verdict, play, stage

WORKER, CHILD = Kill("worker delivery", 2), Kill("worker delivery", 6, child=True)
SWEEP, BEAT, BROKER, DATABASE = Kill("sweep", 3), Kill("beat", 2), Kill("valkey", 2), Kill("postgres", 2)

SCENES = (
    Scene("nothing is killed"),
    Scene("the sweep", (SWEEP,)),
    Scene("a Celery child", (CHILD,)),
    Scene("the Celery worker", (WORKER,)),
    Scene("beat", (BEAT,)),
    Scene("Valkey", (BROKER,)),
    Scene("PostgreSQL", (DATABASE,)),
    Scene("a hostile desk", hostile=True),
    Scene("all of these at once", (SWEEP, CHILD, WORKER, BEAT, BROKER, DATABASE), hostile=True),
)


def main() -> int:
    """Play every scene; 0 where each holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=25.0, help="over which they are committed")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    _say(head())
    verdicts = []
    with stage() as on:
        for scene in SCENES:
            verdicts.append(play(on, scene, messages=given.messages, seconds=given.seconds))
            _say(row(verdicts[-1]))
    with stage(appendonly=False) as on:
        scene = Scene("Valkey without appendonly", (BROKER,))
        verdicts.append(play(on, scene, messages=given.messages, seconds=given.seconds))
        _say(row(verdicts[-1]))
    with stage(celery=False) as on:
        scene = Scene("no broker: the sweep alone", nudged=False)
        verdicts.append(play(on, scene, messages=given.messages, seconds=given.seconds))
        _say(row(verdicts[-1]))
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def head() -> str:
    """The first two lines of the table."""
    return (
        "| killed with -9 | kills | committed | lost | gaps | bad signatures | our duplicates "
        "| the desk's own | p50 s | p99 s | worst s |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )


def row(verdict: Verdict) -> str:
    """One scene as a line of the table."""
    return (
        f"| {verdict.scene} | {verdict.kills} | {verdict.committed} | {verdict.lost} | {verdict.gaps} "
        f"| {verdict.forged} | {verdict.duplicates} | {verdict.provoked} "
        f"| {verdict.p50:.2f} | {verdict.p99:.2f} | {verdict.worst:.1f} |"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
