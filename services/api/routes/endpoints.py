"""/v1/endpoints: where desks receive."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from sqlalchemy import Connection

from services.api.auditing import Audit, Auditor
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Page
from services.api.schemas.deliveries import DeliveryShown, Replayed, ReplayGiven, Status
from services.api.schemas.endpoints import (
    EndpointEnabled,
    EndpointGiven,
    EndpointMade,
    EndpointShown,
    MessageMade,
    ReasonGiven,
    SecretMade,
)
from services.api.security import EndpointKeeper, Reader
from services.bootstrap import DELIVER_MESSAGES
from services.queries import deliveries, endpoints
from services.queries.endpoints import Endpoint
from services.usecases.callers import Caller
from services.usecases.manage_endpoints import (
    Noted,
    add_endpoint,
    disable_endpoint,
    enable_endpoint,
    ping,
    rotate_secret,
)
from services.usecases.replay_deliveries import replay_deliveries

router = APIRouter(prefix="/endpoints", tags=["endpoints"])

EndpointId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the endpoint.")]


@router.get("", summary="Endpoints")
def listed(
    service: TheService,
    caller: Reader,
    desk: Annotated[str | None, Query(description="Only those of a desk.")] = None,
) -> Page[EndpointShown]:
    """Endpoints, the oldest first; secrets are not among what is shown."""
    wanted = caller.narrowed(desk)
    with service.engine.begin() as connection:
        found = endpoints.listed(connection, desk=wanted)
    return Page(items=[EndpointShown.model_validate(each) for each in found])


@router.post("", status_code=201, summary="Add an endpoint", dependencies=[Depends(only_json)])
def add(service: TheService, caller: EndpointKeeper, audit: Audit, given: EndpointGiven) -> EndpointMade:
    """A new endpoint. Keep the secret: it is shown once, and every message is signed with it."""
    caller.narrowed(given.desk)
    types = None if given.event_types is None else [str(each) for each in given.event_types]
    made, secret = add_endpoint(
        service.engine,
        service.settings,
        desk=given.desk,
        url=given.url,
        event_types=types,
        kind=given.kind,
        signature=given.signature,
        now=service.now(),
        noted=_kept(audit, "endpoint.added"),
    )
    return EndpointMade(**dict(EndpointShown.model_validate(made)), secret=secret)


@router.get("/{endpoint_id}", summary="One endpoint")
def one(service: TheService, caller: Reader, endpoint_id: EndpointId) -> EndpointShown:
    """An endpoint and how it has been doing."""
    return EndpointShown.model_validate(_existing(service, caller, endpoint_id))


@router.post("/{endpoint_id}/ping", status_code=202, summary="Try it")
def try_it(service: TheService, caller: EndpointKeeper, audit: Audit, endpoint_id: EndpointId) -> MessageMade:
    """Send a signed message that says nothing but hello, on the road of every other one."""
    _existing(service, caller, endpoint_id)
    message = ping(service.engine, endpoint_id, now=service.now(), noted=_kept(audit, "endpoint.pinged"))
    service.nudge(DELIVER_MESSAGES)
    return MessageMade(message_id=message.id)


@router.post("/{endpoint_id}/rotate", summary="A new secret")
def rotate(
    *,
    service: TheService,
    caller: EndpointKeeper,
    audit: Audit,
    endpoint_id: EndpointId,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200,
            description="The same key of the same caller gives the same secret while that one signs.",
        ),
    ] = None,
) -> SecretMade:
    """A new signing secret, shown once; each older one signs beside it for 24 hours from its rotation."""
    _existing(service, caller, endpoint_id)
    secret = rotate_secret(
        service.engine,
        service.settings,
        endpoint_id,
        now=service.now(),
        idempotency_key=idempotency_key,
        sender=caller.key_id or "",
        noted=_kept(audit, "endpoint.rotated"),
    )
    return SecretMade(secret=secret)


@router.post("/{endpoint_id}/enable", summary="Enable it")
def enable(
    service: TheService,
    caller: EndpointKeeper,
    audit: Audit,
    endpoint_id: EndpointId,
    waiting: Annotated[
        Literal["send", "skip"],
        Query(description="What becomes of the messages that were made while it was disabled."),
    ] = "send",
) -> EndpointEnabled:
    """Enable a disabled endpoint: what waited for it goes out, or is skipped and can be replayed."""
    _existing(service, caller, endpoint_id)
    enabled = enable_endpoint(
        service.engine,
        endpoint_id,
        now=service.now(),
        skip=waiting == "skip",
        noted=_kept(audit, "endpoint.enabled"),
    )
    service.nudge(DELIVER_MESSAGES)
    shown = dict(one(service, caller, endpoint_id))
    return EndpointEnabled(**shown, waited=enabled.waited, waited_in_words=enabled.in_words())


@router.post("/{endpoint_id}/disable", summary="Disable it", dependencies=[Depends(only_json)])
def disable(
    service: TheService, caller: EndpointKeeper, audit: Audit, endpoint_id: EndpointId, given: ReasonGiven
) -> EndpointShown:
    """Send an endpoint nothing more until it is enabled; its desk's others are told, with the reason."""
    _existing(service, caller, endpoint_id)
    disable_endpoint(
        service.engine,
        endpoint_id,
        reason=given.reason,
        now=service.now(),
        noted=_kept(audit, "endpoint.disabled"),
    )
    service.nudge(DELIVER_MESSAGES)
    return one(service, caller, endpoint_id)


