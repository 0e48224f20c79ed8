"""Kept answers read again by a newer parser."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import test_census
from source_shop import RAW, Shop, release

from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources.census import ROWS, Census
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.source import Source
from services.storage.tables import alerts, observations
from services.usecases import follow_source
from services.usecases.record_observations import record_observations
from services.usecases.rederive_snapshots import Rederived, rederive_snapshots

OIL = "oil.usd"


def rederive(shop: Shop, source: Source | None = None, **given: Any) -> Rederived:
    with shop.engine.begin() as connection:
        return rederive_snapshots(
            connection, source or Gacc(), now=shop.at, budget=0.1, portfolio="standard", **given
        )


def oil(shop: Shop, *months: str) -> None:
    """A poll of the Census that gives 100 in each month."""
    shop.site.answers[ROWS] = test_census.answer(*(test_census.cells(each, "100") for each in months))
    assert shop.poll(Census()).derived.refused == []


def held(shop: Shop) -> list[tuple[str, float | None]]:
    return [(str(each.first_month), each.value) for each in shop.rows(observations)]


@pytest.fixture
def us(shop: Shop) -> Shop:
    """Petroleum to Canada by value, of which February and March are in."""
    shop.follow("census", {OIL: test_census.CODE}, unit="USD")
    follow_source.give_key(shop.engine, shop.settings, Census(), "secret-key")
    oil(shop, "2025-02", "2025-03")
    return shop


def test_the_same_parser_changes_nothing(shop: Shop) -> None:
    """Each figure held is what its answer says."""
    shop.publish(release())
    shop.poll()
    done = rederive(shop, record=True)
    assert (done.answers, done.same, done.changes, done.refused) == (1, 1, [], [])
    assert shop.count(observations) == 1


def test_a_newer_parser_is_reported_first_and_recorded_as_known_from_now(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names figure, both values and evidence; the past keeps what we believed then."""
    shop.publish(release())
    shop.poll()
    read = Gacc.read
    twice = lambda *given: [replace(each, value=each.value * 2) for each in read(*given)]  # noqa: E731 - a parser in one line
    monkeypatch.setattr(Gacc, "read", twice)
    (change,) = rederive(shop).changes
    assert str(change).startswith(f"{RAW} 2025-04: 4,785 is now 9,570 (snapshot ")
    assert shop.count(observations) == 1
    shop.at += dt.timedelta(hours=1)
    rederive(shop, record=True)
    assert [(each.value, each.known_from == shop.at) for each in shop.rows(observations)] == [
        (4785.0, False),
        (9570.0, True),
    ]
    assert shop.count(alerts) == 0


def test_a_month_that_a_later_answer_lacks_stays_withdrawn(us: Shop) -> None:
    """The older answer still holds it; recorded or only reported, the second reading changes nothing."""
    oil(us, "2025-03")
    before = held(us)
    assert before[2:] == [("2025-02", None)]
    done = rederive(us, Census(), record=True)
    assert (done.answers, done.same, done.changes, held(us)) == (2, 2, [], before)


def test_a_month_that_a_later_answer_lacks_is_withdrawn_where_it_still_stands(
    us: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One parser could not say of which months an answer is and left it; the newer one takes it back."""
    with monkeypatch.context() as patched:
        patched.setattr(Census, "covered", lambda *_: [])
        oil(us, "2025-03")
    (change,) = rederive(us, Census()).changes
    assert str(change).startswith(f"{OIL} 2025-02: 100 is now nothing (snapshot ")
    us.at += dt.timedelta(hours=1)
    rederive(us, Census(), record=True)
    assert held(us)[2:] == [("2025-02", None)]
    assert rederive(us, Census()).changes == []


def test_a_month_that_comes_back_stands_again(us: Shop) -> None:
    """It is the last answer that covers a month that counts."""
    oil(us, "2025-03")
    oil(us, "2025-02", "2025-03")
    assert held(us)[2:] == [("2025-02", None), ("2025-02", 100.0)]
    assert rederive(us, Census(), record=True).changes == []


def test_what_another_hand_has_put_in_a_months_place_is_not_withdrawn(us: Shop) -> None:
    """A person's correction stands, though the source has nothing of the month any more."""
    us.at += dt.timedelta(hours=1)
    by_hand = ArrivingFigure(0, OIL, Span(Month.parse("2025-02")), 90.0, "USD", us.at)
    with us.engine.begin() as connection:
        record_observations(
            connection, [by_hand], source="a desk", now=us.at, budget=0.1, portfolio="standard"
        )
    oil(us, "2025-03")
    assert rederive(us, Census(), record=True).changes == []
    assert held(us)[2:] == [("2025-02", 90.0)]
