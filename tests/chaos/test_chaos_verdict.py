"""The verdict on a scene can be red: it refuses what is lost, and what came later than is promised."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest
from all_scenes import IDLE, RECOVERED, SCENES
from chaos_stage import LEASE_SECONDS
from chaos_verdict import Bounds, Verdict, judge

from alerts.delivery import signing

BEGAN = dt.datetime(2025, 6, 9, 3, tzinfo=dt.UTC)
SECRET = signing.new_secret(bytes(range(32)))
BOUNDS = Bounds(p50=0.1, p99=1.0, worst=19.0)


def judged(waits: Mapping[str, float | None], *, bounds: Bounds = BOUNDS, kills: int = 1) -> Verdict:
    """The verdict where the message of each figure came after so many seconds, None being never."""
    lines = []
    for number, (series_id, wait) in enumerate(waits.items(), start=1):
        if wait is None:
            continue
        at = BEGAN + dt.timedelta(seconds=wait)
        body = json.dumps({"sequence": number, "data": {"series": {"id": series_id}}})
        headers = signing.sign([SECRET], message_id=f"msg_{series_id}", at=at, body=body.encode())
        line = {
            "scene": "made.0",
            "at": at.timestamp(),
            "fate": "ok",
            "headers": dict(headers),
            "body": body,
        }
        lines.append(json.dumps(line))
    return judge(
        lines,
        scene="made",
        slug="made",
        accepted=list(waits),
        held=dict.fromkeys(waits, 1),
        made={f"msg_{series_id}": BEGAN.timestamp() for series_id in waits},
        secrets=[SECRET],
        kills=kills,
        bounds=bounds,
    )


def waiting(*late: float) -> dict[str, float | None]:
    """A thousand figures of which these came late and the others at once."""
    quick = {f"made-{number}": 0.05 for number in range(1000 - len(late))}
    return quick | {f"made-late-{number}": wait for number, wait in enumerate(late)}


def test_what_comes_in_time_holds() -> None:
    """A thousand messages within the bounds, one of them only after a lease, are no fault."""
    verdict = judged(waiting(18.9))
    assert (verdict.faults, verdict.accepted, verdict.worst) == ([], 1000, pytest.approx(18.9))


@pytest.mark.parametrize(
    ("late", "faults"),
    [
        ([1.5] * 15, ["p99 of 1.50 s, 1 s are promised"]),
        ([19.1], ["worst of 19.10 s, 19 s are promised"]),
        ([20.0] * 15, ["p99 of 20.00 s, 1 s are promised", "worst of 20.00 s, 19 s are promised"]),
        ([0.2] * 600, ["p50 of 0.20 s, 0.1 s are promised"]),
    ],
)
def test_what_comes_late_is_refused(late: list[float], faults: list[str]) -> None:
    """A p99, a median or a worst recovery beyond its bound makes the scene red, and says by how much."""
    assert judged(waiting(*late)).faults == faults


def test_what_never_comes_is_lost_and_a_gap() -> None:
    """A figure that was accepted and whose message is missing is a fault, however fast the others were."""
    waits: dict[str, float | None] = {"made-0": 0.05, "made-1": None, "made-2": 0.05}
    assert judged(waits).faults == ["1 lost", "1 gaps"]


@pytest.mark.parametrize("name", ["unrecorded", "twice", "lost", "gaps", "forged", "missed"])
def test_one_of_these_is_one_too_many(name: str) -> None:
    """Nothing that is promised never to happen may happen once."""
    assert dataclasses.replace(judged(waiting()), **{name: 1}).faults == [f"1 {name}"]


def test_duplicates_are_ours_only_while_parts_are_killed() -> None:
    """A message that comes twice without a kill is refused; under kills two in a hundred may."""
    verdict = judged(waiting())
    assert dataclasses.replace(verdict, duplicates=20).faults == []
    assert dataclasses.replace(verdict, duplicates=21).faults == ["21 duplicates of our own"]
    assert dataclasses.replace(verdict, duplicates=1, kills=0).faults == ["1 duplicates of our own"]


def test_scenes_promise_what_is_claimed() -> None:
    """Unharmed p99 is a second; whichever one part is killed, the worst is a lease and 2 s at most."""
    assert (IDLE.p99, RECOVERED.worst) == (1.0, LEASE_SECONDS + 2.0)
    killing = [scene for scene in SCENES if scene.kills and scene.mood == "calm"]
    assert len(killing) >= 7
    assert all(scene.bounds.worst <= RECOVERED.worst for scene in killing)


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({}, []),
        ({"rate": 1499.0}, ["1,499 per CPU second"]),
        ({"bare": 7600.0}, ["0.197 of the bare loop"]),
        ({"growth": 0.051}, ["memory grew by 5.1%"]),
        (
            {"rate": 900.0, "growth": 0.2},
            ["900 per CPU second", "0.180 of the bare loop", "memory grew by 20.0%"],
        ),
    ],
)
def test_the_benchmark_of_delivery_says_each_promise_it_breaks(
    measured: dict[str, float], said: list[str]
) -> None:
    """1,500 a CPU second, a fifth of a bare loop and 5 % of memory are enough; what falls short is said."""
    benchmark = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "delivery.py"))
    faults = benchmark["broken"](**{"rate": 1500.0, "bare": 5000.0, "growth": 0.05, **measured})
    assert [fault.partition(", promised")[0] for fault in faults] == said
