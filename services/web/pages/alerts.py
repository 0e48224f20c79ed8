"""Alerts: which are open, the life of each with its evidence, what was sent to whom, and who has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection

from forecasting.months import Month
from services.bootstrap import DELIVER_MESSAGES, Service
from services.queries import alerts, forecasters, series, silences
from services.queries.alerts import AlertEvent, AlertNote, AlertRecord, Life, Sort, ToldAlert
from services.queries.forecasts import ForecastRecord
from services.queries.series import SeriesView
from services.queries.slices import Slice
from services.usecases.handle_alerts import (
    acknowledge_alert,
    close_alert,
    hear_alert,
    note_alert,
    snooze_alert,
)
from services.web.builder.readings import spoken
from services.web.changes import back_to, keep
from services.web.charts.series_chart import Layers, series_chart
from services.web.evidence import Ground, evidence
from services.web.exports import SLICE, Column, every_row
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, RuleKeeping, Visitor
from services.web.turns import turns

router = APIRouter()

MOST = 200
"""Alerts on one page; the rest is behind the link to the next."""

BEFORE, AHEAD = 30, 6
"""Months on the picture of an alert before its onset, and after the last figure."""

By = Annotated[str, Form(min_length=1, max_length=200)]
Text = Annotated[str, Form(max_length=2000)]
KEPT = {"acknowledge": "alert.acknowledged", "close": "alert.closed", "snooze": "alert.snoozed"}
"""Names of what is done to an alert in the log of changes; whatever else is said is noted."""

NOT_YET = "the one made with it is not published"
"""What is said beside a forecast that had not seen the figure which moved an alert."""

DONE = {
    "acknowledge": "It is yours; its desk is told.",
    "close": "It is closed; its desk is told.",
    "snooze": "Nothing is said of it until then; it lives on.",
    "hear": "It is heard again.",
    "assign": "Given.",
    "comment": "Said.",
    "useful": "Kept: it was useful.",
    "noise": "Kept: it was noise.",
}
"""What is said once something was done."""

Act = Literal["acknowledge", "close", "snooze", "hear", "assign", "comment", "useful", "noise"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry in the life of an alert: what a figure did to it, or what a person said."""

    at: dt.datetime
    event: AlertEvent | None = None
    note: AlertNote | None = None


def _said(event: AlertEvent | None, field: str) -> Any:
    """A field of what an event said; None where no figure caused it."""
    return event.payload["data"][field] if event is not None and "value" in event.payload["data"] else None


def _turns(opened: AlertEvent | None, ended: AlertEvent | None) -> tuple[Ground, ...]:
    return turns(*(None if each is None else each.payload["data"] for each in (opened, ended)))


COLUMNS: tuple[Column[ToldAlert], ...] = (
    Column("alert", lambda row: row.record.state.id),
    Column("status", lambda row: str(row.record.state.status)),
    Column("severity", lambda row: str(row.record.state.severity)),
    Column("series", lambda row: row.record.state.series_id),
    Column("rule", lambda row: row.record.state.rule_id),
    Column("desk", lambda row: row.record.desk),
    Column("onset", lambda row: str(row.record.state.onset)),
    Column("last_figure", lambda row: str(row.record.state.last)),
    Column("opened_known_from", lambda row: row.record.state.opened_known_from),
    Column("acknowledged_by", lambda row: row.record.state.acknowledged and row.record.state.acknowledged.by),
    Column("sentence", lambda row: row.sentence),
    Column("opened_by", lambda row: _said(row.opened, "period")),
    Column("opened_by_value", lambda row: _said(row.opened, "value")),
    Column("ended_by", lambda row: _said(row.ended, "period")),
    Column("ended_by_value", lambda row: _said(row.ended, "value")),
)


