"""A history on a real PostgreSQL: what a release would record, by columns, whole or not at all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tracemalloc
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import Connection, Engine, func, select

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.ingestion.errors import UploadRefusedError
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord
from services.storage.tables import jobs, observations, releases, verdicts
from services.usecases import arriving_figures
from services.usecases.record_observations import record_observations

NOW = dt.datetime(2026, 12, 1, 9, 30, tzinfo=dt.UTC)
FIRST = Month.parse("2019-01")
IDS = [f"H{number:02d}" for number in range(9)]
FORETOLD, IN_PAIRS = IDS[3], IDS[5]


@pytest.fixture(autouse=True)
def registered(engine: Engine) -> None:
    """Nine series, a forecast of one of them."""
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(each, each, "t") for each in IDS], now=NOW)
        published = known_from(FIRST + 20)
        model = forecasts.judging("standard")
        made = Forecast(
            FORETOLD, "t", FIRST + 20, published, LEVELS, np.tile(10 * np.array(LEVELS), (18, 1)), model
        )
        forecasts.publish(
            connection,
            [ForecastRecord(FORETOLD, model, FIRST + 20, published, made, None, [], {}, published)],
        )


def known_from(month: Month) -> dt.datetime:
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC)


def past(seed: int, count: int = 40) -> list[ArrivingFigure]:
    """Gaps, revisions, withdrawals, pairs of months, ties and late prints, in an order of no meaning."""
    draw = np.random.default_rng(seed)
    found: dict[tuple[str, Span, dt.datetime], float | None] = {}
    for series_id in IDS:
        for at in range(count):
            if draw.random() < 0.08:
                continue
            paired = series_id == IN_PAIRS and draw.random() < 0.2
            span = Span(FIRST + at, 2 if paired else 1)
            days = int(draw.integers(0, 3)) * 200 if draw.random() < 0.1 else 0
            prints = 1 + int(draw.random() < 0.1)
            for again in range(prints):
                known = known_from(span.last) + dt.timedelta(days=days + 30 * again)
                value = None if draw.random() < 0.04 else float(draw.integers(0, 12)) / 3
                found[series_id, span, known] = value
    figures = [
        ArrivingFigure(
            0, series_id, span, value, "t", known,
            "printed" if draw.random() < 0.5 else "first_seen",
            stage="bulletin" if draw.random() < 0.2 else "final",
            claim="a\tclaim\\N\r\nin two lines" if draw.random() < 0.1 else None,
        )
        for (series_id, span, known), value in found.items()
    ]  # fmt: skip
    draw.shuffle(figures)  # type: ignore[arg-type]  # a list will do
    return [dataclasses.replace(each, row=row) for row, each in enumerate(figures, start=1)]


def record(connection: Connection, figures: Any, **changed: Any) -> dict[str, Any]:
    given = {"source": "te\tst", "now": NOW, "budget": 0.1, "portfolio": "standard", **changed}
    return record_observations(connection, figures, **given)


def stored(connection: Connection) -> list[dict[str, Any]]:
    """Every row with its verdict, each series in the order in which it was written; no ids."""
    rows = [column for column in observations.c if column.name not in {"id", "release_id"}]
    judged = [column for column in verdicts.c if column.name != "observation_id"]
    query = (
        select(*rows, *(column.label(f"verdict_{column.name}") for column in judged))
        .join(verdicts, verdicts.c.observation_id == observations.c.id)
        .order_by(observations.c.series_id, observations.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def counts(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (observations, verdicts, jobs, releases)
        ]


@pytest.mark.parametrize("seed", range(6))
def test_a_history_stores_what_a_release_stores(
    engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts, over what is held, judged or not: rows, verdicts and report are those of a live release."""
    figures, earlier = past(seed), past(seed + 100)
    earlier = earlier[: len(earlier) * (seed % 3) // 2] or earlier[:1]
    held = {(each.series_id, each.span, each.known_from) for each in earlier}
    news = [each for each in figures if (each.series_id, each.span, each.known_from) not in held]
    monkeypatch.setattr(arriving_figures, "TOGETHER", 60)
    told = []
    for history in (False, True):
        with engine.connect() as connection:
            record(connection, earlier)
            report = record(connection, news, history=history)
            told.append((stored(connection), {**report, "release_id": None, "alerts": {}}))
            connection.rollback()
    assert told[0] == told[1]
    assert {row["verdict_series_id"] for row in told[0][0]} == set(IDS)
    assert {row["verdict_forecast_id"] is None for row in told[0][0]} == {True, False}


def test_columns_are_recorded_as_the_figures_they_hold(engine: Engine) -> None:
    """Figures kept as columns, as a file's are, give the same rows and the same report."""
    figures, told = past(1), []
    for given in (figures, FigureColumns.of(figures)):
        with engine.connect() as connection:
            report = record(connection, given, history=True)
            told.append((stored(connection), {**report, "release_id": None}))
            connection.rollback()
    assert told[0] == told[1]
    assert list(FigureColumns.of(figures)) == figures


def test_equal_rows_twice_change_nothing(engine: Engine) -> None:
    """A history that is sent again finds every figure held: no row, no verdict and no job is added."""
    figures = past(2)
    with engine.begin() as connection:
        record(connection, figures, history=True)
    before = counts(engine)
    with engine.begin() as connection:
        report = record(connection, figures, history=True)
    assert (report["recorded"], report["revised"]) == (0, 0)
    assert report["unchanged"] == len(figures)
    assert counts(engine)[:3] == before[:3]


@pytest.mark.parametrize("fault", ["contradicted", "refused by the database"])
def test_a_fault_in_the_last_part_records_nothing(
    engine: Engine, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that were written before are undone: found while comparing, or by PostgreSQL beside it."""
    monkeypatch.setattr(arriving_figures, "TOGETHER", 30)
    figures = past(3)
    last = max(figures, key=lambda each: (each.series_id, each.known_from))
    assert last.series_id == IDS[-1]
    if fault == "contradicted":
        figures.append(dataclasses.replace(last, value=77.0, row=0))
    else:
        figures[figures.index(last)] = dataclasses.replace(last, claim="no\x00text")
    before = counts(engine)
    refusal = UploadRefusedError if fault == "contradicted" else psycopg.DataError
    with pytest.raises(refusal), engine.begin() as connection:
        record(connection, figures, history=True)
    assert counts(engine) == before
    with engine.begin() as connection:  # and the series are free again
        assert record(connection, past(3), history=True)["recorded"]


def test_faults_of_columns_are_those_of_figures(engine: Engine) -> None:
    """No series, another unit, a moment or a size that cannot be: each is refused with its row and reason."""
    one = ArrivingFigure(0, IDS[0], Span(FIRST), 1.0, "t", known_from(FIRST))
    east = dt.timezone(dt.timedelta(hours=8))
    figures = [
        one,
        dataclasses.replace(one, series_id="NONE"),
        dataclasses.replace(one, unit="kg"),
        dataclasses.replace(one, known_from=NOW + dt.timedelta(seconds=1)),
        dataclasses.replace(one, known_from=dt.datetime(2018, 12, 31, 15, tzinfo=dt.UTC)),
        dataclasses.replace(one, value=float("nan")),
        dataclasses.replace(one, value=2e15),
        dataclasses.replace(one, value=1e-101),
        dataclasses.replace(one, span=Span(FIRST + 1), known_from=dt.datetime(2019, 2, 1, 1, tzinfo=east)),
        dataclasses.replace(one, span=Span(FIRST + 2), value=None, known_from=None),
    ]
    figures = [dataclasses.replace(each, row=row) for row, each in enumerate(figures, start=1)]
    said = []
    for history in (False, True):
        with pytest.raises(UploadRefusedError) as refused, engine.begin() as connection:
            record(connection, figures, history=history)
        said.append(refused.value.faults)
    assert said[0] == said[1]
    assert [each.row for each in said[0]] == [2, 3, 4, 5, 6, 7, 8]


def test_a_report_names_as_many_as_are_wanted(engine: Engine) -> None:
    """The first rows are named and all others counted; what is kept where there is no key is counts."""
    figures = past(4)
    with engine.connect() as connection:
        whole = record(connection, figures, history=True)
        connection.rollback()
        progress: list[int] = []
        few = record(connection, figures, history=True, named=3, progress=progress.append)
        kept = connection.execute(select(releases.c.report)).scalar_one()
    assert few["figures"] == whole["figures"][:3]
    assert few["unnamed"] == len(figures) - 3
    assert sum(few["verdicts"].values()) == len(figures) - few["unchanged"]
    assert [few[each] for each in ("recorded", "revised")] == [
        whole[each] for each in ("recorded", "revised")
    ]
    assert kept == {**few, "figures": []}
    assert progress[-1] == len(figures)


def test_a_key_gives_the_whole_report_again(engine: Engine) -> None:
    """Under an Idempotency-Key every figure that was named is named again, and nothing is recorded."""
    figures = past(5)
    with engine.begin() as connection:
        first = record(connection, figures, history=True, idempotency_key="k")
    before = counts(engine)
    with engine.begin() as connection:
        assert record(connection, figures, history=True, idempotency_key="k") == first
    assert len(first["figures"]) == len(figures)
    assert counts(engine) == before


def test_memory_grows_by_columns_and_no_object(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the figures take less than 120 bytes a figure more; an object a figure would be 400."""
    monkeypatch.setattr(arriving_figures, "TOGETHER", 600)
    months = 150
    with engine.begin() as connection:
        ids = [f"M{number:03d}" for number in range(80)]
        series.register(connection, [SeriesRecord(each, each, "t") for each in ids], now=NOW)

    def peak(count: int) -> int:
        figures = FigureColumns.of(
            ArrivingFigure(1, each, Span(Month.parse("2012-01") + at), 1.0 + at % 7, "t", NOW)
            for each in ids[:count]
            for at in range(months)
        )
        tracemalloc.start()
        with engine.connect() as connection:
            record(connection, figures, history=True, named=0)
            connection.rollback()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    less, more = peak(20), peak(80)
    assert (more - less) / (60 * months) < 120
