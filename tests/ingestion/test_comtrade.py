"""UN Comtrade: asked when its availability moves, and never believed where it is known to mislead."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from comtrade_server import ROWS, Comtrade, row
from source_shop import Shop

from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources import comtrade
from services.ingestion.sources.comtrade import Comtrade as Source
from services.ingestion.sources.faults import SourceMisnamedError
from services.storage import sources as sources_stored
from services.storage.tables import deliveries, observations, sources
from services.usecases import follow_source
from services.usecases.poll_source import line_to
from services.usecases.record_observations import record_observations

STAMP = "2025-07-04T23:51:36.4233333"
VALUE = {"reporter": "276", "cmd": "8703", "partner": "0", "measure": "value"}
WEIGHT = {**VALUE, "measure": "weight"}


@pytest.fixture
def un(shop: Shop) -> Comtrade:
    """German cars, by value and weight, followed with a key."""
    shop.at = dt.datetime(2025, 7, 10, tzinfo=dt.UTC)
    shop.follow("comtrade", {"cars.usd": VALUE}, unit="USD")
    shop.follow("comtrade", {"cars.kg": WEIGHT}, unit="kg")
    follow_source.give_key(shop.engine, shop.settings, Source(), "secret-key")
    server = Comtrade(shop.site)
    server.install()
    server.load("276", "202505", [row("276", "202505", "8703", 9e9, 5e8)], STAMP)
    return server


def values(shop: Shop) -> list[tuple[str, float | None, str]]:
    return [(each.series_id, each.value, each.stage) for each in shop.rows(observations)]


def fetched(shop: Shop) -> int:
    return sum(path.startswith(ROWS) for path in shop.site.paths())


def test_rows_are_asked_for_once_a_release(shop: Shop, un: Comtrade) -> None:
    """A second poll asks for availability alone; a new checksum has the month asked for again."""
    assert shop.poll(Source()).derived.recorded == 2
    shop.poll(Source())
    assert fetched(shop) == 1
    un.load("276", "202505", [row("276", "202505", "8703", 9.1e9, 5e8)], STAMP, "2")
    poll = shop.poll(Source())
    assert (fetched(shop), poll.derived.revised, poll.derived.unchanged) == (2, 1, 1)


def test_the_key_is_sealed_at_rest_and_in_no_snapshot_or_message(shop: Shop, un: Comtrade) -> None:
    """It goes out in the header alone."""
    shop.poll(Source())
    with shop.engine.connect() as connection:
        from sqlalchemy import text  # noqa: PLC0415 - here alone

        for table in ("sources", "snapshots", "jobs"):
            assert "secret-key" not in str(connection.execute(text(f"select * from {table}")).all())  # noqa: S608 - our own names
    assert all("secret-key" not in path for path in shop.site.paths())
    assert any(headers.get("ocp-apim-subscription-key") == "secret-key" for _, headers in shop.site.asked)


def test_without_a_key_nothing_is_asked_and_ops_is_told_what_to_do(shop: Shop, un: Comtrade) -> None:
    """The fault names the command that gives a key."""
    with shop.engine.begin() as connection:
        connection.execute(sources.update().values(sealed_key=None))
    poll = shop.poll(Source())
    assert poll.fault is not None
    assert "tonnage sources key" in str(poll.fault)
    assert shop.site.asked == []


@pytest.mark.parametrize("weight", [0, None])
def test_a_missing_weight_is_never_zero(shop: Shop, un: Comtrade, weight: float | None) -> None:
    """Zero and null beside a value are both absent."""
    un.load("276", "202505", [row("276", "202505", "8703", 9e9, weight)], STAMP)
    shop.poll(Source())
    assert values(shop) == [("cars.usd", 9e9, "final")]


def test_an_estimated_weight_is_marked(shop: Shop, un: Comtrade) -> None:
    """Its stage says so, and the value's does not."""
    un.load("276", "202505", [row("276", "202505", "8703", 9e9, 5e8, isNetWgtEstimated=True)], STAMP)
    shop.poll(Source())
    assert sorted(values(shop)) == [("cars.kg", 5e8, "estimated"), ("cars.usd", 9e9, "final")]


def test_breakdowns_beside_the_total_are_left_out(shop: Shop, un: Comtrade) -> None:
    """Rows by mode of transport and by second partner are no totals."""
    rows = [row("276", "202505", "8703", 9e9, 5e8)]
    rows += [
        row("276", "202505", "8703", 4e9, 2e8, motCode=2100),
        row("276", "202505", "8703", 1e9, 1e8, partner2Code=156),
    ]
    un.load("276", "202505", rows, STAMP)
    shop.poll(Source())
    assert ("cars.usd", 9e9, "final") in values(shop)


PLANTED: list[tuple[str, Any]] = [
    ("empty", []),
    ("outside", [row("276", "202504", "8703", 9e9, 5e8)]),
    ("outside", [row("276", "202505", "8703", 9e9, 5e8, flowCode="M")]),
    ("ambiguous", [row("276", "202505", "8703", 9e9, 5e8), row("276", "202505", "8703", 8e9, 5e8)]),
    ("unreadable", [row("276", "202505", "8703", "n/a", 5e8)]),  # type: ignore[arg-type]  # the misdeed itself
]


