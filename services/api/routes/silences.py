"""/v1/silences: what desks do not want to hear, each with an end."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection

from alerts.routing import Matcher, Silence
from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError, faults
from services.api.schemas.common import Page
from services.api.schemas.silences import SilenceGiven, SilenceShown
from services.api.security import Reader, RuleKeeper
from services.queries import silences
from services.queries.silences import SilenceRecord
from services.usecases.callers import Caller
from services.usecases.manage_silences import UnknownMatchError, add_silence, end_silence

router = APIRouter(prefix="/silences", tags=["silences"])

SilenceId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the silence.")]


@router.get("", summary="Silences that have not ended")
def listed(
    service: TheService,
    caller: Reader,
    desk: Annotated[str | None, Query(description="Only those of a desk.")] = None,
    ended: Annotated[bool, Query(description="Those that have ended too.")] = False,
) -> Page[SilenceShown]:
    """The oldest first."""
    wanted = caller.narrowed(desk)
    with service.engine.begin() as connection:
        found = silences.listed(connection, desk=wanted, ended=ended, now=service.now())
    return Page(items=[SilenceShown.of(record) for record in found])


@router.post("", status_code=201, summary="Add a silence", dependencies=[Depends(only_json)])
def add(service: TheService, caller: RuleKeeper, audit: Audit, given: SilenceGiven) -> SilenceShown:
    """From its start to its end nothing that it matches is sent to the desk; alerts live on all the same.

    A desk that there is not is refused, and so are series, rules, alerts and labels that it does not have,
    with those that a name may mean.
    """
    caller.narrowed(given.desk)
    now = service.now()
    starts = given.starts or now
    if given.ends <= max(starts, now):
        raise ProblemError("invalid-request", "body.ends: a silence ends after its start, in the future.")
    try:
        events = given.event_types()
    except ValueError as error:
        raise ProblemError("invalid-request", f"body.events: {error}.") from error
    matcher = Matcher(
        desks=frozenset({given.desk}),
        series=frozenset(given.series),
        rules=frozenset(given.rules),
        alerts=frozenset(given.alerts),
        events=events,
        labels=frozenset(given.labels.items()),
    )
    silence = Silence(
        f"sil_{uuid.uuid4().hex}", matcher, starts, given.ends, caller.signed(given.by), given.note or ""
    )
    record = SilenceRecord(silence, given.desk, now)
    with service.engine.begin() as connection:
        try:
            add_silence(connection, record)
        except UnknownMatchError as error:
            found = [
                {"path": f"body.{field}", "reason": f"there is no {name!r}", "candidates": ids}
                for field, names in error.unknown.items()
                for name, ids in names.items()
            ]
            raise ProblemError("invalid-request", str(error), **faults(found)) from error
        audit.note(connection, "silence.added", silence.id, after=SilenceShown.of(record))
    return SilenceShown.of(record)


@router.post("/{silence_id}/end", summary="End a silence now")
def end(service: TheService, caller: RuleKeeper, audit: Audit, silence_id: SilenceId) -> SilenceShown:
    """What it matches is heard again from now on; what it held back stays shown with the alerts."""
    with service.engine.begin() as connection:
        before = SilenceShown.of(_existing(connection, caller, silence_id))
        end_silence(connection, silence_id, now=service.now())
        after = SilenceShown.of(_existing(connection, caller, silence_id))
        audit.note(connection, "silence.ended", silence_id, before=before, after=after)
        return after


def _existing(connection: Connection, caller: Caller, silence_id: str) -> SilenceRecord:
    found = silences.one(connection, silence_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no silence {silence_id!r}.")
    return found
