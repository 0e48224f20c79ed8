"""The life of an endpoint: added with a secret that is shown once, tried, rotated, disabled, enabled."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import Engine

from alerts.delivery.guard import check_url
from alerts.delivery.signing import new_secret
from alerts.events import ping_event
from services.settings import Settings
from services.storage import endpoints, outbox
from services.storage.encryption import encrypt
from services.storage.endpoints import Endpoint
from services.storage.messages import Message
from services.usecases import deliver_messages

OVERLAP = dt.timedelta(hours=24)
"""How long the old secret signs beside the new one after a rotation."""

_SECRET_BYTES = 32


class UnknownEndpointError(LookupError):
    """An id that no endpoint has."""

    def __init__(self, endpoint_id: str) -> None:
        self.endpoint_id = endpoint_id
        super().__init__(f"There is no endpoint {endpoint_id!r}; list them, or add one.")


def add_endpoint(
    engine: Engine,
    settings: Settings,
    *,
    desk: str,
    url: str,
    event_types: Sequence[str] | None = None,
    now: dt.datetime,
) -> tuple[Endpoint, str]:
    """A new endpoint and its signing secret, which is not shown again.

    ``event_types`` None subscribes to all. Raises ForbiddenUrlError or ForbiddenAddressError for a URL that
    nothing may be sent to, EncryptionKeyError where secrets cannot be kept.
    """
    check_url(url, allowed=settings.private_networks)
    secret = new_secret(secrets.token_bytes(_SECRET_BYTES))
    endpoint = Endpoint(
        id=f"ep_{uuid.uuid4().hex}",
        desk=desk,
        url=url,
        event_types=None if event_types is None else tuple(event_types),
        created_at=now,
    )
    with engine.begin() as connection:
        endpoints.add(connection, endpoint, secret=encrypt(secret, settings.secret_keys))
    return endpoint, secret


def rotate_secret(engine: Engine, settings: Settings, endpoint_id: str, *, now: dt.datetime) -> str:
    """A new signing secret, shown once; the old one signs beside it for 24 h. Raises UnknownEndpointError."""
    secret = new_secret(secrets.token_bytes(_SECRET_BYTES))
    stored = encrypt(secret, settings.secret_keys)
    with engine.begin() as connection:
        if endpoints.get(connection, endpoint_id) is None:
            raise UnknownEndpointError(endpoint_id)
        endpoints.rotate(connection, endpoint_id, secret=stored, overlap_until=now + OVERLAP)
    return secret


def ping(engine: Engine, endpoint_id: str, *, now: dt.datetime) -> Message:
    """Queue a signed message that says nothing but hello, on the road of every other one.

    Raises UnknownEndpointError.
    """
    with engine.begin() as connection:
        endpoint = endpoints.get(connection, endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        message = Message(endpoint.desk, ping_event(endpoint_id=endpoint.id, now=now), now)
        outbox.enqueue(connection, [(message, [endpoint.id])], now=now)
    return message


def disable_endpoint(engine: Engine, endpoint_id: str, *, reason: str, now: dt.datetime) -> None:
    """Send an endpoint nothing more until it is enabled; its desk's others are told. UnknownEndpointError."""
    with engine.begin() as connection:
        if endpoints.get(connection, endpoint_id) is None:
            raise UnknownEndpointError(endpoint_id)
        deliver_messages.disable(connection, {endpoint_id: reason}, now=now)


def enable_endpoint(engine: Engine, endpoint_id: str) -> None:
    """Enable an endpoint; what was pending goes out. Raises UnknownEndpointError."""
    with engine.begin() as connection:
        if endpoints.get(connection, endpoint_id) is None:
            raise UnknownEndpointError(endpoint_id)
        endpoints.enable(connection, endpoint_id)
