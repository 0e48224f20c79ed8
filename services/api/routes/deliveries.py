"""/v1/deliveries: each message to each endpoint, its attempts, and another try."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Connection

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.formats import Fields, listing
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Page, PageOfParts
from services.api.schemas.deliveries import AttemptShown, DeliveryShown, DeliveryStory, Status
from services.api.security import EndpointKeeper, Reader
from services.bootstrap import DELIVER_MESSAGES
from services.queries import deliveries
from services.queries.deliveries import DeliveryRecord
from services.usecases.callers import Caller
from services.usecases.replay_deliveries import replay_delivery

router = APIRouter(prefix="/deliveries", tags=["deliveries"])

DeliveryId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the delivery.")]


@router.get("", summary="Deliveries, the newest first", response_model=Page[DeliveryShown] | PageOfParts)
def listed(
    *,
    service: TheService,
    caller: Reader,
    status: Status | None = None,
    before: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="The cursor ``next`` of the page before.")
    ] = None,
    limit: Limit = 100,
    fields: Fields = None,
) -> Response:
    """Deliveries to every endpoint; ``exhausted`` are those that were given up and wait for a replay."""
    with service.engine.begin() as connection:
        found = deliveries.listed(connection, desk=caller.desk, status=status, before=before, limit=limit)
    items = [DeliveryShown.of(record) for record in found.rows]
    following = str(items[-1].id) if found.more else None
    return listing(items, DeliveryShown, fields=fields, following=following)


@router.get("/{delivery_id}", summary="One delivery and its attempts")
def one(service: TheService, caller: Reader, delivery_id: DeliveryId) -> DeliveryStory:
    """A delivery with every attempt: what came back, and what followed."""
    with service.engine.begin() as connection:
        story = deliveries.story(connection, delivery_id, desk=caller.desk)
    if story is None:
        raise _missing(delivery_id)
    tried = [AttemptShown.of(each) for each in story.tried]
    return DeliveryStory(**dict(DeliveryShown.of(story.record)), tried=tried)


@router.post("/{delivery_id}/replay", summary="Send it again")
def replay(
    service: TheService, caller: EndpointKeeper, audit: Audit, delivery_id: DeliveryId
) -> DeliveryShown:
    """Send a delivery again, with the same id and body; one that waits for a retry is sent now."""
    with service.engine.begin() as connection:
        record = _existing(connection, caller, delivery_id)
        before = {"status": record.status}
        replay_delivery(connection, record, now=service.now())
        record = _existing(connection, caller, delivery_id)
        after = {"status": record.status}
        audit.note(connection, "delivery.replayed", str(delivery_id), before=before, after=after)
    service.nudge(DELIVER_MESSAGES)
    return DeliveryShown.of(record)


def _existing(connection: Connection, caller: Caller, delivery_id: int) -> DeliveryRecord:
    found = deliveries.one(connection, delivery_id, desk=caller.desk)
    if found is None:
        raise _missing(delivery_id)
    return found


def _missing(delivery_id: int) -> ProblemError:
    return ProblemError("not-found", f"There is no delivery {delivery_id}.")
