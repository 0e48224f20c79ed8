"""A short form of ``make chaos``: real processes are killed, no message is lost, planted faults are seen."""

from __future__ import annotations

from chaos_scenes import Kill, Scene, play, stage


def test_nothing_is_lost_whatever_is_killed() -> None:
    """While the sweep, Celery, a child of it and both servers are killed, every message arrives, no gap."""
    kills = (
        Kill("sweep", 1),
        Kill("worker delivery", 1, child=True),
        Kill("worker delivery", 1),
        Kill("valkey", 1),
        Kill("postgres", 1),
    )
    with stage() as on:
        verdict = play(on, Scene("mixed", kills), messages=100, seconds=10)
    assert (verdict.lost, verdict.gaps, verdict.forged) == (0, 0, 0), verdict


def test_sweep_delivers_without_a_broker() -> None:
    """With no Celery and no nudge the sweep delivers all by itself, each message once."""
    with stage(celery=False) as on:
        verdict = play(on, Scene("sweep alone", nudged=False), messages=50, seconds=2)
    assert verdict.holds, verdict
    assert verdict.duplicates == 0
    assert verdict.p99 < 5


def test_chaos_sees_a_sweep_that_is_off() -> None:
    """Where nudges are lost and the sweep is switched off, the verdict is red: the suite can fail."""
    with stage(sweep=False) as on:
        verdict = play(on, Scene("planted", nudged=False), messages=10, seconds=1, patience=3)
    assert verdict.lost == 10
    assert not verdict.holds
