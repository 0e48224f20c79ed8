"""A poll through real sockets: kept before read, once, at the source's pace, and refused in words."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gacc_server import html, index, row
from source_shop import RAW, Shop, release

from services.ingestion.sources import faults
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.registry import SOURCES
from services.ingestion.sources.source import Entry
from services.storage import sources
from services.storage.series import SeriesRecord
from services.storage.tables import deliveries, jobs, observations, snapshots
from services.usecases import follow_source
from services.usecases import poll_source as polling
from services.usecases.derive_figures import derive_figures
from services.usecases.order_polls import order_polls, slot

LEASE = dt.timedelta(minutes=10)
INDEX = "/statics/report/preliminary.html"


def test_an_answer_is_kept_and_its_figure_recorded_as_first_seen(shop: Shop) -> None:
    """The page is kept byte for byte, and the figure is known from the moment we first saw it."""
    shop.publish(release())
    poll = shop.poll()
    assert (poll.fault, poll.derived.recorded, poll.calls) == (None, 1, 2)
    (figure,) = shop.rows(observations)
    page = next(each for each in shop.rows(snapshots) if each.bears_figures)
    assert (figure.value, figure.known_from, figure.known_basis) == (4785.0, page.first_seen, "first_seen")
    assert (page.outcome, page.size) == ("derived", len(shop.site.answers["/Statics/Apr.html"][2]))


def test_the_same_answer_again_is_asked_for_conditionally_and_changes_nothing(shop: Shop) -> None:
    """The second poll sends the ETag, is told 304, and adds neither a snapshot nor a figure."""
    shop.publish(release())
    shop.poll()
    before = shop.count(snapshots), shop.count(observations)
    poll = shop.poll()
    assert (shop.count(snapshots), shop.count(observations)) == before
    assert poll.derived.answers == 0
    assert [headers.get("if-none-match") is not None for _, headers in shop.site.asked] == [
        False,
        False,
        True,
        True,
    ]


def test_a_changed_value_is_a_revision_and_a_vanished_one_a_withdrawal(shop: Shop) -> None:
    """A page that changes adds rows, each known from the moment of the answer that brought it."""
    shop.publish(release())
    shop.poll()
    shop.publish(release("4,790.0"))
    assert shop.poll().derived.revised == 1
    shop.publish([*release()[:-1], row("Rare Earths", "-", "-", "41.6")])
    assert shop.poll().derived.withdrawn == 1
    assert [each.value for each in shop.rows(observations)] == [4785.0, 4790.0, None]


def test_a_value_that_returns_is_known_again_from_its_return(shop: Shop) -> None:
    """A, B, A are three answers and three figures."""
    for value in ("4,785.0", "4,790.0", "4,785.0"):
        shop.publish(release(value))
        shop.poll()
    assert [each.value for each in shop.rows(observations)] == [4785.0, 4790.0, 4785.0]


def test_a_refused_page_records_nothing_keeps_the_evidence_and_tells_ops_once(shop: Shop) -> None:
    """The shifted table of April 2025: nothing recorded, the page kept, one message with what to do."""
    shop.publish([[each[0], *each[2:], ""] for each in release()])
    for _ in range(2):
        poll = shop.poll()
    assert shop.count(observations) == 0
    page = next(each for each in shop.rows(snapshots) if each.bears_figures)
    assert (page.outcome, page.fault) == ("refused", "shifted-table")
    (told,) = [json.loads(each.body) for each in shop.rows(deliveries)]
    assert told["type"] == "source.refused"
    assert "Wait for the source" in told["data"]["sentence"]
    assert told["data"]["snapshot"] == page.id
    with shop.engine.connect() as connection:
        assert sources.health(connection)["gacc"].fault == "shifted-table"
    assert poll.derived.answers == 0


def test_two_faults_that_last_are_each_told_once_until_all_is_well(shop: Shop) -> None:
    """Each of two faults is news once, and again after a poll that went well or once it was long not met."""

    def meet(faults: list[tuple[str, str]]) -> list[bool]:
        with shop.engine.begin() as connection:
            return [
                sources.went_wrong(connection, "gacc", fault=fault, reason=reason, now=shop.at)
                for fault, reason in faults
            ]

    both = [("unreachable", "No answer."), ("moved", "Moved.")]
    assert meet(both) == [True, True]
    for _ in range(3):
        shop.at += dt.timedelta(hours=6)
        assert meet(both) == [False, False]
    with shop.engine.begin() as connection:
        sources.went_well(connection, "gacc", now=shop.at)
    assert meet(both) == [True, True]
    shop.at += sources.FORGOTTEN + dt.timedelta(seconds=1)
    assert meet(both[:1]) == [True]


def test_a_mended_page_is_recorded_and_health_returns(shop: Shop) -> None:
    """Once the source has mended its page the figure comes in and no fault stands."""
    shop.publish([[each[0], *each[2:], ""] for each in release()])
    shop.poll()
    shop.publish(release())
    assert shop.poll().derived.recorded == 1
    with shop.engine.connect() as connection:
        assert sources.health(connection)["gacc"].fault is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((503, {}, b""), "unreachable"),
        ((412, {}, b"<html>wall</html>"), "request-refused"),
        ((302, {"Location": "http://169.254.169.254/latest"}, b""), "moved"),
        ((401, {}, b'{"statusCode":401,"message":"Access denied"}'), "key-refused"),
        (html("<html>maintenance</html>"), "no-table"),
    ],
)
def test_a_failing_index_is_a_typed_fault(shop: Shop, answer: Any, kind: str) -> None:
    """Each way to fail is a fault with a sentence, is told, and no redirect is followed."""
    shop.publish(release())
    shop.site.answers[INDEX] = answer
    poll = shop.poll()
    assert poll.fault is not None
    assert poll.fault.kind == kind
    assert poll.fault.todo in str(poll.fault)
    assert shop.count(observations) == 0
    assert shop.count(deliveries) == 1


def test_a_short_pause_asked_for_is_waited_for(shop: Shop) -> None:
    """429 with Retry-After 2 is waited out on the line, and the poll goes on."""
    shop.publish(release())
    good = shop.site.answers[INDEX]
    left = [(429, {"Retry-After": "2"}, b'{"message":"Rate limit is exceeded."}')]
    shop.site.answers[INDEX] = lambda _: left.pop() if left else good
    assert shop.poll().derived.recorded == 1
    assert sum(shop.waited) >= 2


def test_a_long_pause_ends_the_poll_and_no_poll_is_ordered_before_its_end(shop: Shop) -> None:
    """Retry-After of an hour: the source rests, and the beat orders nothing until then."""
    shop.publish(release())
    shop.site.answers[INDEX] = (403, {"Retry-After": "3600"}, b'{"message":"Out of call volume quota."}')
    assert isinstance(shop.poll().fault, faults.TooManyCallsFault)
    with shop.engine.begin() as connection:
        assert order_polls(connection, [Gacc()], now=shop.at) == []
        assert len(order_polls(connection, [Gacc()], now=shop.at + dt.timedelta(hours=2))) == 1


def test_a_day_of_quick_polls_lies_within_our_bound_of_calls(shop: Shop) -> None:
    """Each five minutes one index is asked, a good page no sooner than in an hour, and a new one at once."""
    shop.publish(release())
    assert shop.poll().calls == 2
    shop.at -= dt.timedelta(minutes=55)
    assert shop.poll().calls == 1
    shop.publish(release(), month="Mar")
    shop.site.answers[INDEX] = html(index({"Mar": "/Statics/Mar.html", "Apr": "/Statics/Apr.html"}))
    shop.at -= dt.timedelta(minutes=55)
    assert shop.poll().calls == 2
    an_index, hourly, daily = dt.timedelta(days=1) / Gacc.pace.quick, 24 * (1 + 2), 2 * 11
    assert an_index + hourly + daily < Gacc.pace.calls_a_day


def test_calls_keep_the_sources_pace_and_our_budget(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls lie the pace apart, and beyond the day's budget none is made."""
    shop.publish(release())
    shop.poll()
    assert sum(shop.waited) == pytest.approx(3.0)
    pace = Gacc.pace
    monkeypatch.setattr(Gacc, "pace", type(pace)(pace.apart, 3))
    poll = shop.poll()
    assert isinstance(poll.fault, faults.BudgetSpentFault)
    assert len(shop.site.asked) == 3


