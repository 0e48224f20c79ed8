"""What people say about alerts: who has it, comments, snoozes, and whether it was of use."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.storage.tables import alert_events, alert_notes, alerts


@dataclass(frozen=True, slots=True)
class AlertNote:
    """One thing that a person said; ``kind`` is assigned, comment, snoozed, useful or noise."""

    alert_id: str
    kind: str
    by: str
    at: dt.datetime
    text: str = ""
    assignee: str | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Alerts of a rule that opened from a moment on, and those of them last found useful, or noise."""

    opened: int = 0
    useful: int = 0
    noise: int = 0


def heard(connection: Connection, *, since: dt.datetime) -> dict[str, Heard]:
    """By rule, how many alerts opened from a moment on, and what people made of them."""
    opened = (
        select(alert_events.c.alert_id.label("id"))
        .distinct()
        .where(alert_events.c.kind == "opened", alert_events.c.known_from >= since)
        .subquery()
    )
    found = (
        select(alert_notes.c.alert_id, alert_notes.c.kind)
        .where(alert_notes.c.kind.in_(("useful", "noise")))
        .order_by(alert_notes.c.alert_id, alert_notes.c.id.desc())
        .ext(distinct_on(alert_notes.c.alert_id))
        .subquery()
    )
    counted = [func.count().filter(found.c.kind == kind) for kind in ("useful", "noise")]
    query = (
        select(alerts.c.rule_id, func.count(), *counted)
        .select_from(
            alerts.join(opened, opened.c.id == alerts.c.id).outerjoin(found, found.c.alert_id == alerts.c.id)
        )
        .group_by(alerts.c.rule_id)
    )
    return {rule_id: Heard(*counts) for rule_id, *counts in connection.execute(query)}


def add(connection: Connection, note: AlertNote) -> None:
    """Add a note; none is ever changed."""
    connection.execute(insert(alert_notes).values(asdict(note)))


def of_alert(connection: Connection, alert_id: str) -> list[AlertNote]:
    """Notes on an alert, the first first."""
    query = select(alert_notes).where(alert_notes.c.alert_id == alert_id).order_by(alert_notes.c.id)
    return [
        AlertNote(row.alert_id, row.kind, row.by, row.at, row.text, row.assignee, row.until)
        for row in connection.execute(query)
    ]
