"""Divergence through the API: siblings that part ways, in any month, as of any moment."""

from __future__ import annotations

import csv
import datetime as dt
from importlib.resources import files

import numpy as np
import pytest
from api_stage import Stage, assert_problem, served
from httpx import Client

from forecasting.months import Month
from services.demo.aftermath import aftermath
from services.web.app import create_web


@pytest.fixture
def siblings(stage: Stage) -> Stage:
    """Three years of ores and magnets around one level; in the last month ores rise and magnets fall."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    noise = np.random.default_rng(4)
    for name, last in (("ores", 1600.0), ("magnets", 600.0)):
        stage.register(name, family="metals")
        values = [*(1000 * np.exp(0.05 * noise.standard_normal(35))), last]
        months = [Month.of(2022, 7) + step for step in range(36)]
        answer = stage.upload(
            *(
                {
                    "series_id": name,
                    "month": str(month),
                    "value": value,
                    "known_from": f"{month + 1}-20T02:00Z",
                }
                for month, value in zip(months, values, strict=True)
            ),
            history="true",
        )
        assert answer.status_code == 200, answer.text
    stage.register("alone", family="lonely")
    return stage


def test_siblings_that_parted_are_told(siblings: Stage) -> None:
    """The pair of June is named with both changes, its score, and the shift of the shares."""
    told = siblings.client.get("/v1/divergence", params={"family": "metals"}).json()
    assert (told["month"], told["parted"]) == ("2025-06", True)
    (pair,) = told["pairs"]
    assert (pair["higher"], pair["lower"], pair["opposite"]) == ("ores", "magnets", True)
    assert pair["score"] > 3
    assert f"{pair['score']:.1f} times" in pair["reason"]
    shares = {each["series_id"]: each for each in told["shares"]}
    assert shares["magnets"]["now"] == pytest.approx(600 / 2200)
    assert shares["magnets"]["now"] < shares["magnets"]["year_before"]


def test_a_past_month_and_a_past_moment_are_answered(siblings: Stage) -> None:
    """As of before the figures of June were out, May is the last; a month asked for is that month."""
    then = siblings.client.get("/v1/divergence", params={"family": "metals", "as_of": "2025-07-01T00:00:00Z"})
    assert (then.json()["month"], then.json()["parted"]) == ("2025-05", False)
    month = siblings.client.get("/v1/divergence", params={"family": "metals", "month": "2024-12"}).json()
    assert (month["month"], month["parted"]) == ("2024-12", False)


def test_what_cannot_be_compared_says_why(siblings: Stage) -> None:
    """One series alone, a month not held and a family not known each say so."""
    get = siblings.client.get
    assert "two are needed" in get("/v1/divergence", params={"family": "lonely"}).json()["reason"]
    early = get("/v1/divergence", params={"family": "metals", "month": "2022-08"}).json()
    assert (early["pairs"], early["parted"]) == ([], False)
    assert "no two of them hold August 2022" in early["reason"]
    assert_problem(get("/v1/divergence", params={"family": "none"}), 404, "not-found")
    assert_problem(get("/v1/divergence"), 422, "invalid-request")


def test_what_else_stands_out_is_typed_and_agrees_with_its_sentence(siblings: Stage) -> None:
    """June's shift of the shares and the matched tonnes are told with their numbers; ranks of two are not."""
    told = siblings.client.get("/v1/divergence", params={"family": "metals"}).json()
    found = {each["kind"]: each for each in told["findings"]}
    matched = found["substitution"]
    assert (matched["fell"]["series_id"], matched["rose"]["series_id"]) == ("magnets", "ores")
    assert (matched["fell"]["value"], matched["rose"]["value"], matched["unit"]) == (600, 1600, "t")
    assert matched["lost"] == pytest.approx(matched["fell"]["expected"] - 600)
    assert matched["gained"] == pytest.approx(1600 - matched["rose"]["expected"])
    assert f"{100 * matched['gained'] / matched['lost']:.0f} % of what the one lost" in matched["reason"]
    shifts = {each["series_id"]: each for each in told["findings"] if each["kind"] == "share"}
    assert shifts["magnets"]["share"] == pytest.approx(600 / 2200)
    assert shifts["magnets"]["score"] == pytest.approx(-shifts["ores"]["score"])
    assert all(each["tail"] <= 0.05 and each["shifts_held"] == 23 for each in shifts.values())
    assert (
        f"{100 * shifts['magnets']['share']:.1f} % of the sum of 2 siblings in June 2025"
        in shifts["magnets"]["reason"]
    )
    assert [each["kind"] for each in told["unjudged"]] == ["rank"]
    may = siblings.client.get("/v1/divergence", params={"family": "metals", "month": "2025-05"}).json()
    assert [each for each in may["findings"] if each["kind"] == "substitution"] == []


