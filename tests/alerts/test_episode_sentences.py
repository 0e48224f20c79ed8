"""The sentence of an episode and its fields: every number said is a field, as its formatter writes it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pytest

from alerts.episodes import episode_fields, stated_episode
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.chronicle import Shock, chronicle
from forecasting.shocks.measures import Link, Measure

_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
KNOWN = dt.datetime(2025, 5, 20, tzinfo=dt.UTC)
NAME = "magnet exports"
VERBATIM = "Notice 18"


def cases() -> list[dict[str, Any]]:
    """A hundred episodes of every side, size, length and end, from series of known shape."""
    rng = np.random.default_rng(11)
    told = []
    for case in range(100):
        origin = Month.of(2020 + case % 5, case % 12 + 1)
        level = float(10 ** rng.uniform(0, 7))
        spread = rng.uniform(0.03, 0.3)
        row = level * np.exp(spread * np.linspace(-2.3, 2.3, len(LEVELS)))
        before = Forecast("s", "t", origin, KNOWN, LEVELS, np.tile(row, (18, 1)), "test")
        side = "down" if case % 3 else "up"
        effect = -rng.uniform(0.2, 0.95) if side == "down" else rng.uniform(0.5, 4)
        months, back = int(rng.integers(1, 26)), int(rng.integers(0, 5))
        values = level * np.exp(spread * 0.3 * rng.standard_normal(12 + months + back))
        values[12 : 12 + months] *= 1 + effect
        if months > 3 and case % 4 == 0:
            values[14] = np.nan
        series = Series("s", "t", origin - 11, values)
        (found, *_) = chronicle(series, [Shock(Span(origin + 1), side, before)])
        day = dt.date(2025, 4, 4)
        measure = Measure("m", VERBATIM, day, day, KNOWN)
        link = Link(measure, case % 4 - 1) if case % 2 else None
        told.append(
            episode_fields(
                found, link, series_name=NAME, onset_known_from=KNOWN, as_of=KNOWN, forecast_id=case
            )
        )
    return told


TOLD = cases()
SAID = r"[\d.,-]+(?: million)?"
"""A quantity as it is written."""


def test_every_number_said_is_a_field() -> None:
    """Over a hundred varied episodes no number stands in a sentence that no field holds as written."""
    assert len({each["sentence"] for each in TOLD}) == 100
    assert {each["status"] for each in TOLD} >= {"open", "recovering", "closed"}
    assert {each["followed"] for each in TOLD} == {True, False}
    for each in TOLD:
        assert made_up(each) == set(), each["sentence"]


def test_what_is_said_parses_back_to_the_fields() -> None:
    """The loss, its bounds, the trough and the counts are read from the sentence as the fields say."""
    for each in TOLD:
        said = each["sentence"]
        found = re.search(
            rf"({SAID}) t (less|more) came .* 90 % interval ({SAID}) to ({SAID}) t, "
            r"with (\d+) months? (below|above)",
            said,
        )
        assert found is not None, said
        loss = each["shortfall"]
        sign = 1 if found[2] == "less" else -1
        tenth = (loss["upper"] - loss["lower"]) / 10
        lower, upper = sorted(sign * number(found[place]) for place in (3, 4))
        assert sign * number(found[1]) == pytest.approx(loss["value"], abs=tenth)
        assert (lower, upper) == pytest.approx((loss["lower"], loss["upper"]), abs=tenth)
        assert int(found[5]) == each["months_under"]
        assert (found[6] == "below") == (each["side"] == "down")
        trough = re.search(rf"({SAID}) t against ({SAID}) t", said)
        assert trough is not None
        assert number(trough[1]) == pytest.approx(each["trough"]["value"], rel=0.006)
        assert number(trough[2]) == pytest.approx(each["trough"]["expected"], rel=0.006)


def test_a_number_that_is_no_field_is_found() -> None:
    """The check itself fails on a number that was made up."""
    assert made_up({**TOLD[0], "sentence": TOLD[0]["sentence"] + " 31,415 t more."}) == {"31,415"}


def made_up(told: dict[str, Any]) -> set[str]:
    """Numbers of a sentence that no field holds as written; the measure is repeated as it came."""
    text = told["sentence"].replace(VERBATIM, "").replace("(2025-04-04)", "")
    known = {number for said in stated_episode(told).values() for number in _NUMBER.findall(said)}
    return set(_NUMBER.findall(text)) - known


def number(text: str) -> float:
    written, _, name = text.partition(" ")
    return float(written.replace(",", "")) * (1e6 if name else 1.0)
