"""Kept answers read again by a newer parser."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from source_shop import RAW, Shop, release

from services.ingestion.sources.gacc import Gacc
from services.storage.tables import alerts, observations
from services.usecases.rederive_snapshots import Rederived, rederive_snapshots


def rederive(shop: Shop, **given: Any) -> Rederived:
    with shop.engine.begin() as connection:
        return rederive_snapshots(connection, Gacc(), now=shop.at, budget=0.1, portfolio="standard", **given)


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
