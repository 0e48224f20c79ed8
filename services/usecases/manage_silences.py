"""The life of a silence: added, where what it names is there, and ended before its time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from services.storage import alerts, restrictions, rules, series, silences
from services.storage.silences import SilenceRecord
from services.usecases.save_rule import candidates


class UnknownMatchError(LookupError):
    """A silence that names what its desk does not have; ``unknown`` holds, by field, each with candidates."""

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
        super().__init__(f"The silence names what {desk} does not have, and would match nothing. {told}.")


def add_silence(connection: Connection, record: SilenceRecord) -> None:
    """Add a silence; UnknownMatchError where it names a series, rule or alert that its desk does not have."""
    found = {
        "series": _unknown_series(connection, record),
        "rules": _unknown_rules(connection, record),
        "alerts": _unknown_alerts(connection, record),
    }
    unknown = {field: names for field, names in found.items() if names}
    if unknown:
        raise UnknownMatchError(record.desk, unknown)
    silences.add(connection, record)


def end_silence(connection: Connection, silence_id: str, *, now: dt.datetime) -> SilenceRecord | None:
    """End a silence now: what it matches is heard again. As it stands then; None where there is none."""
    silences.end(connection, silence_id, at=now)
    return silences.get(connection, silence_id)


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
    own = [rule for rule in rules.in_force(connection) if rule.desk == record.desk] if unknown else []
    return {name: candidates(name, own) for name in unknown}


def _unknown_alerts(connection: Connection, record: SilenceRecord) -> dict[str, list[str]]:
    held = {name: alerts.get(connection, name) for name in sorted(record.silence.matcher.alerts)}
    return {name: [] for name, alert in held.items() if alert is None or alert.desk != record.desk}
