"""Forecasts through the API: the published one as of any moment, or the job that will publish it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from api_stage import MAGNETS, NOW, Stage, assert_problem, key
from sqlalchemy import event

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from services.storage import forecasts, heartbeats
from services.storage.forecasts import ForecastRecord

PATH = f"/v1/series/{MAGNETS}/forecasts"
APRIL_KNOWN = dt.datetime(2025, 5, 20, 2, tzinfo=dt.UTC)
MAY_KNOWN = dt.datetime(2025, 6, 20, 2, tzinfo=dt.UTC)


def publish(
    stage: Stage,
    vintage: dt.datetime,
    origin: str,
    level: float,
    *,
    model: str = "standard",
    change: dict[str, Any] | None = None,
) -> None:
    """Publish a forecast of 18 months whose quantiles are ``level`` + 100 times the quantile's level."""
    values = np.tile(level + 100 * np.array(LEVELS), (18, 1))
    month = Month.parse(origin)
    forecast = Forecast(MAGNETS, "t", month, vintage, LEVELS, values, model)
    members = [{"name": "theta", "weight": 1.0}]
    record = ForecastRecord(
        MAGNETS, model, month, vintage, forecast, None, members, {}, vintage, change=change
    )
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [record])


@pytest.fixture(autouse=True)
def figures(told_once: Callable[[Callable[[Stage], None]], None]) -> None:
    """What every test of this file begins with."""
    told_once(two_figures)


def two_figures(stage: Stage) -> None:
    """Two figures, each followed by a forecast."""
    stage.register()
    stage.upload({"month": "2025-04", "value": 2626, "known_from": APRIL_KNOWN.isoformat()})
    publish(stage, APRIL_KNOWN, "2025-04", 4000)
    stage.upload({"month": "2025-05", "value": 1238, "known_from": MAY_KNOWN.isoformat()})
    publish(stage, MAY_KNOWN, "2025-05", 1000)


def test_latest_forecast_as_of_any_moment(stage: Stage) -> None:
    """As of a moment the forecast is the one published from what was known then."""
    now = stage.client.get(PATH).json()
    assert (now["origin"], now["steps"][0]["month"], now["steps"][0]["horizon"]) == ("2025-05", "2025-06", 1)
    assert now["steps"][0]["quantiles"]["0.5"] == 1050
    before = stage.client.get(PATH, params={"as_of": "2025-06-20T01:59:59Z"}).json()
    assert (before["origin"], before["steps"][0]["quantiles"]["0.5"]) == ("2025-04", 4050)
    by_origin = stage.client.get(PATH, params={"origin": "2025-04"}).json()
    assert by_origin["id"] == before["id"]


def test_levels_and_horizon_are_chosen(stage: Stage) -> None:
    """Levels between those published are interpolated; outside them nothing was said."""
    chosen = stage.client.get(PATH, params={"levels": "0.15,0.5", "horizon": 2}).json()
    assert [step["quantiles"] for step in chosen["steps"]] == [{"0.15": 1015.0, "0.5": 1050.0}] * 2
    for wrong in ("0.001", "", "a", "nan", "0.5,"):
        assert_problem(stage.client.get(PATH, params={"levels": wrong}), 422, "invalid-request")
    assert_problem(stage.client.get(PATH, params={"horizon": 19}), 422, "invalid-request")


