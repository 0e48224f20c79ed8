"""One arriving figure, checked for all that can be checked without knowing what is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecasting.errors import ForecastingError
from forecasting.months import Span
from services.ingestion.cells import RowFault, absent, instead, number_of, span_of, text_of
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.tables import Table

REQUIRED = ("series_id", "month", "value", "unit")
OPTIONAL = ("known_from", "known_basis", "stage", "source", "source_url", "claim")
BASES = ("first_seen", "printed", "calendar")
KNOWN = (*REQUIRED, *OPTIONAL)


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


def of_table(table: Table) -> list[ArrivingFigure]:
    """Figures of a table; UploadRefusedError where a column is missing or unknown, or as in ``check``."""
    refuse_names(table.columns)
    return _checked(table.mappings())


def refuse_names(columns: Sequence[str]) -> None:
    """UploadRefusedError where a column is missing or unknown."""
    missing = [name for name in REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in KNOWN]
    faults = []
    if missing:
        reason = (
            f"the header: the column {', '.join(missing)} is missing; the first line names the columns "
            f"{', '.join(REQUIRED)} and, where wanted, {', '.join(OPTIONAL)}"
        )
        faults.append(Fault(0, reason))
    faults += [Fault(0, f"the header: {_unknown(name)}") for name in unknown]
    if faults:
        raise UploadRefusedError(faults)


def check(rows: Iterable[Mapping[str, Any]]) -> list[ArrivingFigure]:
    """Figures of rows as a file or a request gave them; UploadRefusedError with every fault found.

    A value may be a number or its text; an empty one is a fault, and the word ``withdrawn`` withdraws.
    """
    return _checked(enumerate(rows, start=1))


def _checked(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> list[ArrivingFigure]:
    faults: list[Fault] = []
    figures: list[ArrivingFigure] = []
    for number, row in rows:
        try:
            figures.append(figure_of(number, row))
        except (RowFault, ForecastingError) as fault:
            faults.append(Fault(number, str(fault).rstrip(".")))
    faults.extend(_contradictions(figures))
    if not figures and not faults:
        faults.append(Fault(0, "there is no row in it"))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))
    return figures


def figure_of(number: int, row: Mapping[str, Any]) -> ArrivingFigure:
    """The figure of a row; RowFault or ForecastingError where it holds none."""
    unknown = [name for name in row if name not in KNOWN]
    if unknown:
        raise RowFault(_unknown(unknown[0]))
    for name in REQUIRED:
        if absent(row.get(name)):
            raise RowFault(f"{name} is missing")
    basis = text_of("known_basis", row.get("known_basis")) or "first_seen"
    if basis not in BASES:
        raise RowFault(f"known_basis is {basis!r}; it is one of {', '.join(BASES)}")
    return ArrivingFigure(
        row=number,
        series_id=text_of("series_id", row.get("series_id")) or "",
        span=span_of(row["month"]),
        value=_value(row["value"]),
        unit=text_of("unit", row.get("unit")) or "",
        known_from=moment_of(row.get("known_from")),
        known_basis=basis,
        stage=text_of("stage", row.get("stage")) or "final",
        source=text_of("source", row.get("source")),
        source_url=text_of("source_url", row.get("source_url")),
        claim=text_of("claim", row.get("claim")),
    )


def _unknown(name: str) -> str:
    return f"{name!r} is not a column{instead(name, KNOWN)}"


def _value(given: Any) -> float | None:
    if isinstance(given, str) and given.strip().lower() == "withdrawn":
        return None
    value = number_of(given)
    if value < 0:
        raise RowFault(f"the value {given} is negative, and an export volume cannot be")
    return value


def moment_of(given: Any) -> dt.datetime | None:
    """The moment with its zone that a cell holds, in UTC; None where it is empty, else RowFault."""
    if given is None or given == "":
        return None
    try:
        moment = given if isinstance(given, dt.datetime) else dt.datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise RowFault(
            f"known_from is {str(given)[:40]!r}; write a moment with its zone, "
            "such as 2025-06-20T10:00:00+08:00"
        ) from None
    if moment.tzinfo is None:
        raise RowFault(f"known_from {given} has no time zone; write one, such as 2025-06-20T10:00:00+08:00")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise RowFault(f"known_from {given} is not a moment of our calendar in UTC") from None


def _contradictions(figures: Sequence[ArrivingFigure]) -> list[Fault]:
    """Faults of rows that give one month of one series, known from one moment, a second value."""
    seen: dict[tuple[str, Span, dt.datetime | None], ArrivingFigure] = {}
    faults: list[Fault] = []
    for figure in figures:
        key = (figure.series_id, figure.span, figure.known_from)
        first = seen.setdefault(key, figure)
        if first.value != figure.value:
            faults.append(contradiction(figure, first))
    return faults


def contradiction(figure: ArrivingFigure, first: ArrivingFigure) -> Fault:
    """The fault of a row that says of a month something else than one before it."""
    return Fault(
        figure.row,
        f"{figure.series_id} {figure.span} is {_said(figure.value)} here and "
        f"{_said(first.value)} in row {first.row}",
    )


def _said(value: float | None) -> str:
    return "withdrawn" if value is None else f"{value:g}"
