"""What an upload is before it is recorded: what of it cannot be, what it is known by, and its parts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month
from forecasting.prints import micros
from services.ingestion.cells import LARGEST, SMALLEST, RowFault, within_size
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import ArrivingFigure
from services.storage.series import SeriesRecord

_A_DAY = 86_400_000_000
"""Microseconds: a moment may be of the day before in its own zone."""
TOGETHER = 5_000
"""Figures that are judged and stored together: what a release holds of memory does not grow with it."""


def digest(source: str, arriving: Sequence[ArrivingFigure]) -> str:
    """SHA-256 of the text of all figures as one list, made figure by figure: a million are 400 MB of text."""
    digest = hashlib.sha256(b"[")
    for number, figure in enumerate(arriving):
        digest.update(f"{', ' if number else ''}{(source, figure)!r}".encode())
    digest.update(b"]")
    return digest.hexdigest()


def together(figures: Sequence[ArrivingFigure]) -> Iterator[list[ArrivingFigure]]:
    """The figures in parts of about TOGETHER, all of a series in one, in the order of each part as given."""
    counts = Counter(figure.series_id for figure in figures)
    parts: dict[str, int] = {}
    reached = 0
    for series_id in sorted(counts):
        parts[series_id] = reached // TOGETHER
        reached += counts[series_id]
    if not parts or max(parts.values()) == 0:
        yield list(figures)
        return
    divided: dict[int, list[ArrivingFigure]] = defaultdict(list)
    for figure in figures:
        divided[parts[figure.series_id]].append(figure)
    for part in sorted(divided):
        yield divided.pop(part)


def in_parts(columns: FigureColumns, known: NDArray[np.int64]) -> Iterator[list[NDArray[np.int64]]]:
    """Places of figures in parts of about TOGETHER: a list a series, in the order in which they became known.

    Series go by id; of a series the order is that of ``together``.
    """
    ranks = np.empty(len(columns.ids), dtype=np.int64)
    ranks[sorted(range(len(columns.ids)), key=columns.ids.__getitem__)] = np.arange(len(columns.ids))
    ranked = ranks[columns.series]
    order = np.lexsort((columns.months, columns.firsts, known, ranked))
    ends = np.flatnonzero(np.diff(ranked[order])) + 1
    part: list[NDArray[np.int64]] = []
    held = 0
    for places in np.split(order, ends):
        part.append(places)
        held += len(places)
        if held >= TOGETHER:
            yield part
            part, held = [], 0
    if held:
        yield part


def refuse(
    figures: Iterable[ArrivingFigure], registered: Mapping[str, SeriesRecord], now: dt.datetime
) -> None:
    """UploadRefusedError where a row names no series, another unit, or a time or value that cannot be."""
    found = ((each.row, _fault(each, registered, now)) for each in figures)
    faults = [Fault(row, reason) for row, reason in found if reason is not None]
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))


def refuse_columns(
    columns: FigureColumns,
    figures: Sequence[ArrivingFigure],
    registered: Mapping[str, SeriesRecord],
    now: dt.datetime,
) -> None:
    """As ``refuse``, of figures and the same as columns: only those that may have a fault are looked at."""
    known, sizes = columns.known(now), np.abs(columns.values)
    units: dict[str, int] = {}
    said = np.array([units.setdefault(each.unit, len(units)) for each in columns.texts], dtype=np.int64)
    held = np.array(
        [units.get(registered[each].unit, -1) if each in registered else -1 for each in columns.ids],
        dtype=np.int64,
    )
    withdrawn = np.array([each.withdrawn for each in columns.texts], dtype=np.bool_)[columns.said]
    last = columns.firsts + columns.months.astype(np.int64) - 1 - Month.of(1970, 1).ordinal
    begins = last.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    doubtful = (
        (held[columns.series] != said[columns.said]) | (known > micros(now)) | (known < begins + _A_DAY)
    )
    doubtful |= ~withdrawn & ~((sizes <= LARGEST) & ((sizes == 0) | (sizes >= SMALLEST)))
    refuse((figures[at] for at in np.flatnonzero(doubtful).tolist()), registered, now)


def _fault(figure: ArrivingFigure, registered: Mapping[str, SeriesRecord], now: dt.datetime) -> str | None:
    """Why a row cannot be recorded; None where it can."""
    held = registered.get(figure.series_id)
    moment = figure.known_from or now
    if held is None:
        return f"there is no series {figure.series_id!r}; register it first"
    if held.unit != figure.unit:
        return f"the unit is {figure.unit!r}, and {held.id} is held in {held.unit!r}"
    if moment > now:
        return f"known_from {moment.isoformat()} lies in the future"
    if moment.date() < figure.span.last.first_day:
        return f"{figure.span} had not begun at known_from, {moment.date()}"
    return _no_size(figure.value)


def _no_size(value: float | None) -> str | None:
    """Why a value is none that a figure can have: a connector's has been through no reader of files."""
    try:
        within_size(value or 0.0, value)
    except RowFault as fault:
        return str(fault)
    return None
