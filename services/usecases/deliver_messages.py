"""Send what is due: claim with a lease, commit, send with no transaction open, settle in batches.

Any number of processes may do this at once, be killed at any point, and be started again: a row is claimed by
one of them, and a claim that is not settled ends with its lease. So a message can arrive twice, with the same
id, and cannot be lost.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from alerts.delivery.bodies import Kind
from alerts.delivery.client import Client, Timeouts, open_client
from services.settings import Settings
from services.storage import heartbeats
from services.usecases import settle_deliveries
from services.usecases.attempt_delivery import GRACE, Sender, Sent, attempt, unforeseen
from services.usecases.tell_trouble import BY_SWEEP, tell_trouble
from services.work import children, deliveries
from services.work.children import Room
from services.work.deliveries import Claim

PER_ENDPOINT = 4
"""Attempts in flight to one healthy endpoint; to one that is failing there is a single one."""

IN_FLIGHT = 128
"""Attempts in flight from one process; beyond them an endpoint still gets a first one."""

FIRST_IN_FLIGHT = 512
"""First attempts in flight from one process: so many desks may hang before another one has to wait."""

_COMPANY = 0.01
"""Seconds that a finished attempt waits for others, so that they are settled in one transaction."""

_YOUNG = 0.1
"""Seconds after which an attempt is no longer company that is worth waiting for."""

_POLL = 0.05
"""Seconds between two looks for new work while there is nothing to do."""

_POLL_IN_FLIGHT = 0.03
"""The same while attempts are in flight, also hanging ones: a nudge finds this process busy with them, so
what falls due waits for the look, and then for the settling before it."""

_TELL = 5.0
"""Seconds between two heartbeats of the sweep."""

_log = structlog.get_logger()


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
            sender = Sender(engine, settings, client, clock, draw)
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
    beside: Callable[[], object] = lambda: None,
) -> None:
    """Deliver until ``stopped`` says so; needs the database and no broker.

    This is the sweep: it finds what a nudge lost, within 0.1 s. Where the database is away it waits.
    It leaves a heartbeat each few seconds, and does what is to be done ``beside``.
    """

    async def run() -> None:
        async with _client(settings) as client:
            sender = Sender(engine, settings, client, clock, draw)
            heart = _Heart(sender, beside)
            while not stopped():
                try:
                    await heart.beat()
                    await _pump(sender, in_flight, stopped, heart.beat)
                except OperationalError as error:
                    _log.warning("the database is away; delivery waits", error=str(error.orig))
                    await asyncio.sleep(10 * _POLL)
                except Exception:  # noqa: BLE001 - the sweep is what repairs: it outlives whatever a turn raises
                    _log.exception("a turn of the sweep failed; the next one follows")
                    await asyncio.sleep(10 * _POLL)
                await asyncio.sleep(_POLL)

    asyncio.run(run())


@dataclass(frozen=True, slots=True)
class _Flight:
    """An attempt under way; ``began`` is the event loop's clock then, in seconds."""

    claim: Claim
    began: float


class _Heart:
    """Leaves a heartbeat when one is due; asked at each turn of the loop, so it stops when the loop does."""

    def __init__(self, sender: Sender, beside: Callable[[], object]) -> None:
        self._sender = sender
        self._beside = beside
        self._told = -_TELL

    async def beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TELL:
            self._told = now
            await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        with self._sender.engine.begin() as connection:
            heartbeats.beat(connection, heartbeats.SWEEPER, now=self._sender.clock())
            tell_trouble(connection, BY_SWEEP, now=self._sender.clock())
        try:
            self._beside()
        except Exception:  # noqa: BLE001 - nothing beside it keeps a delivery waiting
            _log.exception("what the sweep does beside deliveries failed; it is tried again")


async def _quiet() -> None:
    """What a run beside the sweep does at each turn."""


def _client(settings: Settings) -> AbstractAsyncContextManager[Client]:
    timeouts = Timeouts(total=settings.delivery_timeout_seconds)
    return open_client(allowed=settings.private_networks, timeouts=timeouts)


