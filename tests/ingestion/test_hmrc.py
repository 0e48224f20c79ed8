"""UK HMRC: rows of ports to be summed, pages without a link to the next, rows that are suppressed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from source_shop import Shop

from services.ingestion.sources import hmrc
from services.ingestion.sources.faults import UnreadableFault
from services.ingestion.sources.hmrc import CODES, ROWS, Hmrc
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.poll_source import line_to

CODE = {"commodity": "28053010", "country": "720", "flow": "exports", "measure": "weight"}


def row(month: int, value: float | None, mass: float | None, **changed: Any) -> dict[str, Any]:
    return {
        "MonthId": month, "FlowTypeId": 4, "SuppressionIndex": 0, "CommodityId": 28053010, "CountryId": 720,
        "PortId": 1, "Value": value, "NetMass": mass, "SuppUnit": None, **changed,
    }  # fmt: skip


def answer(rows: list[dict[str, Any]]) -> tuple[int, dict[str, str], bytes]:
    return (
        200,
        {"Content-Type": "application/json"},
        json.dumps({"@odata.context": "x", "value": rows}).encode(),
    )


@pytest.fixture
def uk(shop: Shop) -> Shop:
    """Rare earths to China, by value and weight."""
    shop.follow("hmrc", {"re.kg": CODE}, unit="kg")
    shop.follow("hmrc", {"re.gbp": {**CODE, "measure": "value"}}, unit="GBP")
    return shop


def values(shop: Shop) -> dict[tuple[str, str], float | None]:
    return {(each.series_id, str(each.first_month)): each.value for each in shop.rows(observations)}


def test_ports_are_summed(uk: Shop) -> None:
    """A month is the sum of its ports; a weight of 0 beside a value is missing."""
    uk.site.answers[ROWS] = answer(
        [row(202502, 10, 4), row(202502, 5, 3, PortId=2, FlowTypeId=2), row(202503, 8, 0)]
    )
    assert uk.poll(Hmrc()).derived.refused == []
    assert values(uk) == {
        ("re.kg", "2025-02"): 7.0, ("re.gbp", "2025-02"): 15.0, ("re.gbp", "2025-03"): 8.0,
    }  # fmt: skip


def test_a_month_with_a_suppressed_row_is_missing(uk: Shop) -> None:
    """What is left of it would be less than was traded."""
    uk.site.answers[ROWS] = answer([row(202502, 10, 4), row(202502, 5, 3, SuppressionIndex=2)])
    uk.poll(Hmrc())
    assert uk.count(observations) == 0


def test_a_full_page_is_asked_on_from_its_last_month(uk: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing says that more follows: the month that the page may have cut comes whole with the next."""
    monkeypatch.setattr(hmrc, "PAGE", 3)
    rows = [row(202502, 1, 1), row(202503, 2, 1), row(202503, 3, 1, PortId=2), row(202503, 4, 1, PortId=3)]
    rows = [*rows[:3], rows[3] | {"MonthId": 202504}]

    def page(asked: dict[str, str]) -> Any:
        condition = parse_qs(urlsplit(asked[":path"]).query)["$filter"][0]
        since = int(condition.split("MonthId ge ")[1].split(" ")[0])
        return answer([each for each in rows if each["MonthId"] >= since][:3])

    uk.site.answers[ROWS] = page
    poll = uk.poll(Hmrc())
    assert (poll.calls, poll.derived.refused) == (3, [])
    assert [value for (series, _), value in sorted(values(uk).items()) if series == "re.gbp"] == [
        1.0,
        5.0,
        4.0,
    ]


def test_no_filter_uses_in(uk: Shop) -> None:
    """It answers 403 to ``in``, so conditions are joined by ``or``."""
    uk.site.answers[ROWS] = answer([row(202502, 10, 4)])
    uk.poll(Hmrc())
    assert all(" in (" not in parse_qs(urlsplit(path).query)["$filter"][0] for path in uk.site.paths())


def found(uk: Shop, words: str) -> dict[str, str]:
    line = line_to(uk.engine, uk.settings, Hmrc(), clock=uk.clock, wait=uk.wait)
    try:
        entries = follow_source.search(Hmrc(), words, now=uk.at, ask=line.ask)
    finally:
        line.close()
    return {each.series.id: each.series.name for each in entries}


def test_codes_are_found_by_words_of_their_texts(uk: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of codes is asked for page by page, once a day; hyphens and case do not matter."""
    monkeypatch.setattr(hmrc, "PAGE", 2)
    codes = [
        {"Cn8Code": "28", "Cn8LongDescription": "Rare earth and others", "Hs6Description": None},
        {"Cn8Code": "28053010", "Cn8LongDescription": "Intermixtures", "Hs6Description": "Rare-earth metals"},
        {"Cn8Code": "12019000", "Cn8LongDescription": "Soya beans", "Hs6Description": "Soya beans"},
    ]

    def page(asked: dict[str, str]) -> Any:
        skip = int(parse_qs(urlsplit(asked[":path"]).query)["$skip"][0])
        return answer(codes[skip : skip + 2])

    uk.site.answers[CODES] = page
    assert found(uk, "rare EARTH country=720 flow=imports") == {
        f"hmrc.imports.720.28053010.{measure}": f"UK imports from CHN, CN 28053010 Intermixtures, {measure}"
        for measure in ("value", "weight")
    }
    assert len(uk.site.asked) == 2
    assert len(found(uk, "soya")) == 2
    assert len(uk.site.asked) == 2, "the list was asked for again within a day"


@pytest.mark.parametrize(
    "given", [(200, {}, b"[]"), (200, {}, b'{"value": [{"Code": "1"}]}'), (200, {}, b"<p>")]
)
def test_a_list_of_codes_of_another_shape_is_refused(uk: Shop, given: Any) -> None:
    """Nothing is offered of what is not understood."""
    uk.site.answers[CODES] = given
    with pytest.raises(UnreadableFault):
        found(uk, "soya")


PLANTED: list[tuple[str, Any]] = [
    ("request-refused", (403, {}, b"")),
    ("empty", answer([])),
    ("unreadable", (200, {}, b"<html></html>")),
    ("unreadable", (200, {}, b"[]")),
    ("unreadable", answer([row(202503, 1, 1), row(202502, 1, 1)])),
    ("outside", answer([row(202502, 1, 1, CountryId=400)])),
    ("outside", answer([row(202502, 1, 1, FlowTypeId=3)])),
    ("outside", answer([row(202502, 1, 1, CommodityId=1)])),
]


@pytest.mark.parametrize(
    ("kind", "given"), PLANTED, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(PLANTED)]
)
def test_a_planted_fault_is_refused(uk: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    uk.site.answers[ROWS] = given
    poll = uk.poll(Hmrc())
    assert [each.split(":")[0] for each in poll.derived.refused] == [kind]
    assert uk.count(observations) == 0
