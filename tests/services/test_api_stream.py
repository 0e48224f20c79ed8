"""Alerts as server-sent events: live, resumed, without a gap, and of one desk alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from api_stage import MAGNETS, Stage

from services.queries import alert_stream as route
from services.storage import alert_stream
from services.usecases.manage_keys import add_key, revoke_key

RULE = {"name": "Low", "desk": "metals", "scope": {"series": [MAGNETS]}}
LOW = {"kind": "level", "below": 3000}


@pytest.fixture
def watched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage whose desks metals and grains hear of the same figure; looks are quick."""
    monkeypatch.setattr(route, "LOOK_SECONDS", 0.02)
    stage.register()
    for desk in ("metals", "grains"):
        rule = {**RULE, "desk": desk, "condition": LOW}
        assert stage.client.put(f"/v1/rules/{desk}", json=rule).status_code == 200
    return stage


@contextmanager
def listening(stage: Stage, **headers: str) -> Iterator[Iterator[str]]:
    """Lines of the stream."""
    with stage.client.stream("GET", "/v1/alerts/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        yield lines


def event(lines: Iterator[str]) -> dict[str, Any]:
    """The next event, its three lines as one."""
    found: dict[str, Any] = {}
    for line in lines:
        if line.startswith((":", "retry")) or not (line or found):
            continue
        if not line:
            return found
        name, _, value = line.partition(": ")
        found[name] = json.loads(value) if name == "data" else value
    raise AssertionError("the stream ended")


def figure(month: str, value: float) -> dict[str, Any]:
    known = dt.date.fromisoformat(f"{month}-20") + dt.timedelta(days=31)
    return {"month": month, "value": value, "known_from": f"{known}T02:00:00Z"}


def key(stage: Stage, desk: str | None) -> tuple[str, dict[str, str]]:
    with stage.engine.begin() as connection:
        made, text = add_key(connection, name="k", scopes=("read", "write"), desk=desk, now=stage.at)
    return made.id, {"Authorization": f"Bearer {text}"}


def test_an_alert_is_heard_as_it_opens_and_only_from_then_on(watched: Stage) -> None:
    """Whoever listens hears what happens from now on, each event under its type with its sentence."""
    watched.upload(figure("2025-03", 1000))
    with listening(watched) as lines:
        watched.upload(figure("2025-04", 5000))
        heard = [event(lines), event(lines)]
    assert {each["event"] for each in heard} == {"alert.resolved"}
    assert {each["data"]["desk"] for each in heard} == {"metals", "grains"}
    assert all(each["data"]["payload"]["data"]["sentence"] for each in heard)


def test_whoever_comes_back_hears_what_was_missed(watched: Stage) -> None:
    """After Last-Event-ID everything later is told once, in order; 0 is the whole past."""
    for month, value in (("2025-02", 1000), ("2025-03", 5000), ("2025-04", 900)):
        watched.upload(figure(month, value))
    with listening(watched, **{"Last-Event-ID": "0"}) as lines:
        past = [event(lines) for _ in range(6)]
    with listening(watched, **{"Last-Event-ID": past[2]["id"]}) as lines:
        assert [event(lines) for _ in range(3)] == past[3:]


def test_a_desk_hears_its_own_alerts_and_a_revoked_key_ends_the_stream(watched: Stage) -> None:
    """Another desk's events are not in the stream; it ends when its key does."""
    key_id, headers = key(watched, "metals")
    watched.client.headers = {**watched.client.headers, **key(watched, None)[1]}
    with listening(watched, **headers, **{"Last-Event-ID": "0"}) as lines:
        watched.upload(figure("2025-04", 1000))
        watched.upload(figure("2025-05", 5000))
        assert [event(lines)["data"]["desk"] for _ in range(2)] == ["metals", "metals"]
        with watched.engine.begin() as connection:
            revoke_key(connection, key_id, now=watched.at)
        assert [line for line in lines if line] == []


def test_silence_is_filled_with_comments(watched: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that has nothing to tell says so, which keeps it open through proxies."""
    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.05)
    with listening(watched) as lines:
        assert next(line for line in lines if line.startswith(":")) == ": nothing new"


def test_an_event_that_commits_late_is_not_passed_over(watched: Stage) -> None:
    """An event whose transaction is still open holds back what was recorded after it began."""
    watched.upload(figure("2025-04", 1000))
    copied = "INSERT INTO alert_events (alert_id, kind, reason, payload, known_from, recorded_at) "
    copied += "SELECT alert_id, kind, reason, payload, known_from, recorded_at FROM alert_events LIMIT 1"
    with watched.engine.connect() as slow, watched.engine.connect() as reader:
        begun = alert_stream.end(reader)
        slow.exec_driver_sql(copied)
        watched.upload(figure("2025-05", 5000))
        reader.rollback()
        assert alert_stream.after(reader, begun, desk=None) == []
        slow.commit()
        reader.rollback()
        told = [each.position.id for each in alert_stream.after(reader, begun, desk=None)]
    assert len(told) == 3
    assert len(set(told)) == 3


def test_streams_are_bounded(watched: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more stream than a process keeps is refused with the time to come back."""
    monkeypatch.setattr(route, "MOST_STREAMS", 0)
    answer = watched.client.get("/v1/alerts/stream")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
