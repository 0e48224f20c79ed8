"""Send what is due: claim with a lease, commit, send with no transaction open, settle in batches.

Any number of processes may do this at once, be killed at any point, and be started again: a row is claimed by
one of them, and a claim that is not settled ends with its lease. So a message can arrive twice, with the same
id, and cannot be lost.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from alerts.delivery import attempts, signing
from alerts.delivery.attempts import Delivered, Disabled, Exhausted, Failure, Outcome, RetryAt, Settlement
from alerts.delivery.client import Client, Timeouts, open_client
from alerts.delivery.errors import DeliveryError
from alerts.events import disabled_event
from services.settings import Settings
from services.storage import endpoints, leases, outbox
from services.storage.deliveries import AttemptRecord
from services.storage.encryption import EncryptionKeyError, decrypt
from services.storage.leases import Claim, Settled
from services.storage.messages import Message

GRACE = dt.timedelta(seconds=15)
"""Lease beyond the time of an attempt: settling fits in it, even when the database is busy or restarts."""

PER_ENDPOINT = 4
"""Attempts in flight to one healthy endpoint; to one that is failing there is a single one."""

IN_FLIGHT = 128
"""Attempts in flight from one process."""

PATIENCE = dt.timedelta(hours=120)
"""An endpoint that did nothing but fail for so long is disabled."""

_COMPANY = 0.01
"""Seconds that a finished attempt waits for others, so that they are settled in one transaction."""

_POLL = 0.05
"""Seconds between two looks for new work while attempts are in flight, or while there is nothing to do."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Sent:
    claim: Claim
    started_at: dt.datetime
    outcome: Outcome
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class _Sender:
    """What one run of delivery works with; ``owner`` marks the leases that are its own."""

    engine: Engine
    settings: Settings
    client: Client
    clock: Callable[[], dt.datetime]
    draw: Callable[[], float]
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    secrets: dict[bytes, str] = field(default_factory=dict)

    @property
    def lease(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.settings.delivery_timeout_seconds) + GRACE


def deliver_due(
    engine: Engine,
    settings: Settings,
    *,
    clock: Callable[[], dt.datetime],
    in_flight: int = IN_FLIGHT,
    seconds: float = 60.0,
    draw: Callable[[], float] = random.random,
) -> Counter[str]:
    """Deliver until nothing is due; how many attempts ended in each status of a delivery.

    While slow desks hold attempts in flight, what falls due meanwhile is delivered too, for at most
    ``seconds``. ``clock`` gives the present, ``draw`` the jitter of a retry. Raises OperationalError where
    the database cannot be reached; nothing is lost by it.
    """

    async def run() -> Counter[str]:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with _client(settings) as client:
            sender = _Sender(engine, settings, client, clock, draw)
            return await _pump(sender, in_flight, lambda: loop.time() >= until)

    return asyncio.run(run())


def keep_delivering(
    engine: Engine,
    settings: Settings,
    *,
    clock: Callable[[], dt.datetime],
    stopped: Callable[[], bool],
    in_flight: int = IN_FLIGHT,
    draw: Callable[[], float] = random.random,
) -> None:
    """Deliver until ``stopped`` says so; needs the database and no broker.

    This is the sweep: it finds what a nudge lost, within 0.1 s. Where the database is away it waits.
    """

    async def run() -> None:
        async with _client(settings) as client:
            sender = _Sender(engine, settings, client, clock, draw)
            while not stopped():
                try:
                    await _pump(sender, in_flight, stopped)
                except OperationalError as error:
                    _log.warning("the database is away; delivery waits", error=str(error.orig))
                    await asyncio.sleep(10 * _POLL)
                await asyncio.sleep(_POLL)

    asyncio.run(run())


def _client(settings: Settings) -> AbstractAsyncContextManager[Client]:
    timeouts = Timeouts(total=settings.delivery_timeout_seconds)
    return open_client(allowed=settings.private_networks, timeouts=timeouts)


