"""The life of an endpoint: added with a secret that is shown once, tried, rotated, disabled, enabled."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from alerts.delivery.bodies import Kind
from alerts.delivery.channels import check_channel, masked
from alerts.delivery.guard import check_url
from alerts.delivery.signing import Signature, new_key_pair, new_secret
from alerts.errors import TooManyError
from alerts.service_events import ping_event
from services.settings import Settings
from services.storage import deliveries, endpoints, outbox, tables
from services.storage.encryption import EncryptionKeyError, decrypt, encrypt
from services.storage.endpoints import Endpoint
from services.storage.messages import Message
from services.usecases import settle_deliveries

__all__ = [
    "MOST_RETIRED",
    "OVERLAP",
    "Enabled",
    "EncryptionKeyError",
    "Noted",
    "TooManySecretsError",
    "UnknownEndpointError",
    "add_endpoint",
    "disable_endpoint",
    "enable_endpoint",
    "ping",
    "reseal_secrets",
    "rotate_secret",
]

OVERLAP = dt.timedelta(hours=24)
"""How long the old secret signs beside the new one after a rotation."""

MOST_RETIRED = 4
"""Older secrets of one endpoint that may sign beside its newest: a header is no place for many more."""

MOST_ENDPOINTS = 100
"""Endpoints of one desk, disabled ones included: each gets a delivery of every message."""

_SECRET_BYTES = 32

Noted = Callable[[Connection, Endpoint], None]
"""Told of an endpoint that was changed, in the transaction that changes it."""


def _unnoted(_connection: Connection, _endpoint: Endpoint) -> None:
    """Nobody keeps account."""


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
    kind: Kind = Kind.WEBHOOK,
    signature: Signature = Signature.HMAC,
    now: dt.datetime,
    noted: Noted = _unnoted,
) -> tuple[Endpoint, str]:
    """A new endpoint and what its desk verifies with: a secret that is not shown again, or a public key.

    ``event_types`` None subscribes to all. Raises ForbiddenUrlError or ForbiddenAddressError for a URL that
    nothing may be sent to, EncryptionKeyError where secrets cannot be kept, TooManyError where the desk has
    MOST_ENDPOINTS.
    """
    if kind is Kind.APPRISE:
        check_channel(url)
    else:
        check_url(url, allowed=settings.private_networks)
    secret, public_key = _new_keys(signature)
    endpoint = Endpoint(
        id=f"ep_{uuid.uuid4().hex}",
        desk=desk,
        url=masked(url) if kind.is_channel else url,
        kind=kind,
        public_key=public_key,
        event_types=None if event_types is None else tuple(event_types),
        created_at=now,
    )
    with engine.begin() as connection:
        if endpoints.count(connection, desk) >= MOST_ENDPOINTS:
            raise TooManyError(desk, "endpoints", MOST_ENDPOINTS)
        endpoints.add(
            connection,
            endpoint,
            secret=encrypt(secret, settings.secret_keys),
            sealed_url=encrypt(url, settings.secret_keys) if kind.is_channel else None,
        )
        noted(connection, endpoint)
    return endpoint, public_key or secret


class TooManySecretsError(Exception):
    """A rotation while as many older secrets still sign as one message can carry."""

    def __init__(self, endpoint_id: str, count: int, ends: dt.datetime) -> None:
        self.endpoint_id = endpoint_id
        self.count = count
        self.ends = ends
        super().__init__(
            f"{count} older secrets of {endpoint_id} still sign beside the newest, each for the 24 hours "
            f"that it was promised. The first ends at {ends:%Y-%m-%d %H:%M} UTC: rotate again then."
        )


def rotate_secret(
    engine: Engine,
    settings: Settings,
    endpoint_id: str,
    *,
    now: dt.datetime,
    idempotency_key: str | None = None,
    sender: str = "",
    noted: Noted = _unnoted,
) -> str:
    """A new secret, shown once, or public key; each older one signs beside it for 24 h from its rotation.

    The same ``idempotency_key`` of a ``sender`` gives the same again while that secret signs, however
    often it was rotated since. UnknownEndpointError; TooManySecretsError where MOST_RETIRED still sign.
    """
    asked = None if idempotency_key is None else _asked_by(sender, idempotency_key)
    with engine.begin() as connection:
        endpoints.lock(connection, tables.endpoints.c.id == endpoint_id)
        endpoint = endpoints.get(connection, endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        if asked is not None:
            made = endpoints.asked_for(connection, endpoint_id, asked, now=now)
            if made is not None:
                return made[1] or decrypt(made[0], settings.secret_keys)
        older = endpoints.retired(connection, endpoint_id, now=now)
        if len(older) >= MOST_RETIRED:
            raise TooManySecretsError(endpoint_id, len(older), older[0])
        secret, public_key = _new_keys(Signature.HMAC if endpoint.public_key is None else Signature.ED25519)
        endpoints.rotate(
            connection,
            endpoint_id,
            secret=encrypt(secret, settings.secret_keys),
            public_key=public_key,
            overlap_until=now + OVERLAP,
            rotated_by=asked,
        )
        noted(connection, endpoint)
    return public_key or secret


def _asked_by(sender: str, idempotency_key: str) -> str:
    """Who asked under which key, as it is kept: a key is its sender's own, and may be a secret itself."""
    return hashlib.sha256(f"{len(sender)}:{sender}{idempotency_key}".encode()).hexdigest()


