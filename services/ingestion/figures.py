"""One arriving figure, checked for all that can be checked without knowing what is held."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecasting.errors import ForecastingError
from forecasting.months import Month, Span
from services.ingestion.errors import Fault, UploadRefusedError

REQUIRED = ("series_id", "month", "value", "unit")
OPTIONAL = ("known_from", "known_basis", "stage", "source", "source_url", "claim")
BASES = ("first_seen", "printed", "calendar")
LONGEST_TEXT = 2000
EARLIEST = Month.of(1900, 1)
"""First month accepted: what is older is a typing error, and the room for a year before it is needed."""


@dataclass(frozen=True, slots=True)
class ArrivingFigure:
    """A figure on its way in.

    ``value`` is the total over ``span`` in ``unit``, zero or above; None withdraws what was known.
    ``known_from`` is the moment it was public; None is now.
    """

    row: int
    series_id: str
    span: Span
    value: float | None
    unit: str
    known_from: dt.datetime | None = None
    known_basis: str = "first_seen"
    stage: str = "final"
    source: str | None = None
    source_url: str | None = None
    claim: str | None = None


class _RowFault(Exception):  # noqa: N818 - never leaves this module
    """One thing wrong in the row at hand."""


def check(rows: Iterable[Mapping[str, Any]]) -> list[ArrivingFigure]:
    """Figures of rows as a file or a request gave them; UploadRefusedError with every fault found.

    A value may be a number or its text; an empty one is a fault, and the word ``withdrawn`` withdraws.
    """
    faults: list[Fault] = []
    figures: list[ArrivingFigure] = []
    for number, row in enumerate(rows, start=1):
        try:
            figures.append(_figure(number, row))
        except (_RowFault, ForecastingError) as fault:
            faults.append(Fault(number, str(fault).rstrip(".")))
    faults.extend(_contradictions(figures))
    if not figures and not faults:
        faults.append(Fault(0, "there is no row in it"))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))
    return figures


def _figure(number: int, row: Mapping[str, Any]) -> ArrivingFigure:
    unknown = [name for name in row if name not in REQUIRED and name not in OPTIONAL]
    if unknown:
        raise _RowFault(f"{unknown[0]!r} is not a column; known are {', '.join((*REQUIRED, *OPTIONAL))}")
    for name in REQUIRED:
        if row.get(name) in (None, ""):
            raise _RowFault(f"{name} is missing")
    basis = _text(row, "known_basis") or "first_seen"
    if basis not in BASES:
        raise _RowFault(f"known_basis is {basis!r}; it is one of {', '.join(BASES)}")
    return ArrivingFigure(
        row=number,
        series_id=_text(row, "series_id") or "",
        span=_span(row["month"]),
        value=_value(row["value"]),
        unit=_text(row, "unit") or "",
        known_from=_moment(row.get("known_from")),
        known_basis=basis,
        stage=_text(row, "stage") or "final",
        source=_text(row, "source"),
        source_url=_text(row, "source_url"),
        claim=_text(row, "claim"),
    )


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise _RowFault(f"{name} is longer than {LONGEST_TEXT} characters")
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _RowFault(f"{name} holds a NUL or half of a surrogate pair, which no text does")
    return text or None


def _span(given: Any) -> Span:
    span = Span.parse(str(given).strip())
    if span.first < EARLIEST:
        raise _RowFault(f"the month {span} lies before {EARLIEST}")
    return span


def _value(given: Any) -> float | None:
    if isinstance(given, str) and given.strip().lower() == "withdrawn":
        return None
    if isinstance(given, bool):
        raise _RowFault(f"the value {given} is not a number")
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise _RowFault(f"the value {str(given)[:40]!r} is not a number") from None
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _RowFault(f"the value {str(given)[:40]} is not a finite number")
    if value < 0:
        raise _RowFault(f"the value {given} is negative, and an export volume cannot be")
    return value


def _moment(given: Any) -> dt.datetime | None:
    if given is None or given == "":
        return None
    try:
        moment = given if isinstance(given, dt.datetime) else dt.datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise _RowFault(
            f"known_from is {str(given)[:40]!r}; write a moment with its zone, "
            "such as 2025-06-20T10:00:00+08:00"
        ) from None
    if moment.tzinfo is None:
        raise _RowFault(f"known_from {given} has no time zone; write one, such as 2025-06-20T10:00:00+08:00")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise _RowFault(f"known_from {given} is not a moment of our calendar in UTC") from None


def _contradictions(figures: Sequence[ArrivingFigure]) -> list[Fault]:
    """Faults of rows that give one month of one series, known from one moment, a second value."""
    seen: dict[tuple[str, Span, dt.datetime | None], ArrivingFigure] = {}
    faults: list[Fault] = []
    for figure in figures:
        key = (figure.series_id, figure.span, figure.known_from)
        first = seen.setdefault(key, figure)
        if first.value != figure.value:
            faults.append(
                Fault(
                    figure.row,
                    f"{figure.series_id} {figure.span} is {_said(figure.value)} here and "
                    f"{_said(first.value)} in row {first.row}",
                )
            )
    return faults


def _said(value: float | None) -> str:
    return "withdrawn" if value is None else f"{value:g}"