async def _pump(
    sender: Sender,
    in_flight: int,
    enough: Callable[[], bool],
    each_turn: Callable[[], Awaitable[None]] = _quiet,
) -> Counter[str]:
    """Claim, send and settle until nothing is due and nothing in flight.

    What claiming or settling raises, such as OperationalError where the database is away, is raised once
    nothing is in flight that it would forget. What could not be settled is due again when its lease ends.
    """
    tally: Counter[str] = Counter()
    away: OperationalError | None = None
    flying: dict[asyncio.Task[Sent], _Flight] = {}
    after = desk_after = ""
    while True:
        try:
            await each_turn()
            free = max(FIRST_IN_FLIGHT, in_flight) - len(flying)
            further = max(in_flight - len(flying), 0)
            claimed = []
            if free and not enough():
                room = _room(flying.values(), desk_after)
                claimed = await asyncio.to_thread(_claim, sender, free, further, after, room)
            after = claimed[-1].endpoint_id if claimed else after
            desk_after = next((each.desk for each in claimed if _by_child(each)), desk_after)
        except Exception as error:
            if not flying:
                raise
            _log.warning("no delivery could be claimed; it is tried again", exc_info=error)
            claimed = []
        began = asyncio.get_running_loop().time()
        flying |= {asyncio.create_task(attempt(sender, each)): _Flight(each, began) for each in claimed}
        if not flying:
            if away is not None:
                raise away
            return tally
        if sent := await _landed(flying):
            try:
                await _settle(sender, sent)
            except OperationalError as error:
                _log.error(
                    "attempts could not be written; they are due again", count=len(sent), exc_info=error
                )
                away = error
                continue
            _tell(sent)
            tally.update(settle_deliveries.status(each.settlement) for each in sent)


def _tell(sent: Sequence[Sent]) -> None:
    try:
        settle_deliveries.count(sent)
    except Exception as error:  # noqa: BLE001 - no number is worth a delivery
        _log.error("settled attempts are not counted", exc_info=error)


async def _landed(flying: dict[asyncio.Task[Sent], _Flight]) -> list[Sent]:
    """Attempts that have ended, taken out of ``flying``.

    The young among the others are waited for a moment; one that hangs holds up nobody's settlement.
    """
    landed, _ = await asyncio.wait(flying, timeout=_POLL_IN_FLIGHT, return_when=asyncio.FIRST_COMPLETED)
    if landed:
        young_since = asyncio.get_running_loop().time() - _YOUNG
        young = {task for task, flight in flying.items() if flight.began > young_since}
        landed, _ = await asyncio.wait(landed | young, timeout=_COMPANY)
    for task in landed:
        del flying[task]
    return [task.result() for task in landed]


def _by_child(claim: Claim) -> bool:
    return claim.kind == Kind.APPRISE


def _room(flying: Iterable[_Flight], after: str) -> Room:
    claims = [flight.claim for flight in flying]
    return children.room([(each.desk, each.ailing) for each in claims if _by_child(each)], after=after)


def _claim(sender: Sender, limit: int, further: int, after: str, room: Room) -> list[Claim]:
    with sender.engine.begin() as connection:
        return deliveries.claim(
            connection,
            now=sender.clock(),
            lease=sender.lease,
            owner=sender.owner,
            limit=limit,
            further=further,
            after=after,
            per_endpoint=PER_ENDPOINT,
            children=room,
        )


async def _settle(sender: Sender, sent: Sequence[Sent]) -> None:
    """Write down what came of attempts: together; where that fails each alone; then the least of it.

    So what cannot be written of one delivery takes no other's settlement with it. A database that is away is
    waited for while the leases hold.
    """
    try:
        await _written(partial(settle_deliveries.settle, sender, sent))
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is that of one delivery
        if len(sent) > 1:
            for each in sent:
                await _settle(sender, [each])
            return
        alone = sent[0]
        least = unforeseen(alone.claim, alone.started_at, alone.outcome, error, at=sender.clock())
        try:
            await _written(partial(settle_deliveries.settle_bare, sender, least))
        except Exception as again:  # noqa: BLE001 - as above
            _log.error("an attempt could not be written; it is due again when its lease ends", exc_info=again)


async def _written(write: Callable[[], None]) -> None:
    until = asyncio.get_running_loop().time() + GRACE.total_seconds()
    while True:
        try:
            await asyncio.to_thread(write)
        except OperationalError:
            if asyncio.get_running_loop().time() >= until:
                raise
            await asyncio.sleep(4 * _POLL)
        else:
            return
