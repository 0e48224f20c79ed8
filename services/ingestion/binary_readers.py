"""Files into rows: Parquet and Excel. Their sizes are read before what is packed in them is unpacked."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError
from services.ingestion.figures import OPTIONAL, REQUIRED, ArrivingFigure, check

MOST_ROWS = 1_000_000
UNPACKED = 20
"""How many times its own limit a packed file may hold: figures pack well, bombs pack a thousandfold."""

MOST_COLUMNS = len(REQUIRED) + len(OPTIONAL)


def read_parquet(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a Parquet file whose columns are named as those of the CSV.

    UploadTooLargeError beyond ``limit`` bytes or UNPACKED times as many unpacked, else UploadRefusedError.
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s to import, and most uploads are JSON or CSV
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    if len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        held = file.metadata
        size = sum(held.row_group(number).total_byte_size for number in range(held.num_row_groups))
        _bounded(held.num_rows, held.num_columns, size, limit)
        rows = file.read().to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UploadRefusedError([Fault(0, f"it is not a Parquet file ({str(error)[:80]})")]) from error
    return check([{name: _said(name, value) for name, value in row.items()} for row in rows])


def read_excel(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of the first sheet of an Excel workbook; its first row names the columns, as in the CSV.

    A formula is refused, since what it would give is not in the file. Errors as for Parquet.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.2 s to import, and most uploads are JSON or CSV

    if len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _bounded(0, 0, sum(each.file_size for each in packed.infolist()), limit)
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=False).worksheets[0]
        table: list[tuple[Any, ...]] = []
        for cells in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
            table.append(cells)
            _bounded(len(table) - 1, 0, 0, limit)
    except (UploadRefusedError, UploadTooLargeError):
        raise
    except Exception as error:  # whatever a hostile file breaks in the library, it is not a workbook
        raise UploadRefusedError(
            [Fault(0, f"it is not an Excel workbook ({type(error).__name__})")]
        ) from error
    header = [str(name).strip() if name is not None else "" for name in table[0]] if table else []
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise UploadRefusedError([Fault(0, f"the first row of the first sheet lacks {', '.join(missing)}")])
    rows = []
    for number, cells in enumerate(table[1:], start=1):
        row = {name: _said(name, cell) for name, cell in zip(header, cells, strict=False) if name}
        formula = next((name for name, value in row.items() if str(value).startswith("=")), None)
        if formula is not None:
            raise UploadRefusedError([Fault(number, f"{formula} is a formula; paste its value instead")])
        if any(value not in {None, ""} for value in row.values()):
            rows.append(row)
    return check(rows)


def _said(name: str, value: Any) -> Any:
    """A cell as the CSV would say it: a date is a month in the month's column, else a moment."""
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%Y-%m}" if name == "month" else value.isoformat()
    return value


def _bounded(rows: int, columns: int, unpacked: int, limit: int) -> None:
    if unpacked > UNPACKED * limit:
        raise UploadTooLargeError(UNPACKED * limit)
    if rows > MOST_ROWS:
        raise UploadRefusedError([Fault(0, f"there are more than {MOST_ROWS:,} rows; send it in parts")])
    if columns > MOST_COLUMNS:
        raise UploadRefusedError([Fault(0, f"it has {columns} columns; known are {MOST_COLUMNS}")])
