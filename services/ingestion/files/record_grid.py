"""Parquet, Arrow, JSON and JSON Lines into a grid whose first row is the names of the columns."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.files.errors import Faults, FileRefusedError, PlacedFault, refusal
from services.ingestion.files.grids import MOST_COLUMNS, Cells, Grid
from services.ingestion.files.mapping import Layout
from services.ingestion.files.packing import UNPACKED, Given
from services.ingestion.json_text import RepeatedKeyError
from services.ingestion.tables import objects, parsed, refuse_twice

BATCH = 10_000
LONGEST_LINE = 1 << 20


def arrow_grid(given: Given, layout: Layout, *, limit: int) -> Grid:
    """The grid of a Parquet or Arrow file, a batch at a time."""
    names = _guarded(given, lambda: _names(given, layout, limit))

    def rows() -> Iterator[tuple[int, Cells]]:
        yield 1, names
        number = 1
        left = UNPACKED * limit
        batches = _batches(given, layout)
        while (batch := _guarded(given, lambda: next(batches, None))) is not None:
            left -= batch.nbytes
            if left < 0:
                raise UploadTooLargeError(UNPACKED * limit)
            columns = _guarded(given, lambda held=batch: [column.to_pylist() for column in held.columns])
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, cells

    return Grid(given.name, rows, layout, (f"{layout.format.capitalize()} with typed cells",), named=True)


def _names(given: Given, layout: Layout, limit: int) -> list[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 0.3 s to import, and most files are CSV

    if layout.format == "parquet":
        held = pq.ParquetFile(io.BytesIO(given.content())).metadata
        size = sum(held.row_group(number).total_byte_size for number in range(held.num_row_groups))
        if size > UNPACKED * limit:
            raise UploadTooLargeError(UNPACKED * limit)
        names = list(held.schema.to_arrow_schema().names)
    else:
        names = list(_opened(given).schema.names)
    if len(names) > MOST_COLUMNS:
        raise refusal(given.name, f"it has {len(names):,} columns; at most {MOST_COLUMNS:,} are read")
    return names


def _batches(given: Given, layout: Layout) -> Iterator[Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    if layout.format == "parquet":
        yield from pq.ParquetFile(io.BytesIO(given.content())).iter_batches(batch_size=BATCH)
        return
    held = _opened(given)
    if hasattr(held, "num_record_batches"):
        yield from (held.get_batch(at) for at in range(held.num_record_batches))
    else:
        yield from held


def _opened(given: Given) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    content = given.content()
    return (pa.ipc.open_file if content.startswith(b"ARROW1") else pa.ipc.open_stream)(content)


def _guarded(given: Given, step: Any) -> Any:
    """A step of the library's; whatever a hostile file breaks in it, it cannot be read."""
    try:
        return step()
    except (FileRefusedError, UploadTooLargeError):
        raise
    except Exception as error:
        raise refusal(given.name, f"it is not a file that can be read ({str(error)[:80]})") from error


def json_grid(given: Given, layout: Layout) -> Grid:
    """The grid of a JSON list of objects, itself or under the one key that holds a list.

    A list of lists under a row of names is one too, as the Census Bureau's API answers.
    """
    said = "JSON, a list of objects"
    try:
        raw = parsed(given.content(), None)
        if isinstance(raw, dict):
            lists = [key for key, value in raw.items() if isinstance(value, list)]
            if len(lists) != 1:
                held = ", ".join(map(repr, lists[:10])) or "none"
                raise refusal(
                    given.name, f"one key of its object is to hold the list of figures; lists are {held}"
                )
            raw = raw[lists[0]]
        if isinstance(raw, list) and raw and all(isinstance(row, list) for row in raw):
            raw, said = _named(given, raw), "JSON, a list of lists under a row of names"
        found = objects(raw)
    except FileRefusedError:
        raise
    except UploadRefusedError as error:
        raise FileRefusedError(given.name, error.faults) from error
    names = list(dict.fromkeys(name for row in found for name in row))
    _few(given, names)

    def rows() -> Iterator[tuple[int, Cells]]:
        yield 1, names
        yield from ((at, [_plain(row.get(name)) for name in names]) for at, row in enumerate(found, start=2))

    return Grid(given.name, rows, layout, (said,), named=True)


def _named(given: Given, raw: list[list[Any]]) -> list[dict[str, Any]]:
    """Lists by the names in the first; a name that stands twice must say the same twice, as a filter does."""
    header, *rows = raw
    if not header or not all(isinstance(name, str) and name for name in header):
        raise refusal(given.name, "the first of its lists is to hold the names of the columns, each a text")
    faults = Faults(given.name)
    found: list[dict[str, Any]] = []
    for at, cells in enumerate(rows, start=2):
        row: dict[str, Any] = {}
        if len(cells) != len(header):
            faults.add(at, f"row {at}", f"it has {len(cells)} cells, and the names are {len(header)}")
        for name, cell in zip(header, cells, strict=False):
            if row.setdefault(name, cell) != cell:
                faults.add(at, f"row {at}", f"the column {name!r} stands twice, with two values")
        found.append(row)
    faults.refuse()
    return found


def lines_grid(given: Given, layout: Layout) -> Grid:
    """The grid of JSON Lines: an object a line; row 1 is the names, so that line 1 is row 2."""
    names = list(dict.fromkeys(name for _, row in _objects(given) for name in row))
    _few(given, names)

    def rows() -> Iterator[tuple[int, Cells]]:
        yield 1, names
        yield from (
            (number + 1, [_plain(row.get(name)) for name in names]) for number, row in _objects(given)
        )

    return Grid(given.name, rows, layout, ("JSON Lines, an object a line",), named=True)


def _objects(given: Given) -> Iterator[tuple[int, dict[str, Any]]]:
    with given.open() as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                row = objects([parsed(line, LONGEST_LINE - 1)])[0]
            except (UploadRefusedError, UploadTooLargeError) as error:
                twice = isinstance(error.__cause__, RepeatedKeyError)
                reason = str(error.__cause__) if twice else "it is not an object of JSON, or too long for one"
                fault = PlacedFault(number, reason, f"line {number}")
                raise FileRefusedError(given.name, [fault]) from error
            yield number, row


def _few(given: Given, names: list[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise refusal(given.name, f"it has {len(names):,} keys; at most {MOST_COLUMNS:,} are read")
    refuse_twice("key", names)


def _plain(cell: Any) -> Any:
    return json.dumps(cell) if isinstance(cell, dict | list) else cell
