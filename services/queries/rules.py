"""Rules: which are in force, each of its versions, and the series that one covers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.rules import Rule
from services.storage import alert_notes, audit, rules
from services.storage.alert_notes import Heard
from services.storage.rules import NewestVersion, SavedRule
from services.storage.series import SeriesRecord
from services.storage.traits import traits

__all__ = [
    "Heard",
    "NewestVersion",
    "SavedRule",
    "Versions",
    "covered",
    "desk_of",
    "enabled",
    "heard",
    "in_force",
    "newest",
    "one",
    "out_of_force",
    "versions",
]

SAVED_BY = ("rule.saved", "rule.disabled", "rule.enabled")
"""Changes that add a version of a rule."""

YEAR = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version of a rule, and the name of who saved it, by version."""

    saved: list[SavedRule]
    saved_by: dict[int | None, str]


def in_force(
    connection: Connection, *, desk: str | None = None, as_of: dt.datetime | None = None
) -> list[Rule]:
    """The newest version of each rule, of those saved by ``as_of``, by id; of a desk where given."""
    return [rule for rule in rules.in_force(connection, as_of=as_of) if desk in {None, rule.desk}]


def out_of_force(connection: Connection, *, desk: str | None = None) -> list[Rule]:
    """The newest version of each rule that was put out of force, by id; of a desk where given."""
    return [rule for rule in rules.out_of_force(connection) if desk in {None, rule.desk}]


def heard(connection: Connection, *, now: dt.datetime) -> dict[str, Heard]:
    """By rule, how many alerts a year of it came to, and how many of them people found useful, or noise."""
    return alert_notes.heard(connection, since=now - YEAR)


def one(
    connection: Connection,
    rule_id: str,
    version: int | None = None,
    *,
    desk: str | None = None,
    as_of: dt.datetime | None = None,
) -> Rule | None:
    """A rule as it stands or stood, or under a version; None where there is none, or it is not ``desk``'s."""
    found = rules.get(connection, rule_id, version, as_of=as_of)
    return found if found is not None and desk in {None, found.desk} else None


def enabled(connection: Connection, rule: Rule) -> bool:
    """Whether a rule is in force under this version of it, where that is the newest, or was under it."""
    return rules.enabled(connection, rule.id, rule.version)


def newest(connection: Connection, rule_id: str, *, as_of: dt.datetime | None = None) -> NewestVersion | None:
    """The newest version of a rule, saved by a moment where given, also one that cannot be read; or None."""
    return rules.newest(connection, rule_id, as_of=as_of)


def desk_of(connection: Connection, rule_id: str) -> str | None:
    """Whose a rule is, also one that cannot be read; None where there is none of that id."""
    return rules.desk_of(connection, rule_id)


def versions(connection: Connection, rule_id: str, *, desk: str | None = None) -> Versions:
    """The versions of a rule; empty where there is none of that id, or it is not ``desk``'s."""
    there = bool(rule_id) and one(connection, rule_id, desk=desk) is not None
    saved = rules.versions(connection, rule_id) if there else []
    changes = audit.listed(connection, target=rule_id) if saved else []
    savers = [change for change in changes if change.action in SAVED_BY]
    return Versions(saved, {(change.after or {}).get("version"): change.name for change in savers})


def covered(rule: Rule, visible: Sequence[SeriesRecord]) -> tuple[SeriesRecord, ...]:
    """Those of some series that a rule's scope covers."""
    return tuple(each for each in visible if rule.scope.covers(traits(each)))
