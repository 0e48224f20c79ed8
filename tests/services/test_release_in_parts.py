"""A release of any size: as few questions as one figure, and the same answer in parts as whole."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, select

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.storage import alert_events as alert_events_of
from services.storage import alerts, forecasts, series
from services.storage import observations as held_observations
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord
from services.storage.tables import alert_events, observations, verdicts
from services.usecases import arriving_figures
from services.usecases.record_observations import record_observations
from services.usecases.save_rule import save_rule

NOW = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
IDS = [f"S{number}" for number in range(8)]
RULE = {
    "name": "Shock",
    "desk": "soy",
    "scope": {"all": True},
    "condition": {"kind": "shock", "direction": "any"},
}
DEEP = {
    **RULE,
    "name": "Episode",
    "condition": {"kind": "episode", "shortfall_beyond": 100},
}


def known_from(month: Month) -> dt.datetime:
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC)


def forecast(connection: Any, series_id: str, origin: Month, published: dt.datetime) -> None:
    """One around 1,000 t, made and published at a moment."""
    values = np.tile(1000 * (0.5 + np.array(LEVELS)), (18, 1))
    model = forecasts.judging("standard")
    made = Forecast(series_id, "t", origin, published, LEVELS, values, model)
    forecasts.publish(
        connection, [ForecastRecord(series_id, model, origin, published, made, None, [], {}, published)]
    )


@pytest.fixture(autouse=True)
def held(engine: Engine) -> None:
    """Series with a year of figures and three forecasts each, and a rule on all of them."""
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(each, each, "t") for each in IDS], now=NOW)
        save_rule(connection, "shock", RULE, now=known_from(Month.parse("2024-01")))
    past = [each for month in range(1, 13) for each in release(f"2024-{month:02d}")]
    record(engine, past, history=True)
    with engine.begin() as connection:
        for each in IDS:
            for origin in ("2024-10", "2024-11", "2024-12"):
                month = Month.parse(origin)
                forecast(connection, each, month, known_from(month) + dt.timedelta(hours=1))


def release(month: str, ids: list[str] = IDS, *low: str) -> list[ArrivingFigure]:
    """A month's figures of the series, near 1,000 t; those of ``low`` are 1 t."""
    return [
        ArrivingFigure(
            row,
            each,
            Span.parse(month),
            1.0 if each in low else 1000.0 + row,
            "t",
            known_from(Month.parse(month)),
        )
        for row, each in enumerate(ids, start=1)
    ]


def record(engine: Engine, figures: list[ArrivingFigure], *, history: bool = False) -> dict[str, Any]:
    with engine.begin() as connection:
        return record_observations(
            connection, figures, source="test", now=NOW, budget=0.1, portfolio="standard", history=history
        )


def asked(engine: Engine, figures: list[ArrivingFigure]) -> int:
    """How many statements a release takes."""
    statements: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    record(engine, figures)
    event.remove(engine, "before_cursor_execute", count)
    return len(statements)


def test_a_release_takes_as_many_questions_as_one_figure(engine: Engine) -> None:
    """Where no alert moves, eight figures are judged and stored by as many statements as one."""
    assert asked(engine, release("2025-01", IDS[:1])) == asked(engine, release("2025-02"))


def test_alerts_that_move_take_no_more_questions(engine: Engine) -> None:
    """Seven alerts that open, go on, end, and lie behind are followed by as many statements as one."""
    with engine.begin() as connection:
        save_rule(connection, "deep", DEEP, now=known_from(Month.parse("2024-01")))
    for month in ("2025-01", "2025-02"):
        one = asked(engine, release(month, IDS[:1], *IDS))
        assert asked(engine, release(month, IDS[1:], *IDS)) == one
    for month in ("2025-03", "2025-04", "2025-05", "2025-06"):
        assert asked(engine, release(month, IDS[:1])) == asked(engine, release(month, IDS[1:])), month
    with engine.connect() as connection:
        kinds = connection.execute(select(alert_events.c.kind)).scalars()
        told = Counter(kinds)
    assert told["opened"] == told["resolved"] == 2 * len(IDS), told


def test_any_number_of_alerts_lies_behind_a_series(engine: Engine) -> None:
    """PostgreSQL takes 65,535 parameters a statement; what is asked of more alerts and series is answered."""
    many = [f"id-{number}" for number in range(70_000)]
    with engine.connect() as connection:
        assert alert_events_of.unheard(connection, many) == {}
        assert alert_events_of.missing(connection, many) == set()
        assert alert_events_of.left_to(connection, many) == {}
        assert alerts.open_of_ids(connection, many) == []
        assert set(series.lock(connection, {*many, *IDS})) == set(IDS)
        assert len(held_observations.prints(connection, {*many, *IDS})) == len(IDS)


def test_in_parts_it_is_the_same_release(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged two figures at a time, every verdict, alert and line of the report is that of the whole."""
    figures = [*release("2025-01", IDS, "S3"), *release("2025-02", IDS, "S5")]
    with engine.connect() as connection:
        whole = _said(connection, figures)
        connection.rollback()
        monkeypatch.setattr(arriving_figures, "TOGETHER", 2)
        parts = _said(connection, figures)
    assert parts == whole
    assert whole[0]["alerts"] == {"opened": 2, "resolved": 1}


def _said(connection: Any, figures: list[ArrivingFigure]) -> tuple[Any, ...]:
    report = record_observations(
        connection, figures, source="test", now=NOW, budget=0.1, portfolio="standard"
    )
    del report["release_id"]
    judged = select(
        observations.c.series_id, observations.c.first_month, verdicts.c.verdict, verdicts.c.forecast_id
    ).join(verdicts, verdicts.c.observation_id == observations.c.id)
    found = connection.execute(judged.order_by(observations.c.series_id, observations.c.first_month)).all()
    moved = connection.execute(
        select(alert_events.c.alert_id, alert_events.c.kind, alert_events.c.payload).order_by(
            alert_events.c.id
        )
    ).all()
    return report, found, [(row.alert_id, row.kind, row.payload["data"]["sentence"]) for row in moved]


def test_a_release_says_how_far_it_is(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each part that is judged together it tells how many figures are judged so far, to the last."""
    monkeypatch.setattr(arriving_figures, "TOGETHER", 4)
    told: list[int] = []
    figures = [*release("2025-01"), *release("2025-02")]
    with engine.begin() as connection:
        record_observations(
            connection,
            figures,
            source="test",
            now=NOW,
            budget=0.1,
            portfolio="standard",
            progress=told.append,
        )
    assert told == [4, 8, 12, 16]


def test_discoveries_are_of_the_whole_upload(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight figures together the one of 1 t is a discovery; one that is held already is not judged."""
    monkeypatch.setattr(arriving_figures, "TOGETHER", 2)
    told = record(engine, release("2025-01", IDS, "S3"))["figures"]
    assert [each["series_id"] for each in told if each["discovery"]] == ["S3"]
    assert [each["discovery"] for each in told].count(False) == len(IDS) - 1
    again = record(engine, release("2025-01", IDS, "S3"))["figures"]
    assert {each["discovery"] for each in again} == {None}
