"""An installation that knows nothing yet: every page stands, and says what there will be and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_stage import Stage, served
from httpx import Client

from services.web.app import create_web

TEACHES = {
    "/": "series",
    "/series": "series",
    "/episodes": "shock",
    "/track-record": "forecast",
    "/alerts": "Nothing is open",
    "/silences": "Nothing is silenced",
    "/releases": "No calendar expects a release",
    "/imports": "How it goes",
    "/rules": "No rule yet",
    "/rules/new": "No series is registered yet",
    "/deliveries": "A delivery is one message to one endpoint",
    "/endpoints": "No endpoint yet",
    "/operations": "No job stands so",
    "/operations/workers": "The broker does not answer",
}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on an empty database, with a broker that is away."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, timeout=30) as client,
    ):
        yield client


def test_an_empty_installation_teaches(pages: Client) -> None:
    """Nothing is there, no page is broken, and each says what would be there."""
    said = {address: pages.get(address) for address in TEACHES}
    assert {address: answer.status_code for address, answer in said.items()} == dict.fromkeys(TEACHES, 200)
    assert [address for address, word in TEACHES.items() if word not in said[address].text] == []


@pytest.mark.parametrize(
    "address", ["/alerts/none", "/rules/none", "/endpoints/none", "/deliveries/1", "/series/none"]
)
def test_what_is_not_there_is_said_with_where_to_look(pages: Client, address: str) -> None:
    """Status 404, and a link to what there is."""
    answer = pages.get(address)
    assert answer.status_code == 404
    assert "See what there is" in answer.text


def test_operations_names_what_is_wrong_first(pages: Client) -> None:
    """With the broker away and no worker at all, each is named with what to do."""
    text = pages.get("/operations").text
    for wrong in ("the broker does not answer", "the sweep last worked never", "there is no API key"):
        assert wrong in text, wrong
