"""Alerts as they stand; what made them so is in services.storage.alert_events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from alerts.hysteresis import Status
from alerts.rules import Severity
from alerts.states import AlertState, dump_state, parse_state
from services.storage.columns import among
from services.storage.tables import alerts, series

GRAVITY = {str(severity): -severity.rank for severity in Severity}
"""How early an alert of a severity stands among those that are told the gravest first."""


Sort = Literal["opened", "severity", "series", "state"]
"""What alerts are listed by: when they opened, how grave they are, their series' name, how they stand."""

_STANDS = {
    str(status): place for place, status in enumerate((Status.OPENED, Status.RESOLVED, Status.RETRACTED))
}


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert with what storage adds; ``onset_forecast_id`` is of the forecast before its onset."""

    state: AlertState
    desk: str
    onset_forecast_id: int | None


def of_series(connection: Connection, series_ids: Collection[str]) -> list[AlertRecord]:
    """Every alert, open or over, on each of the series."""
    query = select(alerts).where(among(alerts.c.series_id, series_ids))
    return [record_of(row) for row in connection.execute(query)]


def open_of_rule(connection: Connection, rule_id: str) -> list[AlertRecord]:
    """Alerts of a rule that are open, by series."""
    query = select(alerts).where(alerts.c.rule_id == rule_id, alerts.c.status == str(Status.OPENED))
    return [record_of(row) for row in connection.execute(query.order_by(alerts.c.series_id))]


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert, as far as others look at it."""

    id: str
    rule_id: str
    rule_version: int
    desk: str
    series_id: str
    severity: Severity


_LOOKED_AT = [alerts.c[each.name] for each in fields(OpenAlert)]


def open_of_rules(connection: Connection, rule_ids: Collection[str]) -> list[OpenAlert]:
    """Alerts of some rules that are open, by id, without what made them so."""
    return _open(connection, among(alerts.c.rule_id, rule_ids))


def open_of_ids(connection: Connection, alert_ids: Collection[str]) -> list[OpenAlert]:
    """Those of some alerts that are open, by id, without what made them so."""
    return _open(connection, among(alerts.c.id, alert_ids))


def _open(connection: Connection, wanted: ColumnElement[bool]) -> list[OpenAlert]:
    query = select(*_LOOKED_AT).where(wanted, alerts.c.status == str(Status.OPENED)).order_by(alerts.c.id)
    return [
        OpenAlert(**{**row._asdict(), "severity": Severity(row.severity)})
        for row in connection.execute(query)
    ]


def keep(connection: Connection, changed: Iterable[tuple[AlertRecord, dt.datetime]]) -> None:
    """Put alerts in their places, each beside when what changed it was known.

    Those that are over go first: of a rule on a series one alert at a time is open.
    """
    rows = [_row(record, known_from) for record, known_from in changed]
    if not rows:
        return
    rows.sort(key=lambda row: row["status"] == str(Status.OPENED))
    statement = insert(alerts)
    changing = ("status", "severity", "state", "opened_at", "closed_at", "updated_at")
    in_place = {name: statement.excluded[name] for name in changing}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=in_place), rows)


def _row(record: AlertRecord, known_from: dt.datetime) -> dict[str, Any]:
    state = record.state
    closed = state.status in {Status.RESOLVED, Status.RETRACTED}
    return {
        "id": state.id,
        "rule_id": state.rule_id,
        "rule_version": state.rule_version,
        "series_id": state.series_id,
        "desk": record.desk,
        "status": str(state.status),
        "severity": str(state.severity),
        "state": dump_state(state),
        "onset_forecast_id": record.onset_forecast_id,
        "opened_at": state.opened_known_from or known_from,
        "closed_at": known_from if closed else None,
        "updated_at": known_from,
    }


def forget(connection: Connection, alert_ids: Collection[str]) -> None:
    """Drop streaks that came to nothing; an alert that ever opened has events and stays."""
    if alert_ids:
        connection.execute(delete(alerts).where(among(alerts.c.id, alert_ids), alerts.c.status == "pending"))


def of_ids(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertRecord]:
    """Several alerts, open or over, by id."""
    found = connection.execute(select(alerts).where(among(alerts.c.id, alert_ids))) if alert_ids else ()
    return {row.id: record_of(row) for row in found}