def test_units_that_differ_are_no_sum_and_no_match(siblings: Stage) -> None:
    """A sibling in dollars has no share of tonnes, and the tonnes are still compared with each other."""
    siblings.register("money", family="metals", unit="USD")
    rows = [
        {
            "series_id": "money",
            "month": str(Month.of(2022, 7) + step),
            "value": 10.0 + step % 3,
            "unit": "USD",
        }
        for step in range(36)
    ]
    known = [{**row, "known_from": f"{Month.parse(str(row['month'])) + 1}-20T02:00Z"} for row in rows]
    assert siblings.upload(*known, history="true").status_code == 200
    told = siblings.client.get("/v1/divergence", params={"family": "metals"}).json()
    assert {each["now"] for each in told["shares"]} == {None}
    assert {each["siblings"] for each in told["findings"] if each["kind"] == "share"} == {2}
    assert {each["unit"] for each in told["findings"] if each["kind"] == "substitution"} == {"t"}
    with served(create_web(siblings.app.state.service)) as address, Client(base_url=address) as pages:
        assert "held by every sibling in one unit" in pages.get("/families/metals").text


def test_june_2025_of_the_demo_is_told(stage: Stage) -> None:
    """What magnets lost in June 2025, ores, metals and compounds gained; the rest has too short a past."""
    for name in ("CN_EXP_RE_T", "CN_EXP_REPM_T", "CN_EXP_REPROD_T"):
        stage.register(name, family="cn-rare-earths")
    lines = files("services.demo").joinpath("rare_earth.csv").read_text().splitlines()
    rows = [
        {
            name: float(row[name]) if name == "value" else row[name]
            for name in ("series_id", "month", "value", "known_from")
        }
        for row in csv.DictReader(lines)
    ]
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert stage.upload(*rows, history="true").status_code == 200
    asked = {"family": "cn-rare-earths", "month": "2025-06", "as_of": "2025-07-31T00:00:00Z"}
    told = stage.client.get("/v1/divergence", params=asked).json()
    (matched,) = told["findings"]
    assert (matched["kind"], matched["fell"]["value"], matched["rose"]["value"]) == (
        "substitution",
        3188,
        7742.2,
    )
    assert (matched["lost"], matched["share"]) == (pytest.approx(1962.2), pytest.approx(1.383, abs=0.001))
    assert {each["kind"]: each["reason"][:10] for each in told["unjudged"]} == {
        "share": "10 earlier",
        "rank": "2 siblings",
    }
    summed = aftermath(lambda address, given: stage.client.get(address, params=given).json())
    parted = next(point.shown for point in summed if point.name.startswith("June 2025"))
    assert parted is not None
    assert parted["matched"] == matched["reason"]


def test_the_family_page_says_what_else_stands_out_by_name(siblings: Stage) -> None:
    """Findings are sentences with the names of series and not their identifiers; the unjudged says why."""
    siblings.register("magnets", name="Magnets of rare earths", family="metals")
    with served(create_web(siblings.app.state.service)) as address, Client(base_url=address) as pages:
        page = pages.get("/families/metals").text
    assert "In June 2025 Magnets of rare earths came to 600 t" in page
    assert "Magnets of rare earths was 27.3 % of the sum of 2 siblings in June 2025" in page
    assert "Not judged: rank (2 siblings hold a change on the year in June 2025; a ranking needs 3)." in page


def test_a_rank_that_is_rare_is_told_with_its_history(stage: Stage) -> None:
    """Alloys that rose most of three for four years and now rise least are told, point in time."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    noise = np.random.default_rng(8)
    for name, growth, last in (("alloys", 1.3, 0.7), ("ores", 1.0, 1.0), ("magnets", 1.0, 1.1)):
        stage.register(name, family="metals")
        values = 1000 * growth ** (np.arange(60) / 12) * np.exp(0.03 * noise.standard_normal(60))
        values[-1] = last * values[-13]
        months = [Month.of(2020, 7) + step for step in range(60)]
        rows = [
            {"series_id": name, "month": str(month), "value": value, "known_from": f"{month + 1}-20T02:00Z"}
            for month, value in zip(months, values, strict=True)
        ]
        assert stage.upload(*rows, history="true").status_code == 200
    told = stage.client.get("/v1/divergence", params={"family": "metals"}).json()
    (found,) = [each for each in told["findings"] if each["kind"] == "rank"]
    assert (found["series_id"], found["end"], found["rank"], found["siblings"]) == ("alloys", "last", 3, 3)
    assert (found["usual"], found["ranks_held"]) == (1.0, 47)
    assert found["tail"] == pytest.approx((1 + found["as_far"]) / 48)
    assert f"in {found['as_far']} of 47 earlier months" in found["reason"]
    before = {"family": "metals", "as_of": "2025-07-01T00:00:00Z"}
    then = stage.client.get("/v1/divergence", params=before).json()
    assert [each for each in then["findings"] if each["kind"] == "rank"] == []
