"""Endpoints are served in turns: no backlog, no hanging desk and no silent name server starves another."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from delivery_stage import LEASE, START, Desk, Time, add, deliver, delivery_to, post
from sqlalchemy import Engine

from services.storage import deliveries
from services.work import deliveries as claims


def test_endpoints_are_served_in_turns(engine: Engine, time: Time) -> None:
    """With 200 endpoints that have a backlog none is served twice before each was served once."""
    backlog = [add(engine, "http://127.0.0.1:9/hook", desk=f"desk {n}")[0].id for n in range(200)]
    for number in range(200):
        post(engine, time, 3, desk=f"desk {number}")
    served: list[str] = []
    for _ in range(7):
        with engine.begin() as connection:
            claimed = claims.claim(
                connection,
                now=time.now,
                lease=LEASE,
                owner="one",
                limit=32,
                per_endpoint=4,
                after=served[-1] if served else "",
            )
            ended = [claims.Settled(each.id, "delivered") for each in claimed]
            tried = [
                deliveries.AttemptRecord(each.id, each.number, START, 0.1, 204, "answered", "", b"")
                for each in claimed
            ]
            claims.settle(connection, tried, ended, owner="one", now=time.now)
        served += [each.endpoint_id for each in claimed]
    assert Counter(served[:200]) == Counter(backlog)
    assert len(served) == 7 * 32


def test_sixty_desks_that_hang_hold_up_none_of_the_others(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """Of 200 endpoints with a backlog 60 hang until all messages to the others have come: and they do."""
    all_came = threading.Event()
    hanging = desk(lambda _: all_came)
    other = desk(lambda number: all_came.set() or 204 if number == 140 * 4 else 204)
    for number in range(200):
        add(engine, (hanging if number < 60 else other).url, desk=f"desk {number}")
        post(engine, time, 4, desk=f"desk {number}")
    assert deliver(engine, time) == {"delivered": 200 * 4}


def test_names_that_hang_hold_up_no_other_desk(
    engine: Engine, time: Time, desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While sixty names are looked up without an answer, claims, settlements and another's look-up go on."""
    other = desk(lambda _: came.set() or 204)
    came, seen = threading.Event(), []
    real = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".example"):
            seen.append(came.wait(90))
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for number in range(60):
        add(engine, f"https://desk{number}.example/hook", desk=f"a {number}")
        post(engine, time, desk=f"a {number}")
    good, _ = add(engine, other.url.replace("127.0.0.1", "localhost"), desk="z")
    post(engine, time, desk="z")
    deliver(engine, time)
    assert seen == [True] * 60
    assert delivery_to(engine, good).status == "delivered"
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, delivery_to(engine, good).id)
    assert (attempt.number, attempt.outcome) == (1, "answered")


@pytest.mark.parametrize("signed", ["a%2Fb", "a%3Fb%3B", "q?sig=x%2Fy%3D%2B", "~%7e"])
def test_the_url_that_is_dialled_is_the_one_that_is_stored(signed: str, engine: Engine, time: Time) -> None:
    """A URL that somebody signed reaches its receiver sign by sign."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            caller, _ = listener.accept()
            with caller:
                asked.append(caller.recv(65_536).split(b"\r\n")[0])
                caller.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        with ThreadPoolExecutor(1) as pool:
            served = pool.submit(answer)
            add(engine, f"http://127.0.0.1:{listener.getsockname()[1]}/{signed}")
            post(engine, time)
            deliver(engine, time)
            served.result(90)
    assert asked == [f"POST /{signed} HTTP/1.1".encode()]
