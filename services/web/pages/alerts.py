"""Alerts: which are open, the life of each with its evidence, what was sent to whom, and who has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection

from services.bootstrap import DELIVER_MESSAGES, Service
from services.storage import alert_notes, alerts, deliveries, endpoints, restrictions, rules, series, silences
from services.storage.alert_notes import AlertNote
from services.storage.alerts import AlertEvent, AlertRecord
from services.storage.series import SeriesRecord
from services.storage.silences import SilenceRecord
from services.usecases.handle_alerts import acknowledge_alert, close_alert, note_alert, snooze_alert
from services.usecases.series_view import series_view
from services.web.changes import back_to, keep
from services.web.charts.series_chart import Layers, series_chart
from services.web.evidence import evidence
from services.web.exports import Column, as_csv
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, RuleKeeping, Visitor

router = APIRouter()

MOST = 200
"""Alerts on one page; the rest is behind the link to the next."""

BEFORE, AHEAD = 30, 6
"""Months on the picture of an alert before its onset, and after the last figure."""

By = Annotated[str, Form(min_length=1, max_length=200)]
Text = Annotated[str, Form(max_length=2000)]
KEPT = {"acknowledge": "alert.acknowledged", "close": "alert.closed", "snooze": "alert.snoozed"}
"""Names of what is done to an alert in the log of changes; whatever else is said is noted."""

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
class Row:
    """An alert in the list, with the last thing that was said of it."""

    record: AlertRecord
    series_name: str
    rule_name: str
    sentence: str
    known_from: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry in the life of an alert: what a figure did to it, or what a person said."""

    at: dt.datetime
    event: AlertEvent | None = None
    note: AlertNote | None = None


COLUMNS: tuple[Column[Row], ...] = (
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
)


@router.get("/alerts")
def listed(
    *,
    request: Request,
    looking: Looking,
    status: Literal["opened", "resolved", "retracted", "all"] = "opened",
    after: Annotated[str | None, Query(max_length=200)] = None,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """Alerts that stand so, the last opened first."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        found = alerts.paged(
            connection,
            desk=looking.caller.desk,
            status=None if status == "all" else status,
            after=after,
            limit=MOST + 1,
        )
        rows = _rows(connection, found[:MOST])
    if format == "csv":
        return as_csv("alerts", COLUMNS, rows)
    more = rows[-1].record.state.id if len(found) > MOST else None
    return page(request, looking, "alerts.html", rows=rows, standing=status, more=more, after=after)


@router.get("/alerts/{alert_id}")
def one(request: Request, looking: Looking, alert_id: str) -> Response:
    """The life of one alert."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        record = _seen(connection, looking, alert_id)
        events = alerts.events(connection, alert_id)
        notes = alert_notes.of_alert(connection, alert_id)
        sent = deliveries.of_alert(connection, alert_id, desk=record.desk)
        rule = rules.get(connection, record.state.rule_id, record.state.rule_version)
        held = series.get(connection, record.state.series_id)
        urls = {each.id: each.url for each in endpoints.listed(connection, desk=record.desk)}
        snoozes = _snoozes(connection, alert_id, now=service.now())
        chart = _chart(connection, looking, held, record, events, portfolio=service.settings.portfolio)
    told = [event.payload["data"] for event in reversed(events)]
    figure = next((data for data in told if "value" in data), None)
    return page(
        request,
        looking,
        "alert.html",
        record=record,
        state=record.state,
        rule=rule,
        series=held,
        life=_life(events, notes),
        sentence=told[0]["sentence"] if told else "",
        evidence=() if figure is None else evidence(figure),
        chart=chart,
        snoozes=snoozes,
        as_of=events[-1].known_from.date() if events else "",
        sent=sent,
        urls=urls,
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
                for each in _snoozes(connection, alert_id, now=now):
                    silences.end(connection, each.silence.id, at=now)
                note_alert(connection, AlertNote(alert_id, "comment", by, now, "ended the snooze"))
            case "assign":
                note_alert(connection, AlertNote(alert_id, "assigned", by, now, text, assignee=to or given))
            case _:
                note_alert(connection, AlertNote(alert_id, act, by, now, text))
        after = {"kind": act, "by": by, "text": text} | ({"hours": hours} if act == "snooze" else {})
        keep(request, looking, connection, KEPT.get(act, "alert.noted"), alert_id, after=after)
    service.nudge(DELIVER_MESSAGES)
    return back_to(f"/alerts/{alert_id}", DONE[act])


def _seen(connection: Connection, looking: Visitor, alert_id: str) -> AlertRecord:
    found = alerts.get(connection, alert_id)
    if found is None or not looking.caller.sees(found.desk):
        raise NotFoundError(f"There is no alert {alert_id!r} that your key may see.", "/alerts?status=all")
    return found


def _rows(connection: Connection, found: list[AlertRecord]) -> list[Row]:
    said = alerts.last_events(connection, [each.state.id for each in found])
    names = {
        each.id: each.name for each in series.of_ids(connection, {each.state.series_id for each in found})
    }
    in_force = {each.id: each.name for each in rules.in_force(connection)}
    return [
        Row(
            record,
            names.get(record.state.series_id, record.state.series_id),
            in_force.get(record.state.rule_id, record.state.rule_id),
            said[record.state.id].payload["data"]["sentence"] if record.state.id in said else "",
            said[record.state.id].known_from if record.state.id in said else None,
        )
        for record in found
    ]


def _snoozes(connection: Connection, alert_id: str, *, now: dt.datetime) -> list[SilenceRecord]:
    """Silences of this alert alone that have not ended."""
    held = silences.listed(connection, ends_after=now)
    return [each for each in held if each.silence.matcher.alerts == {alert_id}]


def _chart(
    connection: Connection,
    looking: Visitor,
    held: SeriesRecord | None,
    record: AlertRecord,
    events: list[AlertEvent],
    *,
    portfolio: str,
) -> Markup | None:
    """The series as it was known when the alert was last spoken of; None where that may not be seen."""
    if held is None or not events or restrictions.hidden(connection, [held.id], looking.caller.desk):
        return None
    view = series_view(connection, held, as_of=events[-1].known_from, portfolio=portfolio)
    if view.known is None:
        return None
    first = max(view.known.start, record.state.onset.first - BEFORE)
    return series_chart(view, first, view.known.end + AHEAD, Layers(scenarios=False))


def _life(events: list[AlertEvent], notes: list[AlertNote]) -> list[Moment]:
    """What happened and what was said, in the order in which it was known."""
    moments = [Moment(event.known_from, event=event) for event in events]
    moments += [Moment(note.at, note=note) for note in notes]
    return sorted(moments, key=lambda moment: moment.at)
