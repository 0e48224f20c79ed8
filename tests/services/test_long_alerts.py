"""An alert that outlives the forecast from before it began can still close, live as in the rehearsal."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from api_stage import MAGNETS, Stage

from alerts.bands import counterfactual_band
from alerts.release_calendars import EXAMPLE as CALENDAR
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.storage import forecasts
from services.storage.forecasts import ForecastRecord
from services.usecases.watch_releases import watch_releases

KNOWN = dt.datetime(2025, 6, 20, 2, tzinfo=dt.UTC)
BEFORE = Forecast(
    MAGNETS,
    "t",
    Month.parse("2025-05"),
    KNOWN,
    LEVELS,
    np.arange(18)[:, None] * 10 + 4000 + 100 * np.array(LEVELS),
    "standard",
)
RULE = {
    "name": "Shocks",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "shock", "direction": "down"},
    "close_when": {"kind": "recovered"},
}


def test_the_last_year_of_a_forecast_goes_on_beyond_its_horizon() -> None:
    """Inside the horizon it is what was published; beyond, the same month a year before, and wider."""
    inside = counterfactual_band(BEFORE, Span(Month.parse("2026-11")))
    beyond = counterfactual_band(BEFORE, Span(Month.parse("2026-12")))
    assert inside is not None
    assert beyond is not None
    assert (inside.expected, inside.rolled_past) == (4220.0, None)
    assert (beyond.expected, beyond.rolled_past) == (4110.0, Month.parse("2026-11"))
    assert beyond.upper_80 - beyond.lower_80 > inside.upper_80 - inside.lower_80
    two = counterfactual_band(BEFORE, Span.parse("2026-11..2026-12"))
    assert two is not None
    assert two.expected == inside.expected + beyond.expected
    assert counterfactual_band(BEFORE, Span(Month.parse("2025-05"))) is None


@pytest.fixture
def shocked(stage: Stage) -> Stage:
    """A series whose alert of June 2025 is open, by a forecast that ends in November 2026."""
    stage.at = stage.at.replace(year=2027)
    stage.register()
    stage.client.put("/v1/rules/shocks", json=RULE)
    stage.upload({"month": "2025-05", "value": 4000, "known_from": KNOWN.isoformat()})
    model = forecasts.judging("standard")
    record = ForecastRecord(MAGNETS, model, BEFORE.origin, KNOWN, BEFORE, None, [], {}, KNOWN)
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [record])
    report = stage.upload({"month": "2025-06", "value": 900, "known_from": "2025-07-20T02:00:00Z"})
    assert report.json()["alerts"] == {"opened": 1}
    return stage


def test_an_alert_closes_after_the_forecast_from_before_it_has_ended(shocked: Stage) -> None:
    """A figure of the nineteenth month closes it, says by what, and the rehearsal closes it there too."""
    low = {"month": "2026-12", "value": 900, "known_from": "2027-01-20T02:00:00Z"}
    assert shocked.upload(low).json()["alerts"] == {"updated": 1}
    back = {"month": "2027-01", "value": 4120, "known_from": "2027-02-20T02:00:00Z"}
    assert shocked.upload(back).json()["alerts"] == {"resolved": 1}
    (alert,) = shocked.client.get("/v1/alerts").json()["items"]
    last = shocked.client.get(f"/v1/alerts/{alert['id']}").json()["events"][-1]
    assert last["payload"]["data"]["counterfactual"]["rolled_past"] == "2026-11"
    assert "its last year rolled on past November 2026" in last["sentence"]
    assert "rolled on past November 2026" in last["reason"]
    told = shocked.client.post("/v1/rules/rehearse", json=RULE, params={"from": "2025-06"}).json()["alerts"]
    assert [(each["onset"], each["closed"]) for each in told] == [("2025-06", "2027-01")]


def test_an_alert_whose_onset_no_forecast_judged_closes_too(stage: Stage) -> None:
    """It waits for the forecast that a rehearsal makes of before its onset, and both close it there."""
    stage.at = stage.at.replace(year=2027)
    stage.register()
    rule = {**RULE, "condition": {"kind": "level", "below": 2000}}
    stage.client.put("/v1/rules/low", json=rule)
    noise = np.random.default_rng(4).normal(1, 0.05, 40)
    values = [round(4000 * each, 1) for each in noise]
    values[36] = 900.0
    for place, value in enumerate(values):
        month = Month.of(2022, 1) + place
        known_from = dt.datetime.combine((month + 2).first_day, dt.time(2), dt.UTC).isoformat()
        stage.upload({"month": str(month), "value": value, "known_from": known_from})
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    told = stage.client.post("/v1/rules/rehearse", json=rule).json()["alerts"]
    assert (alert["onset"], alert["closed"]) == ("2025-01", "2025-02")
    assert [(each["onset"], each["closed"]) for each in told] == [("2025-01", "2025-02")]


def test_an_alert_that_began_while_a_figure_was_awaited_closes_too(stage: Stage) -> None:
    """Opened by a late release, followed by its low figure, it is over when a figure has come back."""
    stage.at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    stage.register()
    calendar = {**CALENDAR, "scope": {"series": [MAGNETS]}, "combined": [], "closed": [], "days": {}}
    assert stage.client.put("/v1/release-calendars/own", json=calendar).status_code < 300
    either = {"kind": "any", "of": [{"kind": "overdue"}, {"kind": "level", "below": 2000}]}
    stage.client.put("/v1/rules/either", json={**RULE, "condition": either})
    noise = np.random.default_rng(4).normal(1, 0.05, 36)
    for place, each in enumerate(noise):
        month = Month.of(2022, 1) + place
        known_from = dt.datetime.combine((month + 1).first_day, dt.time(2), dt.UTC) + dt.timedelta(days=6)
        stage.at = known_from
        stage.upload({"month": str(month), "value": round(4000 * each, 1)})
    stage.at = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    for _ in range(2):
        with stage.engine.begin() as connection:
            watch_releases(connection, budget=0.1, now=stage.at)
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    assert (alert["onset"], alert["status"]) == ("2025-01", "opened")
    stage.upload({"month": "2025-01", "value": 900})
    stage.at += dt.timedelta(days=1)
    assert stage.upload({"month": "2025-02", "value": 4000}).json()["alerts"] == {"resolved": 1}
    assert stage.client.post("/v1/rules/rehearse", json={**RULE, "condition": either}).status_code == 200
