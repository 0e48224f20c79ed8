"""The page of an alert and the list of them: which forecast is drawn, which figures opened and ended it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from api_stage import MAGNETS, NOW, Stage, served
from httpx import Client
from web_stage import LEASE, fit

from services.usecases.refresh_forecasts import refresh_forecasts
from services.web.app import create_web

RULE: dict[str, Any] = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with served(create_web(stage.app.state.service)) as address, Client(base_url=address) as client:
        yield client


@pytest.fixture
def live(stage: Stage, pages: Client) -> Client:
    """Magnets with forty ordinary months and a forecast of them; the next figure comes live."""
    stage.register(name="Magnet exports")
    assert stage.client.put("/v1/rules/low", json=RULE).status_code == 200
    past = [
        {"month": f"{2022 + at // 12}-{at % 12 + 1:02d}", "value": 5000 + 37 * (at % 7)} for at in range(42)
    ]
    known = [
        {
            **each,
            "known_from": f"{dt.date.fromisoformat(each['month'] + '-28') + dt.timedelta(days=3)}T04:00:00Z",
        }
        for each in past
    ]
    assert stage.upload(*known, history="true", replay="true").status_code < 300
    fit(stage)
    return pages


def alert(stage: Stage) -> str:
    (found,) = stage.client.get("/v1/alerts").json()["items"]
    return str(found["id"])


def caption(pages: Client, alert_id: str) -> tuple[str, str]:
    """The picture of an alert, and what is said under it without its marks."""
    page = pages.get(f"/alerts/{alert_id}").text
    found = re.search(r'<div class="plot">(.*?)<figcaption[^>]*>(.*?)</figcaption>', page, re.DOTALL)
    assert found is not None, page
    return found[1], " ".join(unescape(re.sub(r"<[^>]+>", "", found[2])).split())


def test_the_picture_of_a_live_alert_says_which_forecast_it_draws(stage: Stage, live: Client) -> None:
    """Until the figure's own refit is published the older forecast is named as such; then that is drawn."""
    assert stage.upload({"month": "2025-07", "value": 1238}).status_code < 300
    drawn, said = caption(live, alert(stage))
    assert "the forecast from before the last of them, of what was known 1 Jul 2025" in said
    assert "the one made with it is not published" in said
    refresh_forecasts(stage.engine, now=NOW + dt.timedelta(minutes=1), lease=LEASE)
    later, said = caption(live, alert(stage))
    assert "and the forecast made with the last of them, published 1 Aug 2025, 12:01" in said
    assert "from before" not in said
    assert later != drawn


def words(page: str, part: str) -> str:
    """What a page says in the paragraphs of a class, without marks."""
    found = re.findall(rf'<p class="{part}">(.*?)</p>', page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", " | ".join(found))).split())


def test_an_alert_that_is_over_keeps_the_figure_that_opened_it(stage: Stage, live: Client) -> None:
    """List, page and file show both ends: the month, the figure, and what was expected of each."""
    assert stage.upload({"month": "2025-07", "value": 1238}).status_code < 300
    assert "Opened by" not in live.get("/alerts").text, "the sentence itself says it"
    stage.at += dt.timedelta(days=31)
    assert stage.upload({"month": "2025-08", "value": 5100}).status_code < 300
    for address in ("/alerts?status=resolved", f"/alerts/{alert(stage)}"):
        said = words(live.get(address).text, "turns")
        assert re.search(r"Opened by July 2025: 1,238 t \(5,1\d0 t was expected\)", said), (address, said)
        assert re.search(r"Ended by August 2025: 5,100 t \(5,1\d0 t was expected\)", said), (address, said)
    (row,) = csv.DictReader(io.StringIO(live.get("/alerts?status=all&format=csv").text))
    assert (row["opened_by"], float(row["opened_by_value"])) == ("2025-07", 1238)
    assert (row["ended_by"], float(row["ended_by_value"])) == ("2025-08", 5100)


def test_an_alert_closed_by_hand_names_who_closed_it(stage: Stage, live: Client) -> None:
    """Where a person ended an alert no figure is said to have."""
    assert stage.upload({"month": "2025-07", "value": 1238}).status_code < 300
    closed = stage.client.post(f"/v1/alerts/{alert(stage)}/close", json={"by": "Ana"})
    assert closed.status_code == 200, closed.text
    said = words(live.get("/alerts?status=resolved").text, "turns")
    assert "Opened by July 2025: 1,238 t" in said
    assert said.endswith("Ended by Ana, by hand")
