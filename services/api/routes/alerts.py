"""/v1/alerts: what is open, what it rests on, and who has seen it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Connection

from services.api.auditing import Audit, Auditor
from services.api.dependencies import TheService
from services.api.formats import Fields, listing
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.alerts import (
    Acknowledgement,
    AlertShown,
    AlertStory,
    Assignment,
    Comment,
    EventShown,
    Feedback,
    NoteShown,
    Snooze,
)
from services.api.schemas.common import AsOf, Limit, Page, PageOfParts, StoodAt
from services.api.security import Reader, RuleKeeper
from services.bootstrap import DELIVER_MESSAGES, Service
from services.queries import alerts
from services.queries.alerts import AlertNote, AlertRecord, Life
from services.queries.alerts_as_of import life_by, listed_as_of, one_as_of
from services.usecases.callers import Caller
from services.usecases.handle_alerts import acknowledge_alert, close_alert, note_alert, snooze_alert

router = APIRouter(prefix="/alerts", tags=["alerts"])

AlertId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the alert.")]


@router.get("", summary="Alerts, the last opened first", response_model=Page[AlertShown] | PageOfParts)
def listed(
    *,
    service: TheService,
    caller: Reader,
    status: Annotated[
        Literal["opened", "resolved", "retracted"] | None, Query(description="Only those that stand so.")
    ] = None,
    desk: Annotated[str | None, Query(description="Only those of a desk.")] = None,
    series_id: Annotated[str | None, Query(description="Only those on a series.")] = None,
    after: Annotated[str | None, Query(description="The cursor ``next`` of the page before.")] = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    fields: Fields = None,
) -> Response:
    """Every alert that has ever opened. One keeps its place in the list whatever happens to it.

    With ``as_of`` those that had opened by then, each as the last word on it by then left it.
    """
    wanted = caller.narrowed(desk)
    with service.engine.begin() as connection:
        if after is not None and alerts.one(connection, after, desk=caller.desk) is None:
            raise ProblemError("invalid-request", f"query.after: {after[:40]!r} is no cursor of this list.")
        if as_of is None:
            found = alerts.listed(
                connection, desk=wanted, series_id=series_id, status=status, after=after, limit=limit
            )
        else:
            found = listed_as_of(
                connection,
                as_of=as_of,
                desk=wanted,
                series_id=series_id,
                status=status,
                after=after,
                limit=limit,
            )
    items = [AlertShown.of(record) for record in found.rows]
    return listing(items, AlertShown, fields=fields, following=items[-1].id if found.more else None)


@router.get("/{alert_id}", summary="One alert and what happened to it")
def one(service: TheService, caller: Reader, alert_id: AlertId, as_of: StoodAt = None) -> AlertStory:
    """An alert with its events: each sentence as it was sent, and the reason; those by ``as_of`` if given."""
    with service.engine.begin() as connection:
        if as_of is None:
            return _story(connection, _existing(connection, caller, alert_id))
        found = one_as_of(connection, alert_id, as_of=as_of, desk=caller.desk)
        if found is None:
            raise ProblemError("not-found", f"There is no alert {alert_id!r} as of that moment.")
        enabled = alerts.rule_in_force(connection, found, as_of=as_of)
        return _told(found, life_by(connection, alert_id, as_of=as_of), enabled=enabled)


@router.post("/{alert_id}/acknowledge", summary="Say that it is seen", dependencies=[Depends(only_json)])
def acknowledge(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Acknowledgement
) -> AlertShown:
    """A person has seen it; it stays open until a figure closes it, and its desk is told who has it."""
    with service.engine.begin() as connection:
        before = AlertShown.of(_existing(connection, caller, alert_id))
        acknowledge_alert(
            connection, alert_id, by=caller.signed(given.by), note=given.note or "", now=service.now()
        )
        record = _existing(connection, caller, alert_id)
        audit.note(connection, "alert.acknowledged", alert_id, before=before, after=AlertShown.of(record))
    service.nudge(DELIVER_MESSAGES)
    return AlertShown.of(record)


@router.post("/{alert_id}/close", summary="Close it by hand", dependencies=[Depends(only_json)])
def close(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Acknowledgement
) -> AlertShown:
    """A person closes it after its latest figure, and its desk is told who did."""
    with service.engine.begin() as connection:
        before = AlertShown.of(_existing(connection, caller, alert_id))
        close_alert(
            connection, alert_id, by=caller.signed(given.by), note=given.note or "", now=service.now()
        )
        record = _existing(connection, caller, alert_id)
        audit.note(connection, "alert.closed", alert_id, before=before, after=AlertShown.of(record))
    service.nudge(DELIVER_MESSAGES)
    return AlertShown.of(record)


@router.post("/{alert_id}/snooze", summary="Hear nothing for a while", dependencies=[Depends(only_json)])
def snooze(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Snooze
) -> AlertStory:
    """A silence of this alert alone; it lives on, and what is held back is shown with the silence."""
    by = caller.signed(given.by)
    with service.engine.begin() as connection:
        _existing(connection, caller, alert_id)
        snooze_alert(
            connection,
            alert_id,
            by=by,
            until=given.until,
            note=given.note or "",
            now=service.now(),
        )
        audit.note(connection, "alert.snoozed", alert_id, after=given.model_dump(mode="json") | {"by": by})
        return _story(connection, _existing(connection, caller, alert_id))


@router.post("/{alert_id}/assign", summary="Say who has it", dependencies=[Depends(only_json)])
def assign(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Assignment
) -> AlertStory:
    """Who has it from now on, and who said so."""
    note = AlertNote(
        alert_id, "assigned", caller.signed(given.by), service.now(), given.note or "", assignee=given.to
    )
    return _noted(service, caller, audit, note)


@router.post("/{alert_id}/comment", summary="Say something about it", dependencies=[Depends(only_json)])
def comment(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Comment
) -> AlertStory:
    """A comment with who and when."""
    return _noted(
        service,
        caller,
        audit,
        AlertNote(alert_id, "comment", caller.signed(given.by), service.now(), given.text),
    )


@router.post("/{alert_id}/feedback", summary="Useful or noise", dependencies=[Depends(only_json)])
def feedback(
    service: TheService, caller: RuleKeeper, audit: Audit, alert_id: AlertId, given: Feedback
) -> AlertStory:
    """Whether the alert was of use, so that its rule can be judged by those who heard it."""
    note = AlertNote(alert_id, given.verdict, caller.signed(given.by), service.now(), given.note or "")
    return _noted(service, caller, audit, note)


def _noted(service: Service, caller: Caller, audit: Auditor, note: AlertNote) -> AlertStory:
    with service.engine.begin() as connection:
        _existing(connection, caller, note.alert_id)
        note_alert(connection, note)
        after = {"kind": note.kind, "by": note.by, "text": note.text, "assignee": note.assignee}
        audit.note(connection, "alert.noted", note.alert_id, after=after)
        return _story(connection, _existing(connection, caller, note.alert_id))


def _story(connection: Connection, record: AlertRecord) -> AlertStory:
    enabled = alerts.rule_in_force(connection, record)
    return _told(record, alerts.life(connection, record.state.id), enabled=enabled)


def _told(record: AlertRecord, life: Life, *, enabled: bool) -> AlertStory:
    return AlertStory(
        **dict(AlertShown.of(record)),
        rule_enabled=enabled,
        events=[EventShown.of(event) for event in life.events],
        notes=[NoteShown.model_validate(note) for note in life.notes],
    )


def _existing(connection: Connection, caller: Caller, alert_id: str) -> AlertRecord:
    found = alerts.one(connection, alert_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no alert {alert_id!r}.")
    return found
