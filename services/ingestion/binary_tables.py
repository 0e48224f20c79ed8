"""Parquet and Excel into cells. Their sizes are read before what is packed in them is unpacked."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError

UNPACKED = 20
"""How many times its own limit a packed file may hold: figures pack well, bombs pack a thousandfold."""

MOST_COLUMNS = 50
"""Columns of the widest table that is read; those of a figure are ten."""

_SPOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.')
"""What a cell's format writes beside the number, and does not reckon by."""

Numbered = list[tuple[int, tuple[Any, ...]]]


def parquet_cells(
    content: bytes, *, limit: int | None, most_rows: int | None
) -> tuple[tuple[str, ...], Numbered]:
    """Columns and numbered rows of a Parquet file.

    UploadTooLargeError beyond ``limit`` bytes or UNPACKED times as many unpacked, else UploadRefusedError.
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s to import, and most uploads are JSON or CSV
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    if limit is not None and len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        held = file.metadata
        size = sum(held.row_group(number).total_byte_size for number in range(held.num_row_groups))
        _bounded(held.num_rows, size, limit, most_rows)
        _narrow(held.num_columns)
        table = file.read()
        cells = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UploadRefusedError([Fault(0, f"it is not a Parquet file ({str(error)[:80]})")]) from error
    return tuple(table.column_names), list(enumerate(zip(*cells, strict=True), start=1))


def excel_cells(
    content: bytes, *, limit: int | None, most_rows: int | None
) -> tuple[tuple[str, ...], Numbered]:
    """Columns and numbered rows of the first sheet of an Excel workbook; its first row names the columns.

    A formula is refused, since what it would give is not in the file; a row of empty cells is left out, a
    column without a name too where it is empty. Errors as for Parquet.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.2 s to import, and most uploads are JSON or CSV

    if limit is not None and len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _bounded(0, sum(each.file_size for each in packed.infolist()), limit, most_rows)
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=False).worksheets[0]
        table: list[tuple[Any, ...]] = []
        for cells in sheet.iter_rows(max_col=MOST_COLUMNS + 1):
            table.append(tuple(map(cell_shown, cells)))
            _bounded(len(table) - 1, 0, limit, most_rows)
    except (UploadRefusedError, UploadTooLargeError):
        raise
    except Exception as error:  # whatever a hostile file breaks in the library, it is not a workbook
        raise UploadRefusedError(
            [Fault(0, f"it is not an Excel workbook ({type(error).__name__})")]
        ) from error
    header = [str(name).strip() if name is not None else "" for name in table[0]] if table else []
    named = [at for at, name in enumerate(header) if name]
    _narrow(len(named))
    return tuple(header[at] for at in named), _filled(header, named, table[1:])


def cell_shown(cell: Any) -> Any:
    """The value of a cell of openpyxl's; the text that it is shown by where that is a percentage.

    0.05 that a sheet shows as 5% is a share, and whoever wrote it wrote no figure of 0.05.
    """
    value = cell.value
    if not isinstance(value, int | float) or isinstance(value, bool) or "%" not in (cell.number_format or ""):
        return value
    reckoned = "%" in _SPOKEN.sub("", cell.number_format)
    return f"{value * 100 if reckoned else value:.12g}%"


def _filled(header: list[str], named: list[int], table: list[tuple[Any, ...]]) -> Numbered:
    rows: Numbered = []
    for number, cells in enumerate(table, start=1):
        held = {at: cell for at, cell in enumerate(cells) if cell not in {None, ""}}
        stray = next((cell for at, cell in held.items() if at not in named), None)
        if stray is not None:
            raise UploadRefusedError(
                [Fault(number, f"{str(stray)[:40]!r} stands in a column without a name")]
            )
        formula = next((header[at] for at, cell in held.items() if str(cell).startswith("=")), None)
        if formula is not None:
            raise UploadRefusedError([Fault(number, f"{formula} is a formula; paste its value instead")])
        if held:
            rows.append((number, tuple(held.get(at) for at in named)))
    return rows


def _bounded(rows: int, unpacked: int, limit: int | None, most_rows: int | None) -> None:
    if limit is not None and unpacked > UNPACKED * limit:
        raise UploadTooLargeError(UNPACKED * limit)
    if most_rows is not None and rows > most_rows:
        raise UploadRefusedError([Fault(0, f"there are more than {most_rows:,} rows; send it in parts")])


def _narrow(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise UploadRefusedError([Fault(0, f"it has {columns} columns; at most {MOST_COLUMNS} are read")])
