"""A rule is put out of force, and back, by those whose it is; what it has open stays as it is meanwhile."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.errors import TooManyError
from services.storage import rules
from services.storage.rules import NewestVersion
from services.usecases.save_rule import MOST_RULES, open_alerts_of


class UnknownRuleError(LookupError):
    """An id that no rule has."""

    def __init__(self, rule_id: str) -> None:
        self.rule_id = rule_id
        super().__init__(f"There is no rule {rule_id!r}; list them, or read an alert of it for its id.")


class UnreadableRuleError(ValueError):
    """A rule whose words no longer say a rule: in force it would fail at every figure."""

    def __init__(self, rule_id: str) -> None:
        self.rule_id = rule_id
        super().__init__(f"Rule {rule_id!r} cannot be read as it is kept; save it anew, then enable it.")


@dataclass(frozen=True, slots=True)
class Enabled:
    """How a rule stood before and stands now, the alerts of it that are open, and what becomes of them."""

    before: NewestVersion
    after: NewestVersion
    open_alerts: list[str]
    open_alerts_in_words: str

    @property
    def changed(self) -> bool:
        """False where it stood so already: then no version was added."""
        return self.before != self.after

    def in_words(self) -> str:
        """What was done and what follows, as sentences."""
        said = (
            "In force: figures that arrive from now on may open it; what arrived while it was out of force "
            "is not gone over."
            if self.after.enabled
            else "Out of force: no figure opens an alert of it."
        )
        return f"{said} {self.open_alerts_in_words}"


def disable_rule(connection: Connection, rule_id: str, *, now: dt.datetime) -> Enabled:
    """Put a rule out of force by its next version; nothing where it is so. UnknownRuleError.

    One that cannot be read can be put out of force too.
    """
    return _stand(connection, rule_id, enabled=False, now=now)


def enable_rule(connection: Connection, rule_id: str, *, now: dt.datetime) -> Enabled:
    """Put a rule back in force by its next version; nothing where it is so. UnknownRuleError.

    UnreadableRuleError where its words say no rule; TooManyError where its desk has MOST_RULES in force.
    """
    return _stand(connection, rule_id, enabled=True, now=now)


def _stand(connection: Connection, rule_id: str, *, enabled: bool, now: dt.datetime) -> Enabled:
    rules.newest_version(connection, rule_id)  # which locks it
    before = rules.newest(connection, rule_id)
    if before is None:
        raise UnknownRuleError(rule_id)
    after = before
    if before.enabled != enabled:
        if enabled:
            _may_be_enabled(connection, before)
        after = rules.stand(connection, before, enabled=enabled, now=now)
    return Enabled(before, after, *open_alerts_of(connection, after))


def _may_be_enabled(connection: Connection, stands: NewestVersion) -> None:
    if rules.get(connection, stands.id) is None:
        raise UnreadableRuleError(stands.id)
    if rules.count(connection, stands.desk).in_force >= MOST_RULES:
        raise TooManyError(stands.desk, "rules in force", MOST_RULES)
