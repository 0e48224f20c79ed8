"""A million rows of one file: rows a second and the highest memory, understood and read. Not in the suite.

With --record the file is also recorded as a history, in one transaction, on a real PostgreSQL with fsync.

PYTHONPATH=. .venv/bin/python -m tests.benchmarks.file_rows [rows] [--record]
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine

from services.ingestion.files.packing import Given
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import Understood, understand
from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.settings import Settings
from services.storage import schema, series
from services.storage.series import SeriesRecord
from services.usecases.import_file import import_file

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


def record(understood: Understood, folder: Path, rows: int) -> None:
    """Record the file as a history, in one transaction, as the command does; two lines."""
    now = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    folder.chmod(0o711)
    with Supervisor(say=lambda _: None) as supervisor:
        postgres = Postgres.prepare(folder / "postgres", durable=True)
        supervisor.start(postgres.part())
        url = postgres.create("files")
        schema.upgrade(url)
        engine = create_engine(url)
        ids = [f"S{number:05d}" for number in range(rows // MONTHS + 1)]
        with engine.begin() as connection:
            series.register(connection, [SeriesRecord(each, each, "t") for each in ids], now=now)
        before, began, cpu = peak(), time.perf_counter(), time.process_time()
        with engine.begin() as connection:
            report, _ = import_file(
                connection, understood, confirmed=True,
                source="bench", now=now, budget=0.1, portfolio="standard", history=True,
                named=0,
            )  # fmt: skip
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        engine.dispose()
    say(f"{report['recorded']:,} figures read and recorded in {took:.1f} s, {cpu:.1f} s of them CPU here")
    say(f"{rows / took:,.0f} rows a second; memory {before:.0f} MB before, {peak():.0f} MB at most")


def main() -> None:
    """Write, understand and read; one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--record", action="store_true", help="record it too, as a history")
    asked = parser.parse_args()
    rows = asked.rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.csv"
        write(path, rows)
        size, before = path.stat().st_size, peak()
        began, cpu = time.perf_counter(), time.process_time()
        understood = understand(Given.of_path(path), limit=Settings().file_limit_bytes)
        looked = time.perf_counter()
        if asked.record:
            say(f"{rows:,} rows, {size / 1e6:.0f} MB; memory {before:.0f} MB before")
            record(understood, Path(folder), rows)
            return
        units = {f"S{number:05d}": "t" for number in range(rows // MONTHS + 1)}
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