@pytest.mark.parametrize(
    ("kind", "rows"), PLANTED, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(PLANTED)]
)
def test_a_planted_fault_is_refused(shop: Shop, un: Comtrade, kind: str, rows: Any) -> None:
    """Refused with a sentence, nothing recorded, ops told; once whole again it is recorded."""
    un.load("276", "202505", rows, STAMP)
    poll = shop.poll(Source())
    assert [each.split(":")[0] for each in poll.derived.refused] == [kind]
    assert shop.count(observations) == 0
    (told,) = [json.loads(each.body)["data"] for each in shop.rows(deliveries)]
    assert (told["fault"], told["source"]["id"]) == (kind, "comtrade")
    un.load("276", "202505", [row("276", "202505", "8703", 9e9, 5e8)], STAMP)
    assert shop.poll(Source()).derived.recorded == 2


def test_partners_without_the_world_are_a_half_loaded_month(shop: Shop, un: Comtrade) -> None:
    """The whole reporter-month is dropped until its total is there."""
    shop.follow("comtrade", {"cars.us": {**VALUE, "partner": "842"}}, unit="USD")
    un.load("276", "202505", [row("276", "202505", "8703", 1e9, 5e7, partnerCode=842)], STAMP)
    assert shop.poll(Source()).derived.refused[0].startswith("half-loaded")
    assert shop.count(observations) == 0


