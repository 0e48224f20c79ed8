"""Silences: what a desk does not want to hear, each with an end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from alerts.events import EventType
from alerts.routing import Matcher, Silence
from services.storage.tables import silences


@dataclass(frozen=True, slots=True)
class SilenceRecord:
    """A silence of a desk, and when it was made."""

    silence: Silence
    desk: str
    created_at: dt.datetime


def add(connection: Connection, record: SilenceRecord) -> None:
    """Add a silence."""
    given = record.silence
    row = {
        "id": given.id,
        "desk": record.desk,
        "matcher": dump_matcher(given.matcher),
        "starts_at": given.starts,
        "ends_at": given.ends,
        "by": given.by,
        "note": given.note,
        "created_at": record.created_at,
    }
    connection.execute(insert(silences).values(row))


def in_force(connection: Connection, *, now: dt.datetime) -> list[Silence]:
    """The silences that last at a moment, the oldest first."""
    held = _select(connection, silences.c.starts_at <= now, silences.c.ends_at > now)
    return [record.silence for record in held]


def listed(
    connection: Connection, *, desk: str | None = None, ends_after: dt.datetime | None = None
) -> list[SilenceRecord]:
    """Silences, the oldest first; of a desk, and those alone that end after a moment."""
    conditions = [] if desk is None else [silences.c.desk == desk]
    if ends_after is not None:
        conditions.append(silences.c.ends_at > ends_after)
    return _select(connection, *conditions)


def snoozes(connection: Connection, alert_id: str, *, now: dt.datetime) -> list[SilenceRecord]:
    """Silences of one alert alone that have not ended, the oldest first."""
    return [each for each in listed(connection, ends_after=now) if each.silence.matcher.alerts == {alert_id}]


def get(connection: Connection, silence_id: str) -> SilenceRecord | None:
    """One silence; None where there is none of that id."""
    return next(iter(_select(connection, silences.c.id == silence_id)), None)


def end(connection: Connection, silence_id: str, *, at: dt.datetime) -> None:
    """End a silence now, if it would last longer; one that had not started never starts."""
    connection.execute(
        update(silences).where(silences.c.id == silence_id, silences.c.ends_at > at).values(ends_at=at)
    )


def dump_matcher(matcher: Matcher) -> dict[str, Any]:
    """JSON object of what a matcher asks for beside the desk."""
    lists = ("series", "rules", "alerts", "events")
    plain: dict[str, Any] = {name: sorted(found) for name in lists if (found := getattr(matcher, name))}
    return plain | ({"labels": dict(matcher.labels)} if matcher.labels else {})


def _matcher(plain: dict[str, Any], desk: str) -> Matcher:
    return Matcher(
        desks=frozenset({desk}),
        series=frozenset(plain.get("series", ())),
        rules=frozenset(plain.get("rules", ())),
        alerts=frozenset(plain.get("alerts", ())),
        events=frozenset(EventType(each) for each in plain.get("events", ())),
        labels=frozenset(plain.get("labels", {}).items()),
    )


def _select(connection: Connection, *conditions: ColumnElement[bool]) -> list[SilenceRecord]:
    query = select(silences).where(*conditions).order_by(silences.c.created_at, silences.c.id)
    return [
        SilenceRecord(
            Silence(row.id, _matcher(row.matcher, row.desk), row.starts_at, row.ends_at, row.by, row.note),
            row.desk,
            row.created_at,
        )
        for row in connection.execute(query)
    ]