async def _pump(sender: _Sender, in_flight: int, enough: Callable[[], bool]) -> Counter[str]:
    """Claim, send and settle until nothing is due and nothing in flight."""
    tally: Counter[str] = Counter()
    flying: set[asyncio.Task[_Sent]] = set()
    while True:
        room = in_flight - len(flying)
        if room and not enough():
            claimed = await asyncio.to_thread(_claim, sender, room)
            flying |= {asyncio.create_task(_send(sender, each)) for each in claimed}
        if not flying:
            return tally
        landed, _ = await asyncio.wait(flying, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
        if landed:
            landed, flying = await asyncio.wait(flying, timeout=_COMPANY)
            sent = [task.result() for task in landed]
            await _settle(sender, sent)
            tally.update(_status(each.settlement) for each in sent)


def _claim(sender: _Sender, limit: int) -> list[Claim]:
    with sender.engine.begin() as connection:
        return leases.claim(
            connection,
            now=sender.clock(),
            lease=sender.lease,
            owner=sender.owner,
            limit=limit,
            per_endpoint=PER_ENDPOINT,
        )


async def _send(sender: _Sender, claim: Claim) -> _Sent:
    """One attempt and what follows from it; what keeps us from signing is an outcome as well."""
    started_at = sender.clock()
    try:
        secrets = [_secret(sender, stored) for stored in claim.secrets]
        headers = signing.sign(secrets, message_id=claim.message_id, at=started_at, body=claim.body)
    except (DeliveryError, EncryptionKeyError) as error:
        outcome = Outcome(None, Failure.UNSIGNED, str(error), 0.0)
    else:
        outcome = await sender.client.post(claim.url, headers, claim.body)
    settlement = attempts.settle(outcome, attempt=claim.attempt, now=sender.clock(), jitter=sender.draw())
    return _Sent(claim, started_at, outcome, settlement)


def _secret(sender: _Sender, stored: bytes) -> str:
    if stored not in sender.secrets:
        sender.secrets[stored] = decrypt(stored, sender.settings.secret_keys)
    return sender.secrets[stored]


async def _settle(sender: _Sender, sent: Sequence[_Sent]) -> None:
    """Write down what came of the attempts; a database that is away is waited for while the leases hold."""
    until = asyncio.get_running_loop().time() + GRACE.total_seconds()
    while True:
        try:
            await asyncio.to_thread(_write, sender, sent)
        except OperationalError:
            if asyncio.get_running_loop().time() >= until:
                raise
            await asyncio.sleep(4 * _POLL)
        else:
            return


def _write(sender: _Sender, sent: Sequence[_Sent]) -> None:
    now = sender.clock()
    succeeded = {each.claim.endpoint_id for each in sent if each.outcome.succeeded}
    failed = {each.claim.endpoint_id for each in sent} - succeeded
    with sender.engine.begin() as connection:
        leases.settle(
            connection,
            [_attempt(each) for each in sent],
            [_settled(each) for each in sent],
            owner=sender.owner,
            now=now,
        )
        if succeeded:
            endpoints.mark_healthy(connection, succeeded)
        reasons = {
            each.claim.endpoint_id: each.settlement.reason
            for each in sent
            if isinstance(each.settlement, Disabled)
        }
        if failed:
            for endpoint in endpoints.mark_failing(connection, failed, now=now, patience=PATIENCE):
                hours = PATIENCE.total_seconds() / 3600
                reasons.setdefault(endpoint.id, f"nothing but failures for {hours:.0f} hours")
        disable(connection, reasons, now=now)


def disable(connection: Connection, reasons: dict[str, str], *, now: dt.datetime) -> None:
    """Disable endpoints, by id with the reason, and tell the other endpoints of their desks.

    What is pending for a disabled endpoint stays and goes out when it is enabled again.
    """
    told = []
    for endpoint_id, reason in sorted(reasons.items()):
        endpoint = endpoints.disable(connection, endpoint_id, reason=reason)
        if endpoint is not None:
            event = disabled_event(endpoint_id=endpoint.id, reason=reason, now=now)
            told.append(Message(endpoint.desk, event, now))
    if told:
        outbox.enqueue(connection, outbox.address(connection, told), now=now)


def _attempt(sent: _Sent) -> AttemptRecord:
    return AttemptRecord(
        delivery_id=sent.claim.id,
        number=sent.claim.number,
        started_at=sent.started_at,
        seconds=sent.outcome.duration,
        status_code=sent.outcome.status,
        outcome=sent.outcome.failure or "answered",
        reason=sent.settlement.reason,
        response=sent.outcome.answer,
    )


def _settled(sent: _Sent) -> Settled:
    due_at = sent.settlement.due if isinstance(sent.settlement, RetryAt) else None
    return Settled(sent.claim.id, _status(sent.settlement), due_at)


def _status(settlement: Settlement) -> str:
    match settlement:
        case Delivered():
            return "delivered"
        case RetryAt():
            return "pending"
        case Exhausted():
            return "exhausted"
        case Disabled():
            return "cancelled"
