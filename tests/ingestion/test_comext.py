"""Eurostat Comext: SDMX-CSV in 100 kg, faults as XML under any status, and confidential months."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from source_shop import Shop

from services.ingestion.sources import faults
from services.ingestion.sources.comext import CUBE, LOOKS, QUEUE, ROWS, Comext
from services.storage.tables import deliveries, observations
from services.usecases import follow_source
from services.usecases.poll_source import line_to

HEADER = "DATAFLOW,LAST UPDATE,freq,reporter,partner,product,flow,indicators,TIME_PERIOD,OBS_VALUE"
CODE = {"reporter": "DE", "partner": "US", "product": "8703", "measure": "value"}
PATH = f"{ROWS}/M.DE.US.8703.2.VALUE_IN_EUROS+QUANTITY_IN_100KG"


def line(indicator: str, month: str, value: str, *, partner: str = "US", freq: str = "M") -> str:
    return f"ESTAT:DS-045409(1.0),16/07/26 11:00:00,{freq},DE,{partner},8703,2,{indicator},{month},{value}"


def answer(*lines: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "text/csv"}, "\n".join([HEADER, *lines]).encode()


@pytest.fixture
def eu(shop: Shop) -> Shop:
    """German cars to the United States, by value and weight."""
    shop.follow("comext", {"cars.eur": CODE}, unit="EUR")
    shop.follow("comext", {"cars.kg": {**CODE, "measure": "weight"}}, unit="kg")
    return shop


def test_weights_are_turned_into_kg_and_flags_cut_off(eu: Shop) -> None:
    """100 kg are 100 kg; a confidential or missing month and a weight of 0 are no figures."""
    eu.site.answers[PATH] = answer(
        line("VALUE_IN_EUROS", "2025-02", "1000.5 p"),
        line("QUANTITY_IN_100KG", "2025-02", "12.5"),
        line("VALUE_IN_EUROS", "2025-03", ":C"),
        line("QUANTITY_IN_100KG", "2025-03", ": "),
        line("QUANTITY_IN_100KG", "2025-01", "0"),
    )
    assert eu.poll(Comext()).derived.refused == []
    found = {(each.series_id, str(each.first_month)): each.value for each in eu.rows(observations)}
    assert found == {("cars.eur", "2025-02"): 1000.5, ("cars.kg", "2025-02"): 1250.0}


def test_a_month_that_turns_confidential_is_withdrawn(eu: Shop) -> None:
    """What stood is taken back as of the answer that no longer gives it."""
    eu.site.answers[PATH] = answer(line("VALUE_IN_EUROS", "2025-02", "1000"))
    eu.poll(Comext())
    eu.site.answers[PATH] = answer(line("VALUE_IN_EUROS", "2025-02", ":C"))
    assert eu.poll(Comext()).derived.withdrawn == 1


BIG = b"<S:Fault><faultstring>EXTRACTION_TOO_BIG: estimated 17348292 rows</faultstring></S:Fault>"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("too-large", (413, {}, BIG)),
        ("too-large", (413, {}, b'{"error":[{"status":413,"id":413,"label":"too big"}]}')),
        (
            "empty",
            (404, {}, b"<S:Fault><faultcode>100</faultcode><faultstring>NO_RESULTS</faultstring></S:Fault>"),
        ),
        ("request-refused", (404, {}, b"<faultstring>ERR_NOT_FOUND_2</faultstring>")),
        ("unreadable", (200, {}, b"<html>sorry.ec.europa.eu</html>")),
        ("unreadable", (200, {}, b"a,b\n1,2")),
        ("empty", answer()),
        ("outside", answer(line("VALUE_IN_EUROS", "2025-02", "1", freq="A"))),
        ("outside", answer(line("VALUE_IN_EUROS", "2025-02", "1", partner="CN"))),
        ("ambiguous", answer(line("VALUE_IN_EUROS", "2025-02", "1"), line("VALUE_IN_EUROS", "2025-02", "2"))),
    ],
)
def test_a_planted_fault_is_refused(eu: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    eu.site.answers[PATH] = given
    poll = eu.poll(Comext())
    told = [*poll.derived.refused, *([] if poll.fault is None else [f"{poll.fault.kind}: {poll.fault}"])]
    assert [each.split(":")[0] for each in told] == [kind]
    assert eu.count(observations) == 0


def envelope(status: str) -> tuple[int, dict[str, str], bytes]:
    said = f"<queued><id>98de-05</id><status>{status}</status></queued>"
    return 200, {}, f"<env:Envelope><env:Body>{said}</env:Body></env:Envelope>".encode()


def queued(eu: Shop, *statuses: str) -> None:
    """The extraction is queued, and stands at one status after another, at the last for good."""
    left = list(statuses)
    eu.site.answers[PATH] = envelope("SUBMITTED")
    eu.site.answers[f"{QUEUE}/status/98de-05"] = lambda _: envelope(left.pop(0) if left[1:] else left[0])
    eu.site.answers[f"{QUEUE}/data/98de-05"] = answer(line("VALUE_IN_EUROS", "2025-02", "1000"))


def test_a_queued_extraction_is_asked_for_until_it_is_there(eu: Shop) -> None:
    """SUBMITTED, PROCESSING, AVAILABLE, then the rows: no fault, and ops is told of nothing."""
    queued(eu, "SUBMITTED", "PROCESSING", "AVAILABLE")
    poll = eu.poll(Comext())
    assert (poll.fault, poll.derived.refused, poll.derived.recorded) == (None, [], 1)
    assert [path.rsplit("/", 2)[1] for path in eu.site.paths()[1:]] == ["status"] * 3 + ["data"]
    assert eu.count(deliveries) == 0
    assert eu.poll(Comext()).fault is None
    assert eu.count(observations) == 1


def test_an_extraction_that_stays_queued_is_left_to_the_next_poll(eu: Shop) -> None:
    """One poll looks a bounded number of times and says so; the next one goes on."""
    queued(eu, "PROCESSING")
    poll = eu.poll(Comext())
    assert poll.fault is not None
    assert (poll.fault.kind, len(eu.site.asked)) == ("unreachable", 1 + LOOKS)
    queued(eu, "AVAILABLE")
    assert eu.poll(Comext()).derived.recorded == 1


def test_an_extraction_that_was_dropped_is_no_answer(eu: Shop) -> None:
    """EXPIRED ends the poll, which is made again."""
    queued(eu, "EXPIRED")
    poll = eu.poll(Comext())
    assert poll.fault is not None
    assert "dropped" in str(poll.fault)


def test_history_is_known_from_the_stamp_of_the_set(eu: Shop) -> None:
    """LAST UPDATE is dd/mm/yy in Luxembourg: 16/07/26 is July 2026, and no day of 2016."""
    eu.at = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    eu.follow("comext", {"cars.eur": CODE}, unit="EUR")
    with eu.engine.begin() as connection:
        from services.storage import sources  # noqa: PLC0415 - here alone

        sources.follow(connection, sources.following(connection, "comext"), now=eu.at)
    eu.site.answers[PATH] = answer(line("VALUE_IN_EUROS", "2026-05", "1000"))
    eu.poll(Comext())
    (figure,) = eu.rows(observations)
    assert figure.known_from == dt.datetime(2026, 7, 16, 9, tzinfo=dt.UTC)
    eu.site.answers[PATH] = answer(
        line("VALUE_IN_EUROS", "2026-05", "1001").replace("16/07/26", "2026-07-16")
    )
    assert eu.poll(Comext()).derived.refused[0].startswith("unreadable")


def cube(values: dict[str, float | None]) -> tuple[int, dict[str, str], bytes]:
    """JSON-stat as recorded: freq has two codes though one is filled, and value is sparse."""
    codes = {
        "freq": {"A": 0, "M": 1}, "reporter": {"DE": 0}, "partner": {"US": 0}, "product": {"8703": 0},
        "flow": {"2": 0}, "indicators": {"VALUE_IN_EUROS": 0, "QUANTITY_IN_100KG": 1},
        "time": {"2026-06": 0},
    }  # fmt: skip
    dimension = {name: {"category": {"index": each, "label": {}}} for name, each in codes.items()}
    dimension["product"]["category"]["label"] = {"8703": "Motor cars"}
    body = {
        "version": "2.0", "class": "dataset", "updated": "2026-09-15T11:00:00+0200", "value": values,
        "id": list(codes), "size": [len(each) for each in codes.values()], "dimension": dimension,
        "extension": {"positions-with-no-data": {"freq": [0]}},
    }  # fmt: skip
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def search(eu: Shop, words: str) -> list[str]:
    line = line_to(eu.engine, eu.settings, Comext(), clock=eu.clock, wait=eu.wait)
    try:
        found = follow_source.search(Comext(), words, now=eu.at, ask=line.ask)
    finally:
        line.close()
    return [f"{each.series.id}: {each.series.name}" for each in found]


def test_what_is_offered_is_read_from_a_sparse_cube_by_its_dimensions(eu: Shop) -> None:
    """Index 2 is the first month of value, since freq has two codes; what holds nothing is not offered.

    Words look through the labels of all that a reporter traded with the partner in one month.
    """
    eu.site.answers[CUBE] = cube({"2": 1000.0})
    words = "reporter=DE partner=US product=8703"
    assert search(eu, words) == [
        "comext.exports.DE.US.8703.value: Exports of DEU to USA, CN 8703 Motor cars, value"
    ]
    eu.site.answers[CUBE] = cube({"2": 1000.0, "3": 12.5})
    assert len(search(eu, words)) == 2
    assert search(eu, "reporter=DE partner=US motor CARS") == search(eu, words)
    asked = eu.site.paths()[-2]
    assert "product=" not in asked
    assert "time=2025-01" in asked
    with pytest.raises(faults.NothingOfferedError):
        search(eu, "reporter=DE partner=US rare earth")
    with pytest.raises(faults.SourceMisnamedError, match="reporter=DE partner=CN rare earth"):
        search(eu, "rare earth")
    eu.site.answers[CUBE] = cube({"0": 1.0, "7": 1.0})
    with pytest.raises(faults.OutsideFault):
        search(eu, words)
