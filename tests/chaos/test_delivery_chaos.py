"""A short form of ``make chaos``: real processes are killed, no message is lost, planted faults are seen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from chaos_figures import held, post, record
from chaos_scenes import Kill, Scene, play
from chaos_stage import Stage, stage
from chaos_verdict import Bounds, Verdict

Eventually = Callable[[Callable[[], bool]], bool]

NONE_LOST = {"unrecorded": 0, "twice": 0, "lost": 0, "gaps": 0, "forged": 0, "missed": 0}


def counts(verdict: Verdict) -> dict[str, int]:
    return {name: getattr(verdict, name) for name in NONE_LOST}


def test_nothing_is_lost_whatever_is_killed() -> None:
    """Whatever is killed, the API inside a recording, nothing that was accepted is lost or recorded twice."""
    kills = (
        Kill("api", 1, recording=True),
        Kill("sweep", 1),
        Kill("worker delivery", 1, child=True),
        Kill("worker delivery", 1),
        Kill("valkey", 1),
        Kill("postgres", 1),
    )
    with stage(api="real") as on:
        verdict = play(on, Scene("mixed", kills, commit=post), figures=80, seconds=8)
    assert counts(verdict) == NONE_LOST, verdict
    assert verdict.worst <= 32, verdict


@pytest.mark.long
def test_sweep_delivers_without_a_broker() -> None:
    """With no Celery and no nudge the sweep delivers all by itself, each message once, within 5 s."""
    with stage(celery=False) as on:
        play(on, Scene("warm up", commit=record), figures=1, seconds=0)
        verdict = play(on, Scene("alone", commit=record, bounds=Bounds(p99=5.0)), figures=50, seconds=2)
    assert verdict.faults == []


@pytest.mark.long
def test_chaos_sees_a_sweep_that_is_off() -> None:
    """Where nudges are lost and the sweep is switched off, the verdict is red: the suite can fail."""
    with stage(sweep=False, celery=False) as on:
        verdict = play(on, Scene("planted", commit=record), figures=10, seconds=1, patience=2)
    assert verdict.faults == ["10 lost"]


@pytest.mark.long
def test_chaos_sees_messages_written_after_the_commit(eventually: Eventually) -> None:
    """An API that writes its messages after the commit of the figures loses them to kill -9, and is seen."""

    def killed_after_the_commit(on: Stage, series_id: str) -> None:
        with ThreadPoolExecutor(1) as sender:
            sent = sender.submit(post, on, series_id)
            assert eventually(lambda: series_id in held(on, "late"))
            psutil.Process(on.supervisor.pids()["api"]).kill()
            sent.result()

    with stage(celery=False, api="late_messages_api.py") as on:
        verdict = play(on, Scene("late", commit=killed_after_the_commit), figures=1, seconds=0, patience=5)
    assert verdict.faults == ["1 lost"]