def test_a_forecast_that_the_caller_has_is_not_read_again(stage: Stage) -> None:
    """Its tag holds until the next is published, and for nothing else that is asked of the same forecast."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    for given, accept in (({}, "application/json"), ({"levels": "0.1,0.5"}, "text/csv")):
        first = stage.client.get(PATH, params=given, headers={"Accept": accept})
        tag = first.headers["etag"]
        event.listen(stage.engine, "before_cursor_execute", note)
        again = stage.client.get(PATH, params=given, headers={"Accept": accept, "If-None-Match": tag})
        event.remove(stage.engine, "before_cursor_execute", note)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == first.headers["cache-control"]
        for other in ({"horizon": 2}, {"levels": "0.5"}, {"as_of": APRIL_KNOWN.isoformat()}):
            assert stage.client.get(PATH, params=other, headers={"If-None-Match": tag}).status_code == 200
    assert asked
    assert not any("quantiles" in statement for statement in asked)
    tag = stage.client.get(PATH).headers["etag"]
    publish(stage, MAY_KNOWN + dt.timedelta(days=1), "2025-05", 2000)
    changed = stage.client.get(PATH, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["steps"][0]["quantiles"]["0.5"]) == (200, 2050)


def test_model_that_was_not_fitted_is_asked_for_once(stage: Stage) -> None:
    """A model asked for gets one job however often it is asked for, and then its forecast."""
    jobs_before = stage.rows()["jobs"]
    first = stage.client.get(PATH, params={"model": "prophet"})
    assert first.status_code == 202
    assert first.headers["retry-after"] == "2"
    assert stage.client.get(PATH, params={"model": "prophet"}).json()["id"] == first.json()["id"]
    assert stage.rows()["jobs"] == jobs_before + 1
    assert stage.nudged[-1] == "refresh_forecasts"
    (job,) = stage.client.get("/v1/jobs", params={"limit": 1}).json()["items"]
    assert (job["status"], job["arguments"]["portfolio"]) == ("pending", "prophet")
    publish(stage, MAY_KNOWN, "2025-05", 2000, model="prophet")
    assert stage.client.get(PATH, params={"model": "prophet"}).json()["model"] == "prophet"
    assert (
        stage.client.get(PATH, params={"model": "prophet", "as_of": "2025-06-01T00:00:00Z"}).status_code
        == 202
    )


def test_a_key_that_may_only_read_orders_no_work(stage: Stage) -> None:
    """It is told which scope would, gets the job that another key ordered, and the forecast once made."""
    read, write = key(stage, "read"), key(stage, "read", "write")
    before = stage.rows()["jobs"]
    asked = {"model": "prophet", "as_of": "2025-06-01T00:00:00Z"}
    told = assert_problem(stage.client.get(PATH, params=asked, headers=read), 403, "forbidden")
    assert told["scope"] == "write"
    assert stage.rows()["jobs"] == before
    ordered = stage.client.get(PATH, params=asked, headers=write)
    again = stage.client.get(PATH, params=asked, headers=read)
    assert (ordered.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == ordered.json()["id"]
    publish(stage, APRIL_KNOWN, "2025-04", 2000, model="prophet")
    assert stage.client.get(PATH, params=asked, headers=read).status_code == 200


def test_unknown_model_is_refused_with_those_there_are(stage: Stage) -> None:
    """A name that no model has is refused, and the models there are stand in the detail."""
    problem = assert_problem(stage.client.get(PATH, params={"model": "profet"}), 422, "invalid-request")
    assert "prophet" in problem["detail"]


def test_series_without_figures_says_so(stage: Stage) -> None:
    """Where nothing was known there is nothing to forecast from, and no job is made."""
    stage.register("EMPTY")
    before = stage.rows()["jobs"]
    assert_problem(stage.client.get("/v1/series/EMPTY/forecasts"), 409, "no-figures")
    assert_problem(stage.client.get(PATH, params={"as_of": "2020-01-01T00:00:00Z"}), 409, "no-figures")
    assert stage.rows()["jobs"] == before


def test_verdict_names_the_forecast_that_judged_it(stage: Stage) -> None:
    """A figure's verdict leads to the forecast that was published before the figure was known."""
    publish(stage, MAY_KNOWN, "2025-05", 4000, model=forecasts.judging("standard"))
    known = (MAY_KNOWN + dt.timedelta(days=30)).isoformat()
    stage.upload({"month": "2025-06", "value": 900, "known_from": known})
    june = stage.client.get(f"/v1/series/{MAGNETS}/verdicts").json()["items"][0]
    assert (june["verdict"], june["expected"]) == ("shock_down", 4050)
    judge = stage.client.get(f"/v1/forecasts/{june['forecast_id']}").json()
    assert (judge["vintage"], judge["origin"]) == ("2025-06-20T02:00:00Z", "2025-05")
    assert_problem(stage.client.get("/v1/forecasts/99999"), 404, "not-found")


def test_ready_needs_broker_and_a_recent_task(stage: Stage) -> None:
    """Readiness names each part that does not work: here the broker, and a sweep that is too old."""
    answer = stage.client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == (True, True)
    assert (answer.json()["broker"], answer.json()["worker"]) == (False, False)
    with stage.engine.begin() as connection:
        heartbeats.beat(connection, "sweep", now=NOW - dt.timedelta(seconds=59))
    assert stage.client.get("/readyz").json()["worker"] is True
    assert stage.client.get("/readyz").json()["queues"] == dict.fromkeys(heartbeats.QUEUES, False)
    with stage.engine.begin() as connection:
        heartbeats.beat(connection, "worker-forecast", now=NOW)
    answer = stage.client.get("/readyz").json()
    assert answer["queues"] == {"ingest": False, "forecast": True, "delivery": False}
    assert any("start worker-ingest" in each for each in answer["reasons"])
    assert not any("start worker-forecast" in each for each in answer["reasons"])
    stage.at = NOW + dt.timedelta(seconds=2)
    assert stage.client.get("/readyz").json()["worker"] is False


def test_changes_of_one_month_name_their_causes(stage: Stage) -> None:
    """The line of a month holds what moved it; a month that no publication foretold has none."""
    told = {
        "against": 1,
        "first": "2025-06",
        "before": [10.0, 20.0],
        "engine": [0.0, 0.0],
        "revisions": [1.0, 2.0],
        "news": [4.0, 3.0],
        "after": [15.0, 25.0],
        "figures": [{"span": "2025-05", "before": None, "after": 1238.0}],
    }
    publish(stage, MAY_KNOWN + dt.timedelta(days=1), "2025-05", 1000, change=told)
    (shown,) = stage.client.get(f"{PATH}/changes", params={"month": "2025-07"}).json()
    (line,) = shown["months"]
    assert line["before"] + line["engine"] + line["revisions"] + line["news"] == line["after"] == 25.0
    assert shown["figures"] == told["figures"]
    assert stage.client.get(f"{PATH}/changes", params={"month": "2030-01"}).json() == []
    earlier = {"as_of": MAY_KNOWN.isoformat()}
    assert stage.client.get(f"{PATH}/changes", params=earlier).json() == []


def test_a_model_by_name_shows_what_its_intervals_held(stage: Stage) -> None:
    """Until a figure was scored the coverage is null and says why; without a model asked for it is absent."""
    publish(stage, MAY_KNOWN, "2025-05", 1000, model="prophet")
    held = stage.client.get(PATH, params={"model": "prophet"}).json()["measured"]
    assert held["coverage_80"] is None
    assert "no month" in held["reason"]
    assert stage.client.get(PATH).json()["measured"] is None
