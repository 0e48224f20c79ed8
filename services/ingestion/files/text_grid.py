"""CSV and TSV into a grid: any encoding, delimiter and quote, each found or named."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from services.ingestion.files.encodings import encoding_of, known
from services.ingestion.files.errors import FileRefusedError, PlacedFault, refusal
from services.ingestion.files.grids import MOST_COLUMNS, Cells, Grid
from services.ingestion.files.mapping import Layout
from services.ingestion.files.packing import Given

DELIMITERS = (",", ";", "\t", "|", "^")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "^": "caret"}
SAMPLE_LINES = 200
LONGEST_LINE = 1 << 20


def text_grid(given: Given, layout: Layout) -> Grid:
    """The grid of a text file; what the layout leaves open is found in the file."""
    said: list[str] = []
    guesses: list[tuple[str, str]] = []
    if layout.encoding is None:
        found = encoding_of(given)
        layout = replace(layout, encoding=found.name)
        if not found.sure:
            guesses.append(("file.encoding", f"it is not UTF-8; it was taken for {found.name}"))
    elif not known(layout.encoding):
        raise refusal(
            given.name, f"{layout.encoding!r} is no encoding that is known; try utf-8 or windows-1252"
        )
    said.append(f"text in {layout.encoding}")
    sample = list(islice(_lines(given, layout.encoding or "utf-8"), SAMPLE_LINES))
    if layout.delimiter is None:
        layout, unsure = _delimited(sample, layout)
        guesses += [("file.delimiter", unsure)] if unsure else []
    sign = layout.delimiter or ","
    said.append(f"cells parted by a {NAMES.get(sign, repr(sign))}")
    return Grid(given.name, lambda: _rows(given, layout), layout, tuple(said), tuple(guesses))


def _delimited(sample: list[str], layout: Layout) -> tuple[Layout, str | None]:
    """The delimiter under which most rows have the same number of cells, and a doubt where two do alike."""
    scores: dict[tuple[str, str], tuple[float, int]] = {}
    for quote in [layout.quote] if layout.quote else ['"', "'"]:
        for sign in DELIMITERS:
            try:
                rows = list(csv.reader(sample, delimiter=sign, quotechar=quote, strict=False))
            except csv.Error:
                continue
            widths = Counter(len(row) for row in rows if row)
            width, count = max(
                ((width, count) for width, count in widths.items() if width > 1), default=(1, 0), key=_weight
            )
            scores[sign, quote] = (count / max(1, sum(widths.values())) * min(width, 3), width)
    best = max(scores, key=lambda each: scores[each][0], default=(",", '"'))
    if scores.get(best, (0, 1))[0] <= 0:
        return replace(layout, delimiter=",", quote=layout.quote or '"'), None
    if best[0] != "\t" and scores.get(("\t", best[1]), (0.0, 1))[0] >= 2:
        best = ("\t", best[1])  # a tab stands in no text by chance, and Eurostat's keys hold commas
    if best[0] == "\t":
        return replace(layout, delimiter="\t", quote=best[1]), None
    rival = next(
        (each for each in scores if each[0] != best[0] and scores[each][0] >= 0.95 * scores[best][0]), None
    )
    doubt = None
    if rival is not None:
        doubt = (
            f"its cells may be parted by {NAMES[best[0]]} or by {NAMES[rival[0]]}; {NAMES[best[0]]} was taken"
        )
    return replace(layout, delimiter=best[0], quote=best[1]), doubt


def _weight(each: tuple[int, int]) -> tuple[int, int]:
    return each[1], each[0]


def _lines(given: Given, encoding: str) -> Iterator[str]:
    """Lines of a text file; a byte that is not of its encoding, or a line without end, refuses it."""
    number = 0
    with given.open() as stream, io.TextIOWrapper(stream, encoding=encoding, newline="") as text:
        try:
            while line := text.readline(LONGEST_LINE):
                number += 1
                if len(line) >= LONGEST_LINE:
                    raise refusal(given.name, f"line {number} is longer than {LONGEST_LINE:,} characters")
                if "\x00" in line:
                    raise refusal(given.name, f"line {number} holds a NUL byte, and it is not a text file")
                yield line
        except UnicodeError as error:
            reason = f"after line {number} it is not {encoding} ({str(error)[:80]}); name its encoding"
            raise refusal(given.name, reason) from error


def _rows(given: Given, layout: Layout) -> Iterator[tuple[int, Cells]]:
    number = 0
    lines = _lines(given, layout.encoding or "utf-8")
    try:
        reader = csv.reader(
            lines, delimiter=layout.delimiter or ",", quotechar=layout.quote or '"', strict=True
        )
        for number, cells in enumerate(reader, start=1):
            if len(cells) > MOST_COLUMNS:
                raise refusal(
                    given.name, f"row {number} has {len(cells):,} cells; at most {MOST_COLUMNS:,} are read"
                )
            yield number, cells
    except (csv.Error, TypeError, ValueError) as error:
        fault = PlacedFault(number + 1, f"it is not a row of cells ({error})", f"row {number + 1}")
        raise FileRefusedError(given.name, [fault]) from error
