"""What an alert rests on, as rows: each number as its sentence writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.quantities import RAREST
from services.web.evidence import evidence

GOLDEN = Path(__file__).parents[1] / "alerts" / "golden" / "v1"


@pytest.fixture
def data() -> dict[str, Any]:
    """What is said of an alert that opened."""
    body: dict[str, Any] = json.loads((GOLDEN / "alert.opened.json").read_text(encoding="utf-8"))
    return dict(body["data"])


def test_each_row_says_what_the_sentence_says(data: dict[str, Any]) -> None:
    """Figure, changes, expectation, chance, record, measure and the source's own words."""
    rows = {ground.label: (ground.said, ground.beside) for ground in evidence(data)}
    assert rows["Figure"] == ("2,626 t", "May 2025, final")
    assert rows["On the month"] == ("\N{MINUS SIGN}51 %", "April 2025: 5,324 t")
    assert rows["Expected before it was known"] == ("4,300 t", "80 % interval 3,100 to 5,600 t")
    chance = "Chance of a figure so far out"
    assert rows[chance] == ("about 1 in 900", "a shock is a chance below about 1 in 200")
    assert rows["Judged"] == ("shock down", "")
    rare = data | {"detection": data["detection"] | {"one_in": RAREST}}
    assert {ground.label: ground.said for ground in evidence(rare)}[chance] == "less than 1 in 10,000"
    assert rows["Record"] == ("lowest of all held, from July 2015", "33 of 119 months held")
    assert rows["May answer to"] == ("Export licences for seven metals", "1 April 2025")
    assert rows["A newspaper says"][0] == "“lowest since February 2020”"
    assert rows["Expected next"] == ("2,400 t", "June 2025, 80 % interval 1,100 to 3,900 t")


def test_an_outlook_by_types_says_that_no_figure_weighed_them(data: dict[str, Any]) -> None:
    """What is expected right after a shock rests on types at first sight, and its row says so."""
    branch = {"type": "LS", "weight": 0.6, "expected": 2300.0}
    after = data["next_expected"] | {"branches": [branch | {"interval_80": None}]}
    rows = {ground.label: ground.beside for ground in evidence(data | {"next_expected": after})}
    assert rows["Expected next"].endswith("its types weighed at first sight, on no figure since the shock")
    assert "weighed" not in {each.label: each.beside for each in evidence(data)}["Expected next"]


def test_what_is_not_known_has_no_row(data: dict[str, Any]) -> None:
    """A withdrawn figure that no forecast judged leaves the rows that it has."""
    bare = {**data, "value": None, "change_month": None, "change_year": None, "records": []}
    bare |= {"source_claim": None, "measure": None, "next_expected": None, "forecast": None}
    bare["against"] = []
    bare["detection"] = {**data["detection"], "expected": None, "interval_80": None, "one_in": None}
    assert [(each.label, each.said) for each in evidence(bare)] == [("Figure", "withdrawn")]


def test_only_addresses_of_the_web_are_links(data: dict[str, Any]) -> None:
    """A claim's address that would run something is shown as no link."""
    claim = {**data["source_claim"], "url": "javascript:alert(1)"}
    rows = {ground.label: ground for ground in evidence({**data, "source_claim": claim})}
    assert rows["A newspaper says"].url is None
    assert rows["May answer to"].url == "https://example.com"
