"""How fast figures are recorded, judged and told of, and how that grows with what is held.

Run by hand: ``make bench-speed``. A real PostgreSQL with fsync; one process, the use case itself, no HTTP.
Every release is of one month of all series, one figure in a hundred is a shock, and one rule watches all.
Forecasts are uniform bands. Times are wall and CPU seconds of this process; memory is its peak.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, create_engine

from alerts.rules import parse_rule
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Observation
from services.cli.shell import say
from services.ingestion.figures import ArrivingFigure
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.storage import forecasts, observations, releases, rules, schema, series
from services.storage.forecasts import ForecastRecord, judging
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.usecases.record_observations import record_observations

SIZES = (100, 1_000, 10_000)
MONTHS = 72
FIRST = Month.parse("2019-01")
HISTORY_ROWS = 150_000
RULE = {
    "name": "Any shock",
    "desk": "bench",
    "scope": {"all": True},
    "condition": {"kind": "shock", "direction": "any"},
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call cost: seconds of wall and of CPU, and how far the peak of memory rose, MB."""

    wall: float
    cpu: float
    grown: float


def base(number: int) -> float:
    """The usual figure of a series, t."""
    return float(np.exp(8 + np.sin(number)))


def known_from(month: Month) -> dt.datetime:
    """A figure is public on the ninth of the next month."""
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC) + dt.timedelta(days=8)


def held(engine: Engine, count: int, archived: int) -> None:
    """Series with MONTHS figures and as many forecasts as are ``archived``, the newest a month old."""
    last = FIRST + (MONTHS - 1)
    ids = [f"S{number:05d}" for number in range(count)]
    draw = random.Random(7)  # noqa: S311 - figures, not secrets
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(each, each, "t") for each in ids], now=known_from(FIRST))
        release_id = releases.open_release(
            connection, source="made", known_from=known_from(last), recorded_at=known_from(last),
            idempotency_key=None, request_hash="",
        )  # fmt: skip
        for at in range(0, count, 500):
            past = [
                ObservationRecord(
                    ids[number],
                    Observation(
                        Span(FIRST + month), base(number) * draw.uniform(0.9, 1.1), known_from(FIRST + month)
                    ),
                )
                for number in range(at, min(at + 500, count))
                for month in range(MONTHS)
            ]
            observations.append(connection, past, release_id=release_id, recorded_at=known_from(last))
            bands = np.tile(0.5 + np.array(LEVELS), (HORIZON, 1))
            for back in range(archived):
                origin, vintage = last - back, known_from(last - back)
                forecasts.publish(
                    connection,
                    [
                        ForecastRecord(
                            ids[number], model, origin, vintage,
                            Forecast(
                                ids[number], "t", origin, vintage, LEVELS, base(number) * bands, model
                            ),
                            None, [], {}, vintage,
                        )
                        for number in range(at, min(at + 500, count))
                        for model in ("standard", judging("standard"))
                    ],
                )  # fmt: skip
        rules.save(connection, parse_rule(RULE, rule_id="any", version=1), now=known_from(FIRST))
        connection.exec_driver_sql("ANALYZE")


def month_of(count: int, month: Month) -> list[ArrivingFigure]:
    """A figure of each series; one in a hundred is a fifth of the usual."""
    draw = random.Random(int(month.first_day.toordinal()))  # noqa: S311 - figures, not secrets
    return [
        ArrivingFigure(
            row=number + 1,
            series_id=f"S{number:05d}",
            span=Span(month),
            value=base(number) * draw.uniform(0.9, 1.1) * (0.2 if number % 100 == 0 else 1),
            unit="t",
            known_from=known_from(month),
        )
        for number in range(count)
    ]


def timed(
    engine: Engine,
    figures: Sequence[ArrivingFigure],
    *,
    now: dt.datetime,
    history: bool,
    named: int | None = None,
) -> Cost:
    """What it costs to record figures in one transaction, as one request does."""
    peak, wall, cpu = _peak(), time.perf_counter(), time.process_time()
    with engine.begin() as connection:
        record_observations(
            connection,
            figures,
            source="bench",
            now=now,
            budget=0.1,
            portfolio="standard",
            history=history,
            named=named,
        )
    return Cost(time.perf_counter() - wall, time.process_time() - cpu, _peak() - peak)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def past_of(rows: int) -> list[ArrivingFigure]:
    """A history of 150 months a series."""
    draw = random.Random(3)  # noqa: S311 - figures, not secrets
    return [
        ArrivingFigure(
            row=number * 150 + month + 1,
            series_id=f"H{number:05d}",
            span=Span(Month.parse("2012-01") + month),
            value=base(number) * draw.uniform(0.9, 1.1),
            unit="t",
            known_from=known_from(Month.parse("2012-01") + month),
        )
        for number in range(rows // 150)
        for month in range(150)
    ]


def main() -> None:
    """Measure every row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--archived", default="1,60", help="forecasts archived a series")
    parser.add_argument("--history", type=int, default=HISTORY_ROWS, help="rows of a first history")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tonnage-bench-speed-"))
    folder.chmod(0o711)
    month = FIRST + MONTHS
    try:
        with Supervisor(say=lambda _: None) as supervisor:
            postgres = Postgres.prepare(folder / "postgres", durable=True)
            supervisor.start(postgres.part())
            say("| what | series | wall s | CPU s | ms a figure | memory MB |")
            say("|---|---|---|---|---|---|")
            for archived in map(int, given.archived.split(",")):
                for size in map(int, given.sizes.split(",")):
                    if archived * size > 100_000:
                        continue
                    engine = _engine(postgres, f"held_{archived}_{size}")
                    held(engine, size, archived)
                    cost = timed(engine, month_of(size, month), now=known_from(month), history=False)
                    _row(f"a release, {archived} forecasts archived a series", size, size, cost)
                    engine.dispose()
            for name, named in (("as a file's", 0), ("as an upload's", None)):
                _history(postgres, given.history, name, named)
    finally:
        shutil.rmtree(folder)


def _history(postgres: Postgres, rows: int, name: str, named: int | None) -> None:
    """A first history, whose report names as many figures as that of a file, or of an upload."""
    engine = _engine(postgres, f"history_{named}")
    figures = past_of(rows)
    ids = sorted({each.series_id for each in figures})
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(each, each, "t") for each in ids], now=known_from(FIRST))
    cost = timed(engine, figures, now=known_from(FIRST + 200), history=True, named=named)
    rates = f"{len(figures) / cost.wall:,.0f} rows a second, {len(figures) / cost.cpu:,.0f} a CPU second"
    _row(f"a history of {len(figures):,} rows, told {name} ({rates})", len(ids), len(figures), cost)
    engine.dispose()


def _engine(postgres: Postgres, name: str) -> Engine:
    url = postgres.create(name)
    schema.upgrade(url)
    return create_engine(url)


def _row(what: str, count: int, figures: int, cost: Cost) -> None:
    say(
        f"| {what} | {count:,} | {cost.wall:.2f} | {cost.cpu:.2f} | {1000 * cost.wall / figures:.2f} "
        f"| {cost.grown:+.0f} |"
    )


if __name__ == "__main__":
    main()
