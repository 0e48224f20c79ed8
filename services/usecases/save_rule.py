"""Rules are saved as versions; an alert that is open lives on under the version that opened it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from alerts.rules import Rule, parse_rule
from services.storage import rules, series


class UnknownScopeError(Exception):
    """A rule that names series which are not registered; it would never say anything."""

    def __init__(self, unknown: list[str]) -> None:
        self.unknown = tuple(unknown)
        super().__init__(f"The rule names series that are not registered: {', '.join(unknown)}.")


def save_rule(connection: Connection, rule_id: str, raw: object, *, now: dt.datetime) -> Rule:
    """Save a rule as the next version of its id.

    InvalidRuleError with the path and reason of every fault; UnknownScopeError where a series is not there.
    """
    rule = parse_rule(raw, rule_id=rule_id, version=rules.newest_version(connection, rule_id) + 1)
    unknown = [each for each in rule.scope.series if series.get(connection, each) is None]
    if unknown:
        raise UnknownScopeError(unknown)
    rules.save(connection, rule, now=now)
    return rule
