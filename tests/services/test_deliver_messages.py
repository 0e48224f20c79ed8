"""Delivery on a real PostgreSQL to real receivers: what arrives, what is retried, what is given up."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from typing import Any

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, update

from alerts.delivery import signing
from alerts.delivery.attempts import SCHEDULE
from alerts.delivery.breaker import OPENS_AT
from alerts.delivery.errors import SignatureError
from alerts.events import SHORT_SENTENCE
from services.settings import Settings
from services.storage import deliveries, endpoint_health, endpoints, leases, messages, outbox, tables
from services.storage.deliveries import DeliveryRecord
from services.storage.endpoints import Endpoint
from services.storage.messages import OPS, Message
from services.storage.outbox import LONGEST_BODY
from services.usecases.attempt_delivery import GRACE
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import (
    MOST_RETIRED,
    TooManySecretsError,
    add_endpoint,
    disable_endpoint,
    enable_endpoint,
    ping,
    rotate_secret,
)
from services.usecases.settle_deliveries import PATIENCE

SETTINGS = Settings(
    secret_keys=(SecretStr(Fernet.generate_key().decode()),),
    private_networks=(IPv4Network("127.0.0.1/32"),),
    delivery_timeout_seconds=0.5,
)
LEASE = dt.timedelta(seconds=SETTINGS.delivery_timeout_seconds) + GRACE
START = dt.datetime(2025, 6, 9, 3, 0, tzinfo=dt.UTC)

Answer = Callable[[int], int | float | None]


class Time:
    """The clock of a test; it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += dt.timedelta(**step)


