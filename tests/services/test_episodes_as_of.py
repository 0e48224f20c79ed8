"""Episodes through the API: computed on reading, as of any moment, each with its past states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from api_stage import MAGNETS, Stage, assert_problem
from scipy.stats import norm
from typer.testing import CliRunner

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from services.cli import app
from services.storage import forecasts
from services.storage.forecasts import ForecastRecord

LEVEL = 5000.0
MARCH_KNOWN = dt.datetime(2025, 4, 20, 2, tzinfo=dt.UTC)
ID = f"{MAGNETS}:2025-04:down"
KNOWN = {month: f"2025-{month + 1:02d}-20T02:00:00Z" for month in range(3, 9)}


Once = Callable[[Callable[[Stage], None]], None]


@pytest.fixture
def before_the_fall(stage: Stage, told_once: Once) -> Stage:
    """Two flat years and a forecast."""
    told_once(two_flat_years)
    return stage


@pytest.fixture
def story(stage: Stage, told_once: Once) -> Stage:
    """Two flat years, a forecast, and then the fall and the recovery of 2025."""
    told_once(fall_and_recovery)
    return stage


def two_flat_years(stage: Stage, series_id: str = MAGNETS) -> None:
    """March 2025 is the last figure, and a forecast is made of it."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    stage.register(series_id, name="magnet exports", family="rare-earths")
    past = [Month.of(2023, 4) + step for step in range(24)]
    rows = [
        {
            "series_id": series_id,
            "month": str(month),
            "value": LEVEL,
            "known_from": f"{month + 1}-20T02:00:00Z",
        }
        for month in past
    ]
    assert stage.upload(*rows, history="true").status_code == 200
    row = LEVEL * np.exp(0.08 * norm.ppf(LEVELS))
    march = Month.of(2025, 3)
    said = Forecast(series_id, "t", march, MARCH_KNOWN, LEVELS, np.tile(row, (18, 1)), "made up")
    model = forecasts.judging(stage.settings.portfolio)
    with stage.engine.begin() as connection:
        record = ForecastRecord(series_id, model, march, MARCH_KNOWN, said, None, [], {}, MARCH_KNOWN)
        forecasts.publish(connection, [record])


def fall_and_recovery(stage: Stage) -> None:
    """The whole of it."""
    two_flat_years(stage)
    fall(stage)


def fall(stage: Stage) -> None:
    """The figures of April to August 2025, month by month."""
    for month, value in zip(range(4, 9), (2626, 1238, 3188, 5577, 6146), strict=True):
        stage.upload({"month": f"2025-{month:02d}", "value": value, "known_from": KNOWN[month]})


def test_an_episode_from_onset_to_recovery(story: Stage) -> None:
    """Onset, trough, months under, shortfall with its interval and the closing month are told as fields."""
    (found,) = story.client.get("/v1/episodes").json()["items"]
    assert (found["id"], found["onset"], found["status"], found["closed"]) == (
        ID, "2025-04", "closed", "2025-08",
    )  # fmt: skip
    assert (found["trough"]["period"], found["trough"]["value"]) == ("2025-05", 1238.0)
    assert (found["months_under"], found["baseline"]["origin"]) == (3, "2025-03")
    lost = found["shortfall"]
    assert lost["value"] == pytest.approx(3 * LEVEL - 2626 - 1238 - 3188, rel=0.02)
    assert lost["lower"] < lost["value"] < lost["upper"]
    assert (lost["from"], lost["to"], lost["level"]) == ("2025-04", "2025-06", 90)
    assert sum(found["types"]["now"].values()) == pytest.approx(1)


