"""Tables as the caller's Accept asks for them: JSON by default, CSV, Parquet, or an Arrow stream."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from services.api.problems import ProblemError

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
OFFERED = (JSON, CSV, PARQUET, ARROW)

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            PARQUET: {"schema": {"type": "string", "format": "binary"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
"""The formats beside JSON, for OpenAPI."""

Row = Mapping[str, str | float | int | bool | None]


async def _wanted(request: Request) -> str:
    """The offered format that Accept prefers; JSON where it says nothing or anything will do."""
    preferred: list[tuple[float, str]] = []
    for part in request.headers.get("accept", "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [text[2:] for text in parameters if text.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        main = name.partition("/")[0]
        matching = [offer for offer in OFFERED if name in {"*/*", offer, f"{offer.partition('/')[0]}/*"}]
        if weight > 0 and matching and main:
            preferred.append((weight, matching[0]))
    if not preferred:
        raise ProblemError("not-acceptable", f"Offered are {', '.join(OFFERED)}.")
    return max(preferred, key=lambda each: each[0])[1]


Format = Annotated[str, Depends(_wanted)]


def table(
    media_type: str, rows: Sequence[Row], columns: Sequence[str], *, name: str, following: str | None = None
) -> Response:
    """Rows as a file, every column in its place also where there is no row.

    ``following`` is the cursor of the next page, told in the header X-Next-Cursor since a table has no place.
    """
    write, ending = _WRITERS[media_type]
    content = write(rows, columns)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Vary": "Accept"}
    if following is not None:
        headers["X-Next-Cursor"] = following
    return Response(content, media_type=media_type, headers=headers)


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode()


def _inert(cell: str | float | bool | None) -> str | float | bool | None:
    """A text that a spreadsheet would run as a formula, made to be read as text."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{cell}"
    return cell


def _parquet(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s to import, and most callers ask for JSON
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = io.BytesIO()
    pq.write_table(pa.table({column: [row[column] for row in rows] for column in columns}), sink)
    return sink.getvalue()


def _arrow(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - as above

    held = pa.table({column: [row[column] for row in rows] for column in columns})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, held.schema) as stream:
        stream.write_table(held)
    return sink.getvalue()


_WRITERS = {CSV: (_csv, "csv"), PARQUET: (_parquet, "parquet"), ARROW: (_arrow, "arrow")}