class Desk:
    """A receiver in a thread: keeps every request and answers request n as ``answer(n)`` says.

    A status is answered, a float is waited for in seconds, None resets the connection.
    """

    def __init__(self, answer: Answer = lambda _: 204, headers: dict[str, str] | None = None) -> None:
        self.answer = answer
        self.headers = headers or {}
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.busy = Counter[str]()
        self.overlaps = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._ready.wait(10)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.requests]

    @property
    def sequences(self) -> list[int]:
        return [json.loads(body)["sequence"] for _, body in self.requests]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._stopping = asyncio.Event()
        application = web.Application()
        application.router.add_post("/hook", self._take)
        served = web.AppRunner(application, shutdown_timeout=0.1)
        await served.setup()
        await web.TCPSite(served, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{served.addresses[0][1]}/hook"
        self._ready.set()
        await self._stopping.wait()
        await served.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        message_id = headers["webhook-id"]
        self.busy[message_id] += 1
        self.overlaps += self.busy[message_id] > 1
        self.requests.append((headers, body))
        try:
            match self.answer(len(self.requests)):
                case int(status):
                    return web.Response(status=status, headers=self.headers)
                case float(seconds):
                    await asyncio.sleep(seconds)
                    return web.Response()
                case _:
                    assert request.transport is not None
                    request.transport.abort()
                    return web.Response()
        finally:
            self.busy[message_id] -= 1


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(*arguments: object, **named: object) -> Desk:
        desks.append(Desk(*arguments, **named))  # type: ignore[arg-type]  # a test names what Desk takes
        return desks[-1]

    yield make
    for each in desks:
        each.stop()


def _endpoint(engine: Engine, url: str, *, desk: str = "soy") -> tuple[Endpoint, str]:
    return add_endpoint(engine, SETTINGS, desk=desk, url=url, now=START)


def _event(**data: object) -> dict[str, Any]:
    return {"type": "alert.opened", "version": 1, "timestamp": START.isoformat(), "data": data}


def _post(engine: Engine, time: Time, count: int = 1, *, desk: str = "soy") -> list[Message]:
    wanted = [Message(desk, _event(place=place, says="Île"), time.now) for place in range(count)]
    with engine.begin() as connection:
        outbox.enqueue(connection, outbox.address(connection, wanted), now=time.now)
    return wanted


def _deliver(engine: Engine, time: Time) -> Counter[str]:
    return deliver_due(engine, SETTINGS, clock=time, draw=lambda: 0.5)


def _rows(engine: Engine, endpoint: Endpoint) -> list[DeliveryRecord]:
    with engine.connect() as connection:
        return deliveries.after(connection, endpoint.id, 0, limit=10_000)


def _row(engine: Engine, endpoint: Endpoint) -> DeliveryRecord:
    (row,) = _rows(engine, endpoint)
    return row


def test_a_message_arrives_signed_and_whole(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk receives the frozen body once, signed with the secret it was shown, and the attempt is kept."""
    receiver = desk()
    endpoint, secret = _endpoint(engine, receiver.url)
    (message,) = _post(engine, time)
    assert _deliver(engine, time) == {"delivered": 1}
    ((headers, body),) = receiver.requests
    assert signing.verify([secret], headers, body, now=time.now) == message.id
    row = _row(engine, endpoint)
    assert (row.status, row.body, row.attempts) == ("delivered", body, 1)
    assert json.loads(body)["data"] == {"place": 0, "says": "Île"}
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, row.id)
    assert (attempt.number, attempt.status_code, attempt.outcome) == (1, 204, "answered")
    assert _deliver(engine, time) == {}


def test_secrets_are_not_readable_in_the_database(engine: Engine) -> None:
    """What the table holds of a secret is not the secret."""
    _, secret = _endpoint(engine, "http://127.0.0.1:9/hook")
    with engine.connect() as connection:
        stored = connection.execute(tables.endpoints.select()).one().secret
    assert secret.encode() not in stored


def test_failure_then_success(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """After a 500 the same message with the same id goes out again when it is due, and not before."""
    receiver = desk(lambda number: 500 if number == 1 else 200)
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time)
    assert _deliver(engine, time) == {"pending": 1}
    time.move(seconds=4.9)
    assert _deliver(engine, time) == {}
    time.move(seconds=0.1)
    assert _deliver(engine, time) == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.requests}) == 1
    with engine.connect() as connection:
        numbers = [each.number for each in deliveries.attempts_of(connection, _row(engine, endpoint).id)]
        health = endpoints.get(connection, endpoint.id)
    assert numbers == [1, 2]
    assert health is not None
    assert health.failing_since is None


def test_retry_after_is_granted(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk that answers 429 and asks for ten minutes gets ten minutes."""
    endpoint, _ = _endpoint(engine, desk(lambda _: 429, headers={"Retry-After": "600"}).url)
    _post(engine, time)
    _deliver(engine, time)
    assert _row(engine, endpoint).due_at == START + dt.timedelta(minutes=10)


@pytest.mark.parametrize("expected", [(30.0, "timeout", 60), (None, "reset", 5), (302, "answered", 5)])
def test_other_failures(
    engine: Engine,
    time: Time,
    desk: Callable[..., Desk],
    expected: tuple[float | None, str, int],
) -> None:
    """A desk that hangs, resets or redirects gets the message again, and the attempt says what happened."""
    answer, outcome, seconds = expected
    receiver = desk(lambda _: answer, headers={"Location": "/elsewhere"})
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time)
    assert _deliver(engine, time) == {"pending": 1}
    row = _row(engine, endpoint)
    assert row.due_at == START + dt.timedelta(seconds=seconds)
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, row.id)
    assert attempt.outcome == outcome
    assert len(receiver.requests) == 1


