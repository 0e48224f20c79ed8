"""One attempt at one claimed delivery: the body signed and sent, and what follows from the outcome."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from alerts.delivery import attempts, signing
from alerts.delivery.attempts import Failure, Outcome, Settlement
from alerts.delivery.bodies import CONTENT_TYPES, Kind
from alerts.delivery.channels import CHILDREN, notify, without_addresses
from alerts.delivery.client import Client
from alerts.delivery.errors import DeliveryError
from services import tracing
from services.settings import Settings
from services.storage.encryption import EncryptionKeyError, decrypt
from services.storage.leases import Claim

GRACE = dt.timedelta(seconds=15)
"""Lease beyond the time of an attempt: settling fits in it, even when the database is busy or restarts."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What one run of delivery works with; ``owner`` marks the leases that are its own.

    ``clock`` gives the present, ``draw`` the jitter of a retry, uniform in [0, 1).
    """

    engine: Engine
    settings: Settings
    client: Client
    clock: Callable[[], dt.datetime]
    draw: Callable[[], float]
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    secrets: dict[bytes, str] = field(default_factory=dict)
    children: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHILDREN))

    @property
    def lease(self) -> dt.timedelta:
        """How long a claim of this run holds."""
        return dt.timedelta(seconds=self.settings.delivery_timeout_seconds) + GRACE


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that has ended, not yet written down."""

    claim: Claim
    started_at: dt.datetime
    outcome: Outcome
    settlement: Settlement


async def attempt(sender: Sender, claim: Claim) -> Sent:
    """One attempt and what follows from it; what keeps us from signing is an outcome as well."""
    started_at = sender.clock()
    with tracing.span(
        "deliver", parent=claim.trace, message_id=claim.message_id, attempt=claim.attempt
    ) as opened:
        try:
            outcome = await _outcome(sender, claim, started_at)
        except (DeliveryError, EncryptionKeyError) as error:
            outcome = Outcome(None, Failure.UNSIGNED, str(error), 0.0)
        if opened is not None:
            opened.set_attribute("outcome", outcome.failure or str(outcome.status))
    settlement = attempts.settle(outcome, attempt=claim.attempt, now=sender.clock(), jitter=sender.draw())
    return Sent(claim, started_at, outcome, settlement)


async def _outcome(sender: Sender, claim: Claim, at: dt.datetime) -> Outcome:
    """Post a signed body, or tell a channel. Raises DeliveryError or EncryptionKeyError before sending."""
    kind = Kind(claim.kind)
    url = claim.url if claim.sealed_url is None else _secret(sender, claim.sealed_url)
    if kind is Kind.APPRISE:
        return await notify(
            url,
            claim.body,
            allowed=sender.settings.private_networks,
            seconds=sender.settings.delivery_timeout_seconds,
            children=sender.children,
        )
    headers = {"content-type": CONTENT_TYPES.get(kind, "application/json"), **tracing.headers()}
    if not kind.is_channel:
        secrets = [_secret(sender, stored) for stored in claim.secrets]
        headers |= signing.sign(secrets, message_id=claim.message_id, at=at, body=claim.body)
    outcome = await sender.client.post(url, headers, claim.body)
    return replace(outcome, detail=without_addresses(outcome.detail)) if kind.is_channel else outcome


def _secret(sender: Sender, stored: bytes) -> str:
    if stored not in sender.secrets:
        sender.secrets[stored] = decrypt(stored, sender.settings.secret_keys)
    return sender.secrets[stored]
