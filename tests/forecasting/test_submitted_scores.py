"""Scores of submitted forecasts: means over what each figure has, and nothing where none has it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Submitted
from forecasting.submitted_scores import Paired, score_submitted

REFERENCE = Path(__file__).parent / "reference" / "submitted_scores.json"
SAID = Submitted("bank", Span(Month.of(2025, 1)), dt.datetime(2025, 1, 20, tzinfo=dt.UTC), 100.0)
KNOWN = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
PAIR = Paired("A", SAID, 90.0, 1, 20.0, 0.25, 1.0, KNOWN)


def test_means_are_over_the_figures_that_have_each() -> None:
    """A figure without a scale counts, and has no error; each kind of interval has its own share."""
    poll = replace(SAID, low=80.0, high=95.0)
    levels = replace(SAID, levels=(0.1, 0.5, 0.9), quantiles=(95.0, 100.0, 105.0))
    pairs = [
        PAIR,
        replace(PAIR, said=poll, value=120.0, ours=None),
        replace(PAIR, said=levels, scale=None, ours=None, naive=None),
    ]
    found = score_submitted(iter(pairs))
    assert (found.figures, found.mase, found.bias) == (3, pytest.approx(0.75), pytest.approx(-0.25))
    assert (found.coverage_range, found.coverage_80) == (0.0, 0.0)
    assert (found.ours, found.naive) == (0.25, 1.0)


def test_means_are_what_another_script_says() -> None:
    """All means over three series and four years are those of reference/submitted_scores.py, by pandas."""
    told = json.loads(REFERENCE.read_text())
    found = score_submitted(paired(row) for row in told["rows"])
    said, compared = told["means"], found.compared
    assert compared is not None
    assert (found.figures, compared.months) == (said["figures"], said["months"])
    assert compared.difference == pytest.approx(said["difference"])
    for name in ("mase", "bias", "ours", "naive", "coverage_range", "coverage_80"):
        assert getattr(found, name) == pytest.approx(said[name]), name


def paired(row: dict[str, Any]) -> Paired:
    """A row of the reference as the scoreboard reads it."""
    said = replace(SAID, span=Span(Month.of(2020, 1) + row["month"]), point=row["expected"])
    if row["kind"] == "range":
        said = replace(said, low=row["low"], high=row["high"])
    if row["kind"] == "quantiles":
        values = (row["low"], row["expected"], row["high"])
        said = replace(said, point=None, levels=(0.1, 0.5, 0.9), quantiles=values)
    return replace(
        PAIR,
        series_id=row["series_id"],
        said=said,
        value=row["value"],
        scale=row["scale"],
        ours=row["ours"],
        naive=row["naive"],
    )


def test_errors_are_tested_against_ours_month_by_month() -> None:
    """Twenty months in which ours was nearer by as much as varies: a better record, and hardly by chance."""
    months = [
        replace(PAIR, said=replace(SAID, span=Span(Month.of(2023, 1) + place)), value=80.0 + place % 3)
        for place in range(20)
    ]
    found = score_submitted(months).compared
    assert found is not None
    assert (found.months, found.difference) == (20, pytest.approx((20 + 19 + 18) / 60 - 0.25, abs=0.02))
    assert found.p_value is not None
    assert found.p_value < 1e-6
    worse = score_submitted([replace(each, ours=1.5) for each in months]).compared
    assert worse is not None
    assert worse.difference < 0


def test_errors_of_a_year_ahead_overlap_by_a_year() -> None:
    """Whoever speaks twelve months before has no test below two years of months, whatever our own horizon."""

    def months(count: int) -> list[Paired]:
        spans = [Span(Month.of(2022, 1) + place) for place in range(count)]
        early = [dt.datetime.combine((span.last - 11).first_day, dt.time(), dt.UTC) for span in spans]
        said = [replace(SAID, span=span, known_from=at) for span, at in zip(spans, early, strict=True)]
        return [replace(PAIR, said=each, value=80.0 + place % 3) for place, each in enumerate(said)]

    few, enough = (score_submitted(months(count)).compared for count in (23, 24))
    assert few is not None
    assert enough is not None
    assert (few.p_value, enough.p_value is None) == (None, False)


def test_of_nothing_there_is_no_mean() -> None:
    """No pair, no figure, and every mean is None."""
    found = score_submitted([])
    assert (found.figures, found.mase, found.bias, found.coverage_80) == (0, None, None, None)
    assert (found.coverage_range, found.ours, found.naive) == (None, None, None)
