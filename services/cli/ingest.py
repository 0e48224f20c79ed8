"""``tonnage ingest``: a file is understood, shown, and recorded whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sqlalchemy import Connection

from services.cli.auditing import keep
from services.cli.progress import progress_bar
from services.cli.shell import REFUSALS, database, fail, say, writable
from services.ingestion.errors import UploadTooLargeError

if TYPE_CHECKING:  # a command that reads no file starts without them
    from services.ingestion.files.mapping import Mapping
    from services.ingestion.files.packing import Given
    from services.ingestion.files.understanding import Asked
    from services.usecases.preview_file import FilePreview, Progress

OURS = (".csv", ".json", ".parquet", ".xlsx")
"""Endings of files that may have our own columns, and are then read strictly."""


def ingest(
    file: Annotated[
        Path, typer.Argument(help="CSV or TSV in any encoding, Excel, JSON, Parquet, Arrow; packed or not.")
    ],
    *,
    preview: Annotated[bool, typer.Option(help="Say how it is understood; record nothing.")] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="A mapping, TOML or JSON, that says how it is read.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help=r"Where --preview writes the mapping. \[default: FILE.map.toml; with --map nowhere]"
        ),
    ] = None,
    series_id: Annotated[str | None, typer.Option(help="The series, where the file holds one.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit of all its figures, where it says none.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    header: Annotated[int | None, typer.Option(min=1, help="The row of the names.")] = None,
    encoding: Annotated[str | None, typer.Option(help="As Python names it: utf-8, gb18030, cp932.")] = None,
    source: Annotated[str, typer.Option(help="Who says so, where a row does not.")] = "file",
    history: Annotated[bool, typer.Option(help="The past of a new installation: wake no rule.")] = False,
    replay: Annotated[
        bool, typer.Option(help="The past as it became known: forecasts count as published then.")
    ] = False,
) -> None:
    """Record the figures of a file: all of them, or none and the reasons.

    A file that can be read in one way only is recorded straight. Of any other --preview shows what was
    guessed and writes a mapping to correct; --map records by it.
    """
    from services.ingestion.files.mapping import Layout  # noqa: PLC0415 - read when asked for
    from services.ingestion.files.packing import Given  # noqa: PLC0415 - as above
    from services.ingestion.files.understanding import Asked  # noqa: PLC0415 - as above

    if not file.is_file():
        raise fail(f"There is no file {file}.")
    asked = Asked(Layout(sheet=sheet, encoding=encoding), series_id, unit, header)
    if map_file is not None and asked != Asked():
        raise fail("--map says how the file is read; say the sheet, header, encoding, unit and series in it.")
    recording = {"source": source, "history": history, "replayed": replay}
    mapping = None if map_file is None else _mapping(map_file)
    given = Given.of_path(file)
    if preview:
        where = output or (file.with_name(file.name + ".map.toml") if map_file is None else None)
        if where is not None:
            writable(where)
        _preview(given, where, asked, mapping, recording)
    else:
        _record(file, given, asked, mapping, recording)


def _mapping(path: Path) -> Mapping:
    from services.ingestion.files.mapping import parse  # noqa: PLC0415 - read when asked for

    try:
        return parse(path.name, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise fail(f"{path} cannot be read: {error}.") from error
    except REFUSALS as error:
        raise fail(str(error)) from error


def _recording(more: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the recording: the caller's, and the installation's."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above

    held = settings()
    return {**more, "now": bootstrap.now(), "budget": held.alert_budget, "portfolio": held.portfolio}


def _preview(
    given: Given, where: Path | None, asked: Asked, mapping: Mapping | None, recording: dict[str, Any]
) -> None:
    from services.ingestion.files.mapping_text import to_toml  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.preview_file import beside_lines, preview_file  # noqa: PLC0415 - as above

    limit = settings().file_limit_bytes
    with _refusals(), _undone() as connection, _progress() as progress:
        shown: FilePreview = preview_file(
            connection,
            given,
            limit=limit,
            asked=asked,
            mapping=mapping,
            progress=progress,
            **_recording(recording),
        )
    for line in beside_lines(shown):
        say(line)
    if where is not None:
        understood = shown.preview.understood
        where.write_text(
            to_toml(understood.mapping, {**understood.guesses, **understood.questions}), encoding="utf-8"
        )
        say(f"The mapping is in {where}. Correct it where it is wrong, then: --map {where}")
    if not shown.preview.ready or shown.held_back is not None:
        raise typer.Exit(1)


def _record(
    file: Path, given: Given, asked: Asked, mapping: Mapping | None, recording: dict[str, Any]
) -> None:
    from services import bootstrap, telemetry  # noqa: PLC0415 - read when asked for
    from services.ingestion.column_readers import read_columns  # noqa: PLC0415 - as above
    from services.ingestion.files.ours import ours  # noqa: PLC0415 - as above
    from services.ingestion.files.understanding import Asked, understand  # noqa: PLC0415 - as above
    from services.ingestion.readers import read_file  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.import_file import import_file  # noqa: PLC0415 - as above
    from services.usecases.preview_file import LOOKED_AT, RECORDED, counting, mapped  # noqa: PLC0415 - as above
    from services.usecases.record_observations import record_observations  # noqa: PLC0415 - as above

    telemetry.configure(production=settings().environment == "production")  # lines beside, on standard error
    limit, arguments, began = (
        settings().file_limit_bytes,
        {**_recording(recording), "named": 0},
        time.perf_counter(),
    )
    with database() as engine, _refusals(), _progress() as progress:
        if mapping is None and asked == Asked() and file.suffix.lower() in OURS and ours(given, limit=limit):
            read = read_columns if recording["history"] else read_file
            figures = read(file.name, file.read_bytes(), limit=limit)
            told = counting(progress, RECORDED)
            with engine.begin() as connection:
                report = record_observations(connection, figures, progress=told, **arguments)
                _note(connection, report, recording)
            notes: list[str] = []
        else:
            understood = (
                understand(given, limit=limit, asked=asked, progress=counting(progress, LOOKED_AT))
                if mapping is None
                else mapped(given, mapping, limit)
            )
            with engine.begin() as connection:
                report, reading = import_file(
                    connection, understood, confirmed=mapping is not None, progress=progress, **arguments
                )
                _note(connection, report, recording)
            notes = reading.tally.converted() + reading.tally.left_aside()
    telemetry.tell_release(report, time.perf_counter() - began, way="file")
    nudge = bootstrap.service().nudge
    nudge(bootstrap.DELIVER_MESSAGES)
    nudge(bootstrap.REFRESH_FORECASTS)
    for note in notes:
        say(note)
    say(_report(report))


def _note(connection: Connection, report: dict[str, Any], recording: dict[str, Any]) -> None:
    """As the API keeps an upload: nothing where every figure was held already."""
    if report["recorded"] or report["revised"]:
        counts = {name: report[name] for name in ("recorded", "revised", "unchanged", "alerts")}
        after = {"source": recording["source"], "history": recording["history"], **counts}
        keep(connection, "figures.recorded", f"release {report['release_id']}", after=after)


def _report(report: dict[str, Any]) -> str:
    counts = f"{report['recorded']} recorded, {report['revised']} revised, {report['unchanged']} held already"
    from services.usecases.preview_file import told_alerts  # noqa: PLC0415 - as above

    return f"{counts}; alerts: {told_alerts(report)}"


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except UploadTooLargeError as error:
        more = "Or raise TONNAGE_FILE_LIMIT_BYTES; what a packed file unpacks to may be twenty times that."
        raise fail(f"{error} {more}") from error
    except REFUSALS as error:
        raise fail(str(error)) from error


@contextmanager
def _progress() -> Iterator[Progress]:
    """Rows of each pass over a file, on a terminal's standard error."""
    with progress_bar() as show:
        yield lambda what, rows: show(what, rows, None)


@contextmanager
def _undone() -> Iterator[Connection | None]:
    """A connection whose work is undone; None where no database answers, since a preview needs none."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - as above

    from services import bootstrap  # noqa: PLC0415 - read when asked for

    try:
        connection = bootstrap.engine().connect()
    except SQLAlchemyError:
        say("No database answers, so nothing of it is compared with what is held.")
        yield None
        return
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()
