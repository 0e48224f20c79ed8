"""The rare-earth exports of 2025, brought in release by release through the connector."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from gacc_server import OTHERS, Site, exports_title, html, index, page, row, serving
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, select

from services.demo.replay import BEGINS, BUDGET
from services.demo.story import points
from services.ingestion.figures import ArrivingFigure
from services.ingestion.readers import read_csv
from services.ingestion.sources.gacc import Gacc
from services.settings import Settings
from services.storage import series, sources
from services.storage.series import SeriesRecord
from services.storage.sources import Followed
from services.storage.tables import deliveries
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.poll_source import poll_source
from services.usecases.record_observations import record_observations
from services.usecases.refresh_forecasts import refresh_forecasts
from services.usecases.save_rule import save_rule

DEMO = Path(__file__).parents[2] / "services" / "demo"
RAW = "CN_EXP_RE_T"
LEASE = dt.timedelta(minutes=10)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def moment(figure: ArrivingFigure) -> dt.datetime:
    assert figure.known_from is not None
    return figure.known_from


def installed(database_url: str, figures: list[ArrivingFigure], settings: Settings) -> Engine:
    """A database with the demo's series, history, rules and endpoint."""
    engine = create_engine(database_url)
    begins = dt.datetime.combine(BEGINS, dt.time(), dt.UTC)
    with engine.begin() as connection:
        series.register(
            connection,
            [SeriesRecord(**each) for each in json.loads((DEMO / "series.json").read_text())],
            now=begins,
        )
    record(engine, [each for each in figures if moment(each) < begins], now=begins, history=True)
    add_endpoint(engine, settings, desk="magnets", url="https://desk.example/hooks", now=begins)
    with engine.begin() as connection:
        for rule_id, rule in json.loads((DEMO / "rules.json").read_text()).items():
            save_rule(connection, rule_id, rule, now=begins)
    return engine


def record(engine: Engine, batch: list[ArrivingFigure], *, now: dt.datetime, history: bool = False) -> None:
    with engine.begin() as connection:
        record_observations(
            connection,
            batch,
            source="test",
            now=now,
            budget=BUDGET,
            portfolio="standard",
            history=history,
        )
    refresh_forecasts(engine, now=now, lease=LEASE)


def heard(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        query = select(deliveries.c.body).order_by(deliveries.c.sequence)
        return [json.loads(body) for body in connection.scalars(query)]


def told(bodies: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What each message says of alerts: type, series, month, value, verdict and its chance."""
    inside = [
        event
        for body in bodies
        for event in (body["data"]["events"] if body["type"] == "alerts.gathered" else [body])
    ]
    return [
        (
            event["type"],
            event["data"]["series"]["id"],
            event["data"]["period"],
            event["data"]["value"],
            event["data"]["known_from"],
            event["data"]["detection"]["verdict"],
            event["data"]["detection"]["tail_probability"],
            event["data"]["sentence"],
        )
        for event in inside
    ]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


def publish(site: Site, out: list[ArrivingFigure]) -> None:
    """The site as it stands once these months are out."""
    links = {}
    for figure in out:
        month = figure.span.last
        name = MONTHS[month.number - 1]
        links[name] = f"/Statics/{month}.html"
        table = [*OTHERS, row("Rare Earths", "Ton", f"{figure.value:,.1f}", "55.5")]
        site.answers[links[name]] = html(page(exports_title(name, month.year), table))
    site.answers["/statics/report/preliminary.html"] = html(index(links))
    site.answers["/statics/report/preliminary2024.html"] = html(index({}, year=2024))


@pytest.mark.long
def test_the_story_of_2025_through_the_connector(site: Site, database_url: str, empty_second: str) -> None:
    """Polled on each release day, the pages set off exactly the messages of the replay, to the word."""
    figures = read_csv((DEMO / "rare_earth.csv").read_bytes(), limit=10_000_000)
    begins = dt.datetime.combine(BEGINS, dt.time(), dt.UTC)
    settings = Settings(
        secret_keys=(SecretStr(Fernet.generate_key().decode()),),
        alert_budget=BUDGET,
        source_addresses={"gacc": site.address},
    )
    days = sorted({moment(each) for each in figures if moment(each) >= begins})

    replayed = installed(empty_second, figures, settings)
    for day in days:
        record(replayed, [each for each in figures if moment(each) == day], now=day)

    polled = installed(database_url, figures, settings)
    code = {"commodity": "Rare Earths", "measure": "quantity", "unit": "t"}
    with polled.begin() as connection:
        sources.follow(connection, [Followed(RAW, "gacc", code)], now=begins)
        sources.begin(connection, [RAW], now=begins)
    raw = [each for each in figures if each.series_id == RAW and moment(each) >= begins]
    for day in days:
        publish(site, [each for each in raw if moment(each) <= day])
        poll = poll_source(polled, settings, Gacc(), clock=lambda day=day: day, wait=lambda _: None)
        assert (poll.fault, poll.derived.refused) == (None, [])
        refresh_forecasts(polled, now=day, lease=LEASE)
        others = [each for each in figures if moment(each) == day and each.series_id != RAW]
        if others:
            record(polled, others, now=day)

    bodies = heard(polled)
    assert {point.name: point.missed for point in points(bodies) if point.shown is None} == {}
    assert told(bodies) == told(heard(replayed))
    replayed.dispose()
    polled.dispose()


@pytest.fixture
def empty_second(postgres_server: Any, migrated_template: str) -> Iterator[str]:
    """A second migrated database."""
    yield postgres_server.create("second_story", template=migrated_template)
    postgres_server.drop("second_story")
