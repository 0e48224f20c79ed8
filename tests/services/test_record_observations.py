"""The hot path on a real PostgreSQL: recorded whole, judged before learned, once, in any order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, func, select

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.ingestion.errors import UploadRefusedError
from services.ingestion.figures import ArrivingFigure
from services.storage import endpoints, forecasts, jobs, series, verdicts
from services.storage.endpoints import Endpoint
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord
from services.storage.tables import alerts, attempts, deliveries, messages, observations
from services.usecases.order_refits import REFRESH
from services.usecases.record_observations import record_observations
from services.usecases.save_rule import save_rule

NOW = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)


def moment(month: int, day: int = 20) -> dt.datetime:
    return dt.datetime(2025, month, day, 2, tzinfo=dt.UTC)


def figure(month: str, value: float | None, known_from: dt.datetime, row: int = 1) -> ArrivingFigure:
    return ArrivingFigure(row, "A", Span.parse(month), value, "t", known_from)


def publish(engine: Engine, vintage: dt.datetime, origin: str, median: float) -> None:
    """Publish a forecast that is uniform from half the median to one and a half of it."""
    values = np.tile(median * (0.5 + np.array(LEVELS)), (18, 1))
    model = forecasts.judging("standard")
    forecast = Forecast("A", "t", Month.parse(origin), vintage, LEVELS, values, model)
    record = ForecastRecord("A", model, Month.parse(origin), vintage, forecast, None, [], {}, vintage)
    with engine.begin() as connection:
        forecasts.publish(connection, [record])


def record(engine: Engine, *figures: ArrivingFigure, **changed: Any) -> dict[str, Any]:
    given = {"source": "test", "now": NOW, "budget": 0.1, "portfolio": "standard", **changed}
    with engine.begin() as connection:
        return record_observations(connection, figures, **given)


def count(engine: Engine, table: Any) -> int:
    with engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with one series, one rule that watches it, and an endpoint of the rule's desk."""
    engine = create_engine(database_url)
    rule = {
        "name": "Low",
        "desk": "metals",
        "scope": {"series": ["A"]},
        "condition": {"kind": "level", "below": 3000},
    }
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("A", "A's exports", "t")], now=NOW)
        save_rule(connection, "low", rule, now=NOW)
        endpoint = Endpoint("ep", "metals", "https://desk.example.com", None, NOW)
        endpoints.add(connection, endpoint, secret=b"x")
    yield engine
    engine.dispose()


def test_every_figure_has_a_verdict_with_its_reason(engine: Engine) -> None:
    """A figure without a forecast, one with, a withdrawn one and a total of two months are all judged."""
    publish(engine, moment(1), "2024-12", 4000)
    report = record(
        engine,
        figure("2024-12", 4100, moment(1), row=1),
        figure("2025-01..2025-02", 7000, moment(3), row=2),
        figure("2025-03", 1500, moment(4), row=3),
        figure("2025-03", None, moment(5), row=4),
    )
    assert [each["outcome"] for each in report["figures"]] == ["recorded", "recorded", "recorded", "revised"]
    assert all(each["verdict"] and each["reason"] for each in report["figures"])
    assert report["figures"][0]["verdict"] == "not_judged"
    assert report["figures"][2]["verdict"] == "shock_down"
    assert "withdrawn" in report["figures"][3]["reason"]


def test_figure_is_judged_by_the_forecast_before_it_was_known(engine: Engine) -> None:
    """A forecast that has seen a figure never judges it, and neither does it judge its revision."""
    publish(engine, moment(5), "2025-04", 4000)
    record(engine, figure("2025-05", 1238, moment(6)))
    publish(engine, moment(6), "2025-05", 1238)
    publish(engine, moment(7, 1), "2025-04", 1238)
    record(engine, figure("2025-05", 1240, moment(7)))
    with engine.begin() as connection:
        judged = verdicts.listed(connection, "A")
    assert [each.verdict.detection.expected for each in judged] == [4000, 4000]
    assert [each.verdict.revision_of for each in judged] == [1238, None]


