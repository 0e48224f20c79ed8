"""Backtests through the API: ordered, run by a worker once, and read line by line."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key

from forecasting.months import Month
from services.storage import restrictions
from services.usecases import run_backtests
from services.usecases.order_backtest import MOST_FITTED, MOST_WAITING
from services.usecases.run_backtests import BacktestTooLongError, Here, backtests_due
from services.work.runner import turn

FIRST = Month.parse("2019-01")
ASKED = {"series": [MAGNETS], "portfolio": "theta", "folds": 2, "horizon": 6}


@pytest.fixture
def past(stage: Stage) -> Stage:
    """Six years of a season on a trend."""
    stage.register(family="rare-earths")
    rows = [
        {
            "month": str(FIRST + step),
            "value": 3000 + 10 * step + 200 * (step % 12) + 37 * (step % 5),
            "known_from": f"{FIRST + step + 1}-20T02:00:00Z",
        }
        for step in range(72)
    ]
    assert stage.upload(*rows, history="true").status_code == 200
    return stage


def worked(stage: Stage) -> int:
    """Run one backtest that is due, as a worker does; how many were."""
    kind = backtests_due(stage.engine, lease=dt.timedelta(minutes=10))
    return len(turn(stage.engine, kind, clock=lambda: stage.at).claimed)


def test_a_backtest_is_ordered_run_and_read(past: Stage) -> None:
    """It waits, a worker runs it, each line says how a model did; asked again it is the same, and done."""
    ordered = past.client.post("/v1/backtests", json=ASKED)
    assert (ordered.status_code, ordered.json()["status"], ordered.json()["lines"]) == (202, "pending", [])
    assert int(ordered.headers["retry-after"]) > 0
    assert worked(past) == 1
    told = past.client.get(ordered.headers["location"]).json()
    assert (told["status"], told["series"], told["error"]) == ("done", 1, None)
    line, beside = sorted(told["lines"], key=lambda each: each["model"] != "theta")
    assert (line["model"], line["folds"], beside["model"]) == ("theta", 2, "seasonal_naive")
    assert 0 < line["mase"] < beside["mase"]
    again = past.client.post("/v1/backtests", json=ASKED)
    assert (again.status_code, again.json()["id"], again.json()["lines"]) == (200, told["id"], told["lines"])
    assert worked(past) == 0


def test_a_backtest_sees_no_figure_of_a_later_moment(past: Stage) -> None:
    """As of a moment its last origin lies before that; a figure that comes later makes another backtest."""
    then = past.client.post("/v1/backtests", json=ASKED, params={"as_of": "2023-01-01T00:00:00Z"}).json()
    assert then["asked"]["as_of"] == "2022-12-20T02:00:00+00:00"
    now = past.client.post("/v1/backtests", json=ASKED).json()
    assert now["id"] != then["id"]
    assert worked(past) == 1
    assert worked(past) == 1
    lines = [past.client.get(f"/v1/backtests/{each['id']}").json()["lines"] for each in (then, now)]
    assert lines[0] != lines[1]
    past.upload({"month": "2022-08", "value": 9000, "known_from": past.at.isoformat()})
    same = past.client.post("/v1/backtests", json=ASKED, params={"as_of": "2023-01-01T00:00:00Z"}).json()
    assert same["id"] == then["id"]
    assert past.client.post("/v1/backtests", json=ASKED).json()["id"] not in {then["id"], now["id"]}


def test_an_origin_holds_what_was_known_then(past: Stage) -> None:
    """A month that was revised after the origin is in its past as it was first printed."""
    asked = {**ASKED, "folds": 1}
    before = past.client.post("/v1/backtests", json=asked).json()
    assert past.upload({"month": "2022-08", "value": 9000, "known_from": "2025-01-25T02:00:00Z"}).is_success
    after = past.client.post("/v1/backtests", json=asked).json()
    assert after["asked"]["as_of"] == "2025-01-25T02:00:00+00:00"
    assert (worked(past), worked(past)) == (1, 1)
    first, second = (past.client.get(f"/v1/backtests/{each['id']}").json() for each in (before, after))
    assert [{**line, "cpu_s": 0} for line in first["lines"]] == [
        {**line, "cpu_s": 0} for line in second["lines"]
    ]
    assert (first["note"], second["note"]) == (None, None)


def test_months_that_came_together_are_no_later_history(stage: Stage) -> None:
    """Known then, but nothing of the months after it stands alone: no pair, and no cut of later figures."""
    stage.register()
    rows = [
        {
            "month": str(month),
            "value": 900 + 37 * (step % 12) + step,
            "known_from": f"{month + 1}-20T02:00:00Z",
        }
        for step in range(72)
        if not (month := FIRST + step).first_day.month <= 2
    ]
    pair = {"month": "2025-01..2025-02", "value": 1800, "known_from": "2025-03-20T02:00:00Z"}
    march = {"month": "2025-03", "value": 950, "known_from": "2025-04-20T02:00:00Z"}
    assert stage.upload(*rows, pair, march, history="true").is_success
    made = stage.client.post("/v1/backtests", json={**ASKED, "folds": 2, "horizon": 2}).json()
    assert worked(stage) == 1
    told = stage.client.get(f"/v1/backtests/{made['id']}").json()
    assert {each["folds"] for each in told["lines"]} == {1}
    assert told["note"].startswith("1 of 2 pairs of a series and an origin could be scored")
    assert "loaded later" not in told["note"]


def test_an_origin_between_two_releases_is_no_other_one(stage: Stage) -> None:
    """Where two months became known together, the moment between them sees what the one before it saw."""
    stage.register()
    rows = [
        {
            "month": str(FIRST + step),
            "value": 900 + 37 * (step % 12) + step,
            "known_from": f"{FIRST + step + 1 + (step % 2 == 0)}-20T02:00:00Z",
        }
        for step in range(72)
    ]
    assert stage.upload(*rows, history="true").is_success
    made = stage.client.post("/v1/backtests", json={**ASKED, "folds": 4, "horizon": 1}).json()
    assert worked(stage) == 1
    told = stage.client.get(f"/v1/backtests/{made['id']}").json()
    assert {each["folds"] for each in told["lines"]} == {2}
    assert told["note"].startswith("2 of 4 pairs")


def test_a_history_that_was_loaded_later_is_cut_by_months(stage: Stage) -> None:
    """Nothing of it was known at an origin: it is scored on its latest figures, and the note says so."""
    stage.register()
    rows = [{"month": str(FIRST + step), "value": 900 + 37 * (step % 12) + step} for step in range(60)]
    assert stage.upload(*rows, history="true").is_success
    made = stage.client.post("/v1/backtests", json=ASKED).json()
    assert worked(stage) == 1
    told = stage.client.get(f"/v1/backtests/{made['id']}").json()
    assert {each["folds"] for each in told["lines"]} == {2}
    assert told["note"].startswith("2 pairs are of a history that was loaded later than their origin: cut")


def test_a_backtest_that_cannot_be_is_refused(past: Stage) -> None:
    """Nothing meant, too much, or an unknown model is said at once, and no job is made."""
    for given, said in (
        ({**ASKED, "series": ["none"]}, "There is no series"),
        ({"tag": "none"}, "No series that you may see"),
        ({"series": [MAGNETS], "family": "rare-earths"}, "exactly one"),
        ({**ASKED, "portfolio": "oracle"}, "oracle"),
    ):
        answer = past.client.post("/v1/backtests", json=given)
        assert answer.status_code in {404, 422}, answer.text
        assert said in answer.text
    for number in range(MOST_FITTED // 12 + 1):
        past.register(f"S{number}", family="many")
    many = past.client.post("/v1/backtests", json={"family": "many", "folds": 12})
    assert "ask for fewer" in assert_problem(many, 422, "invalid-request")["detail"]
    assert worked(past) == 0
    for horizon in range(1, MOST_WAITING // 2 + 1):
        for folds in (1, 2):
            given = {**ASKED, "folds": folds, "horizon": horizon}
            assert past.client.post("/v1/backtests", json=given).status_code == 202
    more = past.client.post("/v1/backtests", json={**ASKED, "folds": 3})
    assert "ask again when some are done" in assert_problem(more, 409, "conflict")["detail"]
    assert past.client.post("/v1/backtests", json={**ASKED, "horizon": 1}).status_code == 202
    assert_problem(past.client.get("/v1/backtests/12345"), 404, "not-found")


def test_a_desk_sees_no_backtest_of_what_is_kept_from_it(past: Stage) -> None:
    """A backtest with a series that another desk keeps is not there for a desk."""
    past.client.headers.update(key(past, "admin"))
    made = past.client.post("/v1/backtests", json=ASKED).json()
    with past.engine.begin() as connection:
        restrictions.restrict(connection, [MAGNETS], source="comtrade", desk="grains", now=past.at)
    metals = key(past, "read", "write", desk="metals")
    address = f"/v1/backtests/{made['id']}"
    assert_problem(past.client.get(address, headers=metals), 404, "not-found")
    assert past.client.post("/v1/backtests", json=ASKED, headers=metals).status_code == 404
    assert past.client.get(address).status_code == 200


def test_what_the_past_is_too_short_for_is_said(past: Stage) -> None:
    """Of more origins than the past holds those that could be scored are counted, in a note."""
    made = past.client.post("/v1/backtests", json={**ASKED, "folds": 12, "horizon": 12}).json()
    assert worked(past) == 1
    told = past.client.get(f"/v1/backtests/{made['id']}").json()
    assert {each["folds"] for each in told["lines"]} == {4}
    assert told["note"].startswith("4 of 12 pairs of a series and an origin could be scored: 24 months")


def test_a_backtest_that_never_ends_is_given_up(past: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it is done with a note that says what to do, and no line; its worker goes on."""
    monkeypatch.setattr(run_backtests, "MOST_SECONDS", -1.0)
    made = past.client.post("/v1/backtests", json=ASKED).json()
    assert worked(past) == 1
    told = past.client.get(f"/v1/backtests/{made['id']}").json()
    assert (told["status"], told["lines"], told["series"]) == ("done", [], None)
    assert "ask for fewer" in told["note"]


def test_a_backtest_is_given_up_in_the_midst_of_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is begun when it is asked for, and none once the time is over."""
    begun: list[int] = []
    clock = SimpleNamespace(monotonic=lambda: 7.0 * len(begun))  # each piece takes 7 s
    monkeypatch.setattr(run_backtests, "time", clock)
    with pytest.raises(BacktestTooLongError, match="more than 10 s"):
        list(Here(10).map(begun.append, [1, 2, 3]))
    assert begun == [1, 2]
