"""Endpoints: where desks receive, how each has been doing, and what can be done about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Connection

from alerts.delivery.bodies import Kind
from alerts.delivery.errors import ForbiddenAddressError, ForbiddenUrlError
from alerts.delivery.signing import Signature
from alerts.errors import TooManyError
from alerts.events import EventType
from services.bootstrap import DELIVER_MESSAGES, Service
from services.queries import deliveries, endpoints
from services.queries.endpoints import Endpoint, TriedEndpoint
from services.usecases.manage_endpoints import (
    EncryptionKeyError,
    Noted,
    TooManySecretsError,
    add_endpoint,
    disable_endpoint,
    enable_endpoint,
    ping,
    rotate_secret,
)
from services.usecases.replay_deliveries import replay_deliveries
from services.web import shown_once
from services.web.changes import back_to, keep
from services.web.exports import Column, as_csv
from services.web.rendering import NotFoundError, page
from services.web.sessions import EndpointKeeping, Looking, Visitor

router = APIRouter()

SHOWN = 50
"""Deliveries on the page of an endpoint; the rest is on the page of deliveries."""

GIVEN_UP = ("exhausted",)
"""Statuses of deliveries that are sent again together: what was skipped stays skipped."""

DONE = {
    "ping": "A signed hello is on its way; its delivery stands below.",
    "disable": "It is sent nothing more until it is enabled.",
    "replay": "What was exhausted is on its way again.",
}
"""What is said once something was done."""

Name = Annotated[str, Form(min_length=1, max_length=200)]


COLUMNS: tuple[Column[TriedEndpoint], ...] = (
    Column("endpoint", lambda row: row.endpoint.id),
    Column("desk", lambda row: row.endpoint.desk),
    Column("url", lambda row: row.endpoint.url),
    Column("kind", lambda row: row.endpoint.kind),
    Column("status", lambda row: row.endpoint.status),
    Column("failing_since", lambda row: row.endpoint.failing_since),
    Column("paused_until", lambda row: row.endpoint.paused_until),
    Column("attempts_7_days", lambda row: row.lately.attempts),
    Column("taken_7_days", lambda row: row.lately.taken),
    Column("median_seconds", lambda row: row.lately.seconds),
    Column("pending", lambda row: row.lately.pending),
    Column("exhausted", lambda row: row.lately.exhausted),
)


@router.get("/endpoints")
def listed(
    request: Request,
    looking: Looking,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """Every endpoint of the visitor's desk."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        rows = _rows(connection, looking, service.now())
    if format == "csv":
        return as_csv("endpoints", COLUMNS, rows)
    return _list(request, looking, rows)


@router.post("/endpoints")
def add(
    *,
    request: Request,
    looking: EndpointKeeping,
    desk: Name,
    url: Annotated[str, Form(min_length=1, max_length=2000)],
    kind: Annotated[Kind, Form()] = Kind.WEBHOOK,
    signature: Annotated[Signature, Form()] = Signature.HMAC,
    events: Annotated[list[EventType] | None, Form()] = None,
) -> Response:
    """A new endpoint, with the secret that is shown this once; or why nothing may be sent there."""
    service: Service = request.app.state.service
    looking.caller.narrowed(desk)
    try:
        made, secret = add_endpoint(
            service.engine,
            service.settings,
            desk=desk,
            url=url.strip(),
            event_types=[str(each) for each in events] if events else None,
            kind=kind,
            signature=signature,
            now=service.now(),
            noted=_noted(request, looking, "endpoint.added"),
        )
    except (ForbiddenUrlError, ForbiddenAddressError, EncryptionKeyError, TooManyError) as error:
        with service.engine.begin() as connection:
            rows = _rows(connection, looking, service.now())
        return _list(request, looking, rows, refusal=str(error), typed={"desk": desk, "url": url})
    return _shown(request, made.id, secret)


@router.get("/endpoints/{endpoint_id}")
def one(request: Request, looking: Looking, endpoint_id: str) -> Response:
    """One endpoint, how it has been doing, and what was sent to it; a secret just made, this once."""
    service: Service = request.app.state.service
    now = service.now()
    with service.engine.begin() as connection:
        (row,) = endpoints.tried(connection, [_seen(connection, looking, endpoint_id)], now=now)
        sent = deliveries.listed(connection, endpoint_id=endpoint_id, limit=SHOWN).rows
    secret = shown_once.kept(request, service.settings, endpoint_id, now=now)
    answer = page(
        request,
        looking,
        "endpoint.html",
        row=row,
        endpoint=row.endpoint,
        lately=row.lately,
        sent=sent,
        secret=secret,
        now=now,
    )
    if secret is not None:
        shown_once.forget(answer, service.settings)
    return answer


