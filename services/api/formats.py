"""Tables as the caller's Accept asks for them: JSON by default, CSV, Parquet, or an Arrow stream."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.api.problems import ProblemError
from services.api.schemas.common import Shown

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


Fields = Annotated[
    str | None,
    Query(
        max_length=1_000,
        description="Only these of each item's fields, separated by commas, such as month,value; in a table, "
        "of its columns.",
    ),
]


def chosen(fields: str | None, known: Collection[str]) -> list[str]:
    """The fields asked for in the order of ``known``, all where None; a problem where one is not known."""
    if fields is None:
        return list(known)
    asked = [each.strip() for each in fields.split(",")]
    for each in asked:
        if each not in known:
            nearest = difflib.get_close_matches(each, known, n=1, cutoff=0.5)
            meant = f"did you mean {nearest[0]!r}? " if nearest else ""
            said = f"query.fields: there is no field {each[:40]!r}; {meant}Known are {', '.join(known)}."
            raise ProblemError("invalid-request", said)
    return [each for each in known if each in asked]


def listing(
    items: Sequence[Shown], kind: type[Shown], *, fields: str | None, following: str | None
) -> Response:
    """A page of items in JSON as ``Page`` describes it, with only those of their fields that are asked for.

    What was made here is not checked once more against its own schema on its way out.
    """
    include = None if fields is None else set(chosen(fields, kind.model_fields))
    written = b",".join(
        each.__pydantic_serializer__.to_json(each, include=include, by_alias=True) for each in items
    )
    return Response(
        b'{"items":[' + written + b'],"next":' + json.dumps(following).encode() + b"}", media_type=JSON
    )


def page(
    accepted: str,
    items: Sequence[Shown],
    kind: type[Shown],
    *,
    fields: str | None,
    following: str | None,
    row: Callable[[Any], Row],
    columns: Sequence[str],
    name: str,
) -> Response:
    """A page of items as Accept asks: JSON, or a table whose rows ``row`` makes of them."""
    if accepted == JSON:
        return listing(items, kind, fields=fields, following=following)
    wanted = chosen(fields, columns)
    return table(accepted, [row(each) for each in items], wanted, name=name, following=following)


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
