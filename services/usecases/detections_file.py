"""What `tonnage detect` wrote, read back as it was written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from services.ingestion.errors import Fault, PanelRefusedError
from services.usecases.detect_panel import COLUMNS
from services.usecases.panel_file import table_of

_TEXTS = ("series_id", "month", "episode_id", "episode_status", "episode_trough")
_NEEDED = tuple(name for name in COLUMNS if name.startswith(("series_id", "month", "episode_", "p_")))


def read_detections(path: Path) -> pd.DataFrame:
    """Rows of detect, identifiers and months as text; PanelRefusedError where the file is another one.

    An empty cell is missing: a month outside any episode has none of its fields.
    """
    table = table_of(path)
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        reason = f"it is not what detect wrote: it has no column {missing[0]}; give the --output of detect"
        raise PanelRefusedError(path.name, [Fault(0, reason)])
    cells = pd.DataFrame([row for _, row in table.rows], columns=list(table.columns), dtype=object)
    rows = pd.DataFrame({name: cells[name].replace("", None) for name in _NEEDED})
    for name in _NEEDED:
        if name in _TEXTS:
            continue
        try:
            rows[name] = pd.to_numeric(rows[name])
        except (ValueError, TypeError) as error:
            reason = f"it is not what detect wrote: {name} holds something that is no number"
            raise PanelRefusedError(path.name, [Fault(0, reason)]) from error
    return rows