@router.get("/alerts")
def listed(
    *,
    request: Request,
    looking: Looking,
    status: Literal["opened", "resolved", "retracted", "all"] = "opened",
    series_id: Annotated[str | None, Query(alias="series", max_length=200)] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
    sort: Sort = "opened",
    order: Literal["ascending", "descending"] = "descending",
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """Alerts that stand so, by default the last opened first, a page at a time; the file holds all."""
    service: Service = request.app.state.service

    def read(connection: Connection, after: str | None, limit: int) -> Slice[ToldAlert]:
        found = alerts.listed(
            connection,
            desk=looking.caller.desk,
            series_id=series_id or None,
            status=None if status == "all" else status,
            after=after,
            limit=limit,
            sort=sort,
            rising=order == "ascending",
        )
        return Slice(alerts.told(connection, found.rows), found.more)

    if format == "csv":
        return every_row(
            service.engine,
            "alerts",
            COLUMNS,
            lambda connection, last: read(connection, None if last is None else last.record.state.id, SLICE),
        )
    with service.engine.begin() as connection:
        found = read(connection, after, MOST)
        quiet = silences.listed(connection, desk=looking.caller.desk, now=service.now())
        shown = None if not series_id else series.one(connection, series_id, desk=looking.caller.desk)
    rows = found.rows
    more = rows[-1].record.state.id if found.more else None
    return page(
        request,
        looking,
        "alerts.html",
        rows=rows,
        turns=lambda row: _turns(row.opened, row.ended),
        standing=status,
        more=more,
        after=after,
        series=shown,
        quiet=len(quiet),
        only=f"&{urlencode({'series': series_id})}" if series_id else "",
        sort=sort,
        order=order,
        sorted_so="" if (sort, order) == ("opened", "descending") else f"&sort={sort}&order={order}",
    )


@router.get("/alerts/{alert_id}")
def one(request: Request, looking: Looking, alert_id: str) -> Response:
    """The life of one alert."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        record = _seen(connection, looking, alert_id)
        found = alerts.evidence(
            connection,
            record,
            desk=looking.caller.desk,
            now=service.now(),
            portfolio=service.settings.portfolio,
        )
        asked = [] if found.rule is None else [found.rule]
        names = forecasters.names(connection, asked, desk=looking.caller.desk)
    told = found.life.told
    said = {} if told is None else told.payload["data"]
    return page(
        request,
        looking,
        "alert.html",
        record=record,
        state=record.state,
        rule=found.rule,
        rule_in_force=found.in_force,
        rule_words=None
        if found.rule is None
        else spoken(found.rule, [] if found.series is None else [found.series], names),
        series=found.series,
        life=_moments(found.life),
        sentence=said.get("sentence", ""),
        turns=_turns(found.life.opened, found.life.ended),
        evidence=evidence(said) if "value" in said else (),
        chart=None if found.view is None else _chart(found.view, record),
        from_month=None if found.view is None else _first(found.view, record),
        view=found.view,
        drawn=_drawn(found.view),
        waits=NOT_YET,
        snoozes=found.snoozes,
        as_of="" if told is None else told.known_from.date(),
        sent=found.sent,
        urls=found.urls,
        left_to=found.left_to,
        now=service.now(),
    )


@router.post("/alerts/{alert_id}/{act}")
def handle(
    *,
    request: Request,
    looking: RuleKeeping,
    alert_id: str,
    act: Act,
    by: By,
    text: Text = "",
    hours: Annotated[int, Form(ge=1, le=24 * 366)] = 24,
    to: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """What a person does to an alert; the desk is told where it is acknowledged or closed."""
    service: Service = request.app.state.service
    now = service.now()
    given, by = by, looking.caller.signed(by)
    with service.engine.begin() as connection:
        _seen(connection, looking, alert_id)
        match act:
            case "acknowledge":
                acknowledge_alert(connection, alert_id, by=by, note=text, now=now)
            case "close":
                close_alert(connection, alert_id, by=by, note=text, now=now)
            case "snooze":
                until = now + dt.timedelta(hours=hours)
                snooze_alert(connection, alert_id, by=by, until=until, note=text, now=now)
            case "hear":
                hear_alert(connection, alert_id, by=by, now=now)
            case "assign":
                note_alert(connection, AlertNote(alert_id, "assigned", by, now, text, assignee=to or given))
            case _:
                note_alert(connection, AlertNote(alert_id, act, by, now, text))
        after = {"kind": act, "by": by, "text": text} | ({"hours": hours} if act == "snooze" else {})
        keep(request, looking, connection, KEPT.get(act, "alert.noted"), alert_id, after=after)
    service.nudge(DELIVER_MESSAGES)
    return back_to(f"/alerts/{alert_id}", DONE[act])


def _seen(connection: Connection, looking: Visitor, alert_id: str) -> AlertRecord:
    found = alerts.one(connection, alert_id, desk=looking.caller.desk)
    if found is None:
        raise NotFoundError(f"There is no alert {alert_id!r} that your key may see.", "/alerts?status=all")
    return found


def _chart(view: SeriesView, record: AlertRecord) -> Markup | None:
    """The series as it was known when a figure last moved the alert; None where nothing of it was held."""
    if view.known is None:
        return None
    return series_chart(view, _first(view, record), view.known.end + AHEAD, Layers(scenarios=False))


def _first(view: SeriesView, record: AlertRecord) -> Month:
    """The first month on the picture."""
    first = record.state.onset.first - BEFORE
    return first if view.known is None else max(view.known.start, first)


def _drawn(view: SeriesView | None) -> ForecastRecord | None:
    """The forecast on the picture; None where none was published, or it could say nothing."""
    found = None if view is None else view.forecast
    return None if found is None or found.forecast is None else found


def _moments(life: Life) -> list[Moment]:
    """What happened and what was said, in the order in which it was known."""
    moments = [Moment(event.known_from, event=event) for event in life.events]
    moments += [Moment(note.at, note=note) for note in life.notes]
    return sorted(moments, key=lambda moment: moment.at)
