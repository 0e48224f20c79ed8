"""Files into figures: Parquet and Excel, whose columns are named as those of the CSV."""

from __future__ import annotations

from services.ingestion.figures import ArrivingFigure, of_table
from services.ingestion.tables import MOST_ROWS, excel_table, parquet_table


def read_parquet(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of a Parquet file.

    UploadTooLargeError beyond ``limit`` bytes or 20 times as many unpacked, else UploadRefusedError.
    """
    return of_table(parquet_table(content, limit=limit, most_rows=MOST_ROWS))


def read_excel(content: bytes, *, limit: int) -> list[ArrivingFigure]:
    """Figures of the first sheet of an Excel workbook; errors as for Parquet."""
    return of_table(excel_table(content, limit=limit, most_rows=MOST_ROWS))
