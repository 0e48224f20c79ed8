"""SDMX-ML of the IMF and the OECD: one series under its whole key, in both forms that the standard has."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from source_shop import Shop

from services.ingestion.sources import faults
from services.ingestion.sources.faults import SourceMisnamedError
from services.ingestion.sources.sdmx import IMF, OECD
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.poll_source import line_to

FLOW = "IMF.STA,IMTS,1.0.0"
KEY = "USA.XG_FOB_USD.CHN.M"
PATH = f"/external/sdmx/2.1/data/{FLOW}/{KEY}"
CODE = {"dataflow": FLOW, "key": KEY, "flow": "exports", "unit": "", "scale": "SCALE=6"}
V21 = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
HEAD = (
    "<m:Header><m:ID>x</m:ID><m:Test>false</m:Test><m:Prepared>2025-06-01T00:00:00</m:Prepared>"
    '<m:Sender id="IMF"/><m:Structure structureID="D" {more} dimensionAtObservation="TIME_PERIOD">'
    '<c:StructureUsage><Ref id="IMTS" agencyID="IMF.STA" version="1.0.0"/></c:StructureUsage>'
    "</m:Structure></m:Header>"
)


def series(*months: tuple[str, str | None], status: str = "A", **codes: str) -> str:
    """One series with its months; a value of None is an observation without one."""
    told = {"COUNTRY": "USA", "INDICATOR": "XG_FOB_USD", "COUNTERPART": "CHN", "FREQUENCY": "M", "SCALE": "6"}
    named = " ".join(f'{name}="{code}"' for name, code in {**told, **codes}.items() if code)
    each = "".join(
        f'<Obs TIME_PERIOD="{month}" STATUS="{status}"' + ("/>" if v is None else f' OBS_VALUE="{v}"/>')
        for month, v in months
    )
    return f"<Series {named}>{each}</Series>"


def answer(*given: str) -> tuple[int, dict[str, str], bytes]:
    """Structure-specific SDMX-ML 2.1, as the IMF sends it."""
    flow = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=IMF.STA:IMTS(1.0.0):ObsLevelDim:TIME_PERIOD"
    head = HEAD.format(more=f'namespace="{flow}"')
    body = (
        f'<m:StructureSpecificData xmlns:m="{V21}/message" xmlns:c="{V21}/common" xmlns:n="{flow}" '
        f'xmlns:ss="{V21}/data/structurespecific" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'{head}<m:DataSet ss:structureRef="D" xsi:type="n:DataSetType" action="Replace">{"".join(given)}'
        "</m:DataSet></m:StructureSpecificData>"
    )
    return 200, {"Content-Type": "application/xml"}, body.encode()


def generic(months: dict[str, str], codes: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Generic SDMX-ML 2.1, as the OECD sends it."""
    key = "".join(f'<g:Value id="{name}" value="{code}"/>' for name, code in codes.items())
    each = "".join(
        f'<g:Obs><g:ObsDimension value="{month}"/><g:ObsValue value="{value}"/></g:Obs>'
        for month, value in months.items()
    )
    body = (
        f'<m:GenericData xmlns:m="{V21}/message" xmlns:c="{V21}/common" xmlns:g="{V21}/data/generic">'
        f'{HEAD.format(more="")}<m:DataSet structureRef="D" action="Append"><g:Series><g:SeriesKey>{key}'
        f"</g:SeriesKey>{each}</g:Series></m:DataSet></m:GenericData>"
    )
    return 200, {"Content-Type": "application/xml"}, body.encode()


def search(shop: Shop, words: str, source: Any = IMF) -> list[Any]:
    line = line_to(shop.engine, shop.settings, source, clock=shop.clock, wait=shop.wait)
    try:
        return follow_source.search(source, words, now=shop.at, ask=line.ask)
    finally:
        line.close()


@pytest.fixture
def fund(shop: Shop) -> Shop:
    """Exports of the United States to China, in millions."""
    shop.follow("imf", {"us.cn": CODE}, unit="USD million")
    return shop


def test_months_are_read_and_what_is_no_figure_is_missing(fund: Shop) -> None:
    """2025-M02 is February; a month without a value, or with NaN, is none, and never zero."""
    fund.site.answers[PATH] = answer(series(("2025-M02", "12.5"), ("2025-M03", None), ("2025-M04", "NaN")))
    poll = fund.poll(IMF)
    assert (poll.fault, poll.derived.refused, poll.calls) == (None, [], 1)
    assert [(str(each.first_month), each.value) for each in fund.rows(observations)] == [("2025-02", 12.5)]
    assert fund.site.paths() == [f"{PATH}?startPeriod=2024-01&dimensionAtObservation=TIME_PERIOD"]


def test_a_status_becomes_the_stage_and_a_forecast_no_figure(fund: Shop) -> None:
    """P is preliminary; F is the provider's own forecast, which was never observed."""
    fund.site.answers[PATH] = answer(series(("2025-M02", "12.5"), status="P"))
    fund.poll(IMF)
    assert [each.stage for each in fund.rows(observations)] == ["preliminary"]
    fund.site.answers[PATH] = answer(series(("2025-M02", "12.5"), status="F"))
    assert fund.poll(IMF).derived.withdrawn == 1


