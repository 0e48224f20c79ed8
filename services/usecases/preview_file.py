"""A file as it was understood, beside what is held: nothing is recorded, and what would follow is said."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from services.ingestion.cells import can_be_id, unfit_id
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import ArrivingFigure
from services.ingestion.files.arriving import arriving
from services.ingestion.files.columns import columns_of
from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.headers import header_of
from services.ingestion.files.mapping import Mapping, NewSeries
from services.ingestion.files.opening import open_grid
from services.ingestion.files.packing import Given
from services.ingestion.files.preview import Preview, doubted, lines, try_reading
from services.ingestion.files.reading import FileReading
from services.ingestion.files.tally import Tally
from services.ingestion.files.understanding import Asked, Understood, understand
from services.storage import series
from services.usecases.record_observations import record_observations

UNFIT = re.compile(r"[^A-Za-z0-9_.:-]+")


Progress = Callable[[str, int], None]
"""Told what is done to rows, and to how many it is done so far."""
LOOKED_AT, READ, RECORDED = "rows looked at", "rows read", "figures recorded"


@dataclass(frozen=True, slots=True)
class FilePreview:
    """A preview with what is held beside it: series that would be new, and what the recording would do."""

    preview: Preview
    new: tuple[NewSeries, ...] = ()
    would: dict[str, Any] | None = None
    held_back: str | None = None
    """Why the recording cannot be tried."""


def preview_file(
    connection: Connection | None,
    given: Given,
    *,
    limit: int,
    asked: Asked | None = None,
    mapping: Mapping | None = None,
    progress: Progress | None = None,
    **recording: Any,
) -> FilePreview:
    """A file as it is understood, or as ``mapping`` says; with a connection beside what is held.

    The recording is done in a savepoint and undone, so that what it would do is what it does. ``recording``
    are the arguments of record_observations, which says what it does with them. ``progress`` is told what is
    done to rows, and to how many.
    """
    understood = (
        understand(given, limit=limit, asked=asked, progress=counting(progress, LOOKED_AT))
        if mapping is None
        else mapped(given, mapping, limit)
    )
    units = held_units(connection, recording.get("desk"))
    try:
        reading = FileReading(
            understood.grid, understood.mapping, units=units, progress=counting(progress, READ)
        )
    except FileRefusedError as error:
        return FilePreview(Preview(understood, (), Tally(), error))
    preview = try_reading(understood, reading)
    if mapping is None:
        understood = doubted(understood, preview.tally)
        preview = replace(preview, understood=understood)
    found = preview.tally.series_units
    new = tuple(NewSeries(name, name, unit) for name, unit in found.items() if name not in units)
    if connection is None:
        return FilePreview(preview)
    if new and not understood.mapping.register:
        new, ids = named(new, units, understood.mapping)
        confirmed = replace(understood, mapping=replace(understood.mapping, register=new, ids=ids))
        preview = replace(preview, understood=confirmed)
    elif found and not new:
        preview = replace(preview, understood=_known(understood))
    if not preview.ready:
        return FilePreview(preview, new)
    return _tried(connection, preview, new, units, recording=recording, progress=progress)


def named(
    new: tuple[NewSeries, ...], held: Collection[str], mapping: Mapping
) -> tuple[tuple[NewSeries, ...], dict[str, str]]:
    """New series under ids that can stand in an address, and the ids of a mapping with those added."""
    ids, taken, found = dict(mapping.ids), {*held, *(each.id for each in new)}, []
    for at, each in enumerate(new, start=1):
        series_id = each.id
        if not can_be_id(series_id):
            series_id = UNFIT.sub("-", each.id).strip("-_.:")[:80] or f"SERIES-{at}"
            series_id = f"{series_id}-{at}" if series_id in taken else series_id
            taken.add(series_id)
            ids[each.id] = series_id
        found.append(replace(each, id=series_id))
    return tuple(found), ids


def counting(progress: Progress | None, what: str) -> Callable[[int], None] | None:
    """What one kind of work tells its rows to."""
    return None if progress is None else partial(progress, what)


def _known(understood: Understood) -> Understood:
    """Without the doubt which columns name the series, where all that they name are registered."""
    return replace(
        understood, guesses={each: why for each, why in understood.guesses.items() if each != "table.series"}
    )


def mapped(given: Given, mapping: Mapping, limit: int) -> Understood:
    """A file by a mapping that was confirmed: nothing is guessed and nothing asked."""
    grid = open_grid(given, limit=limit, layout=mapping.file)
    columns_of(grid.name, header_of(grid, mapping.file).names, mapping)
    return Understood(grid, mapping, grid.said, {}, {})


def held_units(connection: Connection | None, desk: str | None = None) -> dict[str, str]:
    """Units of all series that are registered and that a desk may see."""
    if connection is None:
        return {}
    return {each.id: each.unit for each in series.listed(connection, desk=desk, limit=None)}


def register_new(
    connection: Connection, mapping: Mapping, held: Collection[str], *, now: dt.datetime, source: str
) -> list[str]:
    """Register those of a mapping's series that are not held; their ids, or UploadRefusedError."""
    new = [each for each in mapping.register if each.id not in held]
    unfit = [
        Fault(0, f"{unfit_id(each.id)}; give it one under [ids]") for each in new if not can_be_id(each.id)
    ]
    unfit += [
        Fault(0, f"the {what} of {each.id[:80]!r} {reason}")
        for each in new
        for what, text, most in (
            ("name", each.name, 2000),
            ("unit", each.unit, 200),
            ("family", each.family, 200),
        )
        if text is not None and (reason := _unfit(text, most)) is not None
    ]
    if unfit:
        raise UploadRefusedError(unfit)
    records = [series.SeriesRecord(each.id, each.name, each.unit, each.family, source=source) for each in new]
    series.add(connection, records, now=now)
    return [each.id for each in new]


