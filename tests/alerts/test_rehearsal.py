"""A rehearsal says what would have been heard, by what was known then and by nothing later."""

from __future__ import annotations

import pytest
from alert_facts import day, detection, figure, level_rule, month
from hypothesis import given
from hypothesis import strategies as st

from alerts.conditions import confirmable
from alerts.facts import Band, Facts
from alerts.grammar import parse_condition
from alerts.rehearsal import changed, rehearse
from alerts.rehearsal_wording import rehearsal_lines
from forecasting.months import Month
from forecasting.shocks.detection import Verdict

RULE = level_rule(months_to_close=2)


def _monthly(*values: float | None) -> list[Facts]:
    return [figure(value, month(place)) for place, value in enumerate(values) if value is not None]


TWO_YEARS = _monthly(6000, 2000, 2500, 6000, 6000, *[6000.0] * 10, None, 1000, 6000, 6000, *[6000.0] * 8)


def test_each_alert_is_told_with_its_time_and_length() -> None:
    """Two lows in two years are two alerts, with when they were known, how long they lasted and why."""
    told = rehearse(RULE, TWO_YEARS)
    first, second = told.alerts
    assert (str(first.onset), str(first.closed), first.months, first.status) == (
        "2025-06",
        "2025-09",
        4,
        "resolved",
    )
    assert first.known_from == day(1)
    assert first.reason == "2,000 t is below 3,000 t"
    assert [each.kind for each in first.transitions] == ["opened", "updated", "updated", "resolved"]
    assert (str(second.onset), second.months) == ("2026-09", 3)
    assert told.alerts_per_year == pytest.approx(2 / (26 / 12))


def test_silent_months_are_named_with_their_reason() -> None:
    """A month without a figure, and one that could not be judged, are listed and not passed over."""
    told = rehearse(level_rule(condition={"kind": "shock"}), _monthly(6000, None, 5000))
    assert [(str(each.span), each.reason) for each in told.silent] == [
        ("2025-05", "no forecast was published"),
        ("2025-06", "no figure was published"),
        ("2025-07", "no forecast was published"),
    ]


@pytest.mark.parametrize(("budget", "accepted"), [(1.0, True), (0.5, False)])
def test_a_budget_accepts_or_refuses_with_its_reason(budget: float, accepted: bool) -> None:
    """A rule is held against the alerts a year that its desk can bear."""
    acceptance = rehearse(RULE, TWO_YEARS, budget=budget).acceptance
    assert acceptance is not None
    assert acceptance.accepted is accepted
    assert acceptance.reason.startswith("0.92 alerts a year")


def test_less_than_a_year_accepts_nothing() -> None:
    """No rate is told from a replay of a few months."""
    told = rehearse(RULE, TWO_YEARS[:6], budget=9)
    assert told.alerts_per_year is None
    assert told.acceptance is not None
    assert not told.acceptance.accepted


def test_months_without_data_are_no_part_of_the_year() -> None:
    """Two alerts in two years of which one could not be judged are two a year, and the line says of what."""
    unjudged = _monthly(*[6000.0] * 12)
    low, ordinary = detection(Verdict.SHOCK_DOWN), detection(Verdict.ORDINARY, 0.3)
    judged = [
        figure(6000, month(12 + place), detection=low if place in {2, 7} else ordinary) for place in range(12)
    ]
    told = rehearse(level_rule(condition={"kind": "shock"}), unjudged + judged)
    assert (told.judged_months, told.alerts_per_year) == (12, 2)
    assert rehearsal_lines(told, {})[0] == (
        "2 alerts on 24 figures, 2 a year over the 12 months it could judge."
    )
    few = rehearse(level_rule(condition={"kind": "shock"}), unjudged + judged[:11], budget=9)
    assert few.alerts_per_year is None
    assert few.acceptance is not None
    assert few.acceptance.reason.startswith("fewer than 12 months could be judged")


