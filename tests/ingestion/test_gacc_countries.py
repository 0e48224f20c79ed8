"""China Customs' table of countries: 10 cells a month, 7 for January and February, and sums that hold."""

from __future__ import annotations

import pytest
from gacc_server import NBSP, html, index, page
from source_shop import Shop

from services.ingestion.sources import faults
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.gacc_countries import read_countries
from services.ingestion.sources.gacc_page import open_page
from services.storage.tables import observations
from services.usecases import follow_source
from services.usecases.poll_source import line_to

TITLE = "(4) Imports and Exports by Country (Region) of Origin/Destination, {} 2025 (in USD)"
JAPAN = ["Japan", "26.4", "99.9", "13.1", "50.0", "13.3", "49.9", "1.0", "2.0", "-3.0"]
VIETNAM = [f"{NBSP * 2}of which: Vietnam", "22.0", "80.0", "15.0", "50.0", "7.0", "30.0", "1.0", "2.0", "3.0"]
ASEAN = ["ASEAN", "90.0", "350.0", "55.0", "200.0", "35.0", "150.0", "1.0", "2.0", "3.0"]


def body(rows: list[list[str]], months: str = "Apr") -> bytes:
    return page(TITLE.format(months), rows).encode()


def test_a_month_is_read_beside_its_year_to_date() -> None:
    """The month's exports and imports, by the path of the label."""
    read = read_countries(open_page(body([JAPAN, ASEAN, VIETNAM])))
    assert list(read.flows) == ["Japan", "ASEAN", "ASEAN > Vietnam"]
    assert {flow: float(value) for flow, value in read.flows["Japan"].items()} == {
        "exports": 13.1,
        "imports": 13.3,
    }


def test_january_and_february_are_one_figure_of_seven_cells() -> None:
    """There is no value of January or of February alone."""
    read = read_countries(open_page(body([["Japan", "50.0", "25.0", "25.1", "1", "2", "3"]], "Jan-Feb")))
    assert str(read.span) == "2025-01..2025-02"
    assert float(read.flows["Japan"]["imports"]) == 25.1


@pytest.mark.parametrize(
    ("fault", "rows"),
    [
        (faults.ContradictionFault, [[*JAPAN[:3], "14.1", *JAPAN[4:]]]),
        (faults.ShiftedTableFault, [JAPAN[:9]]),
        (faults.ShiftedTableFault, [[JAPAN[0], *JAPAN[2:], ""]]),
        (faults.ShiftedTableFault, [[*JAPAN[:3], "-", *JAPAN[4:]]]),
        (faults.AmbiguousFault, [JAPAN, JAPAN]),
    ],
    ids=["sum", "width", "shifted", "no-figure", "twice"],
)
def test_a_planted_fault_refuses_the_page(fault: type[faults.SourceFault], rows: list[list[str]]) -> None:
    """A row whose sum does not hold shows that cells stand under other headings."""
    with pytest.raises(fault):
        read_countries(open_page(body(rows)))


def test_a_country_is_found_followed_and_polled(shop: Shop) -> None:
    """Its page is asked for only where a country is followed."""
    shop.publish([])
    shop.site.answers["/Statics/c.html"] = html(body([JAPAN, ASEAN, VIETNAM]).decode())
    shop.site.answers["/statics/report/preliminary.html"] = html(index({}))
    line = line_to(shop.engine, shop.settings, Gacc(), clock=shop.clock, wait=shop.wait)
    found = follow_source.search(Gacc(), "country=japan", now=shop.at, ask=line.ask)
    line.close()
    assert [(each.series.id, each.series.partner) for each in found] == [
        ("gacc.exports.country.japan.value", "JPN"),
        ("gacc.imports.country.japan.value", "JPN"),
    ]
    with shop.engine.begin() as connection:
        follow_source.follow(connection, Gacc(), found, now=shop.at)
    assert shop.poll().derived.refused == []
    assert sorted(each.value for each in shop.rows(observations)) == [13.1, 13.3]
