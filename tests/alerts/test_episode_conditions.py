"""Conditions on the life of a shock answer yes, no or no data, and say why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from alert_facts import MAY, figure

from alerts.conditions import Answer, Condition, Diverges, InEpisode, Mirrored, ShockType
from alerts.errors import InvalidRuleError
from alerts.facts import Facts, Following
from alerts.grammar import dump_condition, parse_condition
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.chronicle import Shock, chronicle
from forecasting.shocks.divergence import Divergence
from forecasting.shocks.mirror import MirrorGap

YES, NO, NO_DATA = Answer.YES, Answer.NO, Answer.NO_DATA
ORIGIN = MAY.first - 1
ROW = 5000 * np.exp(0.1 * np.linspace(-2.3, 2.3, len(LEVELS)))
BEFORE = Forecast("M", "t", ORIGIN, None, LEVELS, np.tile(ROW, (18, 1)), "test")
NEVER = replace(figure(5000), following=Following(None))
BARE = figure(5000)


def after(*figures: float, side: str = "down") -> Facts:
    """Facts of the last of some figures, from the onset in May on."""
    series = Series("M", "t", ORIGIN - 11, np.array([5000.0] * 12 + list(figures)))
    shock = Shock(MAY, "down" if side == "down" else "up", BEFORE)
    (chapter,) = chronicle(series, [shock])
    return replace(figure(figures[-1], Span(series.end)), following=Following(chapter))


ONSET = after(2000.0)
BACK = after(2000.0, 4200.0)
CLOSED = after(2000.0, 5000.0, 5000.0)
LONG_CLOSED = after(2000.0, 5000.0, 5000.0, 5000.0)


def parting(score: float | None) -> Facts:
    pair = Divergence("A", "M", MAY, 0.6, -0.4, True, 1.0, score, 9, False, "why")
    return replace(BARE, divergences=(pair,))


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        (InEpisode("opened"), ONSET, YES),
        (InEpisode("opened"), BACK, NO),
        (InEpisode("open"), ONSET, YES),
        (InEpisode("recovering"), BACK, YES),
        (InEpisode("closed"), CLOSED, YES),
        (InEpisode("closed"), LONG_CLOSED, NO),
        (InEpisode("open"), NEVER, NO),
        (InEpisode("open"), BARE, NO_DATA),
        (InEpisode(recovered_percent=70), BACK, YES),
        (InEpisode(recovered_percent=80), BACK, NO),
        (InEpisode(recovered_percent=0), ONSET, NO),
        (InEpisode(shortfall_beyond=2500), ONSET, YES),
        (InEpisode(shortfall_beyond=3500), ONSET, NO),
        (InEpisode(excess_beyond=2500), ONSET, NO),
        (InEpisode(excess_beyond=2500), after(9000.0, side="up"), YES),
        (ShockType("LS", 0.9), after(2000.0, 2000.0, 2100.0), YES),
        (ShockType("AO", 0.1), after(2000.0, 2000.0, 2100.0), NO),
        (ShockType("LS", 0.9), BARE, NO_DATA),
        (ShockType("LS", 0.0), LONG_CLOSED, NO),
        (Diverges(), parting(3.0), YES),
        (Diverges(), parting(2.9), NO),
        (Diverges(), parting(None), NO_DATA),
        (Diverges(), replace(BARE, divergences=()), NO_DATA),
        (Diverges(), BARE, NO_DATA),
        (Mirrored(), replace(BARE, mirror_gap=MirrorGap(MAY, 1, 1, 1, -1, -3.5, True, "why")), YES),
        (Mirrored(4), replace(BARE, mirror_gap=MirrorGap(MAY, 1, 1, 1, -1, -3.5, True, "why")), NO),
        (Mirrored(), BARE, NO_DATA),
    ],
)
def test_each_condition_answers_with_its_reason(condition: Condition, facts: Facts, answer: Answer) -> None:
    """The answer is as stated, with words, and a figure withdrawn is no data to any of them."""
    found = condition.test(facts)
    assert found.answer is answer, found.reason
    assert found.reason
    assert condition.in_words()
    withdrawn = condition.test(replace(facts, value=None))
    assert withdrawn.answer is NO_DATA
    assert "withdrawn" in withdrawn.reason


@pytest.mark.parametrize(
    "condition",
    [
        *(InEpisode(state) for state in ("opened", "open", "recovering", "closed", "reopened")),
        InEpisode(recovered_percent=50.0),
        InEpisode(shortfall_beyond=5000.0),
        InEpisode(excess_beyond=5000.0),
        ShockType("anticipation", 0.5),
        Diverges(4.0),
        Mirrored(4.0),
    ],
)
def test_what_is_written_reads_back(condition: Condition) -> None:
    """Each condition written as JSON is read back as itself."""
    assert parse_condition(dump_condition(condition)) == condition


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "episode"},
        {"kind": "episode", "state": "over"},
        {"kind": "episode", "state": "open", "shortfall_beyond": 1},
        {"kind": "shock_type", "type": "IO", "probability_at_least": 0.5},
        {"kind": "shock_type", "type": "LS", "probability_at_least": 2},
        {"kind": "divergence", "score_at_least": 0},
        {"kind": "mirror_gap", "beyond": 1},
    ],
)
def test_what_cannot_be_meant_is_refused(raw: dict[str, object]) -> None:
    """A missing, wrong or unknown key is a fault and never ignored."""
    with pytest.raises(InvalidRuleError):
        parse_condition(raw)
