"""What vanishes from a source is withdrawn, however the request that shows it is worded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import test_census
import test_comexstat
import test_comext
import test_hmrc
from source_shop import Shop
from sqlalchemy import event

from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources import census, comexstat, hmrc
from services.ingestion.sources.registry import SOURCES
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.record_observations import record_observations

SERIES = "held"


@dataclass(frozen=True)
class Kept:
    """A source whose requests name their months, the code of a series there, and its answer of months."""

    source: str
    path: str
    code: dict[str, str]
    answer: Callable[[list[str]], Any]


KEPT = [
    Kept(
        "census",
        census.ROWS,
        test_census.CODE,
        lambda months: test_census.answer(*(test_census.cells(each, "100") for each in months)),
    ),
    Kept(
        "comext",
        test_comext.PATH,
        test_comext.CODE,
        lambda months: test_comext.answer(
            *(test_comext.line("VALUE_IN_EUROS", each, "100") for each in months)
        ),
    ),
    Kept(
        "hmrc",
        hmrc.ROWS,
        {**test_hmrc.CODE, "measure": "value"},
        lambda months: test_hmrc.answer(
            [test_hmrc.row(int(each.replace("-", "")), 100, 4) for each in months]
        ),
    ),
    Kept(
        "comexstat",
        comexstat.ROWS,
        test_comexstat.CODE,
        lambda months: test_comexstat.answer(*(test_comexstat.row(each, "100") for each in months)),
    ),
]


def held(shop: Shop) -> list[tuple[str, float | None]]:
    return [(str(each.first_month), each.value) for each in shop.rows(observations)]


@pytest.fixture(params=KEPT, ids=lambda each: each.source)
def kept(request: pytest.FixtureRequest, shop: Shop) -> Kept:
    """One series followed, whose months of 2024 and 2025 came in December 2025."""
    found: Kept = request.param
    shop.at = dt.datetime(2025, 12, 20, tzinfo=dt.UTC)
    if SOURCES[found.source].key is not None:
        follow_source.give_key(shop.engine, shop.settings, SOURCES[found.source], "secret-key")
    shop.follow(found.source, {SERIES: found.code}, unit="USD")
    shop.site.answers[found.path] = found.answer(["2024-06", "2025-06", "2025-07"])
    assert shop.poll(SOURCES[found.source]).derived.recorded == 3
    return found


def test_what_vanishes_across_the_turn_of_a_year_is_withdrawn(shop: Shop, kept: Kept) -> None:
    """In January another first month is asked for: what is gone after it is withdrawn, nothing before."""
    shop.at = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
    shop.site.answers[kept.path] = kept.answer(["2025-07"])
    poll = shop.poll(SOURCES[kept.source])
    assert (poll.derived.refused, poll.derived.withdrawn) == ([], 1)
    assert held(shop)[3:] == [("2025-06", None)]
    shop.site.answers[kept.path] = kept.answer(["2025-07", "2025-08"])
    assert shop.poll(SOURCES[kept.source]).derived.withdrawn == 0


def test_figures_of_another_hand_are_not_withdrawn_for_the_source(shop: Shop, kept: Kept) -> None:
    """A month that a person has corrected is not taken back because the source no longer gives it."""
    shop.at += dt.timedelta(hours=1)
    by_hand = ArrivingFigure(0, SERIES, Span(Month.parse("2025-06")), 90.0, "USD", shop.at)
    with shop.engine.begin() as connection:
        record_observations(
            connection, [by_hand], source="a desk", now=shop.at, budget=0.1, portfolio="standard"
        )
    shop.site.answers[kept.path] = kept.answer(["2024-06", "2025-07"])
    assert shop.poll(SOURCES[kept.source]).derived.withdrawn == 0
    assert ("2025-06", None) not in held(shop)


def keep(shop: Shop, kept: Kept, months: list[str]) -> None:
    """An answer of these months that is kept, and whose worker dies before it is read."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    shop.site.answers[kept.path] = kept.answer(months)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.usecases.poll_source.derive_figures", dies)
        with pytest.raises(KeyboardInterrupt):
            shop.poll(SOURCES[kept.source])


def test_a_month_that_came_and_went_while_answers_waited_is_withdrawn(shop: Shop, kept: Kept) -> None:
    """The first answer holds August, the second no more: both are told, in their order, by one reading."""
    keep(shop, kept, ["2024-06", "2025-06", "2025-07", "2025-08"])
    shop.site.answers[kept.path] = kept.answer(["2024-06", "2025-06", "2025-07"])
    poll = shop.poll(SOURCES[kept.source])
    assert (poll.derived.answers, poll.derived.recorded, poll.derived.withdrawn) == (2, 1, 1)
    assert held(shop)[3:] == [("2025-08", 100.0), ("2025-08", None)]


