"""Brazil's ComexStat: a question posted as JSON, numbers as text, a failure that says 200."""

from __future__ import annotations

import json
from typing import Any

import pytest
from source_shop import Shop

from services.ingestion.sources.comexstat import CODES, ROWS, ComexStat
from services.ingestion.sources.faults import TruncatedFault
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.poll_source import line_to

CODE = {"commodity": "1201", "country": "China", "flow": "exports", "measure": "value"}


def row(month: str, fob: str | None, kg: str = "1000", **changed: Any) -> dict[str, Any]:
    year, number = month.split("-")
    return {
        "coAno": year, "year": year, "monthNumber": number, "headingCode": "1201", "heading": "Soya beans",
        "country": "China", "metricFOB": fob, "metricKG": kg, **changed,
    }  # fmt: skip


def answer(*rows: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    body = {"data": {"list": list(rows)}, "success": True, "message": None}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def brazil(shop: Shop) -> Shop:
    """Soya to China, by value and weight."""
    shop.follow("comexstat", {"soya.usd": CODE}, unit="USD")
    shop.follow("comexstat", {"soya.kg": {**CODE, "measure": "weight"}}, unit="kg")
    return shop


def values(shop: Shop) -> dict[tuple[str, str], float | None]:
    return {(each.series_id, str(each.first_month)): each.value for each in shop.rows(observations)}


def test_one_question_is_posted_and_text_is_read_as_numbers(brazil: Shop) -> None:
    """Value and weight of a year come of one POST; null is missing, and so is a weight of 0."""
    brazil.site.answers[ROWS] = answer(row("2025-02", "100"), row("2025-03", None), row("2025-04", "7", "0"))
    poll = brazil.poll(ComexStat())
    assert (poll.fault, poll.derived.refused, poll.calls) == (None, [], 1)
    assert values(brazil) == {
        ("soya.usd", "2025-02"): 100.0,
        ("soya.kg", "2025-02"): 1000.0,
        ("soya.kg", "2025-03"): 1000.0,
        ("soya.usd", "2025-04"): 7.0,
    }
    asked = json.loads(brazil.site.paths()[0].split(" ", 1)[1])
    assert asked["period"] == {"from": "2024-01", "to": "2025-05"}
    assert asked["filters"] == [{"filter": "heading", "values": ["1201"]}]


def test_a_deep_revision_is_a_revision(brazil: Shop) -> None:
    """A month of a year ago that changes is recorded as one, known from the answer that brought it."""
    for fob in ("224", "221"):
        brazil.site.answers[ROWS] = answer(row("2024-03", fob))
        poll = brazil.poll(ComexStat())
    assert poll.derived.revised == 1


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("unreachable", (200, {}, b'{"success": false, "data": null}')),
        ("too-many-calls", (429, {"Retry-After": "600"}, b"{}")),
        ("unreadable", (200, {}, b"<html>Just a moment...</html>")),
        ("unreadable", (200, {}, b'{"data": {"rows": []}, "success": true}')),
        ("unreadable", answer({"metricFOB": "1"})),
        ("empty", answer()),
        ("outside", answer(row("2025-02", "100", headingCode="1202"))),
        ("outside", answer(row("2019-02", "100"))),
        ("outside", answer(row("2025-02", "100", country=None))),
        ("ambiguous", answer(row("2025-02", "100"), row("2025-02", "101"))),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_a_planted_fault_is_refused(brazil: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    brazil.site.answers[ROWS] = given
    poll = brazil.poll(ComexStat())
    told = [*poll.derived.refused, *([] if poll.fault is None else [f"{poll.fault.kind}: {poll.fault}"])]
    assert [each.split(":")[0] for each in told] == [kind]
    assert brazil.count(observations) == 0


def test_what_is_offered_carries_code_edition_reporter_and_partner(brazil: Shop) -> None:
    """A followed code becomes a series that others can be paired with."""
    (value, _) = follow_source.search(
        ComexStat(), "commodity=1201 country=China", now=brazil.at, ask=lambda _: pytest.fail("asked")
    )
    told = value.series
    assert (told.reporter, told.partner, told.hs_code, told.unit) == ("BRA", "CHN", "1201", "USD")


def table(count: int) -> tuple[int, dict[str, str], bytes]:
    """Its table of codes with ``add=sh``, which says in ``count`` how many codes there are."""
    rows = [
        {
            "coNcm": "12011000", "noNCM": "Soya beans, for sowing", "unit": "KILOGRAM",
            "subHeadingCode": "120110", "subHeading": "Soya beans, seed", "headingCode": "1201",
            "heading": "Soya beans, whether or not broken", "chapterCode": "12", "chapter": "Oil seeds",
        },
        {
            "coNcm": "15071000", "noNCM": "Crude oil", "unit": "KILOGRAM", "subHeadingCode": "150710",
            "subHeading": "Crude oil", "headingCode": "1507", "heading": "Soya-bean oil",
            "chapterCode": "15", "chapter": "Fats",
        },
    ]  # fmt: skip
    body = {"data": {"list": rows, "count": count}, "success": True}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def found(brazil: Shop, words: str) -> list[str]:
    line = line_to(brazil.engine, brazil.settings, ComexStat(), clock=brazil.clock, wait=brazil.wait)
    try:
        entries = follow_source.search(ComexStat(), words, now=brazil.at, ask=line.ask)
    finally:
        line.close()
    return [f"{each.series.id}: {each.series.name}" for each in entries if each.code["measure"] == "value"]


def test_codes_of_every_length_are_found_by_words_of_their_own_text(brazil: Shop) -> None:
    """Heading, subheading and NCM are each offered by what they are called; the source is sent one word."""
    brazil.site.answers[CODES] = table(2)
    assert found(brazil, "soya beans country=China") == [
        f"comexstat.exports.China.{code}.value: Brazil's exports to China, {code} {name}, value"
        for code, name in (
            ("1201", "Soya beans, whether or not broken"),
            ("120110", "Soya beans, seed"),
            ("12011000", "Soya beans, for sowing"),
        )
    ]
    assert brazil.site.paths() == [f"{CODES}?language=en&search=beans&add=sh"]


def test_a_table_of_codes_that_is_cut_is_refused(brazil: Shop) -> None:
    """Where it says that there are more codes than it gave, what is missing could be the one looked for."""
    brazil.site.answers[CODES] = table(60)
    with pytest.raises(TruncatedFault, match="2 of 60 codes"):
        found(brazil, "soya")