def get(connection: Connection, alert_id: str) -> AlertRecord | None:
    """One alert that has opened."""
    query = select(alerts).where(alerts.c.id == alert_id, alerts.c.status != "pending")
    row = connection.execute(query).first()
    return None if row is None else record_of(row)


def listed(
    connection: Connection,
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    gravest_first: bool = False,
    without: Collection[str] = (),
    limit: int = 100,
) -> list[AlertRecord]:
    """Alerts that have opened, the last changed first; of all the gravest before them where asked for.

    Those whose ids are in ``without`` are left out.
    """
    query = _opened(desk, series_id, status)
    if without:
        query = query.where(~among(alerts.c.id, without))
    if gravest_first:
        query = query.order_by(case(GRAVITY, value=alerts.c.severity, else_=1))
    query = query.order_by(alerts.c.updated_at.desc(), alerts.c.id.desc()).limit(limit)
    return [record_of(row) for row in connection.execute(query)]


def count_open(connection: Connection, *, desk: str | None = None) -> int:
    """How many alerts are open, of a desk where given."""
    query = select(func.count()).select_from(_opened(desk, None, "opened").subquery())
    return int(connection.execute(query).scalar_one())


def paged(
    connection: Connection,
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int = 100,
    sort: Sort = "opened",
    rising: bool = False,
) -> list[AlertRecord]:
    """Alerts that have opened, in an order that holds; with ``after`` those that come after that id.

    By default the last opened first; where others are sorted by, those that are equal stand so too. By when
    it opened an alert keeps its place whatever happens to it: none is passed over or repeated between pages.
    """
    query = in_order(desk=desk, series_id=series_id, status=status, after=after, sort=sort, rising=rising)
    return [record_of(row) for row in connection.execute(query.limit(limit))]


def in_order(
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    sort: Sort = "opened",
    rising: bool = False,
) -> Select[Any]:
    """The query of ``paged`` without its end; ``record_of`` reads its rows."""
    query = _opened(desk, series_id, status)
    keys = _keys(alerts, sort, rising)
    if after is not None:
        mark = alerts.alias("mark")
        last = [
            select(key).where(mark.c.id == after).scalar_subquery() for key, _ in _keys(mark, sort, rising)
        ]
        query = query.where(_behind(keys, last))
    return query.order_by(*(key.asc() if up else key.desc() for key, up in keys))


Keys = list[tuple[ColumnElement[Any], bool]]


def _keys(table: FromClause, sort: Sort, rising: bool) -> Keys:
    """What a table of alerts is ordered by, each with whether it rises; the id tells equal ones apart."""
    last_opened: Keys = [
        (table.c.opened_at, rising and sort == "opened"),
        (table.c.id, rising and sort == "opened"),
    ]
    match sort:
        case "opened":
            return last_opened
        case "severity":
            return [(-case(GRAVITY, value=table.c.severity, else_=1), rising), *last_opened]
        case "state":
            return [(case(_STANDS, value=table.c.status, else_=len(_STANDS)), rising), *last_opened]
        case "series":
            name = select(series.c.name).where(series.c.id == table.c.series_id).scalar_subquery()
            return [(func.lower(func.coalesce(name, table.c.series_id)), rising), *last_opened]


def _behind(keys: Keys, last: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Whether a row comes after the last that is had: by the first key that differs."""
    behind: ColumnElement[bool] = false()
    for (key, up), value in zip(reversed(keys), reversed(last), strict=True):
        behind = or_(key > value if up else key < value, and_(key == value, behind))
    return behind


def _opened(desk: str | None, series_id: str | None, status: str | None) -> Select[Any]:
    query = select(alerts).where(alerts.c.status != "pending")
    for column, wanted in ((alerts.c.desk, desk), (alerts.c.series_id, series_id), (alerts.c.status, status)):
        if wanted is not None:
            query = query.where(column == wanted)
    return query


def record_of(row: Any) -> AlertRecord:
    """An alert as a row of its table holds it."""
    return AlertRecord(parse_state(row.state), row.desk, row.onset_forecast_id)
