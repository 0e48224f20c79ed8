"""Laws of numbers in sentences: each is a field, and near what is held."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from alert_facts import MAY, day, figure, level_rule, step
from hypothesis import given, settings
from hypothesis import strategies as st
from wording_stage import NAME, SHOCKS, spoken

from alerts.events import alert_event
from alerts.facts import Band, Facts, Figure, Measure, Outlook, SourceClaim
from alerts.stated import stated, unstated_numbers
from forecasting.months import Month, Span
from forecasting.shocks.detection import Detection, Verdict
from forecasting.shocks.records import Extreme

VALUES = st.one_of(
    st.floats(1e-3, 1e9), st.integers(0, 100_000).map(float), st.sampled_from([1238.47, 7742.2, 99.96, 9.995])
)
CHANGES = st.none() | st.floats(-1, 40)


@st.composite
def _detections(draw: st.DrawFn) -> Detection:
    verdict = draw(st.sampled_from([Verdict.SHOCK_DOWN, Verdict.SHOCK_UP]))
    quantiles = sorted(draw(st.lists(st.floats(0, 1e8), min_size=5, max_size=5)))
    tail = draw(st.floats(1e-12, 0.02))
    return Detection(
        verdict, "why", tail, tail, -3.0, *(quantiles[place] for place in (2, 1, 3, 0, 4)), threshold=0.02
    )


@st.composite
def _bands(draw: st.DrawFn) -> Band:
    lower, middle, upper = sorted(draw(st.lists(st.floats(0, 1e8), min_size=3, max_size=3)))
    return Band(middle, lower, upper)


def _records(month: Month, needed: int, *of: str) -> st.SearchStrategy[tuple[Extreme, ...]]:
    return st.lists(
        st.builds(
            Extreme,
            direction=st.sampled_from(["lowest", "highest"]),
            since=st.none() | st.just(month),
            first_held=st.just(month),
            months_held=st.integers(2, needed),
            months_needed=st.just(needed),
            years_claimed=st.none() | st.integers(1, 40),
            tied=st.booleans(),
            of=st.sampled_from(of),
        ),
        max_size=2,
    ).map(tuple)


@st.composite
def _facts(draw: st.DrawFn) -> Facts:
    span = Span(Month.of(draw(st.integers(1990, 2040)), draw(st.integers(1, 12))), draw(st.integers(1, 3)))
    months = Month.of(draw(st.integers(1970, 2020)), draw(st.integers(1, 12)))
    needed = draw(st.integers(2, 400))
    return Facts(
        series_id="S",
        series_name=draw(st.sampled_from([NAME, "exports under HS 85051110", "steel, 12 mills"])),
        unit=draw(st.sampled_from(["t", "kg", "1000 t", "USD"])),
        span=span,
        value=draw(VALUES),
        known_from=day(),
        detection=draw(_detections()),
        revision_of=draw(st.none() | VALUES),
        change_month=draw(CHANGES),
        change_year=draw(CHANGES),
        year_ago=draw(st.none() | st.just(Figure(Span(span.first - 12, span.months), 1.0))),
        records=draw(_records(months, needed, "figure")),
        change_records=draw(_records(months, needed, "change_month", "change_year")),
        source_claim=draw(st.none() | st.just(SourceClaim("lowest of 17 years", "Paper 21", "https://x.y"))),
        next_expected=draw(st.none() | st.builds(Outlook, st.just(MAY), _bands())),
        counterfactual=draw(st.none() | _bands()),
        measure=draw(st.none() | st.just(Measure("Announcement 18", day().date(), "https://x.y"))),
    )


@settings(max_examples=150)
@given(_facts(), VALUES, _bands())
def test_no_sentence_says_a_number_that_is_no_field(facts: Facts, later: float, band: Band) -> None:
    """Over 150 varied figures each number said is a field as its formatter writes it."""
    follow = replace(
        facts,
        span=Span(facts.span.first + facts.span.months, facts.span.months),
        value=later,
        revision_of=None,
        year_ago=None,
        counterfactual=band,
        detection=replace(facts.detection, verdict=Verdict.ORDINARY),
    )
    said = spoken(SHOCKS, facts, follow)
    assert len(said) == 2


def test_a_number_that_is_no_field_is_found() -> None:
    """The check itself fails on a number that was made up."""
    state, (moved,) = step(level_rule(), None, figure(2117))
    assert state is not None
    data = alert_event(moved, level_rule(), state, figure(2117))["data"]
    data["sentence"] = data["sentence"].replace("2,117", "2,118")
    assert unstated_numbers(data) == ("2,118",)


@given(_facts())
def test_what_is_written_is_near_what_is_held(facts: Facts) -> None:
    """A volume is written to within half of its last digit, an estimate to within a tenth of its interval."""
    state, (moved, *_) = step(SHOCKS, None, facts)
    assert state is not None
    data = alert_event(moved, SHOCKS, state, facts)["data"]
    said = stated(data)
    assert _number(said["value"]) == pytest.approx(data["value"], rel=0.005)
    found = data["detection"]
    width = found["interval_80"]["upper"] - found["interval_80"]["lower"]
    if width > 0:
        assert abs(_number(said["detection.expected"]) - found["expected"]) <= width / 20 + 1e-9
    if data["change_month"] is not None:
        assert _number(said["change_month"]) == pytest.approx(abs(data["change_month"]) * 100, abs=0.5)


def _number(text: str) -> float:
    named = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
    return float(re.sub(r"[^0-9.\-]", "", text)) * named.get(text.rpartition(" ")[2], 1.0)
