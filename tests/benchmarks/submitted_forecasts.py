"""What submitted forecasts cost: submitting, a release judged against them, the scoreboard, weighing in.

Run by hand: ``python tests/benchmarks/submitted_forecasts.py``. A real PostgreSQL with fsync; one process,
the use cases themselves, no HTTP. 500 series, and 20 months of each forecast as a poll with quantiles; then a
month that was submitted 1,000 times of each of 5 series, as a script that submits each minute does. The
service's own forecast of the 20 months is one row a series, and its scores are written, not computed. At last
ours are made so bad that the forecaster has earned a weight on every series, and submits one month more.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Forecaster
from services.cli.shell import say
from services.ingestion.figures import ArrivingFigure
from services.ingestion.submitted_forecasts import read_json
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.queries.scoreboard import scoreboard
from services.storage import schema, series
from services.storage.known_series import known_series
from services.storage.series import SeriesRecord
from services.usecases.hear_others import voices
from services.usecases.put_forecaster import put_forecaster
from services.usecases.record_observations import record_observations
from services.usecases.refresh_forecasts import BATCH
from services.usecases.submit_forecasts import submit_forecasts

SERIES, MONTHS = 500, 20
AGAIN, OFTEN = 1_000, 5
"""Times that a month is submitted, and of how many series."""
FIRST = Month.parse("2020-01")
IDS = [f"S{place}" for place in range(SERIES)]


def known(month: Month) -> dt.datetime:
    """A figure is public on the first of the next month."""
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC)


def record(engine: Engine, month: Month) -> float:
    """Seconds that a month of all series takes to be recorded."""
    figures = [
        ArrivingFigure(row, each, Span(month), 100.0 + row, "t", known(month))
        for row, each in enumerate(IDS, start=1)
    ]
    began = time.perf_counter()
    with engine.begin() as connection:
        record_observations(
            connection, figures, source="bench", now=known(month), budget=1.0, portfolio="standard"
        )
    return time.perf_counter() - began


def submit(engine: Engine, first: Month) -> None:
    """Submit MONTHS of each series, twice, and say how long each took."""
    said = {"unit": "t", "point": 100, "low": 80, "high": 120, "count": 9}
    said |= {"levels": [0.1, 0.5, 0.9], "quantiles": [90, 100, 110]}
    rows = [{**said, "series_id": each, "month": str(first + step)} for each in IDS for step in range(MONTHS)]
    content = json.dumps({"forecasts": rows}).encode()
    for what in ("first", "the same again"):
        began = time.perf_counter()
        with engine.begin() as connection:
            arriving = read_json(content, limit=len(content))
            report = submit_forecasts(
                connection, "bank", arriving, now=known(first - 1), portfolio="standard"
            )
        took = time.perf_counter() - began
        say(f"{what}: {report.submitted:,} submitted, {report.unchanged:,} unchanged in {took:.2f} s")


def insist(engine: Engine, month: Month) -> None:
    """Submit a month of OFTEN series AGAIN times, each time another point, so that all but the last fall."""
    for step in range(AGAIN):
        rows = [
            {"unit": "t", "point": 100 + step, "series_id": each, "month": str(month)} for each in IDS[:OFTEN]
        ]
        content = json.dumps({"forecasts": rows}).encode()
        at = known(month - 1) + dt.timedelta(minutes=step)
        with engine.begin() as connection:
            arriving = read_json(content, limit=len(content))
            submit_forecasts(connection, "bank", arriving, now=at, portfolio="standard")


def score(engine: Engine, first: Month) -> None:
    """A forecast of ours of MONTHS of each series, and a score of it on each figure."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into forecasts (series_id, model, origin, vintage, members, versions, published_at) "
                "select id, 'standard', :origin, :vintage, '[]', '{}', :vintage from series"
            ),
            {"origin": (first - 1).first_day, "vintage": known(first - 1)},
        )
        connection.execute(
            text(
                "insert into scores (forecast_id, observation_id, member, series_id, model, horizon, error, "
                "bias, scale, inside_80, inside_95) select f.id, o.id, '', f.series_id, 'standard', 1, 0.5, "
                "0.5, 10, true, true from forecasts f join observations o using (series_id) "
                "where o.first_month > f.origin"
            )
        )
        connection.execute(text("analyze"))


def shown(engine: Engine) -> None:
    """Say how long the whole scoreboard takes."""
    began = time.perf_counter()
    with engine.begin() as connection:
        lines = scoreboard(connection, portfolio="standard")
    said = ", ".join(f"{each.standing.model} {each.standing.figures:,} figures" for each in lines)
    say(f"the scoreboard ({said}) in {time.perf_counter() - began:.2f} s")


def heard(engine: Engine, month: Month) -> None:
    """Say what a month costs whose forecaster has earned a weight: to submit, and to a batch of refits."""
    rows = [{"unit": "t", "point": 100, "series_id": each, "month": str(month)} for each in IDS]
    content = json.dumps({"forecasts": rows}).encode()
    with engine.begin() as connection:
        connection.execute(text("update scores set error = 100"))
    began = time.perf_counter()
    with engine.begin() as connection:
        arriving = read_json(content, limit=len(content))
        report = submit_forecasts(connection, "bank", arriving, now=known(month - 1), portfolio="standard")
    took = time.perf_counter() - began
    say(f"{report.submitted:,} submitted that order {report.refits} refits in {took:.2f} s")
    with engine.begin() as connection:
        registered = series.of_ids(connection, IDS[:BATCH])
        held = [each for each, _ in known_series(connection, registered, known(month - 1))]
    began = time.perf_counter()
    found = voices(engine, held, model="standard", vintage=known(month - 1))
    took = time.perf_counter() - began
    say(f"a batch of {BATCH} refits hears {len(found)} of them in {took:.3f} s")


def main() -> None:
    """Submit, and record a month before and some after."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-submitted-"))
    folder.chmod(0o711)
    try:
        with Supervisor(say=lambda _: None) as supervisor:
            postgres = Postgres.prepare(folder / "postgres", durable=True)
            supervisor.start(postgres.part())
            url = postgres.create("submitted")
            schema.upgrade(url)
            engine = create_engine(url)
            with engine.begin() as connection:
                held = [SeriesRecord(each, each, "t") for each in IDS]
                series.register(connection, held, now=known(FIRST))
                put_forecaster(connection, Forecaster("bank", "A bank"), desk=None, now=known(FIRST))
            for step in range(12):
                record(engine, FIRST + step)
            before = min(record(engine, FIRST + 12 + step) for step in range(3))
            submit(engine, FIRST + 15)
            after = min(record(engine, FIRST + 15 + step) for step in range(MONTHS))
            last = record(engine, FIRST + 15 + MONTHS)
            say(f"a release of {SERIES} figures: {before:.2f} s before, {after:.2f} s against a forecaster")
            say(f"and {last:.2f} s for a month that nobody had forecast, {MONTHS} months of it held")
            month = FIRST + 15 + MONTHS + 1
            insist(engine, month)
            often = record(engine, month)
            say(f"and {often:.2f} s for one that {AGAIN:,} rows of each of {OFTEN} series foretold")
            score(engine, FIRST + 15)
            shown(engine)
            heard(engine, month + 1)
            engine.dispose()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
