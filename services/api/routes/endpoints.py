"""/v1/endpoints: where desks receive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Page
from services.api.schemas.deliveries import DeliveryShown
from services.api.schemas.endpoints import EndpointGiven, EndpointMade, EndpointShown, MessageMade, SecretMade
from services.api.security import Caller, EndpointKeeper, Reader
from services.bootstrap import DELIVER_MESSAGES
from services.storage import deliveries, endpoints
from services.storage.endpoints import Endpoint
from services.usecases.manage_endpoints import add_endpoint, enable_endpoint, ping, rotate_secret

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
def add(service: TheService, caller: EndpointKeeper, given: EndpointGiven) -> EndpointMade:
    """A new endpoint. Keep the secret: it is shown once, and every message is signed with it."""
    caller.narrowed(given.desk)
    types = None if given.event_types is None else [str(each) for each in given.event_types]
    made, secret = add_endpoint(
        service.engine, service.settings, desk=given.desk, url=given.url, event_types=types, now=service.now()
    )
    return EndpointMade(**dict(EndpointShown.model_validate(made)), secret=secret)


@router.get("/{endpoint_id}", summary="One endpoint")
def one(service: TheService, caller: Reader, endpoint_id: EndpointId) -> EndpointShown:
    """An endpoint and how it has been doing."""
    return EndpointShown.model_validate(_existing(service, caller, endpoint_id))


@router.post("/{endpoint_id}/ping", status_code=202, summary="Try it")
def try_it(service: TheService, caller: EndpointKeeper, endpoint_id: EndpointId) -> MessageMade:
    """Send a signed message that says nothing but hello, on the road of every other one."""
    _existing(service, caller, endpoint_id)
    message = ping(service.engine, endpoint_id, now=service.now())
    service.nudge(DELIVER_MESSAGES)
    return MessageMade(message_id=message.id)


@router.post("/{endpoint_id}/rotate", summary="A new secret")
def rotate(service: TheService, caller: EndpointKeeper, endpoint_id: EndpointId) -> SecretMade:
    """A new signing secret, shown once; the old one signs beside it for 24 hours."""
    _existing(service, caller, endpoint_id)
    return SecretMade(secret=rotate_secret(service.engine, service.settings, endpoint_id, now=service.now()))


@router.post("/{endpoint_id}/enable", summary="Enable it")
def enable(service: TheService, caller: EndpointKeeper, endpoint_id: EndpointId) -> EndpointShown:
    """Enable an endpoint that was disabled; what was pending for it goes out."""
    _existing(service, caller, endpoint_id)
    enable_endpoint(service.engine, endpoint_id)
    service.nudge(DELIVER_MESSAGES)
    return one(service, caller, endpoint_id)


@router.get("/{endpoint_id}/deliveries", summary="What was sent to it")
def sent(
    service: TheService,
    caller: Reader,
    endpoint_id: EndpointId,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="The last sequence number that you have.")
    ] = 0,
    limit: Limit = 100,
) -> Page[DeliveryShown]:
    """Deliveries after a sequence number, in order and without a gap: whoever missed one reads it here."""
    _existing(service, caller, endpoint_id)
    with service.engine.begin() as connection:
        found = deliveries.after(connection, endpoint_id, after, limit=limit + 1)
    items = [DeliveryShown.of(record) for record in found[:limit]]
    return Page(items=items, next=str(items[-1].sequence) if len(found) > limit else None)


def _existing(service: TheService, caller: Caller, endpoint_id: str) -> Endpoint:
    with service.engine.begin() as connection:
        found = endpoints.get(connection, endpoint_id)
    if found is None or not caller.sees(found.desk):
        raise ProblemError("not-found", f"There is no endpoint {endpoint_id!r}.")
    return found