def test_a_month_that_is_there_no_more_is_withdrawn(fund: Shop) -> None:
    """The answer is of every month from the first asked for, and what it lacks is taken back."""
    fund.site.answers[PATH] = answer(series(("2025-M02", "12.5"), ("2025-M03", "13")))
    fund.poll(IMF)
    fund.site.answers[PATH] = answer(series(("2025-M03", "13")))
    assert fund.poll(IMF).derived.withdrawn == 1


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("unreadable", (200, {}, b"<html>maintenance</html>")),
        ("unreadable", (200, {}, b"{}")),
        ("unreadable", (200, {}, BOMB)),
        ("unreadable", answer(series(("2025-M02", "1,234")))),
        ("empty", (404, {}, b"NoRecordsFound")),
        ("empty", answer()),
        ("too-large", (413, {}, b"")),
        ("ambiguous", answer(series(("2025-M02", "1")), series(("2025-M02", "2"), SECTOR="S1"))),
        ("ambiguous", answer(series(("2025-M02", "1"), ("2025-02", "2")))),
        ("outside", answer(series(("2025-M02", "1"), COUNTERPART="DEU"))),
        ("outside", answer(series(("2025-Q1", "1")))),
        ("unit-changed", answer(series(("2025-M02", "1"), SCALE="3"))),
        ("unit-changed", answer(series(("2025-M02", "1"), UNIT="EUR"))),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_a_planted_fault_is_refused(fund: Shop, kind: str, given: Any) -> None:
    """Refused by type with a sentence, and nothing is recorded."""
    fund.site.answers[PATH] = given
    poll = fund.poll(IMF)
    told = [*poll.derived.refused, *([] if poll.fault is None else [f"{poll.fault.kind}: {poll.fault}"])]
    assert [each.split(":")[0] for each in told] == [kind]
    assert fund.count(observations) == 0


def test_a_series_is_offered_in_the_unit_of_the_answer_or_in_the_one_given(shop: Shop) -> None:
    """Where it says in which power of ten it counts, whoever follows names the unit of what is printed."""
    shop.site.answers[PATH] = answer(series(("2025-M02", "12.5")))
    words = f"dataflow={FLOW} key={KEY} flow=exports"
    with pytest.raises(SourceMisnamedError, match=r"SCALE=6.*unit=USD_million"):
        search(shop, words)
    (found,) = search(shop, f"{words} unit=USD_million")
    assert (found.series.id, found.series.unit) == ("imf.IMTS.USA.XG_FOB_USD.CHN.M", "USD million")
    assert (found.code, found.series.tags) == (CODE, ("imf", "exports"))
    shop.site.answers[PATH] = answer(series(("2025-M02", "12.5"), SCALE="", UNIT="USD"))
    (found,) = search(shop, words)
    assert (found.series.unit, found.code["scale"]) == ("USD", "")


def test_generic_data_of_the_oecd_is_followed_and_read(shop: Shop) -> None:
    """What was offered is registered, polled and recorded under the path of that provider."""
    flow = "OECD.SDD.TPS,DSD_TRADE@DF_TRADE,1.0"
    path = f"/public/rest/data/{flow}/DEU.M.USD_EXC"
    codes = {"REF_AREA": "DEU", "FREQ": "M", "UNIT_MEASURE": "USD_EXC"}
    shop.site.answers[path] = generic({"2025-02": "7", "2025-03": "8"}, codes)
    found = search(shop, f"dataflow={flow} key=DEU.M.USD_EXC", OECD)
    with shop.engine.begin() as connection:
        ids = follow_source.follow(connection, OECD, found, now=shop.at)
    assert ids == ["oecd.DSD_TRADE-DF_TRADE.DEU.M.USD_EXC"]
    assert shop.poll(OECD).derived.recorded == 2


@pytest.mark.parametrize("words", ["copper", f"dataflow={FLOW} key=USA..M", f"dataflow={FLOW} key=USA+DEU.M"])
def test_more_than_one_series_at_a_time_is_refused_before_anything_is_asked(shop: Shop, words: str) -> None:
    """Without the structure of the set, several series cannot be told apart: their sum would be a guess."""
    with pytest.raises(SourceMisnamedError, match="one code for each dimension"):
        search(shop, words)
    assert shop.site.asked == []


def test_without_the_extra_nothing_is_asked_and_it_is_said_what_to_do(
    fund: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sdmx1 is an extra: where it is missing, the other sources go on and this one says how to get it."""
    monkeypatch.setitem(sys.modules, "sdmx", None)
    poll = fund.poll(IMF)
    assert poll.fault is not None
    assert "tonnage[sdmx]" in str(poll.fault)
    with pytest.raises(faults.UnreadableFault, match="tonnage ingest"):
        search(fund, f"dataflow={FLOW} key={KEY}")
    assert fund.site.asked == []
