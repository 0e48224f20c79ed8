"""Whatever comes in whatever order, an alert's story stays one that can be told."""

from __future__ import annotations

import json
from typing import Any

from alert_facts import day, figure, level_rule, month
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.evaluation import Outcome, evaluate
from alerts.facts import Facts
from alerts.lifecycle import acknowledge, advance, close, concerned, ruling_version, superseded
from alerts.rules import Rule
from alerts.states import AlertState, Status, dump_state, parse_state

VALUES = st.sampled_from([500.0, 2000.0, 2900.0, 4000.0, 6000.0, 7000.0, None])

ALLOWED: dict[str | None, set[str]] = {
    None: {"opened"},
    "open": {"updated", "escalated", "deescalated", "corrected", "acknowledged", "resolved", "retracted"},
    "resolved": {"corrected", "reopened", "retracted"},
    "retracted": {"reopened"},
}
LEADS_TO = {"opened": "open", "reopened": "open", "resolved": "resolved", "retracted": "retracted"}


class Story(RuleBasedStateMachine):
    """One series and one rule, as a use case would drive them, with everything sent kept."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, AlertState] = {}
        self.versions: dict[int, Rule] = {}
        self.told: dict[str, str] = {}
        self.held: dict[int, Facts] = {}
        self.clock = 0
        self.shape: dict[str, Any] = {}

    @initialize(to_open=st.integers(1, 3), to_close=st.integers(1, 3), cooldown=st.integers(0, 3))
    def save_rule(self, to_open: int, to_close: int, cooldown: int) -> None:
        self.shape = {"months_to_open": to_open, "months_to_close": to_close, "cooldown_months": cooldown}
        self._save()

    @rule(to_open=st.integers(1, 3))
    def edit_rule(self, to_open: int) -> None:
        self.shape["months_to_open"] = to_open
        self._save()

    def _save(self) -> None:
        steps = [{"severity": "critical", "when": {"kind": "level", "below": 1000}}]
        version = len(self.versions) + 1
        self.versions[version] = level_rule(version=version, escalate=steps, **self.shape)

    @rule(value=VALUES, gap=st.integers(1, 2))
    def publish(self, value: float | None, gap: int) -> None:
        if value is not None:
            self._arrive(max(self.held, default=-1) + gap, value)

    @precondition(lambda self: self.held)
    @rule(value=VALUES, data=st.data())
    def revise(self, value: float | None, data: st.DataObject) -> None:
        self._arrive(data.draw(st.sampled_from(sorted(self.held))), value)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The recording drops a figure held already; one that an alert rests on needs not even that."""
        facts = self.held[data.draw(st.sampled_from(sorted(self.held)))]
        if not any(each.judged(facts.span) for each in self.alerts.values()):
            return
        before = dict(self.alerts)
        assert self._send(facts) == []
        assert self.alerts == before

    @precondition(lambda self: self.held)
    @rule(data=st.data(), value=VALUES)
    def send_stale(self, data: st.DataObject, value: float | None) -> None:
        """A version of a held figure from before the one held comes late."""
        place = data.draw(st.sampled_from(sorted(self.held)))
        chosen = concerned(self.alerts.values(), month(place))
        if chosen is None or chosen.judged(month(place)) is None:
            return
        before = dict(self.alerts)
        assert self._send(figure(value, month(place), known_from=day(0, -1000))) == []
        assert self.alerts == before

    @precondition(lambda self: any(each.status is Status.OPENED for each in self.alerts.values()))
    @rule(closes=st.booleans())
    def person(self, closes: bool) -> None:
        self.clock += 1
        state = next(each for each in self.alerts.values() if each.status is Status.OPENED)
        state, moved = (close if closes else acknowledge)(state, "ada", day(0, self.clock))
        self.alerts[state.id] = state
        self._tell(state.id, [str(each.kind) for each in moved])

    def _arrive(self, place: int, value: float | None) -> None:
        self.clock += 1
        before = self.held.get(place)
        facts = figure(
            value, month(place), known_from=day(0, self.clock), revision_of=before and before.value
        )
        self._send(facts)
        self.held[place] = facts

    def _send(self, facts: Facts) -> list[str]:
        state = concerned(self.alerts.values(), facts.span)
        asked = self.versions[ruling_version(state, facts.span, current=len(self.versions))]
        later = state is not None and superseded(state, self.alerts.values())
        evaluation = evaluate(asked, facts)
        after, moved = advance(asked, state, evaluation, facts, was_superseded=later)
        again = advance(asked, state, evaluation, facts, was_superseded=later)
        assert again == (after, moved)
        kinds = [str(each.kind) for each in moved]
        if after is None:
            if state is not None:
                assert state.status is Status.PENDING
                del self.alerts[state.id]
        else:
            if state is not None and state.status is Status.PENDING and after.id != state.id:
                del self.alerts[state.id]
            self.alerts[after.id] = parse_state(json.loads(json.dumps(dump_state(after))))
            assert self.alerts[after.id] == after
            self._tell(after.id, kinds)
        for each in moved:
            assert each.known_from == facts.known_from
            assert each.span == facts.span
            assert each.reason
        if "resolved" in kinds and facts.value is None:
            # the figure that had reopened it is taken away: only an earlier closing can stand again
            assert after is not None
            assert after.closed is not None
            assert after.closed < facts.span
        elif "resolved" in kinds:
            assert facts.value is not None
        if "opened" in kinds:
            assert evaluation.outcome is Outcome.BREACH or facts.span in self._spans(after)
        return kinds

    @staticmethod
    def _spans(state: AlertState | None) -> set[object]:
        return set() if state is None else {each.span for each in state.figures}

    def _tell(self, alert: str, kinds: list[str]) -> None:
        for kind in kinds:
            where = self.told.get(alert)
            assert kind in ALLOWED[where], f"{kind} after {where}"
            self.told[alert] = LEADS_TO.get(kind, where or "open")

    @invariant()
    def one_alert_is_open_at_most(self) -> None:
        assert sum(each.status is Status.OPENED for each in self.alerts.values()) <= 1

    @invariant()
    def what_was_told_is_what_stands(self) -> None:
        names = {Status.OPENED: "open", Status.RESOLVED: "resolved", Status.RETRACTED: "retracted"}
        for alert in self.alerts.values():
            assert self.told.get(alert.id) == names.get(alert.status)
        assert set(self.told) <= set(self.alerts)

    @invariant()
    def an_open_alert_rests_on_figures_that_breach(self) -> None:
        for alert in self.alerts.values():
            if alert.status is Status.OPENED:
                needed = self.versions[alert.rule_version].months_to_open
                assert sum(each.outcome is Outcome.BREACH for each in alert.figures) >= needed

    @invariant()
    def the_judgements_are_of_the_figures_held(self) -> None:
        for alert in self.alerts.values():
            for judged in alert.figures:
                assert judged.value == self.held_value(judged.span)

    def held_value(self, span: object) -> float | None:
        return next(facts.value for facts in self.held.values() if facts.span == span)


Story.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestStory = Story.TestCase
