"""US Census: lists of lists of text, a key or a redirect, and an answer of nothing that is no zero."""

from __future__ import annotations

import json
from typing import Any

import pytest
from source_shop import Shop

from services.ingestion.sources.census import ROWS, Census
from services.storage.tables import deliveries, observations, snapshots
from services.usecases import follow_source
from services.usecases.rederive_snapshots import rederive_snapshots

CODE = {"commodity": "271012", "country": "1220", "measure": "value"}
HEADER = ["ALL_VAL_MO", "QTY_1_MO", "UNIT_QY1", "COMM_LVL", "E_COMMODITY", "CTY_CODE", "SUMMARY_LVL", "time"]


def cells(month: str, value: str | None, quantity: str = "10", **changed: str) -> list[str | None]:
    return [
        value,
        quantity,
        changed.get("unit", "BBL"),
        "HS6",
        changed.get("code", "271012"),
        changed.get("country", "1220"),
        "DET",
        month,
    ]


def answer(*rows: list[Any], header: list[str] = HEADER) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps([header, *rows]).encode()


@pytest.fixture
def us(shop: Shop) -> Shop:
    """Petroleum to Canada, by value and quantity."""
    shop.follow("census", {"oil.usd": CODE}, unit="USD")
    shop.follow("census", {"oil.bbl": {**CODE, "measure": "quantity", "unit": "BBL"}}, unit="BBL")
    follow_source.give_key(shop.engine, shop.settings, Census(), "secret-key")
    return shop


def values(shop: Shop) -> list[tuple[str, str, float | None]]:
    return [(each.series_id, str(each.first_month), each.value) for each in shop.rows(observations)]


def test_text_and_null_are_read_and_a_column_may_come_twice(us: Shop) -> None:
    """Values are text, a null is missing, and a predicate repeated as a column says the same twice."""
    rows = [[*cells("2025-02", "155905"), "2025-02"], [*cells("2025-03", None, "0"), "2025-03"]]
    us.site.answers[ROWS] = answer(*rows, header=[*HEADER, "time"])
    assert us.poll(Census()).derived.refused == []
    assert ("oil.usd", "2025-02", 155905.0) in values(us)
    assert ("oil.usd", "2025-03", None) not in values(us)


def test_a_value_changed_at_the_second_call_is_a_revision(us: Shop) -> None:
    """The service overwrites in place; our snapshots keep both."""
    for value in ("100", "101"):
        us.site.answers[ROWS] = answer(cells("2025-02", value))
        us.poll(Census())
    assert [each[2] for each in values(us) if each[0] == "oil.usd"] == [100.0, 101.0]
    assert us.count(snapshots) == 2


def test_the_key_goes_out_and_is_kept_in_no_snapshot(us: Shop) -> None:
    """It is a parameter here, and the request kept is without it."""
    us.site.answers[ROWS] = answer(cells("2025-02", "100"))
    us.poll(Census())
    assert "key=secret-key" in us.site.paths()[0]
    assert all("secret-key" not in each.request for each in us.rows(snapshots))


