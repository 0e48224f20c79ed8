"""Whatever stands in an address or a form, the answer is a page of ours, and never an error of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, key, served
from httpx import Client

from services.web.app import create_web

OWN = {"Sec-Fetch-Site": "same-origin"}
NUL = "a%00b"
DEEP = "[" * 100_000


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    stage.register(family="谷物")
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "address",
    [
        *(f"/{each}/{NUL}" for each in ("endpoints", "alerts", "rules", "imports", "series", "families")),
        *(f"/series?{each}={NUL}" for each in ("words", "after")),
        f"/deliveries?endpoint={NUL}",
        "/deliveries/99999999999999999999",
        "/releases?as_of=0001-01-01",
        f"/series/{MAGNETS}?as_of=0001-01-01",
        "/track-record?as_of=9999-12-31",
        f"/rules/new?on={NUL}",
    ],
)
def test_an_address_that_cannot_be_read_is_refused(pages: Client, address: str) -> None:
    """A NUL, a number beyond what is kept and a day before all days are refused as pages."""
    answer = pages.get(address)
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "given",
    [
        {"when.0.kind": "moon"},
        {"text.on": "1", "text": DEEP},
        {"name": "a\0b", "desk": "metals", "when.0.kind": "level"},
    ],
    ids=["unknown kind", "nested deeply", "NUL"],
)
@pytest.mark.parametrize("act", ["builder", "rehearse", "save"])
def test_a_form_that_cannot_be_read_is_shown_again(pages: Client, act: str, given: dict[str, Any]) -> None:
    """The builder answers with what is wrong, whatever was sent to it."""
    answer = pages.post(f"/rules/{act}", data=given)
    assert answer.status_code < 500, answer.text


def test_a_file_is_named_in_any_script(pages: Client) -> None:
    """The name of a family or file outside ASCII stands in the file's own, in the form that browsers read."""
    answer = pages.get("/families/谷物?format=csv")
    assert answer.status_code == 200, answer.text
    named = answer.headers["content-disposition"]
    assert "filename*=UTF-8''" in named
    assert named.isascii()


def test_the_builder_shows_no_other_desks_rule(stage: Stage, pages: Client) -> None:
    """A form that names another desk's rule is answered without a word of it."""
    spec = {
        "name": "Of magnets alone",
        "desk": "magnets",
        "scope": {"series": [MAGNETS]},
        "condition": {"kind": "level", "below": 3000},
    }
    assert stage.client.put("/v1/rules/secret", content=json.dumps(spec), headers=JSON).status_code < 300
    key(stage, "admin")
    other = key(stage, "read", "rules", desk="grains")["Authorization"].removeprefix("Bearer ")
    pages.post("/sign-in", data={"key": other})
    assert pages.get("/rules/secret").status_code == 404
    hidden = re.search(r'name="(\w+)" value="([^"]+)"', pages.get("/rules/new").text.partition("<form")[2])
    assert hidden is not None
    token = {hidden[1]: hidden[2]}
    for act in ("builder", "rehearse"):
        answer = pages.post(f"/rules/{act}", data={"rule_id": "secret", **token})
        assert answer.status_code == 200, answer.text
        assert "Of magnets alone" not in answer.text
        assert "version 1" not in answer.text


JSON = {"content-type": "application/json"}
