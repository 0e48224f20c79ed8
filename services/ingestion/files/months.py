"""Months in every spelling that files have; what cells.span_of reads strictly is read by it here too."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

from forecasting.errors import ForecastingError
from forecasting.months import Month, Span
from services.ingestion.cells import EARLIEST, LATEST, RowFault, within
from services.ingestion.cells import span_of as strict

_NAMES: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janeiro janvier enero ene janv",
            "feb february februar fev fevereiro fevrier febrero fevr",
            "mar march marz marco mars marzo mrz",
            "apr april abr abril avr avril",
            "may mai maio mayo",
            "jun june juni junho juin junio",
            "jul july juli julho juillet julio juil",
            "aug august ago agosto aout",
            "sep sept september set setembro septembre septiembre",
            "oct october okt oktober out outubro octobre octubre",
            "nov november novembro novembre noviembre",
            "dec december dez dezember dezembro decembre dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u223c\u301c~\u81f3"), "-")
_TIME = r"(?:[t ]\d{1,2}:.*)?"
_N = r"(?P<{}>[a-z]+)\.?"
_YEAR = r"(?P<y>\d{4}|(?<!\d)'?\d{2})"
_TO = r" ?(?:-|to|/|&) ?"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.ASCII) for pattern in patterns)


_DATED = _compiled(
    r"(?P<y>\d{4}) ?[-/.] ?(?P<m>\d{1,2})",
    r"(?P<y>\d{4}) ?[-/ ]?m ?(?P<m>\d{1,2})",
    r"(?P<y>\d{4})(?P<m>\d{2})",
    r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    rf"(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}}){_TIME}",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    r"(?P<y>\d{4})00(?P<m>\d{2})(?P<n>\d{2})",
    r"(?P<y>\d{4}) ?\u5e74 ?(?P<m>\d{1,2}) ?\u6708(?:\u4efd)?",
    r"(?P<y>\d{4}) ?\u5e74 ?(?P<m>\d{1,2}) ?\u6708? ?- ?(?P<n>\d{1,2}) ?\u6708(?:\u4efd)?",
    rf"{_N.format('a')}[-/ ,]{{0,3}}{_YEAR}",
    rf"(?P<y>\d{{4}})[-/ ,]{{0,3}}{_N.format('a')}",
    rf"(?P<d>\d{{1,2}})[- .]{{1,2}}{_N.format('a')}[- ,]{{1,2}}(?P<y>\d{{4}}){_TIME}",
    rf"{_N.format('a')} (?P<d>\d{{1,2}}), (?P<y>\d{{4}})",
    rf"{_N.format('a')}{_TO}{_N.format('b')}[-/ ,]{{0,3}}{_YEAR}",
    rf"(?P<y>\d{{4}})[-/ ,]{{0,3}}{_N.format('a')}{_TO}{_N.format('b')}",
)
_WITHIN_YEAR = _compiled(
    r"m?(?P<m>\d{1,2})(?:\.0)?",
    r"(?P<m>\d{1,2}) ?\u6708(?:\u4efd)?",
    r"(?P<m>\d{1,2}) ?\u6708? ?- ?(?P<n>\d{1,2}) ?\u6708(?:\u4efd)?",
    _N.format("a"),
    rf"{_N.format('a')}{_TO}{_N.format('b')}",
)
_EITHER = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)


def plain(given: Any) -> str:
    """A cell's text for comparison: lower case, one width, plain dashes, single blanks, no accents."""
    text = unicodedata.normalize("NFKD", str(given).translate(_DASHES)).lower()
    text = "".join(sign for sign in text if not unicodedata.combining(sign)).translate(_DASHES)
    return " ".join(text.split())


