"""When a source is asked quickly: around its release by the calendar, or by when its figures really come."""

from __future__ import annotations

import datetime as dt

import pytest
from source_shop import Shop

from alerts.releases import Lateness
from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources.comext import Comext
from services.storage.tables import jobs
from services.usecases.order_polls import AFTER, BEFORE, near_release, order_polls, slot
from services.usecases.record_observations import record_observations

DUE = Comext().due(Month.of(2025, 9))
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAYS = dt.timedelta(days=2)
LATE = Lateness(8, DAYS, DAYS + HOUR)
SLOW = Comext.pace.slow


@pytest.mark.parametrize(
    ("learned", "first", "last"),
    [
        (Lateness(5), DUE - BEFORE, DUE + AFTER),
        (LATE, DUE + DAYS - SLOW - BEFORE, DUE + DAYS + HOUR + AFTER),
        (Lateness(8, SLOW, SLOW), DUE - BEFORE, DUE + AFTER),
        (Lateness(8, HOUR, DAYS), DUE - BEFORE, DUE + DAYS + AFTER),
        (Lateness(8, -DAYS, -DAYS), DUE - DAYS - SLOW - BEFORE, DUE - DAYS + AFTER),
    ],
    ids=["not learned", "two days late", "as coarse as a slow poll", "rarely late", "two days early"],
)
def test_a_source_is_asked_quickly_from_its_first_to_its_last_moment(
    learned: Lateness, first: dt.datetime, last: dt.datetime
) -> None:
    """Both edges belong to it, and a second beyond either does not."""
    moments = (first - SECOND, first, last, last + SECOND)
    assert [near_release(Comext(), each, learned) for each in moments] == [False, True, True, False]


def test_a_slot_begins_on_its_own_second() -> None:
    """Five minutes from the full five minutes to a microsecond before the next; six hours at other times."""
    begins = dt.datetime(2025, 11, 16, 10, 0, tzinfo=dt.UTC)
    assert near_release(Comext(), begins)
    for width, quiet in (
        (Comext.pace.quick, dt.timedelta()),
        (Comext.pace.slow, dt.timedelta(days=9, hours=2)),
    ):
        start = begins + quiet
        last = start + width - dt.timedelta(microseconds=1)
        assert [slot(Comext(), each) for each in (start, last)] == [start, start]
        assert slot(Comext(), start - SECOND) < start
        assert slot(Comext(), start + width) == start + width


def arrive(shop: Shop, months: int, after: dt.timedelta) -> None:
    """A series followed at Comext, of which so many months came that long after they were due."""
    shop.at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    code = {"reporter": "DE", "partner": "US", "product": "8703", "measure": "value"}
    shop.follow("comext", {"cars": code}, unit="EUR")
    for back in range(months, 0, -1):
        month = Month.of(2025, 9) - back
        seen = Comext().due(month) + after
        figure = ArrivingFigure(0, "cars", Span(month), 1000.0, "EUR", seen, source=Comext.title)
        with shop.engine.begin() as connection:
            record_observations(
                connection, [figure], source=Comext.title, now=seen, budget=0.1, portfolio="standard"
            )


def ordered(shop: Shop, *moments: dt.datetime) -> int:
    """Polls that clocks at these moments order."""
    before = len([each for each in shop.rows(jobs) if each.kind == "poll_source"])
    for now in moments:
        with shop.engine.begin() as connection:
            order_polls(connection, [Comext()], now=now)
    return len([each for each in shop.rows(jobs) if each.kind == "poll_source"]) - before


def test_a_source_that_is_always_two_days_late_is_asked_quickly_then(shop: Shop) -> None:
    """On the calendar's day two clocks ten minutes apart order one poll; two days later two."""
    arrive(shop, 8, DAYS)
    ten = dt.timedelta(minutes=10)
    assert ordered(shop, DUE + HOUR, DUE + HOUR + ten) == 1
    assert ordered(shop, DUE + DAYS, DUE + DAYS + ten) == 2


def test_too_few_releases_teach_nothing(shop: Shop) -> None:
    """Five are too few, and what came before the series was followed is no sight of ours."""
    arrive(shop, 5, DAYS)
    ten = dt.timedelta(minutes=10)
    assert ordered(shop, DUE + HOUR, DUE + HOUR + ten) == 2
