"""A file into a grid by what it holds, not by what its name ends in."""

from __future__ import annotations

from dataclasses import replace

from services.ingestion.files.errors import refusal
from services.ingestion.files.grids import Grid
from services.ingestion.files.mapping import Format, Layout
from services.ingestion.files.packing import Given, unpacked
from services.ingestion.files.record_grid import arrow_grid, json_grid, lines_grid
from services.ingestion.files.sheet_grid import sheet_grid
from services.ingestion.files.text_grid import text_grid

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_PAGES = (b"%pdf", b"<!doc", b"<html", b"\x89png")
"""How what is looked at, and not read as a table, begins, in small letters."""
_HEAD = 1 << 12


def open_grid(given: Given, *, limit: int, layout: Layout | None = None, asked: Layout | None = None) -> Grid:
    """The grid of a file of any kind; UploadTooLargeError, or FileRefusedError where it is none of them.

    ``layout`` says all; without it all is found in the file, but what ``asked`` names.
    """
    inner, packing = unpacked(given, limit=limit)
    wanted = layout or replace(asked or Layout(), format=_format(inner))
    if wanted.format == "excel":
        grid = sheet_grid(inner, wanted)
    elif wanted.format in {"parquet", "arrow"}:
        grid = arrow_grid(inner, wanted, limit=limit)
    elif wanted.format == "json":
        grid = json_grid(inner, wanted)
    elif wanted.format == "jsonl":
        grid = lines_grid(inner, wanted)
    else:
        grid = text_grid(inner, wanted)
    return replace(grid, said=(f"packed by {packing}", *grid.said)) if packing else grid


def _format(given: Given) -> Format:
    head = given.head(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return "excel"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(_OLD_EXCEL):
        raise refusal(given.name, "it is a workbook of Excel before 2007; save it as .xlsx and give that")
    if head.lstrip().lower().startswith(_PAGES):
        raise refusal(given.name, "it is a page or a picture, not a table; give the table as CSV or Excel")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        first, _, rest = text.partition(b"\n")
        another = rest.lstrip().startswith(b"{") if rest.strip() else b"[" not in first
        return "jsonl" if first.rstrip().endswith(b"}") and another else "json"
    return "text"
