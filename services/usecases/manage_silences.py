"""The life of a silence: added, where what it names is there, and ended before its time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from sqlalchemy import Connection

from alerts.rules import Rule
from services.storage import alerts, desks, restrictions, rules, series, silences
from services.storage.silences import SilenceRecord
from services.usecases.check_scope import CANDIDATES, candidates

MOST_DESKS = 1000
"""Desks that a misspelt name is held against."""


class UnknownMatchError(LookupError):
    """A silence that names what is not there; ``unknown`` holds, by field, each with candidates."""

    def __init__(self, desk: str, unknown: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.desk = desk
        self.unknown = unknown
        told = "; ".join(
            f"{field}: "
            + ", ".join(
                f"{name!r}" + (f" may be {' or '.join(ids)}" if ids else "") for name, ids in names.items()
            )
            for field, names in unknown.items()
        )
        what = "a desk that there is not" if "desk" in unknown else f"what {desk} does not have"
        super().__init__(f"The silence names {what}, and would match nothing. {told}.")


def add_silence(connection: Connection, record: SilenceRecord) -> None:
    """Add a silence.

    UnknownMatchError where there is no such desk, or it has no such series, rule or alert, or no rule of its
    own bears the labels.
    """
    desks_meant = _other_desks(connection, record.desk)
    if desks_meant is not None:
        raise UnknownMatchError(record.desk, {"desk": {record.desk: desks_meant}})
    found = {
        "series": _unknown_series(connection, record),
        "rules": _unknown_rules(connection, record),
        "alerts": _unknown_alerts(connection, record),
        "labels": _unknown_labels(connection, record),
    }
    unknown = {field: names for field, names in found.items() if names}
    if unknown:
        raise UnknownMatchError(record.desk, unknown)
    silences.add(connection, record)


def end_silence(connection: Connection, silence_id: str, *, now: dt.datetime) -> SilenceRecord | None:
    """End a silence now: what it matches is heard again. As it stands then; None where there is none."""
    silences.end(connection, silence_id, at=now)
    return silences.get(connection, silence_id)


def _other_desks(connection: Connection, name: str) -> list[str] | None:
    """Desks that the name of none may mean; None where it is one: something else than a silence names it."""
    here = desks.listed(connection, desk=name)
    if any(each.rules or each.endpoints or each.keys or each.alerts for each in here):
        return None
    others = [each.name for each in desks.listed(connection, limit=MOST_DESKS) if each.name != name]
    return get_close_matches(name, others, n=CANDIDATES, cutoff=0.5)


def _unknown_labels(connection: Connection, record: SilenceRecord) -> dict[str, list[str]]:
    """Labels that no rule of the desk bears, in any version; or all, where none bears them together."""
    named = record.silence.matcher.labels
    own = _own(connection, record) if named else []
    if not named or any(named <= set(rule.labels) for rule in own):
        return {}
    ever = [each.rule for rule in own for each in rules.versions(connection, rule.id)]
    if any(named <= set(rule.labels) for rule in ever):
        return {}
    borne = {label for rule in ever for label in rule.labels}
    unknown = sorted(named - borne)
    if not unknown:
        return {" and ".join(map(_label, sorted(named))): []}
    return {
        _label(each): [_label(other) for other in sorted(borne) if other[0] == each[0]][:CANDIDATES]
        or [_label(other) for other in sorted(borne)][:CANDIDATES]
        for each in unknown
    }


def _label(label: tuple[str, str]) -> str:
    return "=".join(label)


def _unknown_series(connection: Connection, record: SilenceRecord) -> dict[str, list[str]]:
    named = record.silence.matcher.series
    registered = {each.id for each in series.of_ids(connection, sorted(named))} if named else set()
    unknown = sorted((named - registered) | restrictions.hidden(connection, registered, record.desk))
    shown = series.listed(connection, desk=record.desk, limit=None) if unknown else []
    return {name: candidates(name, shown) for name in unknown}


def _unknown_rules(connection: Connection, record: SilenceRecord) -> dict[str, list[str]]:
    unknown = []
    for name in sorted(record.silence.matcher.rules):
        rule = rules.get(connection, name)
        if rule is None or rule.desk != record.desk:
            unknown.append(name)
    own = _own(connection, record) if unknown else []
    return {name: candidates(name, own) for name in unknown}


def _own(connection: Connection, record: SilenceRecord) -> list[Rule]:
    """The desk's rules, those out of force too: their alerts may be open still."""
    kept = [*rules.in_force(connection), *rules.out_of_force(connection)]
    return [rule for rule in kept if rule.desk == record.desk]


def _unknown_alerts(connection: Connection, record: SilenceRecord) -> dict[str, list[str]]:
    held = {name: alerts.get(connection, name) for name in sorted(record.silence.matcher.alerts)}
    return {name: [] for name, alert in held.items() if alert is None or alert.desk != record.desk}
