"""One cell as a file writes it: months, numbers and texts, read alike for uploads and for panels."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from forecasting.months import Month, Span

LONGEST_TEXT = 2000
EARLIEST = Month.of(1900, 1)
"""First month accepted: what is older is a typing error, and the room for a year before it is needed."""
LATEST = Month.of(2100, 12)
"""Last month accepted: what is later is a typing error, and would make a series of centuries of gaps."""
LARGEST = 1e15
"""Size beyond which a figure is a mistake in its unit: no country ships so much of anything in a month, and
above it a double no longer holds every whole number."""
SMALLEST = 1e-100
"""Size below which a figure that is not zero is a mistake too: models square figures."""

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_COMPACT = re.compile(r"(\d{4})(\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].+)?", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class RowFault(Exception):  # noqa: N818 - ingestion collects it and never lets it out
    """One thing wrong in the row at hand, in words."""


def instead(name: str, known: Iterable[str]) -> str:
    """What stands where a name does not, nearest first, as the end of a sentence that says so."""
    held = list(known)
    close = get_close_matches(name, held, n=1)
    known_are = f"nown are {', '.join(held)}"
    return f"; did you mean {close[0]!r}? K{known_are}" if close else f"; k{known_are}"


def absent(given: Any) -> bool:
    """True where a cell holds nothing: null, no number (as Parquet says it), or blanks alone."""
    if isinstance(given, str):
        return not given.strip()
    return given is None or (isinstance(given, float) and math.isnan(given))


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")


def can_be_id(text: str) -> bool:
    """True where a new id may be kept: it can stand in an address and in a list of ids as it is."""
    return _ID.fullmatch(text) is not None


def unfit_id(text: str) -> str:
    """Why such an id may not be kept, and what can be."""
    return f"{text[:80]!r} cannot be an id: use letters, digits and _ - . : only, 200 at most"


def text_of(name: str, given: Any) -> str | None:
    """A text without the blanks around it; None where the cell is empty. A number is the text of it."""
    if absent(given):
        return None
    text = (given.isoformat() if isinstance(given, dt.date) else str(given)).strip()
    if len(text) > LONGEST_TEXT:
        raise RowFault(f"{name} is longer than {LONGEST_TEXT} characters")
    if _NO_TEXT.search(text):
        raise RowFault(f"{name} holds a NUL or half of a surrogate pair, which no text does")
    return text


def span_of(given: Any) -> Span:
    """The months that a cell names: YYYY-MM, YYYYMM, a date in the month, or YYYY-MM..YYYY-MM for one total.

    RowFault or InvalidMonthError where it names none between EARLIEST and LATEST.
    """
    return within(Span(Month.from_date(given)) if isinstance(given, dt.date) else _spelt(str(given).strip()))


def within(span: Span) -> Span:
    """The span itself where it lies between EARLIEST and LATEST; else RowFault."""
    if span.first < EARLIEST:
        raise RowFault(f"the month {span} lies before {EARLIEST}")
    if span.last > LATEST:
        raise RowFault(f"the month {span} lies after {LATEST}")
    return span


def _spelt(text: str) -> Span:
    if compact := _COMPACT.fullmatch(text):
        text = f"{compact[1]}-{compact[2]}"
    elif _DATE.fullmatch(text):
        try:
            return Span(Month.from_date(dt.datetime.fromisoformat(text)))
        except ValueError:
            raise RowFault(f"{text[:40]!r} is not a date of the calendar") from None
    elif _SERIAL.fullmatch(text):
        raise RowFault(f"{text} is not a month; if it is a date of Excel, format its cells as YYYY-MM")
    return Span.parse(text)


def number_of(given: Any) -> float:
    """A number up to LARGEST, or the digits of one with a decimal point; no thousands."""
    if isinstance(given, bool):
        raise RowFault(f"the value {given} is not a number")
    if isinstance(given, str) and not _NUMBER.fullmatch(given.strip()):
        raise RowFault(f"the value {given[:40]!r} is not a number; write digits with a decimal point")
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise RowFault(f"the value {str(given)[:40]!r} is not a number") from None
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise RowFault(f"the value {str(given)[:40]} is not a finite number")
    return within_size(value, given)


def within_size(value: float, given: Any) -> float:
    """The value that was read from what was ``given``; RowFault beyond LARGEST, or below SMALLEST."""
    said = str(given)[:40]
    if not abs(value) <= LARGEST:
        raise RowFault(f"the value is {said}, and a figure beyond 10¹⁵ is refused: check its unit")
    if 0 < abs(value) < SMALLEST:
        raise RowFault(f"the value is {said}, and a figure nearer to zero than 10⁻¹⁰⁰ is refused: write 0")
    return value
