"""Rules are saved as versions; an alert that is open lives on under the version that opened it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.errors import TooManyError
from alerts.rules import Rule, parse_rule
from alerts.states import AlertState
from services.storage import alerts, rules
from services.storage.rules import NewestVersion
from services.usecases.check_forecasters import check_forecasters
from services.usecases.check_scope import check_scope

MOST_RULES = 1_000
"""Rules of one desk that are in force: each is looked at for every figure of every release."""

MOST_HELD = 2_000
"""Rules of one desk in all: those out of force are sorted with the others for every release."""


class RuleChangedError(Exception):
    """A rule that stands in another version than the one that its editor has read; nothing was saved."""

    def __init__(self, rule_id: str, expected: int, newest: int) -> None:
        self.rule_id = rule_id
        self.expected = expected
        self.newest = newest
        super().__init__(f"Rule {rule_id!r} stands in version {newest}, not {expected}: read it again.")


@dataclass(frozen=True, slots=True)
class Saved:
    """A rule before and after it was saved, the alerts of it that are open, and what becomes of them.

    ``before`` is None where there was none that can be read. ``enabled`` is whether it is in force, which
    saving does not change.
    """

    before: Rule | None
    after: Rule
    enabled: bool
    open_alerts: list[str]
    open_alerts_in_words: str


def save_rule(
    connection: Connection, rule_id: str, raw: object, *, now: dt.datetime, expected: int | None = None
) -> Saved:
    """Save a rule as the next version of its id; one that is out of force stays so.

    ``expected`` is the version that it must stand in; of two editors who read the same one, one saves.

    InvalidRuleError with the path and reason of every fault; TooManyError where its desk has MOST_RULES in
    force or MOST_HELD in all;
    UnknownScopeError where a series is not there, or is not shown to the rule's desk, with the series that a
    name may mean; UnseenForecasterError likewise.
    """
    newest = rules.newest_version(connection, rule_id)
    if expected is not None and expected != newest:
        raise RuleChangedError(rule_id, expected, newest)
    rule = parse_rule(raw, rule_id=rule_id, version=newest + 1)
    held = rules.newest(connection, rule_id)
    enabled = held is None or held.enabled
    if held is None or held.desk != rule.desk:
        _may_be_added(connection, rule.desk, enabled=enabled)
    check_scope(connection, rule, desk=rule.desk)
    check_forecasters(connection, rule, desk=rule.desk)
    before = rules.get(connection, rule_id)
    rules.save(connection, rule, now=now, enabled=enabled)
    stands = NewestVersion(rule.id, rule.version, rule.desk, enabled)
    return Saved(before, rule, enabled, *open_alerts_of(connection, stands))


def _may_be_added(connection: Connection, desk: str, *, enabled: bool) -> None:
    """TooManyError where a desk may not have one more; to put one out of force is never refused."""
    held = rules.count(connection, desk)
    if enabled and held.in_force >= MOST_RULES:
        raise TooManyError(desk, "rules in force", MOST_RULES)
    if held.in_all >= MOST_HELD:
        do = "save this one under the id of one that is out of force, and enable it"
        raise TooManyError(desk, "rules in force and out of force", MOST_HELD, do=do)


def open_alerts_of(connection: Connection, stands: NewestVersion) -> tuple[list[str], str]:
    """Ids of the alerts of a rule that are open, and what becomes of them as it stands, as a sentence."""
    states = [record.state for record in alerts.open_of_rule(connection, stands.id)]
    return [state.id for state in states], _becomes(states, stands)


def _becomes(states: Sequence[AlertState], stands: NewestVersion) -> str:
    if not states:
        return "No alert of this rule is open."
    which = ", ".join(sorted(state.series_id for state in states))
    alone = len(states) == 1
    stay = "1 alert stays" if alone else f"{len(states):,} alerts stay"
    if not stands.enabled:
        it, they, go = ("it", "it is", "it goes") if alone else ("them", "they are", "they go")
        return (
            f"{stay} open as {they} ({which}): the rule is out of force, so no figure moves {it}. "
            f"Close {it} by hand; once the rule is enabled {go} on with the next figure."
        )
    versions = sorted({state.rule_version for state in states})
    if versions == [stands.version]:
        stay = "1 alert is" if alone else f"{len(states):,} alerts are"
        it = "It" if alone else "They"
        return f"{stay} open under this version ({which}). {it} will be closed by its conditions."
    under = " and ".join(f"version {version}" for version in versions)
    return (
        f"{stay} open under {under} and will be closed by its conditions ({which}); "
        f"version {stands.version} rules what begins from now on."
    )