def test_as_many_rows_as_the_cap_are_a_cut_answer(
    shop: Shop, un: Comtrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truncation is silent on the wire, so the cap itself is the sign."""
    monkeypatch.setattr(comtrade, "CAP", 1)
    assert shop.poll(Source()).derived.refused[0].startswith("truncated")
    assert shop.count(observations) == 0


def test_html_under_200_is_unreadable(shop: Shop, un: Comtrade) -> None:
    """A page for maintenance is no answer."""
    shop.site.answers[ROWS] = (200, {"Content-Type": "text/html"}, b"<html>maintenance</html>")
    assert shop.poll(Source()).derived.refused[0].startswith("unreadable")


def test_many_codes_are_asked_for_in_addresses_that_fit(shop: Shop, un: Comtrade) -> None:
    """1,500 codes of one month take several requests, none beyond 4,096 characters, and all come in."""
    codes = [f"{each:06d}" for each in range(100_000, 101_500)]
    shop.follow("comtrade", {f"s{code}": {**VALUE, "cmd": code} for code in codes}, unit="USD")
    un.load("276", "202505", [row("276", "202505", code, 1e6, 1e3) for code in ["8703", *codes]], STAMP)
    poll = shop.poll(Source())
    assert (poll.derived.recorded, poll.derived.refused, poll.fault) == (1502, [], None)
    assert 3 <= fetched(shop) <= 8


def test_history_is_known_from_the_release_of_these_values(shop: Shop, un: Comtrade) -> None:
    """For the past, lastReleased is when these very values are sure to have been public."""
    entries = follow_source.search(
        Source(), "reporter=276 cmd=8704", now=shop.at, ask=lambda _: pytest.fail("asked")
    )
    with shop.engine.begin() as connection:
        ids = follow_source.follow(connection, Source(), entries, now=shop.at)
    assert ids == ["comtrade.276.0.8704.value", "comtrade.276.0.8704.weight"]
    un.load("276", "202505", [row("276", "202505", "8704", 1e9, 5e8)], STAMP)
    shop.poll(Source())
    assert {each.known_from for each in shop.rows(observations)} == {
        dt.datetime(2025, 7, 4, 23, 51, 36, 423333, tzinfo=dt.UTC)
    }


def test_the_quota_of_a_gateway_is_waited_out(shop: Shop, un: Comtrade) -> None:
    """403 with Out of call volume quota, then 200: the request is made again, and no key is blamed."""
    left = [(403, {"Retry-After": "2"}, b'{"message":"Out of call volume quota."}')]
    good = shop.site.answers[ROWS]
    shop.site.answers[ROWS] = lambda asked: left.pop() if left else good(asked)  # type: ignore[operator]  # a function here
    poll = shop.poll(Source())
    assert (poll.fault, poll.derived.recorded) == (None, 2)


def test_imports_are_asked_for_apart_from_exports(shop: Shop, un: Comtrade) -> None:
    """Each flow is a request of its own, and neither is read for the other."""
    shop.follow("comtrade", {"cars.in": {**VALUE, "flow": "imports"}}, unit="USD")
    good = shop.site.answers[ROWS]
    inward = {"flowCode": "M", "primaryValue": 4e9}
    answer = json.dumps({"count": 1, "data": [row("276", "202505", "8703", 4e9, 1.0, **inward)]}).encode()
    shop.site.answers[ROWS] = lambda asked: (
        (200, {}, answer) if "flowCode=M" in asked[":path"] else good(asked)  # type: ignore[operator]  # a function here
    )
    shop.poll(Source())
    assert {("cars.in", 4e9, "final"), ("cars.usd", 9e9, "final")} <= set(values(shop))


def test_another_edition_is_spliced_only_by_rule(shop: Shop, un: Comtrade) -> None:
    """A month in H5 is refused for a series of H6, and taken by one that joins both, which says so."""
    for series_id, edition in (("cars.usd", "H6"), ("cars.kg", "H6")):
        measure = "value" if series_id == "cars.usd" else "weight"
        shop.follow("comtrade", {series_id: {**VALUE, "measure": measure, "edition": edition}}, unit="USD")
    un.load("276", "202505", [row("276", "202505", "8703", 9e9, 5e8, classificationCode="H5")], STAMP)
    assert (
        shop.poll(Source())
        .derived.refused[0]
        .startswith("edition-changed: UN Comtrade gives 276 202505 in H5")
    )
    assert shop.count(observations) == 0
    entries = follow_source.search(
        Source(), "reporter=276 cmd=8703 edition=H5+H6", now=shop.at, ask=lambda _: pytest.fail("asked")
    )
    assert entries[0].series.hs_edition == "H5+H6"
    assert "H5 and H6 joined by rule" in entries[0].series.name
    with shop.engine.begin() as connection:
        for series_id in ("cars.usd", "cars.kg"):
            sources_stored.unfollow(connection, series_id)
        follow_source.follow(connection, Source(), entries, now=shop.at)
    assert shop.poll(Source()).derived.recorded == 2


def test_exports_and_partners_imports_pair_for_the_mirror(shop: Shop, un: Comtrade) -> None:
    """Two sources' series of one code meet by area: China's exports, and what others say they took."""
    from services.ingestion.sources.census import Census  # noqa: PLC0415 - here alone
    from services.storage import series  # noqa: PLC0415 - as above
    from services.storage.beside import Beside  # noqa: PLC0415 - as above

    def nothing(_: object) -> Any:
        return pytest.fail("asked")

    offered = [
        *follow_source.search(Source(), "reporter=156 cmd=850511", now=shop.at, ask=nothing),
        *follow_source.search(
            Census(), "commodity=850511 country=5700 flow=imports unit=kg", now=shop.at, ask=nothing
        ),
        *follow_source.search(
            Source(), "reporter=276 partner=156 cmd=850511 flow=imports", now=shop.at, ask=nothing
        ),
    ]
    with shop.engine.begin() as connection:
        for source, entries in ((Source(), offered[:2] + offered[4:]), (Census(), offered[2:4])):
            follow_source.follow(connection, source, entries, now=shop.at)
        watched = series.get(connection, "comtrade.156.0.850511.value")
        assert watched is not None
        held = [
            ArrivingFigure(0, each.series.id, Span(Month.parse("2025-03")), 100.0, each.series.unit, shop.at)
            for each in offered
        ]
        record_observations(
            connection, held, source="a desk", now=shop.at, budget=0.1, portfolio="standard", history=True
        )
        partners = Beside(connection, desk=None, shipped={}).partners(watched, shop.at).taken
    assert [each.id for each in partners] == [
        "census.imports.5700.850511.value",
        "comtrade.imports.H6.276.156.850511.value",
    ]


def test_a_reporter_is_named_before_codes_are_found_by_words(shop: Shop, un: Comtrade) -> None:
    """Words alone, or a name for a number, are refused with how to name it, and nothing is asked."""

    def nothing(_: object) -> Any:
        return pytest.fail("asked")

    misnamed = (
        "rare earth",
        "reporter=DEU cmd=8703",
        "reporter=276 cmd=8703 partner=USA",
        "reporter=DEU cars",
    )
    for words in misnamed:
        with pytest.raises(SourceMisnamedError, match="reporter=276"):
            follow_source.search(Source(), words, now=shop.at, ask=nothing)


def test_codes_found_by_words_are_series_of_the_reporter_named(shop: Shop, un: Comtrade) -> None:
    """``reporter=276 rare earth``: each code whose text holds the words, followed and asked for as 276."""
    listed = {"results": [
        {"id": "280530", "text": "280530 - Earth-metals, rare; scandium and yttrium"},
        {"id": "8703", "text": "8703 - Motor cars"},
    ]}  # fmt: skip
    shop.site.answers[comtrade.CODES] = (200, {}, json.dumps(listed).encode())
    line = line_to(shop.engine, shop.settings, Source(), clock=shop.clock, wait=shop.wait)
    entries = follow_source.search(
        Source(), "reporter=276 rare earth partner=842 flow=imports", now=shop.at, ask=line.ask
    )
    line.close()
    assert [(each.series.id, each.series.reporter, each.series.partner) for each in entries] == [
        (f"comtrade.imports.H6.276.842.280530.{measure}", "DEU", "USA") for measure in ("value", "weight")
    ]
    assert entries[0].series.name == (
        "Imports of DEU from USA, HS 280530 Earth-metals, rare; scandium and yttrium, value"
    )
