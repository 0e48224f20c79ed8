"""Submitted forecasts from submission to the scoreboard, over HTTP: what two desks hear and see of them."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key, served
from delivery_stage import Desk
from httpx import Client
from test_score_forecasts import LEASE, publish

from alerts.delivery import signing
from alerts.schemas import schema
from forecasting.months import Month
from services.cli.engine import scoreboard
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.score_forecasts import score_due
from services.usecases.sign_in import sign_in
from services.web.app import create_web

FIRST = Month.parse("2025-01")
FIGURES = [5100, 4900, 5200, 4800, 5050, 4950, 5150, 4850]
POLL = {"point": 5000, "low": 4500, "high": 5400, "count": 12}
RULE = {
    "name": "Low magnets",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


def known(month: Month) -> dt.datetime:
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC)


@dataclass
class Told:
    """A stage after the fall of September, with the keys of two desks and what each was sent."""

    stage: Stage
    metals: dict[str, str]
    grains: dict[str, str]
    heard: dict[str, list[dict[str, Any]]]


def foretell(
    stage: Stage, forecaster: str, month: Month, said: dict[str, Any], headers: dict[str, str]
) -> None:
    row = {"series_id": MAGNETS, "month": str(month), "unit": "t", **said}
    address = f"/v1/forecasters/{forecaster}/forecasts"
    answer = stage.client.post(address, json={"forecasts": [row]}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["submitted"] == 1


@pytest.fixture
def told(stage: Stage, desk: Callable[..., Desk]) -> Told:
    """Eight months that others foretold a week ahead, and a ninth that falls and revises the eighth."""
    stage.at = known(FIRST - 1)
    every = key(stage, "read", "write", "rules")
    desks = {name: key(stage, "read", "write", "rules", desk=name) for name in ("metals", "grains")}
    stage.client.headers.update(every)
    stage.register()
    past = [FIRST - 36 + step for step in range(36)]
    rows = [{"month": str(each), "value": 4600 + 100 * (place // 12)} for place, each in enumerate(past)]
    stage.upload(*({**row, "known_from": known(FIRST - 1).isoformat()} for row in rows), history=True)
    publish(stage, known(FIRST - 1), str(FIRST - 1), 4950)
    settings = stage.settings.model_copy(update={"private_networks": (IPv4Network("127.0.0.1/32"),)})
    receivers, secrets = {}, {}
    for name, headers in desks.items():
        saved = stage.client.put(f"/v1/rules/low-{name}", json={**RULE, "desk": name}, headers=headers)
        assert saved.status_code == 200, saved.text
        receivers[name] = desk()
        _, secrets[name] = add_endpoint(
            stage.engine, settings, desk=name, url=receivers[name].url, now=stage.at
        )
    stage.client.put("/v1/forecasters/consensus", json={"name": "Consensus of analysts"})
    stage.client.put("/v1/forecasters/house", json={"name": "House view"}, headers=desks["metals"])
    for place, value in enumerate([*FIGURES, 1238]):
        month = FIRST + place
        stage.at = known(month) - dt.timedelta(days=7)
        foretell(stage, "consensus", month, POLL, every)
        quantiles = {"levels": [0.1, 0.5, 0.9], "quantiles": [4600, 4900, 5080]}
        foretell(stage, "house", month, quantiles, desks["metals"])
        stage.at = known(month)
        revised = [{"month": str(month - 1), "value": 4870}] if value == 1238 else []
        answer = stage.upload(*revised, {"month": str(month), "value": value})
        assert answer.status_code == 200, answer.text
    deliver_due(stage.engine, settings, clock=lambda: stage.at, draw=lambda: 0.5)
    heard = {}
    for name, receiver in receivers.items():
        for headers, body in receiver.requests:
            assert signing.verify([secrets[name]], headers, body, now=stage.at)
        heard[name] = [json.loads(body) for _, body in receiver.requests]
    while score_due(stage.engine, now=stage.at, lease=LEASE).claimed:
        pass
    return Told(stage, desks["metals"], desks["grains"], heard)


def test_the_signed_message_carries_actual_consensus_previous_revised_and_surprise(told: Told) -> None:
    """All five stand in the message and its sentence, and another desk hears nothing of a desk's own."""
    (message,) = told.heard["metals"]
    data = message["data"]
    consensus, house = data["against"]
    assert (data["value"], data["previous"], data["previous_revised"]) == (
        1238,
        {"period": "2025-08", "value": 4870},
        4850,
    )
    assert {name: consensus[name] for name in ("name", "expected", "low", "high", "count", "bounds")} == {
        "name": "Consensus of analysts",
        "expected": 5000,
        "low": 4500,
        "high": 5400,
        "count": 12,
        "bounds": "range",
    }
    shares = [value / 5000 - 1 for value in FIGURES]
    usual = math.sqrt(sum(share**2 for share in shares) / len(shares))
    assert consensus["difference"] == 1238 - 5000
    assert consensus["percent"] == pytest.approx(100 * (1238 / 5000 - 1))
    assert consensus["surprise"] == pytest.approx((1238 / 5000 - 1) / usual)
    assert (consensus["errors"], consensus["largest"]) == (8, True)
    assert (house["forecaster"], house["bounds"], house["low"]) == ("house", "interval_80", 4600)
    assert (
        "Against Consensus of analysts: 5,000 t from 12 answers (range 4,500 to 5,400 t), 75 % below, a "
        "larger miss than the 8 held before it. Against House view: 4,900 t (80 % interval 4,600 to "
        "5,080 t), 75 % below"
    ) in data["sentence"]
    assert "August 2025 was revised from 4,850 to 4,870 t." in data["sentence"]
    (others,) = told.heard["grains"]
    assert [each["forecaster"] for each in others["data"]["against"]] == ["consensus"]
    assert "House" not in json.dumps(others)
    promised = schema("alert.opened")["properties"]["data"]["anyOf"][0]["properties"]
    assert set(data) <= set(promised)


