"""Partners' imports beside exports: each partner once, the EU or its members, codes to six digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from api_stage import MAGNETS, Stage

from forecasting.months import Month
from forecasting.shocks.partners import EU, MEMBERS
from services.ingestion.sources.areas import area

EU_CODES = """
AT BE BG CY CZ DE DK EE ES EU27_2020 FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
"""


@pytest.fixture
def sender(stage: Stage) -> Stage:
    """China's exports of one code of eight digits, in kg."""
    stage.register(name="magnet exports", unit="kg", reporter="CHN", hs_code="85051110")
    return stage


def imports(stage: Stage, series_id: str, months: int, *, last: str = "2025-05", **described: Any) -> None:
    """Imports from China, of so many months up to the last one."""
    given = {"unit": "kg", "partner": "CHN", "hs_code": "850511", "tags": ["imports"], **described}
    stage.register(series_id, **given)
    newest = Month.parse(last)
    rows = [
        {
            "series_id": series_id,
            "month": str(newest - back),
            "value": 1000.0,
            "unit": given["unit"],
            "known_from": f"{newest - back + 1}-19T02:00:00Z",
        }
        for back in range(months)
    ]
    if rows:
        answer = stage.upload(*rows, history="true")
        assert answer.status_code == 200, answer.text


def told(stage: Stage, **asked: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.client.get(f"/v1/series/{MAGNETS}/mirror", params=asked).json()
    return found


def test_one_source_speaks_for_a_partner_the_one_with_the_most_months(sender: Stage) -> None:
    """Germany by Comtrade and by Comext is summed once, and what is left out is named with both counts."""
    imports(sender, "un", 4, reporter="DEU", source="UN Comtrade")
    imports(sender, "eurostat", 9, reporter="DEU", source="Eurostat Comext", hs_code="85051100")
    imports(sender, "us", 3, reporter="USA", source="US Census")
    found = told(sender)
    assert found["partners"] == ["eurostat", "us"]
    assert found["left_out"] == [
        {
            "series_id": "un",
            "reason": "DEU is taken from Eurostat Comext, of which 9 months are held and of UN Comtrade 4",
        }
    ]


def test_the_choice_is_that_of_the_moment(sender: Stage) -> None:
    """As of a day before the other source had more, the first one speaks."""
    imports(sender, "un", 4, last="2025-01", reporter="DEU", source="UN Comtrade")
    imports(sender, "eurostat", 5, reporter="DEU", source="Eurostat Comext")
    assert told(sender)["partners"] == ["eurostat"]
    assert told(sender, as_of="2025-04-01T00:00:00Z")["partners"] == ["un"]


@pytest.mark.parametrize(("eu", "taken"), [(9, ["eu", "us"]), (8, ["de", "fr", "us"])])
def test_the_eu_or_its_members_but_never_both(sender: Stage, eu: int, taken: list[str]) -> None:
    """The EU where as many months are held of it as of the best member; else the members."""
    imports(sender, "de", 9, reporter="DEU", source="Eurostat Comext")
    imports(sender, "fr", 2, reporter="FRA", source="Eurostat Comext")
    imports(sender, "eu", eu, reporter="EU27_2020", source="Eurostat Comext")
    imports(sender, "us", 3, reporter="USA", source="US Census")
    found = told(sender)
    assert found["partners"] == taken
    assert {each["series_id"] for each in found["left_out"]} == {"de", "fr", "eu", "us"} - set(taken)
    assert all("EU" in each["reason"] for each in found["left_out"])


def test_a_code_and_a_part_of_it_are_not_summed(sender: Stage) -> None:
    """Of one source the six digits hold the eight; two codes of eight digits are two parts and both count."""
    imports(sender, "six", 3, reporter="DEU", source="Eurostat Comext")
    imports(sender, "eight", 3, reporter="DEU", source="Eurostat Comext", hs_code="85051190")
    imports(sender, "one", 3, reporter="USA", source="US Census", hs_code="8505110010")
    imports(sender, "two", 3, reporter="USA", source="US Census", hs_code="8505110090")
    found = told(sender)
    assert found["partners"] == ["one", "six", "two"]
    assert [each["series_id"] for each in found["left_out"]] == ["eight"]
    imports(sender, "own", 1, reporter="USA", source="US Census", hs_code="85051110")
    assert told(sender)["partners"] == ["own", "six"]


@pytest.mark.parametrize(
    ("described", "pairs"),
    [
        ({"hs_code": "850511"}, True),
        ({"hs_code": "8505110030"}, True),
        ({"hs_code": "850519"}, False),
        ({"hs_code": "8505"}, False),
        ({"unit": "KG"}, True),
        ({"unit": "t"}, False),
    ],
)
def test_codes_pair_by_six_digits_and_units_without_case(
    sender: Stage, described: dict[str, str], pairs: bool
) -> None:
    """National digits differ from country to country, and the United States write KG."""
    imports(sender, "us", 3, reporter="USA", source="US Census", **described)
    assert told(sender)["partners"] == (["us"] if pairs else [])


def test_a_series_of_which_nothing_is_held_yet_takes_no_place(sender: Stage) -> None:
    """Neither a code that is not in yet nor an EU of which nothing is held stands for the others."""
    sender.register(name="magnet exports", unit="kg", reporter="CHN", hs_code="850511")
    for series_id, code in (("one", "85051110"), ("two", "85051190")):
        imports(sender, series_id, 12, reporter="DEU", source="Eurostat Comext", hs_code=code)
    imports(sender, "exact", 0, reporter="DEU", source="Eurostat Comext")
    imports(sender, "un", 0, reporter="FRA", source="UN Comtrade")
    imports(sender, "eu", 0, reporter="EU27_2020", source="Eurostat Comext")
    found = told(sender)
    assert (found["partners"], found["left_out"]) == (["one", "two"], [])


def test_where_nothing_is_held_of_any_there_are_no_partners(sender: Stage) -> None:
    """The answer says so, and names none."""
    imports(sender, "us", 0, reporter="USA", source="US Census")
    found = told(sender)
    assert (found["partners"], found["left_out"]) == ([], [])
    assert "no series of partners' imports" in found["reason"]


def test_every_member_of_the_eu_is_an_area_that_a_source_can_name() -> None:
    """Comext's codes of the EU and its members become the names by which partners are chosen."""
    named = {area("iso2", code) for code in EU_CODES.split()}
    assert named == MEMBERS | {EU}


def test_each_pair_has_the_lag_that_its_past_says_as_of_the_moment(sender: Stage) -> None:
    """Imports that follow exports by two months are counted so once 36 months are shared, and not before."""
    sent = 1000 * np.exp(0.2 * np.random.default_rng(3).standard_normal(48))
    sender.register("us", unit="kg", reporter="USA", partner="CHN", hs_code="850511", tags=["imports"])
    start = Month.of(2021, 6)
    for series_id, values in ((MAGNETS, sent), ("us", 0.9 * np.concatenate([[1000, 1000], sent[:-2]]))):
        rows = [
            {
                "series_id": series_id,
                "month": str(start + place),
                "value": float(value),
                "unit": "kg",
                "known_from": f"{start + (place + 1)}-19T02:00:00Z",
            }
            for place, value in enumerate(values)
        ]
        assert sender.upload(*rows, history="true").status_code == 200
    found = told(sender)
    assert found["month"] == "2025-03"
    (lag,) = found["lags"]
    assert (lag["series_id"], lag["months"], lag["learned"]) == ("us", 2, True)
    assert (lag["shared"], lag["correlation"]) == (41, pytest.approx(1, abs=0.05))
    assert found["imports"] == pytest.approx(0.9 * found["exports"])
    assert "imports are counted 2 months after (as the past of each pair says)" in found["reason"]
    (then,) = told(sender, as_of="2024-10-01T00:00:00Z")["lags"]
    assert (then["months"], then["learned"], then["correlation"]) == (1, False, None)
    assert "36 needed; 1 month after by default" in then["reason"]
