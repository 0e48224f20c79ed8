"""Our own columns of a file into figures kept as columns: a history, which may be of a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import numpy as np

from forecasting.errors import ForecastingError
from services.ingestion.cells import RowFault
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import contradiction, figure_of, refuse_columns
from services.ingestion.readers import read_file
from services.ingestion.tables import MOST_ROWS, csv_rows


def read_columns(name: str, content: bytes, *, limit: int) -> FigureColumns:
    """As ``read_file``; of a CSV no more than a row at a time is made into objects."""
    if PurePath(name).suffix.lower() != ".csv":
        return FigureColumns.of(read_file(name, content, limit=limit))
    names, rows = csv_rows(content, limit=limit, most_rows=MOST_ROWS)
    refuse_columns(names)
    faults: list[Fault] = []
    columns = FigureColumns()
    for number, cells in rows:
        try:
            columns.add(figure_of(number, dict(zip(names, cells, strict=True))))
        except (RowFault, ForecastingError) as fault:
            faults.append(Fault(number, str(fault).rstrip(".")))
    faults.extend(_contradictions(columns))
    if not len(columns) and not faults:
        faults.append(Fault(0, "there is no row in it"))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))
    return columns


def _contradictions(columns: FigureColumns) -> Iterator[Fault]:
    """As ``figures.contradictions``."""
    known, values = columns.known_given, columns.values
    order = np.lexsort((known, columns.months, columns.firsts, columns.series))
    keys = np.stack([each[order] for each in (columns.series, columns.firsts, columns.months, known)])
    again = np.concatenate(([False], (keys[:, 1:] == keys[:, :-1]).all(axis=0)))
    starts = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    first = order[starts]
    same = (values[order] == values[first]) | (np.isnan(values[order]) & np.isnan(values[first]))
    for at in np.flatnonzero(~same).tolist():
        yield contradiction(columns[int(order[at])], columns[int(first[at])])
