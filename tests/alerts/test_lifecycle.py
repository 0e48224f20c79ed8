"""An alert opens once, is followed month by month, and closes by a figure, a revision or a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_facts import MAY, NOT_JUDGED, day, detection, figure, level_rule, month, run, step

from alerts.errors import AlertClosedError, WrongAlertError
from alerts.evaluation import evaluate
from alerts.facts import Band
from alerts.lifecycle import acknowledge, advance, close, concerned
from alerts.rules import Rule, parse_rule
from alerts.states import dump_state, parse_state
from forecasting.months import Span
from forecasting.shocks.detection import Verdict

RULE = level_rule()


def test_the_magnets_of_2025_open_once_and_resolve_by_the_figure() -> None:
    """May opens, June and July follow, the second recovered figure resolves: four messages, no more."""
    rule = parse_rule(
        {
            "name": "Shocks",
            "desk": "metals",
            "scope": {"series": ["MAGNETS"]},
            "condition": {"kind": "shock", "direction": "down"},
            "close_when": {"kind": "recovered"},
            "months_to_close": 2,
        },
        rule_id="shocks",
        version=1,
    )
    before = Band(4800, 3400, 6200)
    ordinary = detection(Verdict.ORDINARY, 0.3)
    state, kinds = run(
        rule,
        figure(2626, month(-1), detection=ordinary),
        figure(1238.47, MAY, detection=detection(Verdict.SHOCK_DOWN)),
        figure(3188, month(1), detection=ordinary, counterfactual=before),
        figure(5577, month(2), detection=ordinary, counterfactual=before),
        figure(6146, month(3), detection=ordinary, counterfactual=before),
        figure(5774, month(4), detection=ordinary, counterfactual=before),
    )
    assert kinds == ["opened", "updated", "updated", "resolved"]
    assert state is not None
    assert (str(state.onset), str(state.closed)) == ("2025-05", "2025-08")


@pytest.mark.parametrize(
    ("rule", "values", "kinds"),
    [
        (RULE, [2000, 4000, 6000], ["opened", "updated", "resolved"]),
        (RULE, [2000, 1000, 6000, 6000], ["opened", "updated", "resolved"]),
        (RULE, [2000, None, 6000], ["opened", "updated", "resolved"]),
        (RULE, [2000, 6000, 2000], ["opened", "resolved", "opened"]),
        (level_rule(cooldown_months=1), [2000, 6000, 2000], ["opened", "resolved", "reopened"]),
        (level_rule(cooldown_months=1), [2000, 6000, 6000, 2000], ["opened", "resolved", "opened"]),
        (level_rule(months_to_open=2), [2000, 4000, 2000, 4000], []),
        (level_rule(months_to_open=2), [2000, 2000, 6000], ["opened", "resolved"]),
        (level_rule(months_to_open=2), [2000, None, 2000], []),
        (
            level_rule(months_to_open=2, cooldown_months=1),
            [2000, 2000, 6000, 2000, 2000],
            ["opened", "resolved", "reopened"],
        ),
        (
            level_rule(months_to_close=2),
            [2000, 6000, 4000, 6000, 6000],
            ["opened", "updated", "updated", "updated", "resolved"],
        ),
        (level_rule(months_to_close=2), [2000, 6000, None, 6000], ["opened", *["updated"] * 3]),
        (
            level_rule(escalate=[{"severity": "critical", "when": {"kind": "level", "below": 1000}}]),
            [2000, 500, 600, 2500, 6000],
            ["opened", "escalated", "updated", "deescalated", "resolved"],
        ),
    ],
)
def test_figures_in_turn(rule: Rule, values: list[float | None], kinds: list[str]) -> None:
    """Figures in the order of their months give these transitions, one at most for each figure."""
    _, happened = run(rule, *(figure(value, month(place)) for place, value in enumerate(values)))
    assert happened == kinds


def test_a_figure_that_cannot_be_judged_closes_nothing() -> None:
    """No data keeps an alert open, however often it comes."""
    rule = level_rule(close_when={"kind": "recovered"})
    state, kinds = run(rule, figure(2000), *(figure(9000, month(each)) for each in range(1, 30)))
    assert state is not None
    assert state.status == "opened"
    assert set(kinds[1:]) == {"updated"}


def test_the_same_figure_again_changes_nothing() -> None:
    """Every figure sent again, however late, leaves the state as it was and says nothing."""
    figures = [figure(2000), figure(4000, month(1)), figure(6000, month(2))]
    state, _ = run(RULE, *figures)
    for facts in figures:
        later = replace(facts, known_from=day(9))
        assert step(RULE, state, facts) == (state, ())
        assert step(RULE, state, later) == (state, ())


def test_a_revision_that_leaves_the_ground_corrects() -> None:
    """2,117 t becomes 2,115 t: the figures change and no second alert is raised."""
    first, _ = run(RULE, figure(2117))
    state, moved = step(RULE, first, figure(2115, known_from=day(1), revision_of=2117))
    assert [each.kind for each in moved] == ["corrected"]
    assert state is not None
    assert first is not None
    assert state.id == first.id
    assert state.figures[0].value == 2115


@pytest.mark.parametrize("value", [5000, None])
def test_a_revision_that_takes_the_ground_away_retracts(value: float | None) -> None:
    """The May figure revised above the level, or withdrawn, retracts the alert and says why."""
    state, _ = run(RULE, figure(2117), figure(4000, month(1)))
    state, moved = step(RULE, state, figure(value, known_from=day(2), revision_of=2117))
    assert [each.kind for each in moved] == ["retracted"]
    assert "ground" in moved[0].reason
    state, moved = step(RULE, state, figure(2117, known_from=day(3), revision_of=value))
    assert [each.kind for each in moved] == ["reopened"]


def test_a_revised_closing_figure_reopens() -> None:
    """A figure that closed and is revised back below the closing level opens the same alert again."""
    state, _ = run(RULE, figure(2000), figure(6000, month(1)))
    again, moved = step(RULE, state, figure(4000, month(1), known_from=day(2), revision_of=6000))
    assert [each.kind for each in moved] == ["reopened"]
    assert state is not None
    assert again is not None
    assert again.id == state.id


def test_a_revised_month_of_a_resolved_alert_is_corrected() -> None:
    """A closed alert whose figures change is told once more, and stays closed."""
    state, _ = run(RULE, figure(2000), figure(6000, month(1)))
    state, moved = step(RULE, state, figure(2100, known_from=day(2), revision_of=2000))
    assert [each.kind for each in moved] == ["corrected"]
    assert state is not None
    assert state.status == "resolved"


def test_a_withdrawal_can_neither_open_nor_close() -> None:
    """Taking the middle figure away joins no two streaks."""
    rule = level_rule(months_to_open=2, months_to_close=2)
    for values in ([2000, 4000, 2000], [2000, 2000, 6000, 4000, 6000]):
        figures = [figure(value, month(place)) for place, value in enumerate(values)]
        state, _ = run(rule, *figures)
        place = values.index(4000)
        _, moved = step(rule, state, figure(None, month(place), known_from=day(9), revision_of=4000))
        assert {str(each.kind) for each in moved} <= {"corrected"}


def test_a_revision_that_cannot_be_judged_keeps_the_verdict() -> None:
    """A revised figure without a forecast to judge it takes no ground away."""
    rule = level_rule(condition={"kind": "shock"})
    state, _ = run(rule, figure(2000, detection=detection(Verdict.SHOCK_DOWN)))
    _, moved = step(rule, state, figure(2001, known_from=day(1), revision_of=2000, detection=NOT_JUDGED))
    assert [each.kind for each in moved] == ["corrected"]


def test_an_older_revision_that_arrives_late_is_ignored() -> None:
    """Of two versions of a figure the one known later stands, in whichever order they come."""
    late, early = figure(2115, known_from=day(1)), figure(2117, known_from=day(0))
    forwards, _ = run(RULE, early, late)
    backwards, _ = run(RULE, late, early)
    assert forwards is not None
    assert backwards is not None
    assert [each.value for each in forwards.figures] == [each.value for each in backwards.figures] == [2115]


def test_a_late_month_finds_its_place() -> None:
    """A month that arrives after its successor is judged in its place and does not close out of turn."""
    state, _ = run(RULE, figure(2000), figure(2500, month(2)))
    state, moved = step(RULE, state, figure(4000, month(1), known_from=day(3)))
    assert [each.kind for each in moved] == ["corrected"]
    assert state is not None
    assert [str(each.span) for each in state.figures] == ["2025-05", "2025-06", "2025-07"]


def test_a_figure_from_before_the_alert_is_no_part_of_it() -> None:
    """History loaded later neither moves nor reopens an alert."""
    state, _ = run(RULE, figure(2000))
    assert step(RULE, state, figure(1000, Span(MAY.first - 60), known_from=day(1))) == (state, ())


def test_a_person_acknowledges_and_it_stays_open() -> None:
    """The first acknowledgement is told once and keeps the alert open; a reopened alert wants a new one."""
    state, _ = run(RULE, figure(2000))
    assert state is not None
    state, moved = acknowledge(state, "ada", day(0, 1), "on it")
    assert [(each.kind, each.by) for each in moved] == [("acknowledged", "ada")]
    assert state.status == "opened"
    assert acknowledge(state, "bob", day(0, 2)) == (state, ())
    after, _ = step(RULE, state, figure(6000, month(1)))
    after, _ = step(RULE, after, figure(4000, month(1), known_from=day(3), revision_of=6000))
    assert after is not None
    assert after.acknowledged is None


def test_a_person_closes_and_a_revision_does_not_undo_it() -> None:
    """What a person closed stays closed when its figures are revised, and cannot be acknowledged."""
    state, _ = run(RULE, figure(2000), figure(2500, month(1)))
    assert state is not None
    state, moved = close(state, "ada", day(2), "known maintenance")
    assert [each.kind for each in moved] == ["resolved"]
    with pytest.raises(AlertClosedError):
        acknowledge(state, "bob", day(3))
    after, moved = step(RULE, state, figure(2100, known_from=day(4), revision_of=2000))
    assert [each.kind for each in moved] == ["corrected"]
    assert after is not None
    assert after.status == "resolved"


def test_an_alert_lives_under_the_version_that_opened_it() -> None:
    """A new version is refused while the alert is open, and opens the next one."""
    edited = level_rule(version=2)
    state, _ = run(RULE, figure(2000))
    with pytest.raises(WrongAlertError, match="rule version 1, not 2"):
        step(edited, state, figure(2500, month(1)))
    state, _ = step(RULE, state, figure(6000, month(1)))
    after, moved = step(edited, state, figure(2500, month(2)))
    assert [each.kind for each in moved] == ["opened"]
    assert after is not None
    assert after.rule_version == 2


def test_a_rule_opens_nothing_before_it_is_effective() -> None:
    """A figure known before the rule took effect opens no alert."""
    rule = level_rule(effective_from="2025-06-21T00:00:00Z")
    assert run(rule, figure(2000)) == (None, [])
    assert run(rule, figure(2000, month(1)))[1] == ["opened"]


def test_a_superseded_alert_is_corrected_and_not_reopened() -> None:
    """While a later alert is open, a revision of the one before corrects it: one open alert at a time."""
    first, _ = run(RULE, figure(2000), figure(6000, month(1)))
    second, _ = step(RULE, first, figure(2000, month(2)))
    assert first is not None
    assert second is not None
    revised = figure(4000, month(1), known_from=day(5), revision_of=6000)
    assert concerned([first, second], revised.span) == first
    after, moved = advance(RULE, first, evaluate(RULE, revised), revised, was_superseded=True)
    assert [each.kind for each in moved] == ["corrected"]
    assert after is not None
    assert after.status == "resolved"


def test_the_state_is_kept_and_read_back_whole() -> None:
    """What is stored of an alert is all of it."""
    state, _ = run(level_rule(months_to_close=2), figure(2000), figure(6000, month(1)))
    assert state is not None
    state, _ = acknowledge(state, "ada", day(1), "seen")
    state, _ = close(state, "ada", day(2))
    assert parse_state(dump_state(state)) == state
