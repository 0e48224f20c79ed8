"""A change of exactly the limit is at least the limit: figures and limits compare as they were written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Literal

import pytest
from alert_facts import MAY, figure
from hypothesis import given
from hypothesis import strategies as st

from alerts.conditions import Answer, Change, Condition, Revision
from alerts.facts import Facts, Figure
from alerts.rehearsal import rehearse
from alerts.rules import Rule, parse_rule
from forecasting.months import Month, Span
from forecasting.shocks import changes

BEFORE = st.decimals("0.01", "1e9", places=2)
PERCENT = st.decimals("0.5", "99.5", places=1)
HAIR = Decimal("1e-5")
"""Smallest step of a figure that has a share of it to three decimals and two of its own."""

APRIL, YEAR_AGO = Span(MAY.first - 1), Span(MAY.first - 12)


def moved(before: Decimal, now: Decimal) -> Facts:
    """Facts of a figure that moved alike on the month, the year, and the year to date, and as a revision."""
    value, then = float(now), float(before)
    return replace(
        figure(value),
        change_month=value / then - 1,
        change_year=value / then - 1,
        previous=Figure(APRIL, then),
        year_ago=Figure(YEAR_AGO, then),
        year_to_date=Figure(Span(Month.of(2025, 1), 5), value),
        year_to_date_before=Figure(Span(Month.of(2024, 1), 5), then),
        revision_of=then,
    )


@given(before=BEFORE, percent=PERCENT, side=st.sampled_from([-1, 1]))
def test_exactly_the_limit_is_at_least_the_limit(before: Decimal, percent: Decimal, side: int) -> None:
    """A change of exactly so many per cent opens, and one a hair smaller does not, on any figure."""
    exact = before + side * before * percent / 100
    limit = {"down_percent" if side < 0 else "up_percent": float(percent)}
    conditions: list[Condition] = [Change(on, **limit) for on in ("month", "year", "year_to_date")]  # type: ignore[arg-type]
    for condition in (*conditions, Revision(float(percent))):
        assert condition.test(moved(before, exact)).answer is Answer.YES
        assert condition.test(moved(before, exact - side * HAIR)).answer is Answer.NO


@given(before=BEFORE, amount=BEFORE)
def test_exactly_the_amount_is_at_least_the_amount(before: Decimal, amount: Decimal) -> None:
    """A change of exactly the amount opens, and one a hair smaller does not."""
    condition = Change("month", up_by=float(amount))
    assert condition.test(moved(before, before + amount)).answer is Answer.YES
    assert condition.test(moved(before, before + amount - HAIR)).answer is Answer.NO


@given(months=st.lists(BEFORE, min_size=2, max_size=12), percent=st.integers(1, 99))
def test_the_noise_of_a_sum_is_no_part_of_it(months: list[Decimal], percent: int) -> None:
    """A total to date that fell by exactly the limit opens, though its months were added as floats."""
    before = {Span(Month.of(2024, at)): float(value) for at, value in enumerate(months, 1)}
    now = {
        Span(Month.of(2025, at)): float(value * (100 - percent) / 100) for at, value in enumerate(months, 1)
    }
    totals = [
        changes.year_to_date(given, Month.of(year, len(months)))
        for given, year in ((before, 2024), (now, 2025))
    ]
    then, current = (Figure(*total) for total in totals if total is not None)
    facts = replace(figure(1.0), year_to_date=current, year_to_date_before=then)
    assert Change("year_to_date", down_percent=percent).test(facts).answer is Answer.YES


def rule(on: Literal["month", "year"]) -> Rule:
    """Down at least 10 % opens."""
    raw = {
        "name": "Down",
        "desk": "metals",
        "scope": {"series": ["MAGNETS"]},
        "condition": {"kind": "change", "on": on, "down_percent": 10},
    }
    return parse_rule(raw, rule_id="down", version=1)


@pytest.mark.parametrize("on", ["month", "year"])
def test_a_rehearsal_hears_what_a_desk_would(on: Literal["month", "year"]) -> None:
    """A fall from 100 to 90 is an alert of the rehearsal too."""
    assert [alert.onset for alert in rehearse(rule(on), [moved(Decimal(100), Decimal(90))]).alerts] == [MAY]


def test_a_ratio_beyond_floats_is_still_judged() -> None:
    """A rise from next to nothing to next to everything is a rise, and stops no figure."""
    facts = replace(figure(1e308), previous=Figure(APRIL, 5e-324), revision_of=5e-324)
    assert Change("month", up_percent=20).test(facts).answer is Answer.YES
    assert Revision(20).test(facts).answer is Answer.YES
