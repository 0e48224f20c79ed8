"""Pages of China Customs: what is read of them, and each known fault refused with a sentence."""

from __future__ import annotations

import pytest
from gacc_server import NBSP, OTHERS, exports_title, page, row

from services.ingestion.sources.faults import (
    AmbiguousFault,
    ContradictionFault,
    HalfLoadedFault,
    NoTableFault,
    ShiftedTableFault,
    SourceFault,
    UnreadableFault,
)
from services.ingestion.sources.gacc_page import Page, read_page

RARE = row("Rare Earths", "Ton", "4,785.0", "41.6")
TITLE = exports_title("Apr", 2025)


def read(text: str) -> Page:
    return read_page(text.encode())


def test_a_page_is_read_by_path_unit_and_month() -> None:
    """Labels are paths through the indents, units carry their factor, and the month is the title's."""
    rows = read(page(TITLE, [*OTHERS, RARE])).by_label()
    assert list(rows) == [
        "Agricultural products(1)",
        "Agricultural products(1) > Aquatic products",
        "Motor vehicles, including chassis",
        "Rare Earths",
    ]
    assert (rows["Rare Earths"].unit, float(rows["Rare Earths"].quantity or 0)) == ("t", 4785.0)
    fish = rows["Agricultural products(1) > Aquatic products"]
    assert (fish.unit, float((fish.quantity or 0) * fish.factor)) == ("t", 312_000.0)
    assert rows["Agricultural products(1)"].quantity is None


def test_january_and_february_are_one_figure_of_eight_cells() -> None:
    """The combined page has no column of the month, and its figure is of two months."""
    combined = [[*cells[:8]] for cells in (*OTHERS, RARE)]
    read_it = read(page(exports_title("Jan-Feb", 2025), combined))
    assert str(read_it.span) == "2025-01..2025-02"


def shifted(cells: list[str]) -> list[str]:
    """A body row of April 2025: the unit is left out, and a blank cell ends it."""
    return [cells[0], *cells[2:], ""]


PLANTED: list[tuple[type[SourceFault], str, str]] = [
    (ShiftedTableFault, "blank", page(TITLE, [shifted(each) for each in (*OTHERS, RARE)])),
    (
        ShiftedTableFault,
        "is the number",
        page(TITLE, [row("Motor vehicles", "62.0", "11,164.1", "62.0"), RARE]),
    ),
    (ShiftedTableFault, "no value", page(TITLE, [row("Rare Earths", "Ton", "4,785.0", "-")])),
    (ShiftedTableFault, "cells", page(TITLE, [OTHERS[0], RARE[:9]])),
    (ContradictionFault, "CNY", page(exports_title("Jun", 2025, "CNY"), [RARE])),
    (
        NoTableFault,
        "image",
        page("(4) Imports and Exports by Country, Jan 2018", [], content='<img src="a.png">'),
    ),
    (NoTableFault, "no row", page(TITLE, [])),
    (UnreadableFault, "no month", page("Major Export Commodities in Quantity and Value (in RMB)", [RARE])),
    (UnreadableFault, "neither", page(exports_title("Jan", 2025), [RARE])),
    (UnreadableFault, "title", "<html><body><h1>System maintenance</h1></body></html>"),
    (UnreadableFault, "stands where", page(TITLE, [row("Rare Earths", "Ton", "4,785.0", "n.a.")])),
    (HalfLoadedFault, "blank cell", page(TITLE, [RARE, row("Steel", "10,000 Tons", "", "")])),
    (AmbiguousFault, "two rows", page(TITLE, [RARE, RARE])),
]


@pytest.mark.parametrize(("fault", "words", "text"), PLANTED, ids=[f"{f.kind}-{w}" for f, w, _ in PLANTED])
def test_a_planted_fault_refuses_the_page(fault: type[SourceFault], words: str, text: str) -> None:
    """Each fault seen on the site is refused by type, with a sentence on what happened and what to do."""
    with pytest.raises(fault, match=words) as refused:
        read(text).by_label()
    assert str(refused.value).count(". ") >= 1
    assert refused.value.todo in str(refused.value)


def test_indents_are_kept_though_they_are_non_breaking_blanks() -> None:
    """Two subsets of one name under two wholes are two rows."""
    rows = [
        row("Steel", "Ton", "9.0", "9.0"),
        row("Bars", "Ton", "1.0", "1.0", deep=2),
        row("Copper", "Ton", "9.0", "9.0"),
        row("Bars", "Ton", "2.0", "1.0", deep=2),
    ]
    assert NBSP in rows[1][0]
    assert list(read(page(TITLE, rows)).by_label()) == ["Steel", "Steel > Bars", "Copper", "Copper > Bars"]


def test_an_ambiguous_printed_day_is_no_claim() -> None:
    """The DD/MM/YYYY of 2018 could be read either way and is left alone."""
    assert read(page(TITLE, [RARE], printed="03/08/2018")).printed is None
