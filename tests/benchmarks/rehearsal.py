"""How long a rule takes to be rehearsed on a past: with forecasts published, and with those made for it.

Run by hand: ``make bench-rehearsal``. A real PostgreSQL; one process, the use case itself, no HTTP. The rule
asks for shocks and closes with the recovery; one figure in fifty is a shock. Each past is rehearsed twice:
where forecasts are made, the first makes them and the second finds them kept. Published forecasts are
uniform bands, one a month. Seconds are of wall, and of CPU of this process.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import pstats
import random
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine, create_engine

from alerts.rules import Rule, parse_rule
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Observation
from services.cli.shell import say
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.storage import forecasts, observations, releases, schema, series
from services.storage.forecasts import ForecastRecord, judging
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.usecases.rehearse_rule import Rehearsed, rehearse_rule

FIRST = Month.parse("2015-01")
MONTHS = 120
RULE = {
    "name": "Any shock",
    "desk": "bench",
    "scope": {"all": True},
    "condition": {"kind": "shock", "direction": "any"},
    "close_when": {"kind": "recovered"},
}


def base(number: int) -> float:
    """The usual figure of a series, t."""
    return float(np.exp(8 + np.sin(number)))


def known_from(month: Month) -> dt.datetime:
    """A figure is public on the ninth of the next month."""
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC) + dt.timedelta(days=8)


def held(connection: Connection, count: int, *, published: bool) -> None:
    """Series with MONTHS figures each, and a judging forecast before each of them where ``published``."""
    draw = random.Random(7)  # noqa: S311 - figures, not secrets
    records = [SeriesRecord(f"S{number:05d}", f"S{number:05d}", "t") for number in range(count)]
    last = known_from(FIRST + MONTHS)
    series.register(connection, records, now=last)
    release_id = releases.open_release(
        connection, source="made", known_from=last, recorded_at=last, idempotency_key=None, request_hash=""
    )
    for number, record in enumerate(records):
        rows = [
            ObservationRecord(
                record.id,
                Observation(
                    Span(FIRST + month),
                    base(number) * draw.uniform(0.9, 1.1) * (0.2 if draw.random() < 0.02 else 1.0),
                    known_from(FIRST + month),
                ),
            )
            for month in range(MONTHS)
        ]
        observations.append(connection, rows, release_id=release_id, recorded_at=last)
        if published:
            forecasts.publish(connection, [_band(record.id, number, month) for month in range(MONTHS)])
    connection.exec_driver_sql("ANALYZE")


def _band(series_id: str, number: int, month: int) -> ForecastRecord:
    model, origin, vintage = judging("standard"), FIRST + month - 1, known_from(FIRST + month - 1)
    values = base(number) * np.tile(0.5 + np.array(LEVELS), (HORIZON, 1))
    made = Forecast(series_id, "t", origin, vintage, LEVELS, values, model)
    return ForecastRecord(series_id, model, origin, vintage, made, None, [], {}, vintage)


def rehearsed(connection: Connection, rule: Rule) -> Rehearsed:
    """The rehearsal that is timed."""
    return rehearse_rule(
        connection, rule, first=None, last=None, latest=False,
        alerts_a_year=None, budget=0.1, portfolio="standard",
    )  # fmt: skip


def timed(engine: Engine, rule: Rule, what: str) -> None:
    """Rehearse once and say what it cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    with engine.begin() as connection:
        told = rehearsed(connection, rule)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    judged = ", ".join(f"{count:,} {name}" for name, count in sorted(told.judged_by.items()))
    say(
        f"| {what} | {len(told.series):,} | {told.rehearsal.figures:,} | {judged} "
        f"| {len(told.rehearsal.alerts):,} | {wall:.2f} | {cpu:.2f} |"
    )


def main() -> None:
    """Rehearse each past twice, and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--profile", action="store_true", help="say where the first of those made spends")
    given = parser.parse_args()
    rule = parse_rule(RULE, rule_id="rehearsed", version=1)
    folder = Path(tempfile.mkdtemp(prefix="tonnage-bench-rehearsal-"))
    folder.chmod(0o711)
    try:
        with Supervisor(say=lambda _: None) as supervisor:
            postgres = Postgres.prepare(folder / "postgres", durable=False)
            supervisor.start(postgres.part())
            say("| forecasts | series | figures | judged by | alerts | wall s | CPU s |")
            say("|---|---|---|---|---|---|---|")
            for published in (True, False):
                url = postgres.create(f"published_{published}".lower())
                schema.upgrade(url)
                engine = create_engine(url)
                with engine.begin() as connection:
                    held(connection, given.series, published=published)
                what = "published" if published else "made"
                if given.profile and not published:
                    with cProfile.Profile() as profile:
                        timed(engine, rule, what)
                    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
                else:
                    timed(engine, rule, what)
                timed(engine, rule, f"{what}, again")
                engine.dispose()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
