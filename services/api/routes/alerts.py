"""/v1/alerts: what is open, what it rests on, and who has seen it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.alerts import Acknowledgement, AlertShown, AlertStory, EventShown
from services.api.schemas.common import Limit, Page
from services.api.security import Caller, Reader, RuleKeeper
from services.bootstrap import DELIVER_MESSAGES
from services.storage import alerts
from services.storage.alerts import AlertRecord
from services.usecases.handle_alerts import acknowledge_alert

router = APIRouter(prefix="/alerts", tags=["alerts"])

AlertId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the alert.")]


@router.get("", summary="Alerts, the last changed first")
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
    limit: Limit = 100,
) -> Page[AlertShown]:
    """Every alert that has ever opened."""
    wanted = caller.narrowed(desk)
    with service.engine.begin() as connection:
        found = alerts.listed(
            connection, desk=wanted, series_id=series_id, status=status, after=after, limit=limit + 1
        )
    items = [AlertShown.of(record) for record in found[:limit]]
    return Page(items=items, next=items[-1].id if len(found) > limit else None)


@router.get("/{alert_id}", summary="One alert and what happened to it")
def one(service: TheService, caller: Reader, alert_id: AlertId) -> AlertStory:
    """An alert with its events: each sentence as it was sent, and the reason."""
    with service.engine.begin() as connection:
        record = _existing(connection, caller, alert_id)
        events = alerts.events(connection, alert_id)
    return AlertStory(**dict(AlertShown.of(record)), events=[EventShown.of(event) for event in events])


@router.post("/{alert_id}/acknowledge", summary="Say that it is seen", dependencies=[Depends(only_json)])
def acknowledge(
    service: TheService, caller: RuleKeeper, alert_id: AlertId, given: Acknowledgement
) -> AlertShown:
    """A person has seen it; it stays open until a figure closes it, and its desk is told who has it."""
    with service.engine.begin() as connection:
        _existing(connection, caller, alert_id)
        acknowledge_alert(connection, alert_id, by=given.by, note=given.note or "", now=service.now())
        record = _existing(connection, caller, alert_id)
    service.nudge(DELIVER_MESSAGES)
    return AlertShown.of(record)


def _existing(connection: Connection, caller: Caller, alert_id: str) -> AlertRecord:
    found = alerts.get(connection, alert_id)
    if found is None or not caller.sees(found.desk):
        raise ProblemError("not-found", f"There is no alert {alert_id!r}.")
    return found