def _unfit(text: str, most: int) -> str | None:
    """Why a text may not describe a series, by the API's rule; None where it may."""
    if not text.isprintable():
        return "holds a control character"
    return f"is longer than {most:,} characters or empty" if not 1 <= len(text) <= most else None


def _tried(
    connection: Connection,
    preview: Preview,
    new: tuple[NewSeries, ...],
    units: dict[str, str],
    *,
    recording: dict[str, Any],
    progress: Progress | None,
) -> FilePreview:
    mapping = preview.understood.mapping
    told = counting(progress, "rows to try a recording")
    reading = FileReading(preview.understood.grid, mapping, units=units, progress=told)
    savepoint = connection.begin_nested()
    try:
        read = chain.from_iterable(arriving(reading))
        figures: Sequence[ArrivingFigure] = FigureColumns.of(read) if recording.get("history") else list(read)
        register_new(connection, mapping, units, now=recording["now"], source=recording["source"])
        would = record_observations(connection, figures, **{**recording, "named": 0})
    except UploadRefusedError as error:
        return FilePreview(preview, new, held_back=str(error))
    finally:
        savepoint.rollback()
    hidden = {"release_id", "figures", "unnamed", "verdicts"}
    return FilePreview(preview, new, would={key: part for key, part in would.items() if key not in hidden})


def told_alerts(report: dict[str, Any]) -> str:
    """What a recording does to alerts: by kind what desks are told of, then what is kept from them, and why.

    A report from before what was kept was counted says all as told.
    """
    kept = {
        "left to a parent's alert": Counter(report.get("left_to_parents", {})),
        "silenced": Counter(report.get("silenced", {})),
    }
    told = Counter(report["alerts"]) - sum(kept.values(), Counter())
    said = [f"{count:,} {kind}" for kind, count in sorted(told.items())]
    said += [f"{count.total():,} {why}" for why, count in kept.items() if count]
    return ", ".join(said) or "none"


def beside_lines(shown: FilePreview) -> list[str]:
    """The preview as lines, with what is held beside it."""
    said = lines(shown.preview)
    if shown.new:
        listed = ", ".join(repr(each.id) for each in shown.new[:8])
        more = f" and {len(shown.new) - 8:,} more" if len(shown.new) > 8 else ""
        said.append(f"Series that are not held, and that [[register]] in the mapping adds: {listed}{more}.")
    if shown.would is not None:
        would = shown.would
        said.append(
            f"If it were recorded now: {would['recorded']:,} new figures, {would['revised']:,} revisions, "
            f"{would['unchanged']:,} held already; alerts: {told_alerts(would)}."
        )
    if shown.held_back is not None:
        said.append(f"The recording would refuse it: {shown.held_back}")
    return said