def test_the_scoreboard_moves_and_another_desk_sees_nothing(told: Told) -> None:
    """Each forecaster's line is of the figures that it and we foretold, on the scale of our own lines."""

    def lines(headers: dict[str, str], **asked: Any) -> dict[str, dict[str, Any]]:
        answer = told.stage.client.get("/v1/scoreboard", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return {each["model"]: each for each in answer.json()["lines"]}

    seen = lines(told.metals)
    assert list(seen) == ["standard", "forecaster:consensus", "forecaster:house"]
    assert list(lines(told.grains)) == ["standard", "forecaster:consensus"]
    figures, scale = [*FIGURES, 1238], 100  # the past rose by 100 t from each year to the next
    consensus, house, ours = seen["forecaster:consensus"], seen["forecaster:house"], seen["standard"]

    def mase(expected: float) -> float:
        return sum(abs(expected - value) for value in figures) / len(figures) / scale

    assert consensus["figures"] == house["figures"] == ours["figures"] == 9
    assert consensus["mase"] == pytest.approx(mase(5000))
    assert house["mase"] == pytest.approx(mase(4900))
    assert house["bias"] == pytest.approx(sum(4900 - value for value in figures) / 9 / scale)
    assert consensus["service_mase"] == pytest.approx(mase(5000)) == ours["mase"]
    assert consensus["naive_mase"] == pytest.approx(mase(5020)) == ours["naive_mase"]
    assert consensus["skill"] == pytest.approx(1 - mase(5000) / mase(5020))
    apart = sum(abs(4900 - value) - abs(5000 - value) for value in figures) / len(figures) / scale
    assert (house["compared_months"], house["difference"]) == (9, pytest.approx(apart))
    assert house["p_value"] is None  # our newest forecast was made up to nine months ahead: they overlap
    assert consensus["difference"] == 0  # it said what we said
    assert ours["compared_months"] is None
    assert (consensus["coverage_range"], consensus["coverage_80"]) == (pytest.approx(8 / 9), None)
    assert (house["coverage_range"], house["coverage_80"]) == (None, pytest.approx(5 / 9))
    assert list(lines(told.metals, model="forecaster:house")) == ["forecaster:house"]
    assert lines(told.grains, model="forecaster:house") == {}
    before = lines(told.metals, as_of=known(FIRST + 7).isoformat())["forecaster:consensus"]
    assert (before["figures"], before["coverage_range"]) == (8, 1)
    apart = lines(told.metals, by="horizon", model="forecaster:consensus", horizon=9)
    assert apart["forecaster:consensus"]["figures"] == 1
    by_series = lines(told.metals, by="series", model="forecaster:consensus")
    assert by_series["forecaster:consensus"]["series_id"] == MAGNETS


def test_a_forecast_by_name_before_a_figure_changes_nothing(told: Told) -> None:
    """What another model foretold and when is of its own lines: the service's record is of its portfolio."""
    stage, month = told.stage, FIRST + 9
    stage.at = known(month) - dt.timedelta(days=7)
    foretell(stage, "consensus", month, POLL, key(stage, "read", "write"))
    publish(stage, known(month) - dt.timedelta(days=1), str(FIRST + 8), 9000, model="ces")
    stage.at = known(month)
    assert stage.upload({"month": str(month), "value": 5000}).status_code == 200
    while score_due(stage.engine, now=stage.at, lease=LEASE).claimed:
        pass
    lines = {each["model"]: each for each in stage.client.get("/v1/scoreboard").json()["lines"]}
    assert lines["ces"]["figures"] == 1
    consensus, ours = lines["forecaster:consensus"], lines["standard"]
    assert consensus["figures"] == ours["figures"] == 10
    assert consensus["service_mase"] == pytest.approx(ours["mase"])
    assert consensus["naive_mase"] == pytest.approx(ours["naive_mase"])
    asked = {"by": "horizon", "model": "forecaster:consensus"}
    apart = stage.client.get("/v1/scoreboard", params=asked).json()["lines"]
    assert [each["horizon"] for each in apart] == list(range(1, 11))


def test_the_command_sets_ours_beside_each_forecaster(
    told: Told, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``tonnage scoreboard`` has a line a forecaster with our own error on the same figures."""
    monkeypatch.setattr("services.cli.engine.database", lambda: nullcontext(told.stage.engine))
    scoreboard()
    table = capsys.readouterr().out
    lines = {each["model"]: each for each in told.stage.client.get("/v1/scoreboard").json()["lines"]}
    house = next(line for line in table.splitlines() if "forecaster:house" in line)
    expected = lines["forecaster:house"]
    assert house.split()[-2:] == [f"{expected['service_mase']:.3f}", "9"]
    assert "our mase" in table
    scoreboard(as_json=True)
    assert json.loads(capsys.readouterr().out) == list(lines.values())


def test_pages_show_a_desk_the_forecasters_that_it_sees(told: Told) -> None:
    """The track record, the series and the alert name the desk's own and every desk's, and no other's."""
    stage = told.stage
    stage.at = known(FIRST + 8) + dt.timedelta(days=20)
    foretell(stage, "house", FIRST + 9, {"point": 1444}, told.metals)
    with served(create_web(stage.app.state.service)) as address:
        for headers, sees in ((told.metals, True), (told.grains, False)):
            with stage.engine.begin() as connection:
                opened = sign_in(connection, headers["Authorization"].removeprefix("Bearer "), now=stage.at)
            with Client(
                base_url=address, timeout=30, headers={"Cookie": f"tonnage_session={opened}"}
            ) as pages:
                record = pages.get("/track-record").text
                assert ("Consensus of analysts" in record, "House view" in record) == (True, sees)
                lines = list(
                    csv.DictReader(pages.get("/track-record?by=forecaster&format=csv").text.splitlines())
                )
                assert [each["model"] for each in lines] == ["forecaster:consensus", "forecaster:house"][
                    : 1 + sees
                ]
                series = " ".join(pages.get(f"/series/{MAGNETS}").text.split())
                assert ("What others expect" in series, "1,444" in series) == (sees, sees)
                alert = stage.client.get("/v1/alerts", headers=headers).json()["items"][0]["id"]
                page = " ".join(pages.get(f"/alerts/{alert}").text.split())
                assert "Expected by Consensus of analysts" in page
                assert "5,000 t, 75 % below" in page.replace("\u00a0", " ")
                assert "times its usual error, of 8 held" in page
                assert ("Expected by House view" in page) == sees


def test_what_comes_late_moves_nothing(told: Told) -> None:
    """After the figure a forecast of it is refused, or kept as claimed and scored for nobody."""
    client = told.stage.client
    before = client.get("/v1/scoreboard").json()
    row = {"series_id": MAGNETS, "month": "2025-09", "unit": "t", "point": 1238}
    address = "/v1/forecasters/house/forecasts"
    late = client.post(address, json={"forecasts": [row]}, headers=told.metals)
    assert_problem(late, 422, "upload-refused")
    row["known_from"] = "2025-01-01T00:00:00Z"
    claimed = client.post(address, json={"forecasts": [row]}, headers=told.metals)
    assert claimed.json()["claimed"] == 1, claimed.text
    assert client.get("/v1/scoreboard").json() == before
    told.stage.at += dt.timedelta(days=1)
    told.stage.upload({"month": "2025-09", "value": 1240})
    alert = client.get("/v1/alerts", headers=told.metals).json()["items"][0]["id"]
    events = client.get(f"/v1/alerts/{alert}", headers=told.metals).json()["events"]
    revised = events[-1]["payload"]["data"]
    assert [each["expected"] for each in revised["against"]] == [5000, 4900]
