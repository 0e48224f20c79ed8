"""/v1/sources: where figures come from by themselves, how each has been doing, and what it answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.schemas.common import Page
from services.api.schemas.sources import SnapshotShown, SourceShown
from services.api.security import Reader
from services.bootstrap import Service
from services.queries import snapshots, sources
from services.queries.snapshots import Snapshot
from services.usecases.callers import Caller

router = APIRouter(prefix="/sources", tags=["sources"])

SnapshotId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the answer, as a refusal names it.")]


@router.get("", summary="Sources and their health")
def listed(service: TheService, caller: Reader) -> Page[SourceShown]:
    """Every source that the service knows; `fault` and `reason` are of its last poll."""
    with service.engine.begin() as connection:
        found = sources.polled(connection, desk=caller.desk)
    now = service.now()
    return Page(items=[SourceShown.of(each, now) for each in found])


@router.get("/snapshots/{snapshot_id}", summary="An answer of a source")
def snapshot(service: TheService, caller: Reader, snapshot_id: SnapshotId) -> SnapshotShown:
    """What was asked, when it came, and why it was refused; rows that may not be passed on for their desk."""
    return SnapshotShown.of(_existing(service, caller, snapshot_id))


@router.get(
    "/snapshots/{snapshot_id}/body",
    summary="Its body as received",
    response_class=Response,
    responses={
        200: {
            "content": {snapshots.ANY: {"schema": {"type": "string", "format": "binary"}}},
            "description": "The bytes that the source sent, under the type that it gave them.",
        }
    },
)
def body(service: TheService, caller: Reader, snapshot_id: SnapshotId) -> Response:
    """As a file to keep: a page of somebody else's is neither shown nor run under our address."""
    found = _existing(service, caller, snapshot_id)
    return Response(found.body, headers=snapshots.as_attachment(found))


def _existing(service: Service, caller: Caller, snapshot_id: int) -> Snapshot:
    with service.engine.begin() as connection:
        found = snapshots.one(connection, snapshot_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no snapshot {snapshot_id}.")
    return found