@router.post("/endpoints/{endpoint_id}/rotate")
def rotate(request: Request, looking: EndpointKeeping, endpoint_id: str) -> Response:
    """A new secret, shown this once; the old one signs beside it for a day."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        _seen(connection, looking, endpoint_id)
    try:
        secret = rotate_secret(
            service.engine,
            service.settings,
            endpoint_id,
            now=service.now(),
            noted=_noted(request, looking, "endpoint.rotated"),
        )
    except TooManySecretsError as error:
        return back_to(f"/endpoints/{endpoint_id}", str(error))
    return _shown(request, endpoint_id, secret)


@router.post("/endpoints/{endpoint_id}/{act}")
def handle(
    *,
    request: Request,
    looking: EndpointKeeping,
    endpoint_id: str,
    act: Literal["ping", "enable", "skip", "disable", "replay"],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Try it, enable it (and skip what waited), disable it, or send again all that is exhausted."""
    service: Service = request.app.state.service
    now = service.now()
    with service.engine.begin() as connection:
        _seen(connection, looking, endpoint_id)
    said = DONE.get(act, "")
    match act:
        case "ping":
            noted = _noted(request, looking, "endpoint.pinged")
            ping(service.engine, endpoint_id, now=now, noted=noted)
        case "enable" | "skip":
            noted = _noted(request, looking, "endpoint.enabled")
            enabled = enable_endpoint(service.engine, endpoint_id, now=now, skip=act == "skip", noted=noted)
            said = f"It is enabled. {enabled.in_words()}"
        case "disable":
            why = reason.strip() or f"disabled by {looking.caller.name}"
            noted = _noted(request, looking, "endpoint.disabled")
            disable_endpoint(service.engine, endpoint_id, reason=why, now=now, noted=noted)
        case "replay":
            with service.engine.begin() as connection:
                count = replay_deliveries(connection, endpoint_id, now=now, only=GIVEN_UP)
                after = {"status": [*GIVEN_UP], "replayed": count}
                keep(request, looking, connection, "endpoint.replayed", endpoint_id, after=after)
    service.nudge(DELIVER_MESSAGES)
    return back_to(f"/endpoints/{endpoint_id}", said)


def _list(
    request: Request,
    looking: Visitor,
    rows: list[TriedEndpoint],
    *,
    refusal: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    return page(
        request,
        looking,
        "endpoints.html",
        rows=rows,
        kinds=Kind,
        events=EventType,
        refusal=refusal,
        typed=typed or {"desk": looking.caller.desk or "", "url": ""},
        now=_now(request),
        status=422 if refusal else 200,
    )


def _shown(request: Request, endpoint_id: str, secret: str) -> Response:
    """To the page that shows a new secret once; loading it again neither shows it nor makes another."""
    service: Service = request.app.state.service
    answer = back_to(f"/endpoints/{endpoint_id}")
    shown_once.keep(answer, service.settings, endpoint_id, secret, now=service.now())
    return answer


def _rows(connection: Connection, looking: Visitor, now: dt.datetime) -> list[TriedEndpoint]:
    return endpoints.tried(connection, endpoints.listed(connection, desk=looking.caller.desk), now=now)


def _seen(connection: Connection, looking: Visitor, endpoint_id: str) -> Endpoint:
    found = endpoints.one(connection, endpoint_id, desk=looking.caller.desk)
    if found is None:
        raise NotFoundError(f"There is no endpoint {endpoint_id!r} that your key may see.", "/endpoints")
    return found


def _noted(request: Request, looking: Visitor, action: str) -> Noted:
    def note(connection: Connection, changed: Endpoint) -> None:
        held = endpoints.one(connection, changed.id)
        before = None if action == "endpoint.added" else _plain(changed)
        after = None if held is None else _plain(held)
        keep(request, looking, connection, action, changed.id, before=before, after=after)

    return note


def _plain(endpoint: Endpoint) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, dt.datetime) else value
        for name, value in asdict(endpoint).items()
    }


def _now(request: Request) -> dt.datetime:
    service: Service = request.app.state.service
    return service.now()
