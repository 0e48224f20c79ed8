"""Whether a file has our own columns: then it is read strictly, as an upload to the API is."""

from __future__ import annotations

from itertools import islice

from services.ingestion.cells import absent
from services.ingestion.errors import UploadRefusedError
from services.ingestion.figures import REQUIRED
from services.ingestion.files.grids import filled
from services.ingestion.files.mapping import Layout
from services.ingestion.files.opening import open_grid
from services.ingestion.files.packing import Given


def ours(given: Given, *, limit: int) -> bool:
    """True where the first row that holds something names all columns that we require; UTF-8 and commas.

    What stands beside them is then refused or read as ever, and not left aside. A file that is none at all is
    left to whoever reads it to refuse.
    """
    try:
        grid = open_grid(given, limit=limit, asked=Layout())
        first = next((cells for _, cells in islice(grid.rows(), 60) if filled(cells)), ())
    except UploadRefusedError:
        return False
    names = {str(cell).strip() for cell in first if not absent(cell)}
    layout = grid.layout
    plain = layout.format != "text" or (
        layout.delimiter == "," and layout.encoding in {"utf-8", "utf-8-sig"} and layout.quote == '"'
    )
    return plain and not grid.said[0].startswith("packed") and set(REQUIRED) <= names
