"""What people say about alerts: who has it, comments, snoozes, and whether it was of use."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select

from services.storage.tables import alert_notes


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
