"""What figures did to alerts: the transitions that say what happened, beside those that people caused."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.storage.alert_events import AlertEvent
from services.storage.columns import among
from services.storage.tables import alert_events


def last_told(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The latest transition of each alert that a figure caused, by the id of the alert.

    Where no figure caused any, the latest of all: who saw an alert is no news of its series.
    """
    columns = (alert_events.c[name] for name in AlertEvent.__dataclass_fields__)
    by_a_person = alert_events.c.observation_id.is_(None)
    query = (
        select(*columns)
        .where(among(alert_events.c.alert_id, alert_ids))
        .order_by(alert_events.c.alert_id, by_a_person, alert_events.c.id.desc())
        .ext(distinct_on(alert_events.c.alert_id))
    )
    return {row.alert_id: AlertEvent(*row) for row in connection.execute(query)}
