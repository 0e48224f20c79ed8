"""Whatever one delivery raises is its own outcome: what another desk was sent is settled all the same."""

from __future__ import annotations

import datetime as dt
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from typing import Any, NamedTuple

import pytest
from cryptography.fernet import Fernet
from delivery_stage import SETTINGS, Desk, Time
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from alerts.delivery import attempts
from alerts.delivery.attempts import SCHEDULE, Failure, Outcome
from alerts.service_events import ping_event
from services.storage import endpoint_health, endpoints, outbox, tables
from services.storage.messages import Message
from services.usecases import attempt_delivery, deliver_messages, settle_deliveries
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint, disable_endpoint, enable_endpoint
from services.usecases.replay_deliveries import replay_deliveries

WORST = "Mon, 01 Jan 2024 00:00:00 +99999999999999999"


class Garbler:
    """A receiver that answers each request with bytes of its own choice."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.taken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.recv(65_536)
                caller.sendall(self.answers[self.taken % len(self.answers)])
                self.taken += 1

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(90)


def garbage(count: int) -> list[bytes]:
    """Answers that are wrong in the status line, in one header or in the body, drawn by a fixed lot."""
    draw = random.Random(18)  # noqa: S311 - a lot, not a secret
    headers = ("retry-after", "content-length", "content-type", "transfer-encoding", "date", "set-cookie")
    words = (
        WORST,
        "-1",
        "1e400",
        "NaN",
        "9" * 400,
        "\x00",
        "\xff\xfe",
        "chunked",
        "Mon, 99 Foo -1",
        "",
        ",;=",
    )
    made = [f"HTTP/1.1 500 No\r\nretry-after: {WORST}\r\ncontent-length: 0\r\n\r\n".encode()]
    for _ in range(count - 1):
        status = draw.choice(
            ("HTTP/1.1 500 No", "HTTP/1.1 429 \x00", "HTTP/9 200", "HTTP/1.1 700 ?", "\x00\x01")
        )
        lines = [f"{draw.choice(headers)}: {draw.choice(words)}" for _ in range(draw.randrange(4))]
        head = "\r\n".join([status, *lines, "", ""]).encode("latin-1", "replace")
        made.append(head + draw.randbytes(draw.randrange(200)))
    return made


@pytest.fixture
def good() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.stop()


def enqueued(engine: Engine, time: Time, url: str, desk: str, count: int) -> str:
    """An endpoint with so many messages that are due; its id."""
    endpoint, _ = add_endpoint(engine, SETTINGS, desk=desk, url=url, now=time())
    with engine.begin() as connection:
        made = [Message(desk, ping_event(endpoint_id=endpoint.id, now=time()), time()) for _ in range(count)]
        outbox.enqueue(connection, [(each, [endpoint.id]) for each in made], now=time())
    return endpoint.id


def deliver(engine: Engine, time: Time) -> dict[str, int]:
    return dict(deliver_due(engine, SETTINGS, clock=time, draw=lambda: 0.5, seconds=20))


def tried(engine: Engine, endpoint_id: str) -> list[tuple[str, str, int | None]]:
    """Status, and outcome and code of each attempt, of an endpoint's deliveries in order."""
    query = (
        select(tables.deliveries.c.status, tables.attempts.c.outcome, tables.attempts.c.status_code)
        .outerjoin(tables.attempts, tables.attempts.c.delivery_id == tables.deliveries.c.id)
        .where(tables.deliveries.c.endpoint_id == endpoint_id)
        .order_by(tables.deliveries.c.sequence, tables.attempts.c.number)
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_an_answer_of_garbage_is_that_deliverys_outcome(engine: Engine, time: Time, good: Desk) -> None:
    """Beside a desk that answers anything at all, each message of another is taken and settled once."""
    garbler = Garbler(garbage(60))
    try:
        bad = enqueued(engine, time, garbler.url, "bad", 60)
        well = enqueued(engine, time, good.url, "good", 3)
        for _ in range(70):
            deliver(engine, time)
            with engine.begin() as connection:  # its rests are not waited for
                endpoint_health.end_rest(connection, bad)
            if garbler.taken >= 60:
                break
    finally:
        garbler.stop()
    assert garbler.taken >= 60
    assert tried(engine, well) == [("delivered", "answered", 204)] * 3
    assert len(set(good.ids)) == len(good.ids) == 3
    told = tried(engine, bad)
    assert all(outcome is not None for status, outcome, _ in told if status != "pending")
    assert sum(outcome is not None for _, outcome, _ in told) >= 60
    assert Failure.OURS not in {outcome for _, outcome, _ in told}


class Step(NamedTuple):
    """Where a fault is planted: what fails for an endpoint, what it raises, how its deliveries stand then.

    ``answer`` is what the endpoint's desk says. Where ``flying``, the other desk answers only once the fault
    has been met, so that its attempts are in flight then, and the run raises it at its end: it is not that
    of a delivery. ``count`` messages go to the endpoint.
    """

    module: object
    name: str
    about: Callable[[str], Callable[..., bool]]
    stands: tuple[str, str | None, int | None]
    answer: int = 202
    fault: Exception = RuntimeError("planted")
    flying: bool = False
    count: int = 2

    def planted(self, bad: str, met: threading.Event) -> Callable[..., Any]:
        """The step, which fails where it is about the bad desk."""
        real, about = getattr(self.module, self.name), self.about(bad)

        def step(*args: Any, **kwargs: Any) -> Any:
            if about(*args):
                met.set()
                raise self.fault
            return real(*args, **kwargs)

        return step


OURS, TAKEN, LEFT = ("pending", Failure.OURS, None), ("delivered", "answered", 202), ("pending", None, None)
STEPS = {
    "claim": Step(
        deliver_messages,
        "_claim",
        lambda _: lambda _sender, _limit, _further, after, _room: after != "",
        TAKEN,
        flying=True,
    ),
    "sending": Step(
        attempt_delivery, "_outcome", lambda bad: lambda _, claim, __: claim.endpoint_id == bad, OURS
    ),
    "what follows": Step(attempts, "settle", lambda _: lambda outcome: outcome.status == 202, TAKEN),
    "health": Step(endpoint_health, "mark_healthy", lambda bad: lambda _, ids: bad in ids, TAKEN),
    "disable": Step(
        settle_deliveries, "disable", lambda bad: lambda _, reasons: bad in reasons, OURS, answer=410
    ),
    "telling": Step(
        settle_deliveries,
        "count",
        lambda bad: lambda sent: any(each.claim.endpoint_id == bad for each in sent),
        TAKEN,
    ),
    "writing": Step(
        settle_deliveries, "_attempt", lambda bad: lambda sent: sent.claim.endpoint_id == bad, LEFT
    ),
    "the database is away while settling": Step(
        settle_deliveries,
        "settle",
        lambda bad: lambda _, sent: any(each.claim.endpoint_id == bad for each in sent),
        LEFT,
        fault=OperationalError("planted", None, Exception("away")),
        flying=True,
        count=1,
    ),
}
"""Steps from claim to settlement."""


@pytest.mark.parametrize("name", STEPS)
def test_an_unforeseen_fault_at_any_step_is_its_deliverys_own(
    name: str, engine: Engine, time: Time, desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one delivery raises costs no other its settlement, and is none of its desk's failures."""
    step, met = STEPS[name], threading.Event()
    other = desk(lambda number: step.answer if number <= step.count else 202)
    good = desk(lambda _: met if step.flying else 204)
    bad = enqueued(engine, time, other.url, "bad", step.count)
    well = enqueued(engine, time, good.url, "good", 3)
    monkeypatch.setattr(deliver_messages, "GRACE", dt.timedelta(0))
    monkeypatch.setattr(step.module, step.name, step.planted(bad, met))
    with pytest.raises(type(step.fault)) if step.flying else nullcontext():
        deliver(engine, time)
    assert met.is_set()
    assert tried(engine, well) == [("delivered", "answered", 200 if step.flying else 204)] * 3
    assert len(good.ids) == 3
    assert tried(engine, bad) == [step.stands] * step.count
    with engine.connect() as connection:
        endpoint = endpoints.get(connection, bad)
    assert endpoint is not None
    assert (endpoint.status, endpoint.failing_since) == ("enabled", None)
    monkeypatch.undo()
    time.move(hours=1)
    deliver(engine, time)
    assert {status for status, *_ in tried(engine, bad)} == {"delivered"}


def test_what_we_cannot_sign_waits_for_our_key(engine: Engine, time: Time, good: Desk) -> None:
    """Without the key that sealed a secret nothing is sent, exhausted or disabled, for 108 hours."""
    well = enqueued(engine, time, good.url, "good", 1)
    elsewhere = SETTINGS.model_copy(update={"secret_keys": (SecretStr(Fernet.generate_key().decode()),)})
    for _ in range(len(SCHEDULE) + 2):
        deliver_due(engine, elsewhere, clock=time, draw=lambda: 0.5)
        time.move(hours=9)
    assert {told[:2] for told in tried(engine, well)} == {("pending", Failure.UNSIGNED)}
    with engine.connect() as connection:
        endpoint = endpoints.get(connection, well)
    assert endpoint is not None
    assert (endpoint.status, endpoint.failing_since) == ("enabled", None)
    deliver(engine, time)
    assert len(good.ids) == 1


def test_a_fault_of_ours_takes_no_attempt_of_the_schedule(
    engine: Engine, time: Time, good: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While our own code fails nothing is exhausted, paused or disabled for 108 hours; then it is sent."""
    well = enqueued(engine, time, good.url, "good", 1)
    monkeypatch.setattr(attempt_delivery.signing, "sign", _broken)
    for _ in range(len(SCHEDULE) + 2):
        deliver(engine, time)
        time.move(hours=9)
    assert tried(engine, well) == [("pending", Failure.OURS, None)] * (len(SCHEDULE) + 2)
    with engine.connect() as connection:
        endpoint = endpoints.get(connection, well)
    assert endpoint is not None
    assert (endpoint.status, endpoint.failing_since, endpoint.paused_until) == ("enabled", None, None)
    monkeypatch.undo()
    deliver(engine, time)
    assert len(good.ids) == 1
    with engine.connect() as connection:
        (row,) = connection.execute(select(tables.deliveries))
    assert row.attempts - row.attempts_before_replay == 1


def test_after_five_days_of_our_faults_it_is_given_up_and_ops_is_told_once(
    engine: Engine, time: Time, good: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exhausted, counted, told to ops and never of the telling itself; once mended a replay sends it."""
    hook, _ = add_endpoint(engine, SETTINGS, desk="ops", url=good.url, now=time())
    well = enqueued(engine, time, good.url, "good", 3)
    before = REGISTRY.get_sample_value("tonnage_delivery_attempts_total", {"outcome": "exhausted"}) or 0
    monkeypatch.setattr(attempt_delivery.signing, "sign", _broken)
    began = time()
    deliver(engine, time)
    time.move(hours=119)
    deliver(engine, time)
    assert {status for status, *_ in tried(engine, well)} == {"pending"}
    time.move(hours=1)
    deliver(engine, time)
    assert {status for status, *_ in tried(engine, well)} == {"exhausted"}
    assert (
        REGISTRY.get_sample_value("tonnage_delivery_attempts_total", {"outcome": "exhausted"}) == before + 3
    )
    told = said_to_ops(engine)
    assert [(each["count"], each["since"]) for each in told] == [(3, f"{began:%Y-%m-%dT%H:%M:%S}Z")]
    assert told[0]["endpoints"] == [{"id": well, "desk": "good", "count": 3}]
    assert "RuntimeError" in told[0]["reason"]
    with engine.connect() as connection:
        endpoint = endpoints.get(connection, well)
    assert endpoint is not None
    assert (endpoint.status, endpoint.failing_since) == ("enabled", None)
    time.move(hours=121)
    deliver(engine, time)
    assert {status for status, *_ in tried(engine, hook.id)} == {"exhausted"}
    assert len(said_to_ops(engine)) == 1
    monkeypatch.undo()
    with engine.begin() as connection:
        assert replay_deliveries(connection, well, now=time(), first=1) == 3
    deliver(engine, time)
    assert len(good.ids) == 3


def test_the_five_days_begin_anew(
    engine: Engine, time: Time, good: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a replay, a disabled endpoint, and a failure of the desk's own, they are whole again."""
    well = enqueued(engine, time, good.url, "good", 1)
    monkeypatch.setattr(attempt_delivery.signing, "sign", _broken)

    def days(count: int) -> str:
        """Where it stands after an attempt at once and one so many days later."""
        deliver(engine, time)
        time.move(hours=24 * count, minutes=5)
        deliver(engine, time)
        return tried(engine, well)[-1][0]

    assert days(5) == "exhausted"
    with engine.begin() as connection:
        replay_deliveries(connection, well, now=time(), first=1)
    assert days(4) == "pending"
    disable_endpoint(engine, well, reason="moving", now=time())
    time.move(hours=24 * 30)
    enable_endpoint(engine, well, now=time())
    assert days(4) == "pending"
    monkeypatch.undo()
    good.answer = lambda _: 500
    time.move(minutes=5)
    deliver(engine, time)
    assert tried(engine, well)[-1][1] == "answered"
    monkeypatch.setattr(attempt_delivery.signing, "sign", _broken)
    time.move(hours=1)
    assert days(4) == "pending"
    assert days(1) == "exhausted"


def said_to_ops(engine: Engine) -> list[dict[str, Any]]:
    """What ops was told of deliveries given up."""
    query = select(tables.messages.c.payload).where(
        tables.messages.c.desk == "ops", tables.messages.c.event_type == "deliveries.exhausted"
    )
    with engine.connect() as connection:
        return [payload["data"] for payload in connection.execute(query).scalars()]


def _broken(*_: object, **__: object) -> dict[str, str]:
    raise RuntimeError("planted")


@given(header=st.text(max_size=60) | st.sampled_from([WORST, "Mon, 01 Jan 0001 00:00:00 +2359", "1e9", "-5"]))
def test_no_retry_after_is_raised_or_waited_for_too_long(header: str) -> None:
    """Any text in Retry-After gives a wait from our own schedule's to an hour or twice it."""
    outcome = Outcome(500, None, "", 0.1, retry_after=header)
    wait = attempts.wait_after(outcome, attempt=2, now=Time()(), jitter=0.5)
    assert SCHEDULE[2] <= wait <= max(2 * SCHEDULE[2], attempts.LONGEST_RETRY_AFTER)
