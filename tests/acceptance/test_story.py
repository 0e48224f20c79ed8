"""The story of 2025, from the figures to what the desk is told, on a real PostgreSQL."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, select

from services.demo.replay import BEGINS, BUDGET
from services.demo.story import Point, points
from services.ingestion.figures import ArrivingFigure
from services.ingestion.readers import read_csv
from services.settings import Settings
from services.storage import series
from services.storage.series import SeriesRecord
from services.storage.tables import deliveries
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.record_observations import record_observations
from services.usecases.refresh_forecasts import refresh_forecasts
from services.usecases.save_rule import save_rule

DEMO = Path(__file__).parents[2] / "services" / "demo"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=10)


def told(database_url: str, figures: list[ArrivingFigure]) -> list[Point]:
    """The points that the messages show once the figures have become known, day by day."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        registered = [SeriesRecord(**each) for each in json.loads((DEMO / "series.json").read_text())]
        series.register(connection, registered, now=NOW)
    begins = dt.datetime.combine(BEGINS, dt.time(), dt.UTC)
    record(engine, [each for each in figures if known(each) < begins], history=True)
    settings = Settings(secret_keys=(SecretStr(Fernet.generate_key().decode()),))
    add_endpoint(engine, settings, desk="magnets", url="https://desk.example/hooks", now=NOW)
    with engine.begin() as connection:
        for rule_id, rule in json.loads((DEMO / "rules.json").read_text()).items():
            save_rule(connection, rule_id, rule, now=NOW)
    for moment in sorted({known(each) for each in figures if known(each) >= begins}):
        record(engine, [each for each in figures if known(each) == moment])
    with engine.connect() as connection:
        bodies = [json.loads(body) for body in connection.scalars(select(deliveries.c.body))]
    engine.dispose()
    return points(bodies)


def record(engine: Engine, batch: list[ArrivingFigure], *, history: bool = False) -> dict[str, Any]:
    with engine.begin() as connection:
        report = record_observations(
            connection,
            batch,
            source="test",
            now=NOW,
            budget=BUDGET,
            portfolio="standard",
            history=history,
            replayed=True,
        )
    refresh_forecasts(engine, now=NOW, lease=LEASE)
    return report


def known(figure: ArrivingFigure) -> dt.datetime:
    assert figure.known_from is not None
    return figure.known_from


@pytest.fixture(scope="module")
def figures() -> list[ArrivingFigure]:
    return read_csv((DEMO / "rare_earth.csv").read_bytes(), limit=10_000_000)


@pytest.mark.long  # test_demo shows the same with the service's own processes
def test_the_five_points_are_told(database_url: str, figures: list[ArrivingFigure]) -> None:
    """A desk hears all five points of 2025, each with its figures."""
    missed = {point.name: point.missed for point in told(database_url, figures) if point.shown is None}
    assert missed == {}


@pytest.mark.long  # 17 s: the whole of 2025 once more
def test_another_figure_for_may_is_another_story(database_url: str, figures: list[ArrivingFigure]) -> None:
    """With 5,000 t of magnets in May the first point is missed, and the reason names what was said."""
    until_june = [each for each in figures if known(each) < dt.datetime(2025, 7, 1, tzinfo=dt.UTC)]
    changed = [
        replace(each, value=5000.0)
        if (each.series_id, str(each.span)) == ("CN_EXP_REPM_T", "2025-05")
        else each
        for each in until_june
    ]
    first = told(database_url, changed)[0]
    assert first.shown is None
    assert first.missed is not None
    assert "5,000" in first.missed


def test_no_source_names_a_month(figures: list[ArrivingFigure]) -> None:
    """What is shown beside a figure as of any day says nothing of figures that came later."""
    assert [each.source for each in figures if re.search(r"\d{4}-\d{2}|%", each.source or "")] == []


def test_the_shipped_figures_are_those_collected() -> None:
    """The demo's file is what its script makes of the collected figures, where these are at hand."""
    from services.demo.collect import COLUMNS, collect  # noqa: PLC0415 - only with the collected figures

    shared = Path(__file__).parents[3] / "shared" / "data" / "rare_earth"
    if not shared.is_dir():
        pytest.skip("the collected figures are not beside this checkout")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(collect(shared))
    assert text.getvalue() == (DEMO / "rare_earth.csv").read_text()


def test_the_shipped_measures_are_those_collected() -> None:
    """So is the file of measures, where the collected events are at hand."""
    from services.demo.collect_measures import (  # noqa: PLC0415 - as above
        collect_measures,
        written,
    )

    shared = Path(__file__).parents[3] / "shared" / "data" / "rare_earth"
    if not shared.is_dir():
        pytest.skip("the collected events are not beside this checkout")
    assert written(collect_measures(shared)) == (DEMO / "measures.json").read_text()
