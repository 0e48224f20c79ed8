"""Scores of submitted forecasts: means over what each figure has, and nothing where none has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Submitted
from forecasting.submitted_scores import Paired, score_submitted

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


def test_of_nothing_there_is_no_mean() -> None:
    """No pair, no figure, and every mean is None."""
    found = score_submitted([])
    assert (found.figures, found.mase, found.bias, found.coverage_80) == (0, None, None, None)
    assert (found.coverage_range, found.ours, found.naive) == (None, None, None)
