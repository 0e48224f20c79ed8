"""A month of 10,000 series from a Comtrade of our own: one command, and what it prints.

Run by hand: ``make bench-connectors``. The service is the command itself on a PostgreSQL of
its own; rows are made here; the forecasts that judge them are uniform bands around the last value, so
the alerts say nothing about forecasting. The pace is that of the real source: 6 s between two calls.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine

sys.path.insert(0, str(Path(__file__).parents[1] / "ingestion"))

from comtrade_server import Comtrade, row
from gacc_server import Site, serving

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Observation
from services.cli.shell import say
from services.ingestion.sources.comtrade import Comtrade as Source
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.settings import Settings
from services.storage import endpoints, forecasts, observations, releases, schema, series, sources
from services.storage.endpoints import Endpoint
from services.storage.forecasts import ForecastRecord
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.sources import Followed
from services.usecases import follow_source
from services.usecases.save_rule import save_rule

REPORTERS = [str(each) for each in range(801, 811)]
CODES = [f"{each:06d}" for each in range(100_000, 101_000)]
RULE = {
    "name": "A shock on any series",
    "desk": "all",
    "scope": {"tags": ["comtrade"]},
    "condition": {"kind": "shock", "direction": "any"},
    "severity": "warning",
}


def known(engine: Engine, now: dt.datetime, last: Month) -> dict[str, float]:
    """Register, follow, and hold 13 months and a forecast of each of 10,000 series."""
    draw = random.Random(7)  # noqa: S311 - figures, not secrets
    base = {f"{reporter}.{code}": draw.lognormvariate(15, 2) for reporter in REPORTERS for code in CODES}
    before = now - dt.timedelta(days=30)
    with engine.begin() as connection:
        series.register(
            connection, [SeriesRecord(each, each, "USD", tags=("comtrade",)) for each in base], now=before
        )
        wanted = []
        for each in base:
            reporter, code = each.split(".")
            told = {"reporter": reporter, "cmd": code, "partner": "0", "measure": "value"}
            wanted.append(Followed(each, "comtrade", told))
        sources.follow(connection, wanted, now=before)
        sources.begin(connection, list(base), now=before)
        release_id = releases.open_release(
            connection,
            source="made",
            known_from=before,
            recorded_at=before,
            idempotency_key=None,
            request_hash="",
        )
        past = [
            ObservationRecord(each, Observation(Span(last - back), value * draw.uniform(0.9, 1.1), before))
            for each, value in base.items()
            for back in range(13, 0, -1)
        ]
        observations.append(connection, past, release_id=release_id, recorded_at=before)
        model = forecasts.judging("standard")
        forecasts.publish(
            connection,
            [
                ForecastRecord(
                    each, model, last - 1, before,
                    Forecast(each, "USD", last - 1, before, LEVELS,
                             np.tile(value * (0.5 + np.array(LEVELS)), (18, 1)), model),
                    None, [], {}, before,
                )
                for each, value in base.items()
            ],
        )  # fmt: skip
        desk = Endpoint("end_all", "all", "https://desk.example/", None, before)
        endpoints.add(connection, desk, secret=b"x")
        save_rule(connection, "any-shock", RULE, now=before)
    return base


def main() -> None:
    """Start the parts, run the command, and print what it printed."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-connectors-"))
    folder.chmod(0o711)
    now = dt.datetime.now(dt.UTC)
    last = Month.from_date(now.date()) - 2
    key = Fernet.generate_key().decode()
    try:
        with Supervisor(say=lambda _: None) as supervisor, serving(Site()) as site:
            server = Postgres.prepare(folder / "postgres", durable=True)
            supervisor.start(server.part())
            url = server.create("bench")
            schema.upgrade(url)
            engine = create_engine(url)
            began = time.monotonic()
            base = known(engine, now, last)
            say(f"held before: {len(base):,} series, 13 months each; {time.monotonic() - began:.0f} s")
            settings = Settings(secret_keys=(SecretStr(key),))
            follow_source.give_key(engine, settings, Source(), "secret-key", desk="all")
            period = str(last).replace("-", "")
            fake = Comtrade(site)
            fake.install()
            for place, reporter in enumerate(REPORTERS):
                rows = [
                    row(
                        reporter,
                        period,
                        code,
                        base[f"{reporter}.{code}"] * (0.05 if n % 100 == 7 else 1.0),
                        1.0,
                    )
                    for n, code in enumerate(CODES)
                ]
                stamp = now.replace(tzinfo=None).isoformat()
                fake.load(
                    reporter,
                    period,
                    [*rows[:-1], rows[0] | {"primaryValue": 1.0}] if place == 9 else rows,
                    stamp,
                )
            given = {
                **os.environ,
                "DATABASE_URL": url,
                "REDIS_URL": "redis://127.0.0.1:1/0",
                "TONNAGE_SECRET_KEYS": f'["{key}"]',
                "TONNAGE_SOURCE_ADDRESSES": f'{{"comtrade": "{site.address}"}}',
            }
            command = [sys.executable, "-m", "services.cli", "sources", "poll", "comtrade"]
            told = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
            say(told.stdout + told.stderr)
            engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
