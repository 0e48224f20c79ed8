"""Files into rows: CSV and JSON, and any kind by its name. What cannot be read is refused whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from services.ingestion.binary_readers import read_excel, read_parquet
from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError
from services.ingestion.figures import OPTIONAL, REQUIRED, ArrivingFigure, check

MOST_ROWS = 1_000_000


def read_csv(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a CSV with a header, UTF-8, comma separated.

    UploadTooLargeError beyond ``limit`` bytes; UploadRefusedError with rows and reasons otherwise.
    """
    text = _decoded(content, limit)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = reader.fieldnames or []
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            raise UploadRefusedError(
                [
                    Fault(
                        0,
                        f"the column {', '.join(missing)} is missing; the first line names the columns "
                        f"{', '.join(REQUIRED)} and, where wanted, {', '.join(OPTIONAL)}",
                    )
                ]
            )
        rows = []
        for number, row in enumerate(reader, start=1):
            if number > MOST_ROWS:
                raise UploadRefusedError(
                    [Fault(0, f"there are more than {MOST_ROWS:,} rows; send it in parts")]
                )
            if None in row or None in row.values():
                found = len(row) if None in row else sum(value is not None for value in row.values())
                raise UploadRefusedError(
                    [Fault(number, f"it does not have the {len(header)} cells of the header but {found}")]
                )
            rows.append(row)
    except csv.Error as error:
        raise UploadRefusedError([Fault(reader.line_num, f"it is not CSV ({error})")]) from error
    return check(rows)


def read_json(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a JSON list of objects, or of an object with such a list under ``observations``."""
    text = _decoded(content, limit)
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UploadRefusedError([Fault(0, f"it is not JSON ({str(error)[:80]})")]) from error
    rows = given.get("observations") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UploadRefusedError([Fault(0, "a list of objects is wanted, one a figure")])
    return check(rows)


_READERS: dict[str, Callable[..., list[ArrivingFigure]]] = {
    ".csv": read_csv,
    ".json": read_json,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}


def read_file(name: str, content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a file by the ending of its name: .csv, .json, .parquet or .xlsx."""
    ending = PurePath(name).suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise UploadRefusedError([Fault(0, f"{name} ends in none of {', '.join(_READERS)}")])
    return reader(content, limit=limit)


def _decoded(content: bytes, limit: int) -> str:
    if len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UploadRefusedError(
            [Fault(0, f"byte {error.start} is not UTF-8; save the file as UTF-8")]
        ) from error
    if "\x00" in text:
        raise UploadRefusedError([Fault(0, "it holds NUL bytes and is not a text file")])
    return text
