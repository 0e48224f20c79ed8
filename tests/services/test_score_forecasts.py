"""Published forecasts are scored when their months arrive, by the first print and by the latest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from api_stage import MAGNETS, NOW, Stage, assert_problem
from sqlalchemy import Engine

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from services.cli.engine import scoreboard as command
from services.storage import forecasts
from services.storage.forecasts import ForecastRecord
from services.usecases.score_forecasts import score_due

LEASE = dt.timedelta(minutes=10)
KNOWN = dt.datetime(2025, 2, 10, tzinfo=dt.UTC)
PATH = "/v1/scoreboard"


def publish(stage: Stage, vintage: dt.datetime, origin: str, level: float, model: str = "standard") -> None:
    """A forecast of 18 months: ``level`` + 100 times the quantile's level, seasonal naive 20 above it."""
    month = Month.parse(origin)
    values = np.tile(level + 100 * np.array(LEVELS), (18, 1))
    forecast = Forecast(MAGNETS, "t", month, vintage, LEVELS, values, model)
    naive = Forecast(MAGNETS, "t", month, vintage, LEVELS, values + 20, "seasonal_naive")
    member = {"weight": 0.0, "score": None, "left_out": None, "note": None, "median": [0.0]}
    broken = {**member, "name": "theta", "left_out": "it broke", "median": None}
    members = [broken, {**member, "name": "seasonal_naive"}]
    plain = ForecastRecord(
        MAGNETS, model, month, vintage, forecast, None, members, {}, vintage, member_forecasts=(naive,)
    )
    judging = ForecastRecord(
        MAGNETS, forecasts.judging(model), month, vintage, forecast, None, [], {}, vintage
    )
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [plain, judging])


@pytest.fixture(autouse=True)
def history(stage: Stage) -> None:
    """25 months that rise by 5 a year, known at KNOWN, and the forecast made of them: median 150."""
    stage.register()
    stage.upload(
        *(
            {"month": str(Month.parse("2023-01") + step), "value": 100 + 5 * (step // 12),
             "known_from": KNOWN.isoformat()}
            for step in range(25)
        ),
        history="true",
    )  # fmt: skip
    publish(stage, KNOWN, "2025-01", 100)


def arrive(stage: Stage, month: str, value: float | str, known_from: dt.datetime) -> int:
    """A figure comes and is scored; rows added."""
    answer = stage.upload({"month": month, "value": value, "known_from": known_from.isoformat()})
    assert answer.status_code < 300, answer.text
    return score_due(stage.engine, now=NOW, lease=LEASE).scores


def test_an_empty_scoreboard_says_so(stage: Stage) -> None:
    """Before a month has arrived there is no line, and the reason stands instead."""
    answer = stage.client.get(PATH).json()
    assert answer["lines"] == []
    assert "has arrived yet" in answer["reason"]
    table = stage.client.get(PATH, headers={"accept": "text/csv"})
    assert table.text.startswith("model,member,horizon")


def test_first_print_and_latest_have_their_own_scores(stage: Stage) -> None:
    """A revision adds a score and changes none; each print is asked for by name, and as of any moment."""
    first, later = KNOWN + dt.timedelta(days=28), KNOWN + dt.timedelta(days=56)
    assert arrive(stage, "2025-02", 140, first) == 2
    (line,) = stage.client.get(PATH).json()["lines"]
    assert (line["model"], line["member"], line["figures"]) == ("standard", None, 1)
    assert (line["mase"], line["bias"], line["naive_mase"]) == (10 / 5, 10 / 5, 30 / 5)
    assert (line["coverage_80"], line["coverage_95"]) == (1, 1)
    assert arrive(stage, "2025-02", 192, later) == 2
    assert stage.client.get(PATH).json()["lines"] == [line]
    (latest,) = stage.client.get(PATH, params={"against": "latest"}).json()["lines"]
    assert (latest["mase"], latest["bias"]) == (42 / 5, -42 / 5)
    assert (latest["coverage_80"], latest["coverage_95"]) == (0, 1)
    before = {"against": "latest", "as_of": first.isoformat()}
    assert stage.client.get(PATH, params=before).json()["lines"] == [line]
    before["as_of"] = KNOWN.isoformat()
    assert stage.client.get(PATH, params=before).json()["lines"] == []


def test_coverage_is_the_share_of_figures_inside(stage: Stage) -> None:
    """One figure of two inside the interval is a coverage of a half, and not of nothing."""
    arrive(stage, "2025-02", 140, KNOWN + dt.timedelta(days=28))
    arrive(stage, "2025-03", 900, KNOWN + dt.timedelta(days=56))
    (line,) = stage.client.get(PATH).json()["lines"]
    assert (line["figures"], line["coverage_80"], line["coverage_95"]) == (2, 0.5, 0.5)


def test_two_months_together_are_scored_as_their_span(stage: Stage) -> None:
    """A total of two months is held against that of their forecasts, on the scale of two."""
    assert arrive(stage, "2025-02..2025-03", 280, KNOWN + dt.timedelta(days=60)) == 2
    (line,) = stage.client.get(PATH, params={"by": "horizon"}).json()["lines"]
    assert (line["horizon"], line["mase"]) == (2, 20 / 10)


def test_only_a_forecast_made_before_is_scored_and_only_once(stage: Stage) -> None:
    """A forecast as of the figure's own moment has no score; asking again adds nothing."""
    first = KNOWN + dt.timedelta(days=28)
    publish(stage, first, "2025-01", 500)
    assert arrive(stage, "2025-02", 140, first) == 2
    assert score_due(stage.engine, now=NOW + LEASE, lease=LEASE).claimed == 0
    assert arrive(stage, "2025-03", 140, first + dt.timedelta(days=28)) == 4


def test_a_withdrawn_figure_leaves_the_latest_board(stage: Stage) -> None:
    """Against the latest a figure that its source took back does not count; its first print still does."""
    arrive(stage, "2025-02", 140, KNOWN + dt.timedelta(days=28))
    arrive(stage, "2025-02", "withdrawn", KNOWN + dt.timedelta(days=40))
    assert stage.client.get(PATH, params={"against": "latest"}).json()["lines"] == []
    assert len(stage.client.get(PATH).json()["lines"]) == 1


def test_lines_by_series_and_member_and_refusals(stage: Stage) -> None:
    """Members have lines of their own where asked; a parameter that is not known is refused."""
    arrive(stage, "2025-02", 140, KNOWN + dt.timedelta(days=28))
    lines = stage.client.get(PATH, params={"by": "series", "members": "true"}).json()["lines"]
    assert [(line["series_id"], line["member"]) for line in lines] == [
        (MAGNETS, None),
        (MAGNETS, "seasonal_naive"),
    ]
    assert stage.client.get(PATH, params={"model": "prophet"}).json()["lines"] == []
    assert_problem(stage.client.get(PATH, params={"asof": "2025-01-01"}), 422, "invalid-request")


def test_the_command_prints_the_same_board(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``tonnage scoreboard`` says that there is nothing yet, and then a line with the figures scored."""

    @contextmanager
    def held() -> Iterator[Engine]:
        yield stage.engine

    monkeypatch.setattr("services.cli.engine.database", held)
    command()
    assert "has arrived yet" in capsys.readouterr().out
    arrive(stage, "2025-02", 140, KNOWN + dt.timedelta(days=28))
    command()
    told = capsys.readouterr().out
    assert "standard" in told
    assert "2.000" in told
