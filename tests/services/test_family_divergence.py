"""Divergence through the API: siblings that part ways, in any month, as of any moment."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from api_stage import Stage, assert_problem

from forecasting.months import Month


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
