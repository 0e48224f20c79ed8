"""Alerts beside what was told of them last by a moment, and who had acknowledged them then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from alerts.hysteresis import Status
from alerts.states import Signature, TransitionKind
from services.storage import alerts as held_alerts
from services.storage.alerts import AlertRecord
from services.storage.columns import among
from services.storage.tables import alert_events, alerts

_RAISED = (str(TransitionKind.OPENED), str(TransitionKind.REOPENED))


@dataclass(frozen=True, slots=True)
class ToldByThen:
    """An alert as it stands, and ``data.alert`` in the body of its last event that was known by then."""

    record: AlertRecord
    told: dict[str, Any]


def paged(
    connection: Connection,
    *,
    as_of: dt.datetime,
    alert_id: str | None = None,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[ToldByThen]:
    """Alerts that had opened by a moment, the last opened first, those that opened at once by id downwards.

    An alert keeps the moment of its first opening when it opens again, so this is the order of
    ``services.storage.alerts.paged``. ``status`` is how an alert stood then.
    """
    last = (
        select(alert_events.c.payload["data"]["alert"].label("told"))
        .where(alert_events.c.alert_id == alerts.c.id, alert_events.c.known_from <= as_of)
        .order_by(alert_events.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    page = held_alerts.in_order(desk=desk, series_id=series_id, after=after).where(
        alerts.c.opened_at <= as_of
    )
    query = page.add_columns(last.c.told).join(last, true()).limit(limit)
    if alert_id is not None:
        query = query.where(alerts.c.id == alert_id)
    if status is not None:
        query = query.where(last.c.told["status"].astext == status)
    return [ToldByThen(held_alerts.record_of(row), row.told) for row in connection.execute(query)]


def acknowledgements(
    connection: Connection, alert_ids: Collection[str], *, as_of: dt.datetime
) -> dict[str, Signature]:
    """Who had acknowledged some alerts by a moment, and when, by the id of the alert; without their notes.

    Where an alert was open again after it, nobody has it any more.
    """
    data = alert_events.c.payload["data"]
    opens = and_(
        alert_events.c.kind.in_(_RAISED), data["alert"]["status"].astext == str(Status.OPENED)
    )  # one that the same figure closed again keeps who had it
    seen = alert_events.c.kind == str(TransitionKind.ACKNOWLEDGED)
    query = (
        select(
            alert_events.c.alert_id,
            alert_events.c.kind,
            alert_events.c.known_from,
            data["transition"]["by"].astext.label("by"),
        )
        .where(
            among(alert_events.c.alert_id, alert_ids), alert_events.c.known_from <= as_of, or_(seen, opens)
        )
        .order_by(alert_events.c.alert_id, alert_events.c.id.desc())
        .ext(distinct_on(alert_events.c.alert_id))
    )
    return {
        row.alert_id: Signature(row.by, row.known_from)
        for row in connection.execute(query)
        if row.kind == TransitionKind.ACKNOWLEDGED
    }
