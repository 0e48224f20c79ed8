"""Our own columns read row by row: the same figures, and the same refusals, as read whole."""

from __future__ import annotations

import pytest

from services.ingestion.column_readers import read_columns
from services.ingestion.errors import UploadRefusedError
from services.ingestion.readers import read_file

HEAD = "series_id,month,value,unit,known_from,claim\n"
GOOD = (
    HEAD
    + "A,2025-01,1.5,t,2025-02-20T10:00:00+08:00,\n"
    + "\n"
    + 'B,2025-01..2025-02,withdrawn,t,,"a claim,\nin two lines"\n'
    + "A,2025-01,1.5,t,2025-02-20T02:00:00Z,\n"
)
BAD = {
    "no header": "",
    "a column that is missing": "series_id,month,value\nA,2025-01,1\n",
    "semicolons": HEAD.replace(",", ";") + "A;2025-01;1;t;;\n",
    "a column twice": "series_id,month,value,unit,unit\nA,2025-01,1,t,t\n",
    "no row": HEAD,
    "a row too short": HEAD + "A,2025-01,1,t,,\nA,2025-02\n",
    "a quote that does not end": HEAD + 'A,2025-01,1,t,,"never\n',
    "faults and contradictions": HEAD
    + "A,2025-01,1,t,,\nA,2025-01,2,t,,\nA,2025-13,1,t,,\nA,2025-01,withdrawn,t,,\nA,2025-02,-1,t,,\n"
    + "A,2025-01,3,t,2025-03-01T00:00:00Z,\nA,2025-01,4,t,2025-03-01T01:00:00+01:00,\n",
}


def test_the_figures_are_those_of_the_file_read_whole() -> None:
    """Rows, spans, moments, withdrawals and texts of more than one line."""
    content = GOOD.encode()
    assert list(read_columns("a.csv", content, limit=10_000)) == read_file("a.csv", content, limit=10_000)
    assert [each.row for each in read_columns("a.CSV", content, limit=10_000)] == [1, 3, 4]


@pytest.mark.parametrize("fault", BAD)
def test_the_refusals_are_those_of_the_file_read_whole(fault: str) -> None:
    """Each with its rows and reasons, in the order of the file."""
    said = []
    for read in (read_file, read_columns):
        with pytest.raises(UploadRefusedError) as refused:
            read("a.csv", BAD[fault].encode(), limit=10_000)
        said.append(refused.value.faults)
    assert said[0] == said[1]