def span_of(given: Any, *, day_first: bool | None = None, year: int | None = None) -> Span:
    """The months that a cell names; RowFault where it names none, or could name two.

    ``day_first`` says how 01/05/2025 is read; ``year`` completes a month without one.
    """
    if isinstance(given, dt.date):
        return strict(given)
    text = plain(given)
    try:
        if either := _EITHER.fullmatch(text):
            return within(Span(_of_date(text, either, day_first)))
        for pattern in _DATED:
            if (match := pattern.fullmatch(text)) and (span := _read(match, None)):
                return within(span)
        if year is not None:
            for pattern in _WITHIN_YEAR:
                if (match := pattern.fullmatch(text)) and (span := _read(match, year)):
                    return within(span)
        return strict(given)
    except (ForecastingError, ValueError):
        raise RowFault(f"{str(given)[:40]!r} is not a month{_why(text)}; write it as 2025-05") from None


def _why(text: str) -> str:
    """What is wrong in a month of digits alone: its number."""
    matches = (pattern.fullmatch(text) for pattern in _DATED[:4])
    wrong = [match["m"] for match in matches if match and not 1 <= int(match["m"]) <= 12]
    return f", as {wrong[0]} is none of the twelve" if wrong else ""


def readings(given: Any) -> tuple[Month, Month] | None:
    """The months of a date by day first and by month first, where it can be read both ways."""
    either = None if isinstance(given, dt.date) else _EITHER.fullmatch(plain(given))
    if either is None:
        return None
    one, two, year = int(either[1]), int(either[3]), int(either[4])
    if not (1 <= one <= 12 and 1 <= two <= 12) or one == two or not 1 <= year <= 9999:
        return None
    return Month.of(year, two), Month.of(year, one)


def order(given: Any) -> bool | None:
    """True where a date can only have its day first, False where only its month, else None."""
    either = None if isinstance(given, dt.date) else _EITHER.fullmatch(plain(given))
    if either is None:
        return None
    one, two = int(either[1]), int(either[3])
    return True if one > 12 >= two else False if two > 12 >= one else None


def year_of(given: Any) -> int | None:
    """The year that a cell names, or None: 2025, 2025.0, 2025年."""
    match = re.fullmatch(r"(\d{4})(?:\.0)? ?(?:\u5e74)?", plain(given), re.ASCII)
    year = int(match[1]) if match else None
    return year if year is not None and EARLIEST.year <= year <= LATEST.year else None


def month_of_year(given: Any) -> bool:
    """True where a cell names a month or a span of months by words or by 月, without its year."""
    text = plain(given)
    matches = (pattern.fullmatch(text) for pattern in _WITHIN_YEAR[1:])
    return any(match is not None and _read(match, 2000) is not None for match in matches)


def _of_date(text: str, either: re.Match[str], day_first: bool | None) -> Month:
    both = readings(text)
    if both is not None and day_first is None:
        raise RowFault(
            f"{text!r} is {both[0]} with the day first and {both[1]} with the month first; "
            "say day_first = true or false under [months] of the mapping"
        )
    first = order(text) if both is None else day_first
    if both is None and first is not None and day_first is not None and first is not day_first:
        raise RowFault(f"{text!r} cannot be read with the {'day' if day_first else 'month'} first")
    day, month = (int(either[1]), int(either[3])) if first else (int(either[3]), int(either[1]))
    return Month.from_date(dt.date(int(either[4]), month, day))


def _read(match: re.Match[str], year: int | None) -> Span | None:
    """The span that a match says; None where a word in it is no month's name, or the day is not in it."""
    found = match.groupdict()
    first = _number(found.get("m"), found.get("a"))
    last = _number(found.get("n"), found.get("b"))
    if first is None or ((found.get("n") or found.get("b")) and last is None):
        return None
    said = (found.get("y") or "").removeprefix("'")
    of = year if not said else int(said) if len(said) == 4 else _century(int(said))
    if of is None:
        return None
    if found.get("d"):
        return Span(Month.from_date(dt.date(of, first, int(found["d"]))))
    return Span.between(Month.of(of, first), Month.of(of, last or first))


def _number(digits: str | None, name: str | None) -> int | None:
    return int(digits) if digits else _NAMES.get(name or "")


def _century(year: int) -> int:
    """May-25 is of 2025, May-95 of 1995: two digits are the year within 1950 to 2049."""
    return 2000 + year if year < 50 else 1900 + year
