"""A file into the record by a mapping: all of its figures in one transaction, or none and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from services.ingestion.errors import UploadRefusedError
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import ArrivingFigure
from services.ingestion.files.arriving import arriving, named
from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.preview import doubted
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import Understood
from services.usecases.preview_file import READ, RECORDED, Progress, counting, held_units, register_new
from services.usecases.record_observations import record_observations


class NotShownError(UploadRefusedError):
    """A file of which something was guessed or is to be asked, and that nobody has confirmed."""

    def __init__(self, understood: Understood) -> None:
        self.understood = understood
        self.faults = ()
        open_ = {**understood.guesses, **understood.questions}
        listed = "".join(f"\n  {choice}: {why}." for choice, why in open_.items())
        Exception.__init__(
            self,
            f"{understood.grid.name} can be read in more than one way, and nothing was stored:{listed}\n"
            "Look at it with --preview, which writes a mapping, and give that with --map.",
        )


def import_file(
    connection: Connection,
    understood: Understood,
    *,
    confirmed: bool,
    progress: Progress | None = None,
    **recording: Any,
) -> tuple[dict[str, Any], FileReading]:
    """Record a file as it was understood; the report of the recording, and the reading with its tally.

    NotShownError where something of it is a guess that nobody ``confirmed``; FileRefusedError with every
    fault. Either way the caller's transaction is to end without a commit. ``recording`` are the arguments of
    record_observations.
    """
    units = held_units(connection, recording.get("desk"))
    guesses = dict(understood.guesses)
    reading = (
        FileReading(understood.grid, understood.mapping, units=units, progress=counting(progress, READ))
        if not understood.questions
        else None
    )
    if reading is None or (not confirmed and set(guesses) - {"table.series"}):
        raise NotShownError(understood)
    read = chain.from_iterable(arriving(reading))
    figures: Sequence[ArrivingFigure] = FigureColumns.of(read) if recording.get("history") else list(read)
    shown = doubted(understood, reading.tally)
    if not confirmed and (
        shown is not understood or ("table.series" in guesses and set(reading.tally.series) - set(units))
    ):
        raise NotShownError(shown)
    register_new(connection, understood.mapping, units, now=recording["now"], source=recording["source"])
    if not figures:
        raise FileRefusedError(understood.grid.name, (), 0)
    try:
        told = counting(progress, RECORDED)
        return record_observations(connection, figures, progress=told, **recording), reading
    except UploadRefusedError as error:
        raise named(reading, error) from error
