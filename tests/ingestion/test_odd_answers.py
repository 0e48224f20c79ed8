"""Whatever a parser raises over an odd answer is that answer's own fault: the others are recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from gacc_server import exports_title, html, index, page
from source_shop import Shop, release
from structlog.testing import capture_logs

from services.ingestion.sources.faults import UnreadableFault
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.source import Reading
from services.storage import sources
from services.storage.snapshots import Snapshot
from services.storage.tables import deliveries, observations, snapshots
from services.usecases import follow_source
from services.usecases.rederive_snapshots import rederive_snapshots

READ = Gacc.read
Read = Callable[..., list[Reading]]


def raising(error: Exception) -> Read:
    """A parser that meets a fault of its own in the page of March."""

    def read(source: Gacc, snapshot: Snapshot, followed: Sequence[Any]) -> list[Reading]:
        if "Mar" in snapshot.request:
            raise error
        return READ(source, snapshot, followed)

    return read


def making(**changed: Any) -> Read:
    """A parser that makes of the page of March what no figure can be."""

    def read(source: Gacc, snapshot: Snapshot, followed: Sequence[Any]) -> list[Reading]:
        made = READ(source, snapshot, followed)
        return [replace(each, **changed) for each in made] if "Mar" in snapshot.request else made

    return read


def publish_both(shop: Shop) -> None:
    """The pages of March and April, linked to from one index."""
    shop.publish(release())
    shop.site.answers["/Statics/Mar.html"] = html(page(exports_title("Mar", 2025), release("4,000.0")))
    shop.site.answers["/statics/report/preliminary.html"] = html(
        index({month: f"/Statics/{month}.html" for month in ("Mar", "Apr")})
    )


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (raising(KeyError("unit")), "unreadable"),
        (raising(RecursionError()), "unreadable"),
        (raising(OverflowError("date value out of range")), "unreadable"),
        (raising(StopIteration()), "unreadable"),
        (making(value=float("nan")), "unreadable"),
        (making(value=None), "unreadable"),
        (making(series_id="NOBODY"), "outside"),
    ],
)
def test_what_a_parser_raises_refuses_its_answer_and_no_other(
    read: Read, kind: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The odd page is kept with its fault, ops is told, the log has the traceback, April is recorded."""
    publish_both(shop)
    monkeypatch.setattr(Gacc, "read", read)
    with capture_logs() as logs:
        poll = shop.poll()
    assert (poll.fault, poll.derived.recorded) == (None, 1)
    assert [each.value for each in shop.rows(observations)] == [4785.0]
    (odd,) = [each for each in shop.rows(snapshots) if each.outcome == "refused"]
    assert ("Mar" in odd.request, odd.fault) == (True, kind)
    (told,) = [json.loads(each.body) for each in shop.rows(deliveries)]
    assert (told["type"], told["data"]["snapshot"]) == ("source.refused", odd.id)
    assert ("exc_info" in {name for line in logs for name in line}) == ("understand" in odd.reason)
    monkeypatch.undo()
    with shop.engine.begin() as connection:  # a mended parser reads what was kept
        done = rederive_snapshots(
            connection, Gacc(), now=shop.at, budget=0.1, portfolio="standard", record=True
        )
    assert (done.same, len(done.changes), done.refused) == (1, 1, [])


def test_a_parser_that_raises_ends_no_second_reading_and_no_later_poll(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer parser that fails on a kept answer is reported; a changed page beside it is still recorded."""
    publish_both(shop)
    assert shop.poll().derived.recorded == 2
    monkeypatch.setattr(Gacc, "read", raising(KeyError("unit")))
    with shop.engine.begin() as connection:
        done = rederive_snapshots(connection, Gacc(), now=shop.at, budget=0.1, portfolio="standard")
    assert (done.answers, done.same, len(done.refused)) == (2, 1, 1)
    assert "KeyError" in done.refused[0]
    monkeypatch.setattr(Gacc, "read", raising_once(KeyError("unit")))
    shop.publish(release("4,790.0"))
    poll = shop.poll()
    assert (poll.fault, poll.derived.revised, poll.derived.withdrawn) == (None, 1, 0)


def raising_once(error: Exception) -> Read:
    """A newer parser that fails on what an older one read: on April as it stood before."""

    def read(source: Gacc, snapshot: Snapshot, followed: Sequence[Any]) -> list[Reading]:
        if b"4,785.0" in snapshot.body:
            raise error
        return READ(source, snapshot, followed)

    return read


@pytest.mark.parametrize("place", ["visit", "refusal"])
def test_what_a_source_makes_of_an_answer_by_the_way_is_a_fault_too(
    place: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that cannot be followed, or a refusal that cannot be told apart, is told and ends no work."""
    publish_both(shop)

    def fails(*_: object) -> Any:
        raise KeyError("planted")
        yield

    def refuses(*_: object) -> Any:
        raise KeyError("planted")

    monkeypatch.setattr(Gacc, place, fails if place == "visit" else refuses)
    poll = shop.poll()
    assert isinstance(poll.fault, UnreadableFault)
    assert "KeyError" in str(poll.fault)
    assert shop.count(observations) == 0
    with shop.engine.connect() as connection:
        assert sources.health(connection)["gacc"].fault == "unreadable"


def test_a_search_that_is_not_understood_is_a_fault(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a source answers to a search and its parser fails on is said, and is no traceback."""

    def fails(*_: object) -> Any:
        raise IndexError("planted")

    monkeypatch.setattr(Gacc, "search", fails)
    with pytest.raises(UnreadableFault, match="IndexError"):
        follow_source.search(Gacc(), "magnets", now=shop.at, ask=fails)