def test_a_crash_between_answer_and_commit_loses_nothing_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moment a worker dies at, the next poll records the figure once."""
    shop.publish(release())

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("derive_figures.record_observations", "poll_source.derive_figures"):
        with monkeypatch.context() as patched:
            patched.setattr(f"services.usecases.{place}", dies)
            with pytest.raises(KeyboardInterrupt):
                shop.poll()
        assert shop.count(observations) == 0
    seen = min(each.first_seen for each in shop.rows(snapshots) if each.bears_figures)
    shop.poll()
    shop.poll()
    (figure,) = shop.rows(observations)
    assert figure.known_from == seen


def test_two_workers_that_derive_at_once_record_once(shop: Shop) -> None:
    """The answers are locked by whoever comes first; the other finds nothing left."""
    shop.publish(release())
    line = polling.line_to(shop.engine, shop.settings, Gacc(), clock=shop.clock, wait=shop.wait)
    with shop.engine.connect() as connection:
        followed = sources.following(connection, "gacc")
    for request in Gacc().visit(followed, shop.at, line.ask):
        line.ask(request)
    line.close()

    def derive(_: int) -> int:
        return derive_figures(shop.engine, Gacc(), now=shop.at, budget=0.1, portfolio="standard").recorded

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(derive, range(2))) == [0, 1]
    assert shop.count(observations) == 1


def test_two_beats_cause_one_poll(shop: Shop) -> None:
    """One job a slot; around the release a slot is minutes long, otherwise hours."""
    shop.publish(release())
    for _ in range(2):
        with shop.engine.begin() as connection:
            order_polls(connection, SOURCES.values(), now=shop.at)
    assert shop.count(jobs) == 1
    due = {"clock": shop.clock, "lease": LEASE, "wait": shop.wait}
    first = polling.poll_due(shop.engine, shop.settings, SOURCES, **due)
    assert first is not None
    assert first.derived.recorded == 1
    assert polling.poll_due(shop.engine, shop.settings, SOURCES, **due) is None
    release_hour = dt.datetime(2025, 5, 9, 3, 1, tzinfo=dt.UTC)
    later = release_hour + dt.timedelta(minutes=5)
    assert slot(Gacc(), release_hour) != slot(Gacc(), later)
    quiet = dt.datetime(2025, 5, 25, 0, 1, tzinfo=dt.UTC)
    assert slot(Gacc(), quiet) == slot(Gacc(), quiet + dt.timedelta(hours=5))


def test_the_past_of_a_new_series_is_history_known_by_calendar_or_print(shop: Shop) -> None:
    """Pages of before we followed are known from the end of the later of printed day and calendar's."""
    shop.at = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
    with shop.engine.begin() as connection:
        sources.follow(connection, sources.following(connection, "gacc"), now=shop.at)
    shop.publish(release(), printed="2025/05/08")
    assert shop.poll().derived.recorded == 1
    (figure,) = shop.rows(observations)
    assert figure.series_id == RAW
    assert (figure.known_basis, figure.known_from) == ("calendar", dt.datetime(2025, 5, 9, 16, tzinfo=dt.UTC))