def test_exhausted_and_replayed(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """After ten failures a delivery is listed as exhausted; a replay sends the same id and starts anew."""
    receiver = desk(lambda number: 500 if number <= 11 else 200)
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time)
    for _ in SCHEDULE:
        assert sum(_deliver(engine, time).values()) == 1
        time.now = _row(engine, endpoint).due_at
    time.move(hours=24)
    assert _deliver(engine, time) == {}
    with engine.begin() as connection:
        assert [row.endpoint_id for row in deliveries.exhausted(connection)] == [endpoint.id]
        assert deliveries.replay(connection, endpoint.id, now=time.now) == 1
    assert _deliver(engine, time) == {"pending": 1}
    assert _row(engine, endpoint).due_at == time.now + dt.timedelta(seconds=5)
    time.move(minutes=5)  # the endpoint rests longer than its message
    assert _deliver(engine, time) == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 12


def test_replay_takes_a_range(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """Of five delivered messages, a replay of numbers two to three sends those two again."""
    receiver = desk()
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time, 5)
    _deliver(engine, time)
    with engine.begin() as connection:
        assert deliveries.replay(connection, endpoint.id, now=time.now, first=2, last=3) == 2
        assert deliveries.replay(connection, endpoint.id, now=time.now, only=["exhausted"]) == 0
    _deliver(engine, time)
    assert sorted(receiver.sequences) == [1, 2, 2, 3, 3, 4, 5]