def test_a_past_moment_is_answered_with_what_was_known_then(story: Stage) -> None:
    """As of each vintage the episode stands as it stood; before its onset was known there was none."""

    def status(as_of: str) -> list[str]:
        items = story.client.get("/v1/episodes", params={"as_of": as_of}).json()["items"]
        return [f"{each['status']} {each['followed_to']}" for each in items]

    assert status("2025-05-20T01:59:59Z") == []
    assert [status(KNOWN[month]) for month in range(4, 9)] == [
        ["open 2025-04"], ["open 2025-05"], ["recovering 2025-06"], ["recovering 2025-07"],
        ["closed 2025-08"],
    ]  # fmt: skip
    told = story.client.get(f"/v1/episodes/{ID}").json()
    assert [each["followed_to"] for each in told["states"]] == [f"2025-{month:02d}" for month in range(4, 9)]
    assert told["scenarios"] == []
    then = story.client.get(f"/v1/episodes/{ID}", params={"as_of": KNOWN[5]}).json()
    assert then["states"] == told["states"][:2]
    weights = {each["type"]: each["weight"] for each in then["scenarios"]}
    assert weights.pop("mixture") == 1
    assert sum(weights.values()) == pytest.approx(1)
    assert then["scenarios"][0]["months"][0] == "2025-06"


def test_a_revision_takes_an_episode_back(story: Stage) -> None:
    """A revised onset that is no shock begins nothing; as of before the revision the episode stays."""
    story.upload({"month": "2025-04", "value": 4900, "known_from": "2025-12-01T00:00:00Z"})
    (found,) = story.client.get("/v1/episodes").json()["items"]
    assert found["onset"] == "2025-05"
    before = story.client.get("/v1/episodes", params={"as_of": "2025-11-30T00:00:00Z"}).json()
    assert [each["id"] for each in before["items"]] == [ID]
    assert_problem(story.client.get(f"/v1/episodes/{ID}"), 404, "not-found")


def test_episodes_are_filtered_and_are_a_table(story: Stage) -> None:
    """By series, family and status; as CSV one row each; what is not known is refused."""
    for query, count in (
        ({"series_id": MAGNETS}, 1), ({"family": "rare-earths"}, 1), ({"family": "steel"}, 0),
        ({"status": "open"}, 0), ({"status": "closed"}, 1),
    ):  # fmt: skip
        assert len(story.client.get("/v1/episodes", params=query).json()["items"]) == count, query
    table = story.client.get("/v1/episodes", headers={"accept": "text/csv"}).text.splitlines()
    assert len(table) == 2
    assert table[0].startswith("series_id,unit,id,side,status")
    assert_problem(story.client.get("/v1/episodes", params={"state": "open"}), 422, "invalid-request")
    assert_problem(story.client.get("/v1/episodes", params={"series_id": "none"}), 404, "not-found")
    assert_problem(story.client.get("/v1/episodes/none"), 404, "not-found")


def test_the_command_lists_what_the_service_holds(story: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the command tells the service's episodes, each as its sentence, as of any moment."""
    monkeypatch.setattr("services.bootstrap.engine", lambda: story.engine)
    told = CliRunner().invoke(app, ["episodes", "--series", MAGNETS])
    assert told.exit_code == 0, told.output
    assert ID in told.output
    assert "closed with August 2025" in told.output
    before = CliRunner().invoke(app, ["episodes", "--as-of", "2025-05-01T00:00:00Z"])
    assert "no episode" in before.output


def test_a_page_goes_on_after_an_episode_that_has_changed(story: Stage) -> None:
    """The cursor is an episode of the list whatever its status is by now; what is no cursor is refused."""
    two_flat_years(story, "SECOND")
    story.upload({"series_id": "SECOND", "month": "2025-04", "value": 1000, "known_from": KNOWN[4]})
    first, second = story.client.get("/v1/episodes").json()["items"]
    assert (first["status"], second["status"]) == ("closed", "open")
    rest = story.client.get("/v1/episodes", params={"status": "open", "after": first["id"]})
    assert [each["id"] for each in rest.json()["items"]] == [second["id"]]
    wrong = story.client.get("/v1/episodes", params={"after": "none:2025-04:down"})
    assert "query.after" in assert_problem(wrong, 422, "invalid-request")["detail"]
