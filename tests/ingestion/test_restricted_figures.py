"""Figures that may not be passed on: there for the desk whose key fetched them, and for no other."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from comtrade_server import Comtrade, row
from own_databases import Pasts
from source_shop import Shop

from services.api.app import create_app
from services.bootstrap import Service
from services.ingestion.sources.comtrade import Comtrade as Source
from services.ingestion.sources.faults import OtherDesksRowsError
from services.usecases import follow_source
from services.usecases.manage_keys import add_key
from services.usecases.refresh_forecasts import refresh_forecasts

CARS = "cars.usd"
CODE = {"reporter": "276", "cmd": "8703", "partner": "0", "measure": "value"}
STAMP = "2025-07-04T23:51:36.4233333"
RULE = {
    "name": "Low cars",
    "scope": {"families": ["cars"]},
    "condition": {"kind": "level", "below": 1e12},
}


class Desks:
    """The API as the desk ``metals``, whose key the source has, another desk, and the operator see it."""

    def __init__(self, shop: Shop, keys: Mapping[str | None, str]) -> None:
        service = Service(shop.settings, shop.engine, shop.clock, lambda _: None)
        self.app = create_app(service)
        self.shop = shop
        self.headers = {desk: {"Authorization": f"Bearer {key}"} for desk, key in keys.items()}

    def ask(self, desk: str | None, path: str, **given: Any) -> Any:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tonnage") as client:
                method = given.pop("method", "GET")
                return await client.request(method, f"/v1/{path}", headers=self.headers[desk], **given)

        return asyncio.run(asked())


def scopes(desk: str | None) -> tuple[str, ...]:
    return ("read", "write", "rules") if desk else ("admin",)


@pytest.fixture
def desks(shop: Shop, pasts: Pasts, database_url: str) -> Desks:
    """Two desks with a rule on cars each; a month arrived that only one of them may see."""
    keys, shop.at = pasts.once(database_url, cars_arrive, lambda: cars_arrive(shop))
    return Desks(shop, keys)


def cars_arrive(shop: Shop) -> tuple[dict[str | None, str], dt.datetime]:
    """Key by desk, and the time that it is then."""
    shop.at = dt.datetime(2025, 7, 10, tzinfo=dt.UTC)
    with shop.engine.begin() as connection:
        keys = {
            desk: add_key(connection, name="a key", scopes=scopes(desk), desk=desk, now=shop.at)[1]
            for desk in ("metals", "grains", None)
        }
    desks = Desks(shop, keys)
    described = {"name": "Cars", "unit": "USD", "family": "cars"}
    assert desks.ask(None, f"series/{CARS}", method="PUT", json=described).status_code == 201
    shop.follow("comtrade", {CARS: CODE}, unit="USD")
    with shop.engine.begin() as connection:
        from services.storage import series  # noqa: PLC0415 - follow() described it anew
        from services.storage.series import SeriesRecord  # noqa: PLC0415

        series.register(connection, [SeriesRecord(CARS, "Cars", "USD", family="cars")], now=shop.at)
    follow_source.give_key(shop.engine, shop.settings, Source(), "secret-key", desk="metals")
    for desk in ("metals", "grains"):
        saved = desks.ask(desk, f"rules/{desk}", method="PUT", json={**RULE, "desk": desk})
        assert saved.status_code == 200, saved.text
    server = Comtrade(shop.site)
    server.install()
    server.load("276", "202505", [row("276", "202505", "8703", 9e9, 5e8)], STAMP)
    assert shop.poll(Source()).derived.recorded == 1
    refresh_forecasts(shop.engine, now=shop.at, lease=dt.timedelta(minutes=5))
    return keys, shop.at


PATHS = (f"series/{CARS}", *(f"series/{CARS}/{each}" for each in ("observations", "verdicts", "forecasts")))


@pytest.mark.parametrize("path", PATHS)
def test_a_restricted_series_is_there_for_its_desk_alone(desks: Desks, path: str) -> None:
    """The desk of the key and the operator are answered; to another desk there is no such series."""
    assert desks.ask("metals", path).status_code == 200
    assert desks.ask(None, path).status_code == 200
    assert desks.ask("grains", path).status_code == 404


def test_what_is_derived_is_not_in_any_list_of_another_desk(desks: Desks) -> None:
    """Series, jobs, alerts, a forecast by its id and a rehearsal show another desk nothing."""
    judge = desks.ask("metals", f"series/{CARS}/forecasts").json()["id"]
    assert desks.ask("metals", f"forecasts/{judge}").status_code == 200
    assert desks.ask("grains", f"forecasts/{judge}").status_code == 404
    for path in ("series", "jobs", "alerts"):
        assert CARS in desks.ask("metals", path).text, path
        assert CARS not in desks.ask("grains", path).text, path
    rehearsed = desks.ask("grains", "rules/rehearse", method="POST", json={**RULE, "desk": "grains"})
    assert rehearsed.status_code == 422
    listed = desks.ask("grains", "scoreboard", params={"by": "series"}).json()["lines"]
    assert not any(each["series_id"] == CARS for each in listed)


def test_another_desk_can_neither_write_nor_watch_it(desks: Desks) -> None:
    """An upload, a description and a rule that names it are refused as if it were not there."""
    figure = {"series_id": CARS, "month": "2025-06", "value": 1, "unit": "USD"}
    uploaded = desks.ask("grains", "observations", method="POST", json=[figure])
    assert (uploaded.status_code, "there is no series" in uploaded.text) == (422, True)
    described = {"name": "Mine", "unit": "USD"}
    assert desks.ask("grains", f"series/{CARS}", method="PUT", json=described).status_code == 409
    rule = {**RULE, "desk": "grains", "scope": {"series": [CARS]}}
    assert desks.ask("grains", "rules/mine", method="PUT", json=rule).status_code == 422


def test_the_rows_do_not_change_desks_with_the_key(desks: Desks) -> None:
    """A key for another desk is refused while rows are held that were fetched for the first."""
    with pytest.raises(OtherDesksRowsError, match="metals"):
        follow_source.give_key(desks.shop.engine, desks.shop.settings, Source(), "other", desk="grains")
    follow_source.give_key(desks.shop.engine, desks.shop.settings, Source(), "newer", desk="metals")