def test_what_no_episode_can_confirm_is_not_said_to_be_unconfirmed() -> None:
    """A share or a substitution is not of the series alone: no share of episodes is told of its alerts."""
    quiet = {"MAGNETS": frozenset[Month]()}
    whole = rehearse(RULE, TWO_YEARS, episodes=quiet)
    assert "; no episode confirmed any of them" in rehearsal_lines(whole, {})[0]
    for kind in ("share", "substitution", "rank"):
        assert not confirmable(parse_condition({"kind": kind}))
    revised = [*TWO_YEARS, figure(9000, month(4), known_from=day(99), revision_of=6000)]
    told = rehearse(level_rule(condition={"kind": "revision", "beyond_percent": 10}), revised, episodes=quiet)
    assert [each.confirmed for each in told.alerts] == [None]
    assert "confirmed" not in rehearsal_lines(told, {})[0]


def test_an_empty_past_is_an_answer() -> None:
    """Nothing held gives an empty rehearsal and no error."""
    told = rehearse(RULE, [])
    assert (told.figures, told.alerts, told.alerts_per_year) == (0, (), None)


def test_episodes_confirm_the_alerts_they_began_in() -> None:
    """The share confirmed counts the alerts within whose months an episode began."""
    told = rehearse(RULE, TWO_YEARS, episodes={"MAGNETS": frozenset({month(1).first})})
    assert [each.confirmed for each in told.alerts] == [True, False]
    assert told.confirmed_share == 0.5
    assert rehearse(RULE, TWO_YEARS).confirmed_share is None


def test_recovery_is_judged_by_the_forecast_of_before_the_onset() -> None:
    """The forecast published before the alert began is asked for, for its months only."""
    asked: list[str] = []

    def before(state: object, facts: Facts) -> Band:
        asked.append(str(facts.span))
        return Band(5000, 4000, 6000)

    rule = level_rule(condition={"kind": "shock", "direction": "down"}, close_when={"kind": "recovered"})
    low, ordinary = detection(Verdict.SHOCK_DOWN), detection(Verdict.ORDINARY, 0.3)
    told = rehearse(
        rule,
        [
            figure(5000, month(0), detection=ordinary),
            figure(1000, month(1), detection=low),
            figure(3000, month(2), detection=ordinary),
            figure(4500, month(3), detection=ordinary),
        ],
        before,
    )
    assert asked == ["2025-07", "2025-08"]
    assert str(told.alerts[0].closed) == "2025-08"


def test_todays_figures_show_the_difference() -> None:
    """An alert that only the first print gave is named as heard then and not now."""
    figures = _monthly(6000, 2000, 6000, 6000, 6000)
    then = rehearse(RULE, [*figures, figure(6000, month(1), known_from=day(99), revision_of=2000)])
    now = rehearse(RULE, _monthly(6000, 6000, 6000, 2000, 6000))
    assert [each.status for each in then.alerts] == ["retracted"]
    only_then, only_now = changed(then, now)
    assert [str(each.onset) for each in only_then] == ["2025-06"]
    assert [str(each.onset) for each in only_now] == ["2025-08"]


@given(
    st.lists(st.sampled_from([1000.0, 2500.0, 4000.0, 6000.0]), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 19), st.sampled_from([1000.0, 6000.0, None])), min_size=1, max_size=6),
)
def test_a_planted_future_revision_changes_nothing(
    values: list[float], later: list[tuple[int, float | None]]
) -> None:
    """What was heard up to a moment stays word for word the same whatever became known after it."""
    known = _monthly(*values)
    end = max(each.known_from for each in known)
    planted = [
        figure(value, month(place), known_from=day(40, order), revision_of=1.0)
        for order, (place, value) in enumerate(later)
        if place < len(values)
    ]
    before = {each.id: each for each in rehearse(RULE, known).alerts}
    after = {each.id: each for each in rehearse(RULE, [*known, *planted]).alerts}
    for key, alert in before.items():
        heard = tuple(each for each in after[key].transitions if each.known_from <= end)
        assert heard == alert.transitions
        assert after[key].known_from == alert.known_from
    assert all(each.known_from > end for key, each in after.items() if key not in before)