def test_a_quantity_of_zero_beside_a_value_is_missing(us: Shop) -> None:
    """Only the value is recorded."""
    us.site.answers[ROWS] = answer(cells("2025-02", "100", "0"))
    us.poll(Census())
    assert values(us) == [("oil.usd", "2025-02", 100.0)]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("key-refused", (302, {"Location": "https://api.census.gov/data/missing_key.html"}, b"")),
        ("key-refused", (200, {"X-DataWebAPI-KeyError": "invalid"}, b"<html></html>")),
        ("empty", (204, {}, b"")),
        ("request-refused", (400, {"Content-Type": "text/plain"}, b"error: error: unknown variable 'X'")),
        ("unreadable", (200, {}, b"<html>down</html>")),
        ("unreadable", (200, {}, b'{"message":"no"}')),
        ("unreadable", answer(["1"])),
        ("outside", answer(cells("2025-02", "100", country="0003"))),
        ("outside", answer(cells("2025-02", "100", code="2710"))),
        ("ambiguous", answer(cells("2025-02", "100"), cells("2025-02", "101"))),
    ],
)
def test_a_planted_fault_is_refused(us: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    us.site.answers[ROWS] = given
    poll = us.poll(Census())
    told = [*poll.derived.refused, *([] if poll.fault is None else [f"{poll.fault.kind}: {poll.fault}"])]
    assert [each.split(":")[0] for each in told] == [kind]
    assert us.count(observations) == 0


def test_one_bad_code_does_not_keep_the_others_from_being_recorded(us: Shop) -> None:
    """The code with nothing under it is told to ops; the rest of the poll goes on."""
    us.follow("census", {"none.usd": {**CODE, "commodity": "000000"}}, unit="USD")
    good = answer(cells("2025-02", "100"))
    us.site.answers[ROWS] = lambda asked: (204, {}, b"") if "=000000" in asked[":path"] else good
    poll = us.poll(Census())
    assert (poll.fault, poll.derived.recorded) == (None, 2)
    assert [each.split(":")[0] for each in poll.derived.refused] == ["empty"]


def test_another_unit_refuses_the_quantity_alone_and_withdraws_nothing_of_it(us: Shop) -> None:
    """Barrels that become kilograms: ops is told, what is held of the quantity stands, the value goes on."""
    us.site.answers[ROWS] = answer(cells("2025-01", "90"), cells("2025-02", "100"))
    us.poll(Census())
    before = values(us)
    us.site.answers[ROWS] = answer(cells("2025-02", "101", unit="KG"), cells("2025-03", "120", unit="KG"))
    poll = us.poll(Census())
    assert [each.split(":")[0] for each in poll.derived.refused] == ["unit-changed"]
    assert "271012 in KG in 2025-02, and oil.bbl is in BBL" in poll.derived.refused[0]
    assert values(us)[len(before) :] == [
        ("oil.usd", "2025-01", None),
        ("oil.usd", "2025-02", 101.0),
        ("oil.usd", "2025-03", 120.0),
    ]
    (refused,) = [each for each in us.rows(snapshots) if each.outcome == "refused"]
    (told,) = [json.loads(each.body) for each in us.rows(deliveries)]
    assert (told["type"], told["data"]["snapshot"]) == ("source.refused", refused.id)
    us.poll(Census())
    assert us.count(deliveries) == 1


def test_months_before_the_unit_became_ours_are_left_out(us: Shop) -> None:
    """A unit that changed years ago is no fault for ever; what is held of those months is not withdrawn."""
    us.site.answers[ROWS] = answer(cells("2024-02", "80"), cells("2025-02", "100"))
    us.poll(Census())
    us.site.answers[ROWS] = answer(
        cells("2024-02", "80", "7", unit="KG"),
        cells("2024-03", "81", "8", unit="KG"),
        cells("2025-02", "100"),
    )
    poll = us.poll(Census())
    assert (poll.derived.refused, poll.derived.withdrawn) == ([], 0)
    assert [each for each in values(us) if each[0] == "oil.bbl"] == [
        ("oil.bbl", "2024-02", 10.0),
        ("oil.bbl", "2025-02", 10.0),
    ]


def test_another_unit_in_between_refuses_the_quantity(us: Shop) -> None:
    """A month in kilograms after one in barrels cannot be told from a change that has begun."""
    us.site.answers[ROWS] = answer(
        cells("2025-01", "90"), cells("2025-02", "100", unit="KG"), cells("2025-03", "120")
    )
    poll = us.poll(Census())
    assert [each.split(":")[0] for each in poll.derived.refused] == ["unit-changed"]
    assert {each[0] for each in values(us)} == {"oil.usd"}


def test_a_dash_is_no_unit(us: Shop) -> None:
    """Where no quantity is counted the unit is a dash and the quantity 0: missing, and no fault."""
    us.site.answers[ROWS] = answer(cells("2025-01", "90"), cells("2025-02", "100", "0", unit="-"))
    poll = us.poll(Census())
    assert poll.derived.refused == []
    assert [each[:2] for each in values(us) if each[0] == "oil.bbl"] == [("oil.bbl", "2025-01")]


def test_a_second_reading_goes_on_with_the_value_too(us: Shop) -> None:
    """Of an answer that is refused in part the rest is compared, and the fault is reported."""
    us.site.answers[ROWS] = answer(cells("2025-02", "100", unit="KG"))
    us.poll(Census())
    with us.engine.begin() as connection:
        done = rederive_snapshots(connection, Census(), now=us.at, budget=0.1, portfolio="standard")
    assert (done.answers, done.same, done.changes, len(done.refused)) == (1, 1, [], 1)
    assert "oil.bbl is in BBL" in done.refused[0]


def test_units_are_compared_without_regard_to_case(us: Shop) -> None:
    """A series that was followed with unit=kg is told KG on the wire."""
    us.follow("census", {"oil.bbl": {**CODE, "measure": "quantity", "unit": "bbl"}}, unit="bbl")
    us.site.answers[ROWS] = answer(cells("2025-02", "100"))
    assert us.poll(Census()).derived.refused == []
    assert ("oil.bbl", "2025-02", 10.0) in values(us)