def reseal_secrets(
    engine: Engine, settings: Settings, *, noted: Callable[[Connection, int], None] = lambda *_: None
) -> int:
    """Encrypt every stored secret anew with the newest key of the list; the count of endpoints.

    ``noted`` is told of that count in the transaction. After it the older keys may leave
    TONNAGE_SECRET_KEYS. EncryptionKeyError where one opens with none of them, and then nothing is changed.
    """

    def resealed(stored: bytes) -> bytes:
        return encrypt(decrypt(stored, settings.secret_keys), settings.secret_keys)

    with engine.begin() as connection:
        count = endpoints.reseal(connection, resealed)
        noted(connection, count)
    return count


def _new_keys(signature: Signature) -> tuple[str, str | None]:
    """What signs, and what is public of it."""
    entropy = secrets.token_bytes(_SECRET_BYTES)
    return (new_secret(entropy), None) if signature is Signature.HMAC else new_key_pair(entropy)


def ping(engine: Engine, endpoint_id: str, *, now: dt.datetime, noted: Noted = _unnoted) -> Message:
    """Queue a signed message that says nothing but hello, on the road of every other one.

    Raises UnknownEndpointError.
    """
    with engine.begin() as connection:
        endpoint = endpoints.get(connection, endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        message = Message(endpoint.desk, ping_event(endpoint_id=endpoint.id, now=now), now)
        outbox.enqueue(connection, [(message, [endpoint.id])], now=now)
        noted(connection, endpoint)
    return message


def disable_endpoint(
    engine: Engine, endpoint_id: str, *, reason: str, now: dt.datetime, noted: Noted = _unnoted
) -> None:
    """Send an endpoint nothing more until it is enabled; its desk's others are told. UnknownEndpointError."""
    with engine.begin() as connection:
        endpoint = endpoints.get(connection, endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        settle_deliveries.disable(connection, {endpoint_id: reason}, now=now)
        noted(connection, endpoint)


@dataclass(frozen=True, slots=True)
class Enabled:
    """How many messages waited for an endpoint, and whether they were skipped instead of sent."""

    waited: int
    skipped: bool

    def in_words(self) -> str:
        """What became of what waited."""
        if not self.waited:
            return "Nothing waited for it."
        count = (
            "The 1 message that waited" if self.waited == 1 else f"The {self.waited:,} messages that waited"
        )
        if self.skipped:
            return f"{count} will not be sent unless replayed."
        return f"{count} for it goes out now." if self.waited == 1 else f"{count} for it go out now."


def enable_endpoint(
    engine: Engine, endpoint_id: str, *, now: dt.datetime, skip: bool = False, noted: Noted = _unnoted
) -> Enabled:
    """Enable an endpoint: what waited for it goes out, or where the desk wants to ``skip`` it is cancelled.

    Messages are made for an endpoint while it is disabled too. Raises UnknownEndpointError.
    """
    with engine.begin() as connection:
        endpoint = endpoints.get(connection, endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        endpoints.lock(connection, tables.endpoints.c.id == endpoint_id)
        if skip:
            waited = deliveries.skip(connection, endpoint_id, now=now)
        else:
            waited = deliveries.waiting(connection, endpoint_id)
            deliveries.begin_anew(connection, endpoint_id)
        endpoints.enable(connection, endpoint_id)
        noted(connection, endpoint)
    return Enabled(waited, skip)
