"""Channels share the child processes that send for them: no desk holds them all, and none waits for one."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from channel_stage import Web, serving
from delivery_stage import SETTINGS, alert_event
from sqlalchemy import Engine, func, select, update

from alerts.delivery.bodies import Kind
from alerts.delivery.channels import CHILDREN
from services.storage import outbox, tables
from services.storage.messages import Message
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint
from services.work import children, deliveries
from services.work.children import FOR_AILING, PER_DESK, Room

BOUND = 10.0
"""Seconds within which a desk's mail is there while another desk's channels hang: half an attempt's time."""

LEASE = dt.timedelta(seconds=35)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def add(engine: Engine, desk: str, url: str = "json://127.0.0.1:9/") -> str:
    return add_endpoint(engine, SETTINGS, desk=desk, url=url, kind=Kind.APPRISE, now=now())[0].id


def tell(engine: Engine, desk: str) -> None:
    with engine.begin() as connection:
        wanted = [Message(desk, alert_event(sentence="Exports fell."), now())]
        outbox.enqueue(connection, outbox.address(connection, wanted), now=now())


def claimed(engine: Engine, room: Room) -> list[str]:
    """Desks of what one look takes."""
    with engine.begin() as connection:
        taken = deliveries.claim(
            connection, now=now(), lease=LEASE, owner="one", limit=512, per_endpoint=4, children=room
        )
    return [each.desk for each in taken]


def until(holds: Callable[[], bool], seconds: float = 90.0) -> float:
    """Seconds until something holds."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + seconds, "it did not come to hold"
        time.sleep(0.02)  # between two looks
    return time.monotonic() - began


def test_hanging_channels_of_one_desk_hold_up_no_other_desks_mail(engine: Engine) -> None:
    """While 8 channels of a desk hang, another's message is there within 10 s, and each comes once."""
    release = threading.Event()
    hanging, other = Web((200, b""), hold=release), Web((200, b""))
    leased = select(func.count()).where(tables.deliveries.c.lease_until.is_not(None))
    with serving(hanging) as port, serving(other) as other_port, ThreadPoolExecutor(1) as pool:
        for number in range(8):
            add(engine, "a", f"json://127.0.0.1:{port}/{number}")
        add(engine, "z", f"json://127.0.0.1:{other_port}/z")
        tell(engine, "a")
        sending = pool.submit(deliver_due, engine, SETTINGS, clock=now, seconds=600)
        try:
            until(lambda: len(hanging.taken) >= PER_DESK)
            tell(engine, "z")
            waited = until(lambda: len(other.taken) == 1)
            with engine.connect() as connection:
                held = connection.execute(leased).scalar_one()
        finally:
            release.set()
        assert sending.result(240) == {"delivered": 9}
    assert waited < BOUND
    assert held <= PER_DESK + 1, "more were claimed than children run"
    assert sorted(path for path, _, _ in hanging.taken) == sorted(f"/{number}" for number in range(8))
    assert len(other.taken) == 1


def test_no_more_children_are_asked_for_than_may_run() -> None:
    """A desk has two children, an ailing one a single one, and all ailing ones leave one to the others."""
    assert children.room([], after="") == Room()
    one_has_two = children.room([("a", False)] * PER_DESK, after="a")
    assert (one_has_two.free, one_has_two.full, one_has_two.after) == (True, ("a",), "a")
    all_ail = children.room([(desk, True) for desk in "abcd"[:FOR_AILING]], after="c")
    assert (all_ail.free, all_ail.free_for_ailing, all_ail.busy) == (True, False, ("a", "b", "c"))
    assert not children.room([(str(number), False) for number in range(CHILDREN)], after="").free


def test_desks_have_children_in_turns(engine: Engine) -> None:
    """One is taken at a look, for the desk behind the last one served; for a full desk none."""
    for desk in ("a", "a", "b", "c"):
        add(engine, desk)
    for desk in "abc":
        tell(engine, desk)
    assert claimed(engine, Room(free=False)) == []
    assert claimed(engine, Room(after="a")) == ["b"]
    assert claimed(engine, Room(after="b", full=("c",))) == ["a"]
    assert claimed(engine, Room(after="c", busy=("a",))) == ["a"]
    assert claimed(engine, Room(full=("c",))) == []


def test_a_desk_that_ails_has_one_child_and_leaves_one_to_others(engine: Engine) -> None:
    """Where a channel of a desk is failing, none is started beside another of its, nor in the last place."""
    failing = add(engine, "a")
    for desk in ("a", "b"):
        add(engine, desk)
        tell(engine, desk)
    with engine.begin() as connection:
        chosen = update(tables.endpoints).where(tables.endpoints.c.id == failing)
        connection.execute(chosen.values(failing_since=now(), failures=1))
    assert claimed(engine, Room(busy=("a",), full=("b",))) == []
    assert claimed(engine, Room(free_for_ailing=False)) == ["b"]
    assert claimed(engine, Room()) == ["a"]


def test_many_channels_take_no_place_of_a_webhook(engine: Engine) -> None:
    """Beside forty channels that are due, a webhook's message is taken at a look of two."""
    for _ in range(40):
        add(engine, "a")
    tell(engine, "a")
    add_endpoint(engine, SETTINGS, desk="z", url="http://127.0.0.1:9/", now=now())
    tell(engine, "z")
    with engine.begin() as connection:
        taken = deliveries.claim(connection, now=now(), lease=LEASE, owner="one", limit=2, per_endpoint=4)
    assert sorted(each.desk for each in taken) == ["a", "z"]
