"""Rules are saved as versions; an alert that is open lives on under the version that opened it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from alerts.errors import UnknownScopeError
from alerts.rules import Rule, parse_rule
from services.storage import rules, series


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
