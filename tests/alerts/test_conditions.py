"""Conditions answer yes, no or no data, and say why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from alert_facts import MAY, NOT_JUDGED, detection, figure
from hypothesis import given
from hypothesis import strategies as st

from alerts.conditions import (
    All,
    Answer,
    AnyOf,
    Change,
    Condition,
    Crossing,
    Finding,
    Level,
    MeasureVisible,
    NewExtreme,
    Not,
    Recovered,
    Revision,
    Shock,
    Surprise,
)
from alerts.facts import Band, Facts, Figure, Measure
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.shocks.detection import Verdict
from forecasting.shocks.records import Extreme

YES, NO, NO_DATA = Answer.YES, Answer.NO, Answer.NO_DATA
SHOCK = figure(1238.47, detection=detection(Verdict.SHOCK_DOWN))
BARE = figure(1238.47)
LOWEST = Extreme("lowest", None, Month.of(2015, 7), 33, 119, None, tied=False)
SINCE_2020 = Extreme("lowest", Month.of(2020, 2), Month.of(2015, 7), 63, 63, 5, tied=False)
APRIL = Span(MAY.first - 1)
TO_DATE = {
    "year_to_date": Figure(Span(Month.of(2025, 1), 5), 1250.0),
    "year_to_date_before": Figure(Span(Month.of(2024, 1), 5), 1000.0),
}
AHEAD = Forecast(
    "MAGNETS",
    "t",
    MAY.first,
    None,
    (0.1, 0.25, 0.5, 0.75, 0.9),
    np.array(
        [[3500, 4000, 5000, 5500, 5900], [3200, 3600, 5000, 5500, 5900], [2500, 3000, 5000, 6000, 6500]]
    ),
    "made up",
)
"""June to August 2025: a quarter lies below 3,000 t and a quarter above 6,000 t in August."""


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        (Level(below=3000), BARE, YES),
        (Level(below=1238.47), BARE, NO),
        (Level(above=1238.47), BARE, NO),
        (Level(above=0), BARE, YES),
        (Level(below=3000), figure(2000, Span(MAY.first, 2)), NO_DATA),
        (Change("month", down_percent=50), replace(BARE, change_month=-0.53), YES),
        (Change("month", down_percent=60), replace(BARE, change_month=-0.53), NO),
        (Change("year", up_percent=50), replace(BARE, change_year=0.5), YES),
        (Change("year", up_percent=50), replace(BARE, change_month=0.5), NO_DATA),
        (Change("month", down_by=1000), replace(BARE, previous=Figure(APRIL, 2626.0)), YES),
        (Change("month", down_by=1388), replace(BARE, previous=Figure(APRIL, 2626.0)), NO),
        (Change("month", up_by=1), BARE, NO_DATA),
        (Change("year_to_date", up_percent=25), replace(BARE, **TO_DATE), YES),
        (Change("year_to_date", up_percent=26), replace(BARE, **TO_DATE), NO),
        (Change("year_to_date", down_by=1), replace(BARE, **TO_DATE), NO),
        (Change("year_to_date", down_by=1), BARE, NO_DATA),
        (MeasureVisible(), BARE, NO_DATA),
        (MeasureVisible(), replace(BARE, measure=Measure("x", dt.date(2025, 4, 4), "u")), YES),
        (Crossing(0.2, 3, below=3000), replace(BARE, ahead=AHEAD), YES),
        (Crossing(0.3, 3, below=3000), replace(BARE, ahead=AHEAD), NO),
        (Crossing(0.2, 2, below=3000), replace(BARE, ahead=AHEAD), NO),
        (Crossing(0.2, 3, above=6000), replace(BARE, ahead=AHEAD), YES),
        (Crossing(0.2, 4, below=3000), replace(BARE, ahead=AHEAD), NO_DATA),
        (Crossing(0.2, 3, below=3000), BARE, NO_DATA),
        (NewExtreme("lowest"), replace(BARE, records=(LOWEST,)), YES),
        (NewExtreme("lowest", 5), replace(BARE, records=(LOWEST,)), NO_DATA),
        (NewExtreme("lowest", 5, 27), replace(BARE, records=(LOWEST,)), YES),
        (NewExtreme("lowest", 5, 28), replace(BARE, records=(LOWEST,)), NO_DATA),
        (NewExtreme("lowest", 10, 27), replace(BARE, records=(LOWEST,)), NO_DATA),
        (NewExtreme("lowest", 6, 27), replace(BARE, records=(SINCE_2020,)), NO),
        (NewExtreme("lowest", 5), replace(BARE, records=(SINCE_2020,)), YES),
        (NewExtreme("lowest", 6), replace(BARE, records=(SINCE_2020,)), NO),
        (NewExtreme("highest", 5), replace(BARE, records=(SINCE_2020,)), NO),
        (Surprise(0.01), SHOCK, YES),
        (Surprise(0.001), SHOCK, NO),
        (Surprise(0.01), BARE, NO_DATA),
        (Shock("down"), SHOCK, YES),
        (Shock("up"), SHOCK, NO),
        (Shock(), SHOCK, YES),
        (Shock(), BARE, NO_DATA),
        (Recovered(), BARE, NO_DATA),
        (Recovered(), replace(BARE, counterfactual=Band(4000, 3000, 5000)), NO),
        (Recovered(), replace(figure(3000), counterfactual=Band(4000, 3000, 5000)), YES),
        (Revision(5), BARE, NO),
        (Revision(5), replace(BARE, revision_of=1300), NO),
        (Revision(5), replace(BARE, revision_of=1400), YES),
        (Revision(5), replace(BARE, revision_of=0), YES),
        (All((Shock(), Level(below=3000))), SHOCK, YES),
        (Not(Level(below=3000)), SHOCK, NO),
    ],
)
def test_each_condition_answers_by_the_facts(condition: Condition, facts: Facts, answer: Answer) -> None:
    """A condition answers by the facts it names, and by nothing else."""
    assert condition.test(facts).answer is answer


def test_recovered_says_where_the_last_year_of_a_forecast_is_rolled_on() -> None:
    """Past the horizon of the forecast from before it began the reason names its last month."""
    rolled = Band(4000, 3000, 5000, rolled_past=Month.parse("2026-10"))
    found = Recovered().test(replace(figure(2999), counterfactual=rolled))
    assert found.answer is NO
    assert found.reason.endswith("of the last year of that forecast, rolled on past October 2026")


@pytest.mark.parametrize(
    "condition",
    [
        Level(below=1),
        Change("month", down_percent=1),
        NewExtreme("lowest"),
        Surprise(0.1),
        Shock(),
        Recovered(),
    ],
)
def test_a_withdrawn_figure_is_no_data(condition: Condition) -> None:
    """Nothing is said of a figure that its source has withdrawn."""
    finding = condition.test(replace(SHOCK, value=None))
    assert finding == Finding(NO_DATA, "the figure of May 2025 was withdrawn")


def _known(answer: Answer) -> Condition:
    return {YES: Level(above=0), NO: Level(below=0), NO_DATA: Shock()}[answer]


ANSWERS = st.lists(st.sampled_from(list(Answer)), min_size=1, max_size=4)


@given(ANSWERS)
def test_missing_facts_never_turn_into_yes_or_no(answers: list[Answer]) -> None:
    """all, any and not follow Kleene: an unknown part decides nothing unless the known ones do."""
    parts = tuple(_known(answer) for answer in answers)
    facts = replace(BARE, detection=NOT_JUDGED)
    together = NO if NO in answers else NO_DATA if NO_DATA in answers else YES
    either = YES if YES in answers else NO_DATA if NO_DATA in answers else NO
    assert All(parts).test(facts).answer is together
    assert AnyOf(parts).test(facts).answer is either


@given(ANSWERS)
def test_not_all_is_any_not(answers: list[Answer]) -> None:
    """De Morgan's law holds in three values."""
    parts = tuple(_known(answer) for answer in answers)
    left = Not(All(parts)).test(BARE).answer
    assert left is AnyOf(tuple(Not(part) for part in parts)).test(BARE).answer


def test_the_reason_holds_the_numbers_that_decided() -> None:
    """A reason names the figure and the limit, and only the parts that decided."""
    finding = AnyOf((Shock("up"), Level(below=3000))).test(SHOCK)
    assert finding.reason == "1,238 t is below 3,000 t"


def test_conditions_say_themselves_and_their_needs() -> None:
    """A condition explains itself in words and lists the facts that it looks at."""
    condition = All((AnyOf((Shock("down"), NewExtreme("lowest", 5))), Not(Recovered()), Level(below=3000)))
    assert condition.in_words() == (
        "(a downward shock or the lowest in 5 years) and "
        "not back inside the 80 % interval that was forecast before it began and a figure below 3,000"
    )
    assert condition.needs == {"detection", "value", "records", "counterfactual"}
