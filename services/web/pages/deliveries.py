"""Deliveries: each message to each endpoint, every attempt with its answer, and another try."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from services.bootstrap import DELIVER_MESSAGES, Service
from services.queries import deliveries, endpoints
from services.queries.deliveries import DeliveryRecord
from services.queries.slices import Slice
from services.usecases.replay_deliveries import replay_delivery
from services.web.changes import back_to, keep
from services.web.exports import SLICE, Column, every_row
from services.web.rendering import NotFoundError, page
from services.web.sessions import EndpointKeeping, Looking, Visitor

router = APIRouter()

MOST = 200
"""Deliveries on one page."""

Status = Literal["all", "pending", "delivered", "exhausted", "cancelled"]

COLUMNS: tuple[Column[DeliveryRecord], ...] = (
    Column("delivery", lambda record: record.id),
    Column("message", lambda record: record.message_id),
    Column("endpoint", lambda record: record.endpoint_id),
    Column("event_type", lambda record: record.event_type),
    Column("sequence", lambda record: record.sequence),
    Column("status", lambda record: record.status),
    Column("attempts", lambda record: record.attempts),
    Column("created_at", lambda record: record.created_at),
    Column("due_at", lambda record: record.due_at),
    Column("settled_at", lambda record: record.settled_at),
)


@router.get("/deliveries")
def listed(
    *,
    request: Request,
    looking: Looking,
    status: Status = "all",
    endpoint: Annotated[str | None, Query(max_length=200)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """The newest deliveries, of an endpoint where one is named, a page at a time; the file holds all."""
    service: Service = request.app.state.service

    def read(connection: Connection, before: int | None, limit: int) -> Slice[DeliveryRecord]:
        return deliveries.listed(
            connection,
            desk=looking.caller.desk,
            status=None if status == "all" else status,
            endpoint_id=endpoint,
            before=before,
            limit=limit,
        )

    if format == "csv":
        return every_row(
            service.engine,
            "deliveries",
            COLUMNS,
            lambda connection, last: read(connection, None if last is None else last.id, SLICE),
        )
    with service.engine.begin() as connection:
        found = read(connection, before, MOST)
        urls = endpoints.urls(connection, desk=looking.caller.desk)
    rows = found.rows
    more = rows[-1].id if found.more else None
    return page(
        request,
        looking,
        "deliveries.html",
        rows=rows,
        urls=urls,
        standing=status,
        endpoint=endpoint,
        more=more,
    )


@router.get("/deliveries/{delivery_id}")
def one(request: Request, looking: Looking, delivery_id: int) -> Response:
    """One delivery: the bytes that were sent, and what came back each time."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        story = deliveries.story(connection, delivery_id, desk=looking.caller.desk)
    if story is None:
        raise _missing(delivery_id)
    body = json.loads(story.record.body)
    return page(
        request,
        looking,
        "delivery.html",
        record=story.record,
        endpoint=story.endpoint,
        tried=story.tried,
        body=json.dumps(body, indent=2, ensure_ascii=False),
        sentence=body.get("data", {}).get("sentence") or body.get("text", ""),
        now=service.now(),
    )


@router.post("/deliveries/{delivery_id}/replay")
def replay(request: Request, looking: EndpointKeeping, delivery_id: int) -> Response:
    """Send it again with the same id and body."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        record = _seen(connection, looking, delivery_id)
        replay_delivery(connection, record, now=service.now())
        before = {"status": record.status}
        after = {"status": _seen(connection, looking, delivery_id).status}
        keep(request, looking, connection, "delivery.replayed", str(delivery_id), before=before, after=after)
    service.nudge(DELIVER_MESSAGES)
    return back_to(f"/deliveries/{delivery_id}", "It is on its way again.")


def _seen(connection: Connection, looking: Visitor, delivery_id: int) -> DeliveryRecord:
    found = deliveries.one(connection, delivery_id, desk=looking.caller.desk)
    if found is None:
        raise _missing(delivery_id)
    return found


def _missing(delivery_id: int) -> NotFoundError:
    return NotFoundError(f"There is no delivery {delivery_id} that your key may see.", "/deliveries")