def test_gone_disables_and_the_others_are_told(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """410 disables the endpoint with its reason, what is pending waits, the desk's other endpoint is told."""
    gone, other = desk(lambda number: 410 if number == 1 else 200), desk()
    dead, _ = _endpoint(engine, gone.url)
    _endpoint(engine, other.url)
    (first,) = _post(engine, time)
    _deliver(engine, time)
    with engine.connect() as connection:
        stored = endpoints.get(connection, dead.id)
    assert stored is not None
    assert (stored.status, "410" in (stored.disabled_reason or "")) == ("disabled", True)
    told = [json.loads(body) for _, body in other.requests]
    assert [each["type"] for each in told] == ["alert.opened", "endpoint.disabled"]
    assert told[1]["data"]["endpoint"] == {"id": dead.id}
    _post(engine, time)
    _deliver(engine, time)
    assert gone.ids == [first.id]


def test_ops_hear_of_a_desk_that_has_no_other_endpoint(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """Where a desk's only endpoint is disabled, ops are told once which and why."""
    gone, ops = desk(lambda _: 410), desk()
    dead, _ = _endpoint(engine, gone.url)
    _endpoint(engine, ops.url, desk=OPS)
    _post(engine, time)
    _deliver(engine, time)
    (told,) = [json.loads(body) for _, body in ops.requests]
    assert (told["type"], told["data"]["endpoint"]) == ("endpoint.disabled", {"id": dead.id})
    assert "410" in told["data"]["reason"]


def test_days_of_nothing_but_failure_disable(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """An endpoint that only failed for 120 hours is disabled; one success in between keeps it enabled."""
    dead, alive = desk(lambda _: 500), desk(lambda number: 500 if number != 2 else 200)
    dead_endpoint, _ = _endpoint(engine, dead.url, desk="dead")
    alive_endpoint, _ = _endpoint(engine, alive.url, desk="alive")
    for wait in (dt.timedelta(hours=1), PATIENCE - dt.timedelta(hours=1), dt.timedelta(0)):
        for name in ("dead", "alive"):
            _post(engine, time, desk=name)
        _deliver(engine, time)
        time.now += wait
    with engine.connect() as connection:
        states = [endpoints.get(connection, each.id) for each in (dead_endpoint, alive_endpoint)]
    assert [each.status for each in states if each is not None] == ["disabled", "enabled"]


def test_pending_survives_a_disabled_time(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """What was pending when an endpoint was disabled goes out once it is enabled."""
    receiver = desk()
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time)
    disable_endpoint(engine, endpoint.id, reason="maintenance", now=time.now)
    assert _deliver(engine, time) == {}
    enable_endpoint(engine, endpoint.id, now=time())
    assert _deliver(engine, time) == {"delivered": 2}  # with the word that it was disabled


@pytest.mark.parametrize("skip", [False, True])
def test_a_message_is_made_for_a_disabled_endpoint_too(
    skip: bool, engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """What happens while it is disabled waits: enabling sends it in order, or skips it for a replay."""
    receiver = desk()
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time)
    _deliver(engine, time)
    disable_endpoint(engine, endpoint.id, reason="maintenance", now=time.now)
    _post(engine, time, 3)
    enabled = enable_endpoint(engine, endpoint.id, now=time(), skip=skip)
    assert (enabled.waited, enabled.skipped) == (4, skip)  # with the word that it was disabled
    _post(engine, time)
    _deliver(engine, time)
    assert receiver.sequences == ([1, 6] if skip else [1, 2, 3, 4, 5, 6])
    with engine.begin() as connection:
        deliveries.replay(connection, endpoint.id, now=time(), only=("cancelled",))
    _deliver(engine, time)
    assert sorted(receiver.sequences) == [1, 2, 3, 4, 5, 6]


def test_worker_that_dies_after_sending(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A delivery whose worker died is due again when the lease ends, not before, and has the same id."""
    receiver = desk()
    endpoint, _ = _endpoint(engine, receiver.url)
    (message,) = _post(engine, time)
    with engine.begin() as connection:
        claimed = leases.claim(connection, now=time.now, lease=LEASE, owner="dies", limit=10, per_endpoint=4)
    assert [each.message_id for each in claimed] == [message.id]
    assert _deliver(engine, time) == {}
    time.now += LEASE
    assert _deliver(engine, time) == {"delivered": 1}
    assert receiver.ids == [message.id]
    assert _row(engine, endpoint).attempts == 2


def test_late_failure_of_a_lost_lease_changes_nothing(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """A worker that comes back after its lease cannot undo what another has delivered."""
    endpoint, _ = _endpoint(engine, desk().url)
    _post(engine, time)
    with engine.begin() as connection:
        (stale,) = leases.claim(connection, now=time.now, lease=LEASE, owner="late", limit=10, per_endpoint=4)
    time.now += LEASE
    _deliver(engine, time)
    late = deliveries.AttemptRecord(stale.id, stale.number, START, 15.0, None, "timeout", "late", b"")
    with engine.begin() as connection:
        leases.settle(
            connection,
            [late],
            [leases.Settled(stale.id, "pending", time.now)],
            owner="late",
            now=time.now,
        )
    assert _row(engine, endpoint).status == "delivered"


def test_two_workers_never_send_the_same_delivery(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """Of 200 messages that two workers deliver at the same time, each arrives exactly once."""
    receiver = desk()
    _endpoint(engine, receiver.url)
    _post(engine, time, 200)
    with ThreadPoolExecutor(2) as pool:
        tallies = [pool.submit(_deliver, engine, time) for _ in range(2)]
        delivered = [each.result()["delivered"] for each in tallies]
    assert sum(delivered) == 200
    assert sorted(receiver.sequences) == list(range(1, 201))
    assert receiver.overlaps == 0


def test_hanging_desk_holds_up_nobody(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """While one desk hangs, fifty messages to another all arrive before the first attempt at it ends."""
    hanging, other = desk(lambda _: 30.0), desk()
    slow, _ = _endpoint(engine, hanging.url, desk="slow")
    _endpoint(engine, other.url, desk="other")
    _post(engine, time, 50, desk="slow")
    _post(engine, time, 50, desk="other")
    tally = _deliver(engine, time)
    assert tally["delivered"] == 50
    assert len(other.requests) == 50
    starts = [each.due_at for each in _rows(engine, slow) if each.attempts]
    assert len(starts) == tally["pending"]


def test_failing_desk_is_tried_one_at_a_time(engine: Engine, time: Time) -> None:
    """A healthy endpoint has four attempts in flight, one that is failing has one."""
    endpoint, _ = _endpoint(engine, "http://127.0.0.1:9/hook")
    _post(engine, time, 10)

    def claimed() -> int:
        with engine.begin() as connection:
            return len(
                leases.claim(connection, now=time.now, lease=LEASE, owner="one", limit=10, per_endpoint=4)
            )

    assert [claimed(), claimed()] == [4, 0]
    time.now += LEASE
    with engine.begin() as connection:
        endpoint_health.mark_failing(connection, {endpoint.id: 1}, now=time.now)
    assert [claimed(), claimed()] == [1, 0]


def test_a_desk_that_only_fails_is_left_alone(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """Five failures open the breaker: then one message tries the desk after each rest, and at last all go."""
    receiver = desk(lambda number: 500 if number <= 7 else 204)
    endpoint, _ = _endpoint(engine, receiver.url)
    _post(engine, time, 30)
    assert _deliver(engine, time) == {"pending": OPENS_AT}
    for tried, seconds in ((6, 5), (7, 10)):
        time.move(seconds=seconds - 1)
        assert _deliver(engine, time) == {}
        time.move(seconds=1)
        assert _deliver(engine, time) == {"pending": 1}
        assert len(receiver.requests) == tried
    time.move(seconds=20)
    assert _deliver(engine, time)["delivered"] >= 30 - 7
    with engine.connect() as connection:
        stored = endpoints.get(connection, endpoint.id)
    assert stored is not None
    assert (stored.failing_since, stored.paused_until) == (None, None)


def test_retry_after_is_for_the_whole_desk(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk that asks for ten minutes is sent none of its other messages before they are over."""
    receiver = desk(lambda number: 429 if number == 1 else 204, {"retry-after": "600"})
    _endpoint(engine, receiver.url)
    _post(engine, time)
    assert _deliver(engine, time) == {"pending": 1}
    _post(engine, time, 3)
    time.move(seconds=599)
    assert _deliver(engine, time) == {}
    time.move(seconds=1)
    assert _deliver(engine, time) == {"delivered": 4}


def test_claims_are_fair(engine: Engine, time: Time) -> None:
    """One desk with a long queue takes no more of a claim than any other."""
    for name in ("first", "second", "third"):
        _endpoint(engine, "http://127.0.0.1:9/hook", desk=name)
    _post(engine, time, 50, desk="first")
    _post(engine, time, 1, desk="second")
    _post(engine, time, 1, desk="third")
    with engine.begin() as connection:
        claimed = leases.claim(connection, now=time.now, lease=LEASE, owner="one", limit=10, per_endpoint=4)
    assert sorted(Counter(each.endpoint_id for each in claimed).values()) == [1, 1, 4]


def test_sequence_has_no_gap_and_nothing_of_a_rollback(engine: Engine, time: Time) -> None:
    """Numbers of an endpoint run from one without a gap; a transaction that is undone leaves none behind."""
    endpoint, _ = _endpoint(engine, "http://127.0.0.1:9/hook")
    _post(engine, time, 2)
    with engine.connect() as connection:
        undone = Message("soy", _event(), START)
        outbox.enqueue(connection, [(undone, [endpoint.id])], now=START)
        connection.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _post(engine, time, 5), range(8)))
    assert [row.sequence for row in _rows(engine, endpoint)] == list(range(1, 43))
    assert all(json.loads(row.body)["sequence"] == row.sequence for row in _rows(engine, endpoint))


def test_a_long_body_is_sent_short(engine: Engine, time: Time) -> None:
    """What would be more than 20 kB goes out as the start of its sentence, and where the whole is read."""
    endpoint, _ = _endpoint(engine, "http://127.0.0.1:9/hook")
    event = _event()
    event["data"]["sentence"] = "\x01" * LONGEST_BODY
    long = Message("soy", event, START)
    with engine.begin() as connection:
        outbox.enqueue(connection, [(long, [endpoint.id])], now=START)
        assert messages.get(connection, long.id, desk="soy") == long
        assert messages.get(connection, long.id, desk="maize") is None
    (row,) = _rows(engine, endpoint)
    assert len(row.body) <= LONGEST_BODY
    told = json.loads(row.body)
    assert told["data"]["shortened"] == {"whole": f"/v1/messages/{long.id}", "alert_id": None}
    assert told["data"]["sentence"] == "\x01" * SHORT_SENTENCE + "…"


def test_event_types_choose(engine: Engine, time: Time) -> None:
    """An endpoint that subscribes to some event types gets those and no others."""
    chosen, _ = add_endpoint(
        engine, SETTINGS, desk="soy", url="http://127.0.0.1:9/", event_types=["data.overdue"], now=START
    )
    _post(engine, time)
    assert _rows(engine, chosen) == []


def test_every_secret_lives_out_its_day(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """However often an endpoint is rotated, each secret verifies for 24 hours from its own rotation."""
    receiver = desk()
    endpoint, first = _endpoint(engine, receiver.url)
    known = [first]
    for _ in range(MOST_RETIRED):
        time.move(hours=1)
        known.append(rotate_secret(engine, SETTINGS, endpoint.id, now=time.now))
    with pytest.raises(TooManySecretsError, match="2025-06-10 04:00"):
        rotate_secret(engine, SETTINGS, endpoint.id, now=time.now)
    _post(engine, time)
    _deliver(engine, time)
    time.move(hours=21)
    _post(engine, time)
    _deliver(engine, time)
    for secret in known:
        headers, body = receiver.requests[0]
        signing.verify([secret], headers, body, now=time.now - dt.timedelta(hours=21))
    headers, body = receiver.requests[1]
    for secret in known[1:]:
        signing.verify([secret], headers, body, now=time.now)
    with pytest.raises(SignatureError):
        signing.verify([first], headers, body, now=time.now)


def test_a_rotation_asked_for_twice_is_one(engine: Engine, time: Time) -> None:
    """The same Idempotency-Key gives the same secret again, another one the next."""
    endpoint, _ = _endpoint(engine, "http://127.0.0.1:9/hook")
    rotated = [
        rotate_secret(engine, SETTINGS, endpoint.id, now=time.now, idempotency_key=key) for key in "aab"
    ]
    assert rotated[0] == rotated[1] != rotated[2]
    with engine.connect() as connection:
        assert len(endpoints.retired(connection, endpoint.id, now=time.now)) == 2


def test_rotation_signs_with_both_for_a_day(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """For 24 hours after a rotation the old and the new secret verify a message; then only the new one."""
    receiver = desk()
    endpoint, old = _endpoint(engine, receiver.url)
    new = rotate_secret(engine, SETTINGS, endpoint.id, now=time.now)
    for hours, holders in ((23, [old, new]), (2, [new])):
        time.move(hours=hours)
        ping(engine, endpoint.id, now=time.now)
        _deliver(engine, time)
        headers, body = receiver.requests[-1]
        assert json.loads(body)["type"] == "endpoint.ping"
        for secret in holders:
            signing.verify([secret], headers, body, now=time.now)
        assert len(headers["webhook-signature"].split(" ")) == len(holders)


def test_lost_key_is_an_outcome(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A secret that no key opens fails its own delivery, says so, and holds up nobody else."""
    receiver = desk()
    broken, _ = _endpoint(engine, receiver.url, desk="broken")
    _endpoint(engine, receiver.url, desk="whole")
    with engine.begin() as connection:
        connection.execute(
            update(tables.endpoints).where(tables.endpoints.c.id == broken.id).values(secret=b"lost")
        )
    _post(engine, time, desk="broken")
    _post(engine, time, desk="whole")
    assert _deliver(engine, time) == {"pending": 1, "delivered": 1}
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, _row(engine, broken).id)
    assert attempt.outcome == "unsigned"
    assert "TONNAGE_SECRET_KEYS" in attempt.reason