@router.get("/{endpoint_id}/deliveries", summary="What was sent to it")
def sent(
    service: TheService,
    caller: Reader,
    endpoint_id: EndpointId,
    *,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="The last sequence number that you have.")
    ] = 0,
    status: Status | None = None,
    limit: Limit = 100,
) -> Page[DeliveryShown]:
    """Deliveries after a sequence number, in order and without a gap: whoever missed one reads it here."""
    _existing(service, caller, endpoint_id)
    with service.engine.begin() as connection:
        found = deliveries.missed(connection, endpoint_id, after=after, status=status, limit=limit)
    items = [DeliveryShown.of(record) for record in found.rows]
    return Page(items=items, next=str(items[-1].sequence) if found.more else None)


@router.post(
    "/{endpoint_id}/replay", status_code=202, summary="Send again", dependencies=[Depends(only_json)]
)
def replay(
    service: TheService, caller: EndpointKeeper, audit: Audit, endpoint_id: EndpointId, given: ReplayGiven
) -> Replayed:
    """Send a range of an endpoint's deliveries again, or all since a time, with the ids that they had.

    One that waits for a retry is sent now. To a disabled endpoint they go out once it is enabled.
    """
    _existing(service, caller, endpoint_id)
    with service.engine.begin() as connection:
        count = replay_deliveries(
            connection,
            endpoint_id,
            now=service.now(),
            first=given.first,
            last=given.last,
            since=given.since,
            only=given.status,
        )
        audit.note(
            connection,
            "endpoint.replayed",
            endpoint_id,
            after={**given.model_dump(mode="json"), "replayed": count},
        )
    service.nudge(DELIVER_MESSAGES)
    return Replayed(replayed=count)


def _kept(audit: Auditor, action: str) -> Noted:
    def note(connection: Connection, changed: Endpoint) -> None:
        now_held = endpoints.one(connection, changed.id)
        before = None if action == "endpoint.added" else EndpointShown.model_validate(changed)
        after = None if now_held is None else EndpointShown.model_validate(now_held)
        audit.note(connection, action, changed.id, before=before, after=after)

    return note


def _existing(service: TheService, caller: Caller, endpoint_id: str) -> Endpoint:
    with service.engine.begin() as connection:
        found = endpoints.one(connection, endpoint_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no endpoint {endpoint_id!r}.")
    return found
