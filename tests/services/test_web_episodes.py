"""What pages say of an episode beside its numbers: what was lost, what the chances rest on, how it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from api_stage import MAGNETS, NOW, Stage, served
from httpx import Client
from web_stage import tell, tell_later

from forecasting.months import Month
from services.queries.episodes import episodes_as_of, told
from services.queries.series import chosen
from services.web.app import create_web
from services.web.words import LOST_LEVEL, judged_on, lost_words

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def pages(stage: Stage, told_once: Callable[[Callable[[Stage], None]], None]) -> Iterator[Client]:
    """A client of the dashboard where magnets are known through May 2025, a shock."""
    told_once(tell)
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN) as client,
    ):
        yield client


def plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())


LOST = "less what came, summed over May 2025: the mean of 2,000 paths simulated from that forecast"


def test_each_page_says_what_the_volume_lost_is(stage: Stage, pages: Client) -> None:
    """Ledger, series and alert name the months, the mean of simulated paths and the interval's level."""
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    for address in (f"/series/{MAGNETS}", f"/alerts/{alert['id']}"):
        said = plain(pages.get(address).text)
        assert LOST in said, address
        assert "within a 90 % interval" in said, address
    ledger = pages.get("/episodes").text
    assert LOST in unescape(ledger)
    assert "the mean of the paths simulated from that forecast, with their 90 % interval" in plain(ledger)
    assert LOST in unescape(pages.get("/").text)


def test_the_level_that_is_said_is_that_of_the_numbers(stage: Stage, pages: Client) -> None:
    """The words of pages and the fields of an episode name one level; the bounds hold the mean."""
    with stage.engine.begin() as connection:
        (found,) = episodes_as_of(connection, chosen(connection, series_id=MAGNETS), as_of=NOW)
    fields = told(found)["shortfall"]
    assert fields["level"] == LOST_LEVEL
    assert fields["lower"] < fields["value"] < fields["upper"]
    assert f"within a {LOST_LEVEL} % interval" in lost_words(found.chapter)
    assert "90 %" in plain(pages.get("/episodes").text)


def test_chances_say_on_how_many_figures_they_stand(stage: Stage, pages: Client) -> None:
    """At first sight on none since; a month later on one, wherever the type's chance is shown."""
    for address in (f"/series/{MAGNETS}", "/episodes"):
        assert "judged at first sight, on no figure since" in plain(pages.get(address).text), address
    tell_later(stage)
    for address in (f"/series/{MAGNETS}", "/episodes"):
        assert "judged on one figure since" in plain(pages.get(address).text), address
    with stage.engine.begin() as connection:
        (found,) = episodes_as_of(connection, chosen(connection, series_id=MAGNETS), as_of=NOW)
    assert found.chapter.followed_to == Month.parse("2025-06")
    assert judged_on(found.chapter) == "judged on one figure since"


def test_a_shock_that_is_not_over_stands_beside_no_open_alert(stage: Stage, pages: Client) -> None:
    """Where its alert was closed both are said: none is open, and the episode is not over, by how much."""
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    before = plain(pages.get("/").text)
    assert "not over all the same" not in before
    assert stage.client.post(f"/v1/alerts/{alert['id']}/close", json={"by": "Ana"}).status_code == 200
    said = plain(pages.get("/").text)
    assert "No alert is open. 1 shock below is not over all the same" in said
    assert re.search(r"Its alert is resolved; the last figure is still 7\d % under what was expected", said)
