"""What the page of a family is headed by: a family has an id and no name of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services import demo
from services.web.pages.family import title

DEMO = json.loads((Path(demo.__file__).parent / "series.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("names", "headed"),
    [
        ([each["name"] for each in DEMO], "China's exports of rare-earth …"),
        (["Exports of magnets", "Exports of ores"], "Exports of …"),
        (["Magnets", "Magnets, sintered"], "metals"),
        (["Exports of magnets"], "metals"),
        (["Ores", "Magnets"], "metals"),
        (["Exports of magnets", "Exports of magnets, sintered"], "Exports of …"),
    ],
)
def test_a_family_is_headed_by_the_words_that_its_series_share(names: list[str], headed: str) -> None:
    """Two words or more with which every name begins are its words; without them it goes by its id."""
    assert title("metals", names) == headed
