"""What an upload is before it is recorded: what of it cannot be, what it is known by, and its parts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from services.ingestion.cells import RowFault, within_size
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import ArrivingFigure
from services.storage.series import SeriesRecord

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


def refuse(
    figures: Sequence[ArrivingFigure], registered: Mapping[str, SeriesRecord], now: dt.datetime
) -> None:
    """UploadRefusedError where a row names no series, another unit, or a time or value that cannot be."""
    faults: list[Fault] = []
    for figure in figures:
        held = registered.get(figure.series_id)
        moment = figure.known_from or now
        if held is None:
            faults.append(Fault(figure.row, f"there is no series {figure.series_id!r}; register it first"))
        elif held.unit != figure.unit:
            faults.append(
                Fault(figure.row, f"the unit is {figure.unit!r}, and {held.id} is held in {held.unit!r}")
            )
        elif moment > now:
            faults.append(Fault(figure.row, f"known_from {moment.isoformat()} lies in the future"))
        elif moment.date() < figure.span.last.first_day:
            faults.append(Fault(figure.row, f"{figure.span} had not begun at known_from, {moment.date()}"))
        elif (reason := _no_size(figure.value)) is not None:
            faults.append(Fault(figure.row, reason))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))


def _no_size(value: float | None) -> str | None:
    """Why a value is none that a figure can have: a connector's has been through no reader of files."""
    try:
        within_size(value or 0.0, value)
    except RowFault as fault:
        return str(fault)
    return None
