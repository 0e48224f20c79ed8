"""Rules on siblings and on forecasts of others say the same live and rehearsed, whatever comes when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Forecaster, Submitted
from services.ingestion.figures import ArrivingFigure
from services.storage import alert_events, alerts, forecasters, rules, series, submitted_forecasts
from services.storage.series import SeriesRecord
from services.storage.submitted_forecasts import SubmittedRecord
from services.usecases.record_observations import record_observations
from services.usecases.rehearse_rule import rehearse_rule
from services.usecases.save_rule import save_rule

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
START, MONTHS = Month.of(2020, 1), 60
FAMILY = [SeriesRecord(f"x__{each}", f"x__{each}", "t", family="x") for each in "abcd"]
CONDITIONS: list[dict[str, Any]] = [
    {"kind": "rank"},
    {"kind": "share"},
    {"kind": "substitution", "side": "any"},
    {"kind": "surprise", "against": "poll", "score_at_least": 1},
    {"kind": "miss", "against": "poll", "beyond_percent": 20},
    {"kind": "outside_range", "against": "poll"},
    {"kind": "not", "of": {"kind": "miss", "against": "own", "below_percent": 5}},
]


def moment(month: Month, days: float) -> dt.datetime:
    """So many days after the end of a month."""
    return dt.datetime.combine((month + 1).first_day, dt.time(), dt.UTC) + dt.timedelta(days=days)


def submitted(random: np.random.Generator) -> list[SubmittedRecord]:
    """Forecasts of two forecasters, some superseded, some on the day of the figure or after it."""
    made = []
    for step in range(20, MONTHS):
        for number in range(len(FAMILY) * 4):
            if random.random() < 0.5:
                continue
            month, low = START + step, float(random.uniform(60, 100))
            at = moment(month, float(random.integers(-20, 18)))
            point, high = (low, None) if random.random() < 0.3 else (low + 15, low + 30)
            name = ("poll", "own")[number % 2]
            said = Submitted(name, Span(month), at, point, low=low if high else None, high=high)
            made.append(SubmittedRecord(FAMILY[number % 4].id, "t", said))
    return sorted(made, key=lambda each: each.said.known_from)


def figures(random: np.random.Generator) -> list[ArrivingFigure]:
    """Figures that come some days apart, now and then in one release, some revised and some withdrawn."""
    made = []
    for step in range(MONTHS):
        month = START + step
        together = random.random() < 0.7
        for place, each in enumerate(FAMILY):
            days = 15 if together else float(random.integers(12, 16))
            level = 100 * (1.15 ** (step / 12) if place == 0 else 1)
            value = round(level * float(np.exp(0.4 * random.standard_normal())), 3)
            made.append(ArrivingFigure(1, each.id, Span(month), value, "t", moment(month, days)))
            if random.random() < 0.1:
                again = None if random.random() < 0.3 else round(value * float(random.uniform(0.5, 1.5)), 3)
                made.append(ArrivingFigure(1, each.id, Span(month), again, "t", moment(month, days + 33)))
    return sorted(made, key=lambda each: each.known_from or NOW)


def lived(connection: Connection, rule_id: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What happened to each alert of a rule that was heard of, and why, by series."""
    told = (
        (record.state.series_id, alert_events.of_alert(connection, record.state.id))
        for record in alerts.of_series(connection, [each.id for each in FAMILY])
        if record.state.rule_id == rule_id
    )
    return sorted((one, [(str(each.kind), each.reason) for each in events]) for one, events in told if events)


def test_a_rehearsal_says_what_live_said(engine: Engine) -> None:
    """Late siblings, revisions, withdrawals and forecasts that come too late: one step, one answer."""
    random = np.random.default_rng(0)
    with engine.connect() as connection:
        series.register(connection, FAMILY, now=NOW)
        for forecaster in (Forecaster("poll", "Poll"), Forecaster("own", "Own", "soy")):
            forecasters.put(connection, forecaster, now=NOW)
        submitted_forecasts.add(connection, submitted(random))
        for number, condition in enumerate(CONDITIONS):
            raw = {"name": "r", "desk": "soy", "scope": {"families": ["x"]}, "condition": condition}
            save_rule(connection, f"r{number}", raw, now=NOW)
        coming = figures(random)
        for at in sorted({each.known_from for each in coming if each.known_from is not None}):
            batch = [each for each in coming if each.known_from == at]
            record_observations(connection, batch, source="test", now=NOW, budget=0.1, portfolio="standard")
        silent_at_all: set[str] = set()
        for number, condition in enumerate(CONDITIONS):
            rule = rules.get(connection, f"r{number}")
            assert rule is not None
            told = rehearse_rule(
                connection, rule, first=None, last=None, latest=False, alerts_a_year=None, budget=0.1,
                portfolio="standard",
            )  # fmt: skip
            rehearsed = sorted(
                (each.series_id, [(str(moved.kind), moved.reason) for moved in each.transitions])
                for each in told.rehearsal.alerts
            )
            assert rehearsed == lived(connection, rule.id), condition
            assert told.rehearsal.silent, condition
            silent_at_all |= set() if rehearsed else {condition["kind"]}
        assert silent_at_all <= {"rank"}  # which is rare
        connection.rollback()
