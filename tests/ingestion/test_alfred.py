"""ALFRED: every vintage of a month, known from the day that the source itself gives."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from source_shop import Shop

from services.ingestion.sources import alfred
from services.ingestion.sources.alfred import DESCRIBED, FOUND, ROWS, Alfred
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.rederive_snapshots import rederive_snapshots


def row(month: str, since: str, value: str, until: str = "9999-12-31") -> dict[str, str]:
    return {"realtime_start": since, "realtime_end": until, "date": f"{month}-01", "value": value}


def answer(*rows: dict[str, str], count: int | None = None) -> tuple[int, dict[str, str], bytes]:
    body = {
        "realtime_start": "1776-07-04", "realtime_end": "9999-12-31", "units": "lin", "output_type": 1,
        "file_type": "json", "order_by": "observation_date", "sort_order": "asc",
        "count": len(rows) if count is None else count, "offset": 0, "limit": 100_000,
        "observations": list(rows),
    }  # fmt: skip
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def fed(shop: Shop) -> Shop:
    """Exports of the United States, followed with a key."""
    shop.at = dt.datetime(2025, 7, 10, tzinfo=dt.UTC)
    shop.follow("alfred", {"us.exports": {"series": "BOPGEXP"}}, unit="Millions of Dollars")
    follow_source.give_key(shop.engine, shop.settings, Alfred(), "secret-key")
    return shop


VINTAGES = (
    row("2025-03", "2025-05-06", "278.5", "2025-06-04"),
    row("2025-03", "2025-06-05", "277.9", "2025-07-02"),
    row("2025-03", "2025-07-03", "279.1"),
)


def told(shop: Shop) -> list[tuple[float | None, str]]:
    rows = [each for each in shop.rows(observations) if each.series_id == "us.exports"]
    return [(each.value, f"{each.known_from:%F %H}") for each in rows]


def test_three_vintages_of_a_month_are_three_figures_dated_by_the_source(fed: Shop) -> None:
    """Each is known from the end of its day in Chicago, for live figures too."""
    fed.site.answers[ROWS] = answer(*VINTAGES)
    poll = fed.poll(Alfred())
    assert (poll.fault, poll.derived.refused) == (None, [])
    assert told(fed) == [(278.5, "2025-05-07 05"), (277.9, "2025-06-06 05"), (279.1, "2025-07-04 05")]


def test_a_point_is_missing_and_a_new_vintage_adds_one_figure(fed: Shop) -> None:
    """``.`` is never zero; the vintages held already are not doubled."""
    fed.site.answers[ROWS] = answer(*VINTAGES[:2], row("2025-04", "2025-06-05", "."))
    fed.poll(Alfred())
    fed.site.answers[ROWS] = answer(*VINTAGES, row("2025-04", "2025-06-05", "."))
    poll = fed.poll(Alfred())
    assert (poll.derived.revised, poll.derived.unchanged) == (1, 2)
    assert len(told(fed)) == 3


def test_a_vintage_of_today_is_known_from_our_sight_of_it(fed: Shop) -> None:
    """The end of its day is still to come, and nothing is known from the future."""
    fed.at = dt.datetime(2025, 7, 3, 14, tzinfo=dt.UTC)
    fed.site.answers[ROWS] = answer(*VINTAGES)
    fed.poll(Alfred())
    assert told(fed)[-1] == (279.1, "2025-07-03 15")
    fed.at = dt.datetime(2025, 7, 20, tzinfo=dt.UTC)
    fed.site.answers[ROWS] = answer(*VINTAGES, row("2025-05", "2025-07-03", "270.0"))
    assert fed.poll(Alfred()).derived.recorded == 1
    assert len(told(fed)) == 4


def test_more_than_a_page_is_asked_for_by_offset(fed: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pages are read."""
    monkeypatch.setattr(alfred, "PAGE", 2)
    fed.site.answers[ROWS] = lambda asked: (
        answer(*VINTAGES[:2], count=3) if "offset=0" in asked[":path"] else answer(VINTAGES[2], count=3)
    )
    assert fed.poll(Alfred()).calls == 2
    assert len(told(fed)) == 3


PLANTED: list[tuple[str, Any]] = [
    (
        "key-refused",
        (400, {}, b'{"error_code":400,"error_message":"Bad Request. The value for variable api_key"}'),
    ),
    ("request-refused", (400, {}, b'{"error_code":400,"error_message":"The series does not exist."}')),
    ("unreadable", (200, {}, b"<?xml version='1.0'?><observations/>")),
    ("empty", answer()),
    ("outside", answer(row("2025-03", "2025-05-06", "1") | {"date": "2025-03-15"})),
    ("unreadable", answer(row("2025-03", "2025-05-06", "n/a"))),
]


@pytest.mark.parametrize(
    ("kind", "given"), PLANTED, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(PLANTED)]
)
def test_a_planted_fault_is_refused(fed: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    fed.site.answers[ROWS] = given
    poll = fed.poll(Alfred())
    refused = [*poll.derived.refused, *([] if poll.fault is None else [f"{poll.fault.kind}: {poll.fault}"])]
    assert [each.split(":")[0] for each in refused] == [kind]
    assert fed.count(observations) == 0


def test_monthly_series_are_found_by_their_words(fed: Shop) -> None:
    """Only monthly ones are offered, in the source's unit."""
    told = {
        "id": "BOPGEXP",
        "title": "Exports of Goods",
        "frequency_short": "M",
        "units": "Millions of Dollars",
    }
    found = 200, {}, json.dumps({"count": 1, "seriess": [told]}).encode()
    fed.site.answers[FOUND] = fed.site.answers[DESCRIBED] = found
    from services.usecases.poll_source import line_to  # noqa: PLC0415 - here alone

    line = line_to(fed.engine, fed.settings, Alfred(), clock=fed.clock, wait=fed.wait)
    for words in ("exports of goods", "series=BOPGEXP"):
        (entry,) = follow_source.search(Alfred(), words, now=fed.at, ask=line.ask)
        assert (entry.series.id, entry.series.unit) == ("alfred.BOPGEXP", "Millions of Dollars")
    line.close()


def test_a_vintage_that_turns_to_a_point_withdraws_the_value_from_its_day_on(fed: Shop) -> None:
    """What stood before it is held until then and no longer; a value that returns stands again."""
    point = row("2025-03", "2025-06-05", ".", "2025-07-02")
    fed.site.answers[ROWS] = answer(VINTAGES[0], point)
    poll = fed.poll(Alfred())
    assert (poll.derived.refused, told(fed)) == ([], [(278.5, "2025-05-07 05"), (None, "2025-06-06 05")])
    fed.site.answers[ROWS] = answer(VINTAGES[0], point, row("2025-03", "2025-07-03", "278.5"))
    fed.poll(Alfred())
    assert told(fed)[2:] == [(278.5, "2025-07-04 05")]
    with fed.engine.begin() as connection:
        same = rederive_snapshots(connection, Alfred(), now=fed.at, budget=0.1, portfolio="standard")
    assert (same.changes, same.refused) == ([], [])


def test_a_withdrawal_is_read_again_as_one(fed: Shop) -> None:
    """Where the past holds a point last, a second reading finds the same and changes nothing."""
    fed.site.answers[ROWS] = answer(VINTAGES[0], row("2025-03", "2025-06-05", "."))
    fed.poll(Alfred())
    with fed.engine.begin() as connection:
        same = rederive_snapshots(connection, Alfred(), now=fed.at, budget=0.1, portfolio="standard")
    assert (same.same, same.changes) == (1, [])
