"""What every command shares: lines out, faults as one line, and the database."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from alerts.errors import AlertsError
from forecasting.errors import ForecastingError, InvalidMonthError
from forecasting.months import Month
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.sources.faults import SourceFault, SourceMisnamedError

REFUSALS = (
    AlertsError,
    ForecastingError,
    UploadRefusedError,
    UploadTooLargeError,
    SourceFault,
    SourceMisnamedError,
)
"""Errors whose message tells the user what to do."""


def say(line: str) -> None:
    """One line for whoever runs the command."""
    print(line, flush=True)


AsJson = Annotated[bool, typer.Option("--json", help="A JSON array instead of lines.")]
"""The option of every command that lists."""


def say_all(rows: Sequence[Any], line: Callable[[Any], str], *, as_json: bool, none: str) -> None:
    """A line for each row, or all as one JSON array with their fields; ``none`` where there is no row."""
    if as_json:
        print(json.dumps([asdict(row) for row in rows], default=_plain, indent=2, ensure_ascii=False))
        return
    for row in rows:
        say(line(row))
    if not rows:
        say(none)


def _plain(value: object) -> object:
    """What JSON has no word for: moments in ISO 8601, bytes as their text, sets in order."""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value)


def fail(message: str) -> typer.Exit:
    """Say what went wrong; the error to raise."""
    print(message, file=sys.stderr)
    return typer.Exit(1)


def refused(message: object) -> typer.Exit:
    """Say why nothing was begun; the error to raise, with the status of a wrong call."""
    print(message, file=sys.stderr)
    return typer.Exit(2)


def writable(output: Path) -> None:
    """Nothing where a file can be written there; else one line, before any work is done for it."""
    folder = output.parent
    if not folder.is_dir():
        raise refused(f"There is no folder {folder} to write {output.name} in; make it first.")
    if not os.access(folder, os.W_OK) or (output.exists() and not os.access(output, os.W_OK)):
        raise refused(f"{output} may not be written; give another --output.")


def writable_table(output: Path) -> None:
    """As ``writable``, for a table: one line too where the name is of a format that is not written."""
    if output.suffix.lower() in {".json", ".jsonl", ".xlsx", ".xls", ".arrow", ".feather"}:
        raise refused(
            f"{output.name}: tables are written as CSV or Parquet; give a name that ends in either."
        )
    writable(output)


def moment_of(text: str) -> dt.datetime:
    """A moment with its zone; what is not one ends in one line."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise fail(f"{text!r} is not a moment; write it as 2025-06-20T10:00:00Z.") from error
    if moment.tzinfo is None:
        raise fail(f"{text!r} has no time zone; write it as 2025-06-20T10:00:00Z.")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise fail(f"{text!r} is not a moment of our calendar in UTC.") from error


def month_of(text: str) -> Month:
    """A month of YYYY-MM; what is not one ends in one line."""
    try:
        return Month.parse(text)
    except InvalidMonthError as error:
        raise fail(str(error)) from error


@contextmanager
def database() -> Iterator[Engine]:
    """The engine of DATABASE_URL; a fault of the caller or of the database ends in one line, not a trace."""
    from services import bootstrap  # noqa: PLC0415 - commands that need no database start without it
    from services.settings import settings  # noqa: PLC0415 - as above

    where = make_url(settings().database_url).render_as_string(hide_password=True)
    try:
        yield bootstrap.engine()
    except OperationalError as error:
        raise fail(
            f"The database at {where} does not answer ({_first_line(error)}). "
            "Start it, or set DATABASE_URL; `tonnage up` starts one of its own."
        ) from error
    except ProgrammingError as error:
        raise fail(
            f"The database at {where} has no such tables ({_first_line(error)}). Run `tonnage migrate`."
        ) from error
    except DataError as error:
        raise fail("A number or a text lies outside what can be stored; nothing was changed.") from error
    except REFUSALS as error:
        raise fail(str(error)) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