def test_a_month_that_went_and_came_back_while_answers_waited_stands(shop: Shop, kept: Kept) -> None:
    """It is withdrawn by one answer and stands by the next; one that stays away is withdrawn once."""
    keep(shop, kept, ["2024-06"])
    keep(shop, kept, ["2024-06", "2025-07"])
    shop.site.answers[kept.path] = kept.answer(["2024-06", "2025-07", "2025-08"])
    assert shop.poll(SOURCES[kept.source]).derived.withdrawn == 2
    assert sorted(held(shop)[3:5]) == [("2025-06", None), ("2025-07", None)]
    assert held(shop)[5:] == [("2025-07", 100.0), ("2025-08", 100.0)]


def test_a_series_followed_later_is_not_given_months_that_have_gone(shop: Shop) -> None:
    """Kept answers are read again for it in their order: June came and went, and is withdrawn for it too."""
    shop.at = dt.datetime(2025, 12, 20, tzinfo=dt.UTC)
    census_source = SOURCES["census"]
    follow_source.give_key(shop.engine, shop.settings, census_source, "secret-key")
    shop.follow("census", {SERIES: test_census.CODE}, unit="USD")
    for months in (["2025-06", "2025-07"], ["2025-07"]):
        shop.site.answers[census.ROWS] = KEPT[0].answer(months)
        shop.poll(census_source)
    with shop.engine.begin() as connection:
        query = "commodity=271012 country=1220 unit=BBL"
        (_, entry) = census_source.search(query, shop.at, lambda _: pytest.fail("nothing is asked"))
        (later,) = follow_source.follow(connection, census_source, [entry], now=shop.at)
    shop.poll(census_source)
    told = [
        (str(each.first_month), each.value) for each in shop.rows(observations) if each.series_id == later
    ]
    assert sorted(told, key=str) == [("2025-06", 10.0), ("2025-06", None), ("2025-07", 10.0)]
    assert len(held(shop)) == 6


def test_what_is_held_is_read_once_however_many_answers_wait(shop: Shop) -> None:
    """Four answers that wait cost as many readings of observations as one does."""
    shop.at = dt.datetime(2025, 12, 20, tzinfo=dt.UTC)
    follow_source.give_key(shop.engine, shop.settings, SOURCES["census"], "secret-key")
    shop.follow("census", {SERIES: test_census.CODE}, unit="USD")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM observations" in statement:
            asked.append(statement)

    event.listen(shop.engine, "before_cursor_execute", note)
    counts = []
    months = ["2025-01"]
    for waiting in (0, 3):
        for number in range(waiting):
            months.append(f"2025-{number + 3:02d}")
            keep(shop, KEPT[0], months)
        months.append(f"2025-{waiting + 6:02d}")
        shop.site.answers[census.ROWS] = KEPT[0].answer(months)
        asked.clear()
        assert shop.poll(SOURCES["census"]).derived.answers == waiting + 1
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def test_a_request_for_more_partners_still_withdraws(shop: Shop) -> None:
    """Comext is asked for all partners at once: one more changes the request, and what vanishes goes."""
    shop.follow("comext", {SERIES: test_comext.CODE}, unit="EUR")
    shop.site.answers[test_comext.PATH] = KEPT[1].answer(["2025-02", "2025-03"])
    shop.poll(SOURCES["comext"])
    shop.follow("comext", {"china": {**test_comext.CODE, "partner": "CN"}}, unit="EUR")
    shop.site.answers[test_comext.PATH.replace(".US.", ".CN+US.")] = KEPT[1].answer(["2025-03"])
    assert shop.poll(SOURCES["comext"]).derived.withdrawn == 1
    assert held(shop)[2:] == [("2025-02", None)]


def test_a_page_that_ends_earlier_withdraws_nothing_that_the_next_page_holds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more port moves a month from HMRC's first page to its second, where it stands as before."""
    monkeypatch.setattr(hmrc, "PAGE", 3)
    rows = [test_hmrc.row(month, 1, 1) for month in (202502, 202503, 202504)]

    def page(asked: dict[str, str]) -> Any:
        condition = parse_qs(urlsplit(asked[":path"]).query)["$filter"][0]
        since = int(condition.split("MonthId ge ")[1].split(" ")[0])
        return test_hmrc.answer([each for each in rows if each["MonthId"] >= since][:3])

    shop.follow("hmrc", {SERIES: {**test_hmrc.CODE, "measure": "value"}}, unit="GBP")
    shop.site.answers[hmrc.ROWS] = page
    assert shop.poll(SOURCES["hmrc"]).derived.recorded == 3
    rows[1:1] = [test_hmrc.row(202502, 1, 1, PortId=2)]
    poll = shop.poll(SOURCES["hmrc"])
    assert (poll.derived.withdrawn, poll.derived.revised) == (0, 1)
