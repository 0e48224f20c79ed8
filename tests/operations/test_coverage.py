"""The gauge of coverage is of what the installation publishes, and of nothing that was asked for besides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Connection, create_engine, insert, select

from forecasting.months import Month
from services import bootstrap
from services.exporter import State
from services.storage.forecasts import judging
from services.storage.tables import forecasts, observations, releases, scores, series

FIGURES = 10
NOW = bootstrap.now()
KNOWN = NOW - dt.timedelta(days=30)
OWN = "standard"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection to an installation that follows one series and has recorded FIGURES of it."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        connection.execute(insert(series), {"id": "S", "name": "S", "unit": "t", "created_at": KNOWN})
        source = {"source": "s", "known_from": KNOWN, "recorded_at": KNOWN, "report": {}}
        release = insert(releases).values(source).returning(releases.c.id)
        same = {"series_id": "S", "months": 1, "value": 1.0, "stage": "bulletin", "known_basis": "printed"}
        same |= {"known_from": KNOWN, "recorded_at": KNOWN}
        same |= {"release_id": connection.execute(release).scalar_one()}
        rows = [{"first_month": Month.of(2025, 1) + number, **same} for number in range(FIGURES)]
        connection.execute(insert(observations), rows)
        yield connection
    engine.dispose()


def scored(connection: Connection, model: str, inside: int) -> None:
    """A forecast of a model a month ahead of each figure, so many of which were inside its 80 % interval.

    One of the forecast's members was wide of every figure.
    """
    same = {"series_id": "S", "model": model, "vintage": KNOWN, "members": [], "versions": {}}
    held = connection.execute(select(observations.c.id, observations.c.first_month)).all()
    for number, (observation_id, month) in enumerate(held, 1):
        row = {"origin": month - 1, "published_at": KNOWN, "figures": number, **same}
        made = connection.execute(insert(forecasts).values(row).returning(forecasts.c.id)).scalar_one()
        line = {"forecast_id": made, "observation_id": observation_id, "series_id": "S", "model": model}
        line |= {"horizon": 1, "inside_95": True}
        within = {"": number <= inside, "theta": False}
        rows = [{**line, "member": member, "inside_80": each} for member, each in within.items()]
        connection.execute(insert(scores), rows)


def told(connection: Connection, portfolio: str = OWN) -> list[str]:
    """The gauges of coverage of an installation that publishes a portfolio, as Prometheus reads them."""
    connection.commit()
    registry = CollectorRegistry()
    registry.register(State(connection.engine, bootstrap.now, portfolio=portfolio))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith("tonnage_interval_")]


def test_a_model_asked_for_by_name_is_not_counted(connection: Connection) -> None:
    """Intervals of a model asked for by name that hold too seldom leave the gauge at what was published."""
    scored(connection, OWN, inside=8)
    alone = told(connection)
    assert 'tonnage_interval_coverage{horizon="1",interval="80"} 0.8' in alone
    assert f'tonnage_interval_figures{{horizon="1"}} {FIGURES}.0' in alone
    scored(connection, "prophet", inside=1)
    scored(connection, judging(OWN), inside=1)
    assert told(connection) == alone


def test_without_a_published_forecast_there_is_no_coverage(connection: Connection) -> None:
    """Where models were only asked for by name nothing is told, not even that it holds."""
    scored(connection, "prophet", inside=1)
    assert told(connection) == []


def test_whose_intervals_are_told_is_set(connection: Connection) -> None:
    """An installation that publishes with another portfolio is told of that one's intervals."""
    scored(connection, "standard", inside=8)
    scored(connection, "full", inside=2)
    assert 'tonnage_interval_coverage{horizon="1",interval="80"} 0.2' in told(connection, "full")
