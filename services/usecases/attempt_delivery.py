"""One attempt at one claimed delivery: the body signed and sent, and what follows from the outcome."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import Engine

from alerts.delivery import attempts, signing
from alerts.delivery.attempts import Delivered, Failure, Outcome, Settlement
from alerts.delivery.bodies import CONTENT_TYPES, Kind
from alerts.delivery.channels import notify, without_addresses
from alerts.delivery.client import Client
from alerts.delivery.errors import DeliveryError
from services import tracing
from services.settings import Settings
from services.storage.encryption import EncryptionKeyError, decrypt
from services.work.deliveries import Claim

_log = structlog.get_logger()

GRACE = dt.timedelta(seconds=15)
"""Lease beyond the time of an attempt: settling fits in it, even when the database is busy or restarts.

The child process of a channel may take some of it to start: alerts.delivery.channels."""


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
    """One attempt and what follows from it; whatever it raises is this delivery's outcome, and no other's."""
    started_at = sender.clock()
    outcome: Outcome | None = None
    try:
        with tracing.span(
            "deliver", parent=claim.trace, message_id=claim.message_id, attempt=claim.attempt
        ) as opened:
            outcome = await _tried(sender, claim, started_at)
            if opened is not None:
                opened.set_attribute("outcome", outcome.failure or str(outcome.status))
        settlement = _settlement(claim, outcome, at=sender.clock(), jitter=sender.draw())
    except Exception as error:  # noqa: BLE001 - told by its type in the attempt, and whole in the log
        return unforeseen(claim, started_at, outcome, error, at=sender.clock())
    return Sent(claim, started_at, outcome, settlement)


def unforeseen(
    claim: Claim, started_at: dt.datetime, outcome: Outcome | None, error: Exception, *, at: dt.datetime
) -> Sent:
    """An attempt after which something of ours failed: taken where the receiver took it, else our fault.

    Of what was raised nothing but the type goes on, and of the receiver's answer nothing at all.
    """
    _log.error("an attempt met a fault of ours", exc_info=error, message_id=claim.message_id)
    if outcome is not None and outcome.succeeded:
        kept = Outcome(outcome.status, None, "", outcome.duration)
        return Sent(claim, started_at, kept, Delivered(kept.reason))
    kept = Outcome(None, Failure.OURS, f"a fault of ours, {type(error).__name__}", 0.0)
    return Sent(claim, started_at, kept, _settlement(claim, kept, at=at, jitter=0.5))


def _settlement(claim: Claim, outcome: Outcome, *, at: dt.datetime, jitter: float) -> Settlement:
    return attempts.settle(outcome, attempt=claim.attempt, now=at, jitter=jitter, ours_since=claim.ours_since)


async def _tried(sender: Sender, claim: Claim, at: dt.datetime) -> Outcome:
    try:
        return await _outcome(sender, claim, at)
    except (DeliveryError, EncryptionKeyError) as error:
        return Outcome(None, Failure.UNSIGNED, str(error), 0.0)


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