def test_a_series_followed_later_finds_its_past_in_the_answers_kept(shop: Shop) -> None:
    """Pages that were read for another series, and do not change, are read again for the new one alone."""
    shop.publish(release())
    shop.poll()
    told = shop.count(deliveries)
    with shop.engine.begin() as connection:
        entry = Entry(
            {"commodity": "Motor vehicles, including chassis", "measure": "quantity", "unit": "autos"},
            SeriesRecord("CARS", "Cars", "autos"),
        )
        follow_source.follow(connection, Gacc(), [entry], now=shop.at)
    poll = shop.poll()
    assert (poll.derived.recorded, poll.derived.unchanged) == (1, 0)
    assert [(each.series_id, each.value) for each in shop.rows(observations)] == [
        (RAW, 4785.0),
        ("CARS", 620_000.0),
    ]
    assert shop.count(deliveries) == told


def test_another_unit_refuses_the_page(shop: Shop) -> None:
    """Kilograms are never mixed into a series of tonnes."""
    shop.publish([*release()[:-1], row("Rare Earths", "Kilogram", "4,785.0", "41.6")])
    assert shop.poll().derived.refused[0].startswith("unit-changed")
    assert shop.count(observations) == 0


def test_a_quantity_of_zero_with_a_value_is_missing_not_zero(shop: Shop) -> None:
    """Nothing is recorded of it."""
    shop.publish(release("0.0"))
    assert shop.poll().derived.rows == 0
    assert shop.count(observations) == 0
