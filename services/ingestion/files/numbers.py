"""Numbers in every spelling that files have. Each is put into digits with a point for cells.number_of."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, NamedTuple

from services.ingestion.cells import RowFault, number_of

Decimal = Literal[".", ","]

MARKERS = frozenset(
    ["", "-", "--", "---", ".", "..", "...", "n/a", "n.a.", "na", "#n/a", "nan", "null", "none", ":",
     "*", "**", "***", "x", "c", "(c)", "s", "(s)"]
)  # fmt: skip
"""What says, in a cell of figures, that there is none; never zero. Dashes and dots count in any width."""

_PLAIN: dict[int, str] = {
    **dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"), "-"),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **{
        ord(sign): plain
        for sign, plain in zip("\u2019\u2026\uff0c\uff0e\uff1a\uff0a", ("'", "...", *",.:*"), strict=True)
    },
}
_CELL = re.compile(
    r"(?P<core>[+-]?(?:\d[\d.,' ]*|[.,]\d+))(?P<power>[eE][+-]?\d+)?(?P<rest>.*)", re.ASCII | re.DOTALL
)
_MISSING = re.compile(r"(?P<marker>:|\.\.\.?|-) ?\(?(?P<flag>[a-z]{1,3})\)?")
_GROUPED = {
    ".": re.compile(r"\d{1,3}([,' ])\d{3}(?:\1\d{3})*(?:\.\d+)?|\d+\.?\d*|\.\d+", re.ASCII),
    ",": re.compile(r"\d{1,3}([.' ])\d{3}(?:\1\d{3})*(?:,\d+)?|\d+,?\d*|,\d+", re.ASCII),
}
_DIGITS = re.compile(r"[+-]?\d+(?:[eE][+-]?\d+)?", re.ASCII)
_POINT = re.compile(r"\d+\.\d+", re.ASCII)
_OPEN = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


class Number(NamedTuple):
    """What a cell of figures says: a value, or the marker for none; ``rest`` stood behind it."""

    value: float | None
    marker: str | None = None
    rest: str = ""


def number_in(given: Any, decimal: Decimal | None) -> Number:  # noqa: C901 - a spelling a branch
    """The number of a cell; RowFault where it holds none and no marker, or could be two."""
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return Number(None, "")
    if not isinstance(given, str):
        return Number(number_of(given))
    if _DIGITS.fullmatch(given) or (decimal == "." and _POINT.fullmatch(given)):
        return Number(number_of(given))
    text = given.translate(_PLAIN).strip()
    if (missing := _marked(given, text)) is not None:
        return missing
    if text.startswith("(") and text.endswith(")"):
        raise RowFault(
            f"{given[:40]!r} stands in brackets, as accounts write what is below zero; write the number"
        )
    match = _CELL.fullmatch(text)
    if match is None:
        raise RowFault(f"{given[:40]!r} is not a number; write digits, or nothing where there is none")
    if "%" in match["rest"] or "\u2030" in match["rest"]:
        raise RowFault(f"{given[:40]!r} is a share, not a volume; give the figure itself")
    core = match["core"].strip()
    sign, digits = (core[0], core[1:]) if core[0] in "+-" else ("", core)
    if decimal is None:
        if _OPEN.fullmatch(digits) and not match["power"]:
            raise RowFault(both(given))
        decimal = shows(given) or "."
    if not _GROUPED[decimal].fullmatch(digits):
        point = "point" if decimal == "." else "comma"
        raise RowFault(f"{given[:40]!r} is not a number with a decimal {point} and whole groups of thousands")
    digits = re.sub(rf"[{',' if decimal == '.' else '.'}' ]", "", digits).replace(",", ".")
    return Number(number_of(f"{sign}{digits}{match['power'] or ''}"), rest=match["rest"].strip())


def shows(given: Any) -> Decimal | None:
    """The decimal sign that one cell proves for its whole column; None where it allows both."""
    core = _core(given)
    if core is None:
        return None
    points, commas = core.count("."), core.count(",")
    if points and commas:
        return "." if core.rindex(".") > core.rindex(",") else ","
    if points + commas == 0 or (points + commas == 1 and _OPEN.fullmatch(core)):
        return None
    if points + commas > 1:
        return "," if points else "."
    return "." if points else ","


def open_to_both(given: Any) -> bool:
    """True where a cell such as 1,234 is one number with a decimal point and another with a decimal comma."""
    core = _core(given)
    return core is not None and _OPEN.fullmatch(core) is not None


def both(given: str) -> str:
    """The two readings of such a cell, and what to do."""
    core = _core(given) or given
    whole, part = re.split(r"[.,]", core, maxsplit=1) if re.search(r"[.,]", core) else (core, "")
    return (
        f"{given[:40]!r} is {whole}{part} by thousands and {whole}.{part} by a decimal sign; "
        'say decimal = "." or "," under [numbers] of the mapping'
    )


def _core(given: Any) -> str | None:
    if not isinstance(given, str):
        return None
    match = _CELL.fullmatch(given.translate(_PLAIN).strip())
    if match is None or match["power"]:
        return None
    return match["core"].strip().lstrip("+-")


def _marked(given: str, text: str) -> Number | None:
    lower = text.lower()
    if lower in MARKERS:
        return Number(None, given.strip())
    match = _MISSING.fullmatch(lower)
    return None if match is None else Number(None, given.strip(), rest=match["flag"])
