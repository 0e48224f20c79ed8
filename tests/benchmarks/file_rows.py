"""A million rows of one file: rows a second and the highest memory, understood and read. Not in the suite.

PYTHONPATH=. .venv/bin/python -m tests.benchmarks.file_rows [rows]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from services.ingestion.files.packing import Given
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import understand
from services.settings import Settings

MONTHS = 240


def write(path: Path, rows: int) -> None:
    """A semicolon table with decimal commas, kilograms for tonnes and flags."""
    with path.open("w", encoding="cp1252") as file:
        file.write("series;month;value;unit;flag;pays\n")
        for at in range(rows):
            series, month = divmod(at, MONTHS)
            year, number = 2005 + month // 12, month % 12 + 1
            value = f"{at % 99_991:,}".replace(",", "\N{NO-BREAK SPACE}") if at % 2 else f"{at % 9973},25"
            flag = "p" if at % 7 == 0 else ""
            file.write(f"S{series:05d};{year}M{number:02d};{value};kg;{flag};Corée\n")


def peak() -> float:
    """Highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(line: str) -> None:
    """One line."""
    sys.stdout.write(line + "\n")


def main() -> None:
    """Write, understand and read; one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.csv"
        write(path, rows)
        size, before = path.stat().st_size, peak()
        began, cpu = time.perf_counter(), time.process_time()
        understood = understand(Given.of_path(path), limit=Settings().file_limit_bytes)
        looked = time.perf_counter()
        units = {f"S{series:05d}": "t" for series in range(rows // MONTHS + 1)}
        reading = FileReading(understood.grid, understood.mapping, units=units)
        figures = sum(len(batch) for batch in reading.batches())
        done, cpu = time.perf_counter(), time.process_time() - cpu
    encoding, asked = understood.mapping.file.encoding, understood.questions or "nothing"
    looking, took = looked - began, done - looked
    say(f"{rows:,} rows, {size / 1e6:.0f} MB, {encoding}, asked: {asked}")
    say(f"understood in {looking:.1f} s, read in {took:.1f} s: {figures:,} figures")
    say(f"{rows / (done - began):,.0f} rows a second in all, {rows / cpu:,.0f} a second of CPU")
    say(f"memory {before:.0f} MB before, {peak():.0f} MB at most")


if __name__ == "__main__":
    main()