def test_order_of_one_upload_does_not_matter(engine: Engine) -> None:
    """Rows of one upload are taken in the order in which they became known, however they are sorted."""
    report = record(
        engine,
        figure("2025-05", 1240, moment(7), row=1),
        figure("2025-06", 3188, moment(7, 20), row=2),
        figure("2025-05", 1238, moment(6), row=3),
    )
    assert [each["outcome"] for each in report["figures"]] == ["revised", "recorded", "recorded"]
    assert report["alerts"] == {"corrected": 1, "opened": 1, "resolved": 1}


def test_alert_message_and_job_are_committed_with_the_figure_or_not_at_all(engine: Engine) -> None:
    """What follows from a figure stands with it in one transaction: a failure leaves nothing."""
    given = {"source": "test", "now": NOW, "budget": 0.1, "portfolio": "standard"}
    with engine.connect() as connection:
        record_observations(connection, [figure("2025-05", 1238, moment(6))], **given)
        connection.rollback()
    for table in (observations, alerts, messages, deliveries, attempts):
        assert count(engine, table) == 0
    assert record(engine, figure("2025-05", 1238, moment(6)))["alerts"] == {"opened": 1}
    for table in (observations, alerts, messages, deliveries):
        assert count(engine, table) == 1
    with engine.begin() as connection:
        assert jobs.unfinished(connection, REFRESH) == 1


def test_simultaneous_uploads_of_one_month_are_one_figure_and_one_alert(engine: Engine) -> None:
    """Two uploads of the same figure take turns: one records it, the others find it held."""
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: record(engine, figure("2025-05", 1238, moment(6))), range(6)))
    assert sorted(each["recorded"] for each in reports) == [0, 0, 0, 0, 0, 1]
    assert count(engine, observations) == 1
    assert count(engine, alerts) == 1
    assert count(engine, deliveries) == 1


def test_same_moment_with_another_value_is_refused(engine: Engine) -> None:
    """A second value known from the very moment of the first is a contradiction and is refused by row."""
    record(engine, figure("2025-05", 1238, moment(6)))
    with pytest.raises(UploadRefusedError) as refused:
        record(engine, figure("2025-05", 1300, moment(6), row=7))
    assert [fault.row for fault in refused.value.faults] == [7]
    assert count(engine, observations) == 1


def test_late_arrival_of_an_older_print_does_not_replace_the_newer(engine: Engine) -> None:
    """A first print that arrives after its revision takes its place before it; the revision stands."""
    record(engine, figure("2025-05", 1240, moment(7)))
    record(engine, figure("2025-05", 1238, moment(6)))
    with engine.begin() as connection:
        newest = verdicts.listed(connection, "A")[0]
    assert newest.value == 1240


def test_upload_of_an_unknown_unit_or_series_stores_nothing(engine: Engine) -> None:
    """One wrong row refuses the batch, and every wrong row is named."""
    wrong = ArrivingFigure(2, "B", Span.parse("2025-05"), 1.0, "t", moment(6))
    other = ArrivingFigure(3, "A", Span.parse("2025-05"), 1.0, "kg", moment(6))
    with pytest.raises(UploadRefusedError) as refused:
        record(engine, figure("2025-04", 1238, moment(6)), wrong, other)
    assert [fault.row for fault in refused.value.faults] == [2, 3]
    assert count(engine, observations) == 0


@pytest.mark.parametrize("value", [1e160, 1.1e15, float("inf"), float("nan"), 5e-324])
def test_a_figure_of_no_possible_size_is_recorded_by_no_way_in(engine: Engine, value: float) -> None:
    """What a connector read passes no reader of files: here its row is refused, and nothing is stored."""
    with pytest.raises(UploadRefusedError, match=r"10(¹⁵ is refused: check its unit|⁻¹⁰⁰)") as refused:
        record(engine, figure("2025-04", 5.0, moment(5)), figure("2025-05", value, moment(6), row=2))
    assert [fault.row for fault in refused.value.faults] == [2]
    assert count(engine, observations) == 0
    record(engine, figure("2025-04", 1e15, moment(5)))
    assert count(engine, observations) == 1
