"""Files into figures: CSV and JSON, and any kind by its name. What cannot be read is refused whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from services.ingestion.binary_readers import read_excel, read_parquet
from services.ingestion.cells import RowFault, absent, instead, text_of
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import ArrivingFigure, check, of_table
from services.ingestion.tables import MOST_ROWS, csv_table, objects, parsed, refuse_many

BODY = ("source", "observations")
"""Keys of a JSON body that is an object."""
LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Body:
    """What a JSON body says: its figures, and who says so; None where it names nobody.

    A figure without a source of its own has the body's.
    """

    figures: list[ArrivingFigure]
    source: str | None = None


def read_csv(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a CSV with a header, UTF-8, comma separated.

    UploadTooLargeError beyond ``limit`` bytes; UploadRefusedError with rows and reasons otherwise.
    """
    return of_table(csv_table(content, limit=limit, most_rows=MOST_ROWS))


def read_json(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a JSON list of objects, or of an object with such a list under ``observations``."""
    return read_body(content, limit=limit).figures


def read_body(content: bytes, *, limit: int) -> Body:
    """Figures of a JSON body with the source it names; UploadRefusedError where a key is not one of BODY."""
    given = parsed(content, limit)
    source = None
    if isinstance(given, dict):
        unknown = [name for name in given if name not in BODY]
        faults = [Fault(0, f"{name!r} is not a key of the body{_instead(name)}") for name in unknown]
        if faults:
            raise UploadRefusedError(faults)
        source, given = _source(given.get("source")), given.get("observations")
    rows = objects(given)
    refuse_many(len(rows), MOST_ROWS)
    if source is not None:
        rows = [{**row, "source": source} if absent(row.get("source")) else row for row in rows]
    return Body(check(rows), source)


def _instead(name: str) -> str:
    """Where a key that the body does not know may belong, as the rest of the sentence."""
    if name == "history":
        return "; it is a parameter of the address: ?history=true"
    return instead(name, BODY)


def _source(given: Any) -> str | None:
    if given is None:
        return None
    try:
        source = text_of("source", given) if isinstance(given, str) else None
    except RowFault as fault:
        raise UploadRefusedError([Fault(0, str(fault))]) from fault
    if source is None or len(source) > LONGEST_SOURCE:
        raise UploadRefusedError(
            [Fault(0, f"source is not a text of 1 to {LONGEST_SOURCE} characters that says who says so")]
        )
    return source


_READERS: dict[str, Callable[..., list[ArrivingFigure]]] = {
    ".csv": read_csv,
    ".json": read_json,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}


CSV = "text/csv"
JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = (JSON, CSV, PARQUET, EXCEL)
"""Content types that ``read_media`` reads."""
_BY_MEDIA = {CSV: read_csv, PARQUET: read_parquet, EXCEL: read_excel}


def read_media(media_type: str, content: bytes, *, limit: int) -> Body:
    """Figures of a body of one of MEDIA_TYPES; only JSON can name a source for all of them."""
    if media_type == JSON:
        return read_body(content, limit=limit)
    return Body(_BY_MEDIA[media_type](content, limit=limit))


def read_file(name: str, content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a file by the ending of its name: .csv, .json, .parquet or .xlsx."""
    ending = PurePath(name).suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise UploadRefusedError([Fault(0, f"{name} ends in none of {', '.join(_READERS)}")])
    return reader(content, limit=limit)
