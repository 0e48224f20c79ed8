"""Units: one table says what each name means, and a figure is converted by it alone."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from services.ingestion.cells import RowFault

Ratio = tuple[int, int]

_TABLE: dict[tuple[str, int, int], str] = {
    ("t", 1, 1): "t tonne tonnes metric_ton metric_tons metric_tonne metric_tonnes mt ton tons 吨 公吨 "
    "тонна тонны тонн т",
    ("t", 1, 1000): "kg kgs kilogram kilograms kilogramme kilogrammes 千克 公斤 quilogramas",
    ("t", 1, 1_000_000): "g gram grams gramme grammes",
    ("t", 1, 10): "quintal quintals 100kg quantity_in_100kg",
    ("t", 1000, 1): "kt kilotonne kilotonnes",
    ("t", 1_000_000, 1): "mmt megatonne megatonnes",
    ("t", 45_359_237, 100_000_000_000): "lb lbs pound pounds",
    ("t", 90_718_474, 100_000_000): "short_ton short_tons",
    ("t", 10_160_469_088, 10_000_000_000): "long_ton long_tons",
    ("pieces", 1, 1): "pieces piece pcs pce no number units_each 个 個 件 台 只",
    ("pairs", 1, 1): "pairs pair 双",
    ("l", 1, 1): "l litre litres liter liters 升",
    ("l", 1000, 1): "m3 cubic_metre cubic_metres cubic_meter cubic_meters 立方米",
}  # fmt: skip
"""(what it measures, numerator, denominator): names. Tons without a word beside them are metric."""

MEGATONNE = "Mt"
"""By its capital alone a million tonnes; all other names are read without regard to capitals."""
_MILLION = ("million", "millions", "millions of", "mln", "mio", "millionen", "млн", "百万")
_THOUSAND = (
    "thousand", "thousands", "thousands of", "'000", "000", "1000", "千", "tsd", "tausend", "тыс"
)  # fmt: skip
_TIMES = {
    **dict.fromkeys(_MILLION, 1_000_000), **dict.fromkeys(_THOUSAND, 1000),
    "tens": 10, "100": 100, "hundred": 100, "hundreds": 100, "10000": 10_000, "万": 10_000, "units": 1, "": 1,
}  # fmt: skip
_NAMES = {
    name.replace("_", " "): (kind, num, den)
    for (kind, num, den), names in _TABLE.items()
    for name in names.split()
}
_BEFORE = re.compile(
    r"(thousands? of|thousands?|tausend|tsd|тыс|millionen|millions? of|millions?|mln|mio|млн|tens|hundreds?"
    r"|units|'?000|10,?000|1,?000|100|百万|千|万)?\s*(.+)"
)
_POWER = re.compile(r"10\^(-?\d{1,2}) (.+)", re.ASCII)
_EITHER = re.compile(r"(?<![A-Za-z])(?:Mt|mT)$")
_EXPONENT = re.compile(r"[+-]?\d{1,2}(?:\.0)?", re.ASCII)
HIGHEST_POWER = 15
"""Of ten, in a multiplier: a figure beyond 10¹⁵ is refused whatever its unit."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a name of a unit means: so many ``numerator``/``denominator`` of what ``kind`` is measured in."""

    kind: str
    numerator: int
    denominator: int


@cache
def unit_named(name: str) -> Unit | None:
    """The unit of a name in the table, with a multiplier before it or not; None where it has none there."""
    plain = " ".join(unicodedata.normalize("NFKC", name).replace("_", " ").replace(".", " ").split())
    if (power := _POWER.fullmatch(plain)) is not None:
        return _scaled(unit_named(power[2]), int(power[1]))
    if plain == MEGATONNE:
        return Unit("t", 1_000_000, 1)
    if _EITHER.search(plain):
        return None  # thousand Mt: nobody counts megatonnes in thousands, and few write metric tons so
    text = plain.lower()
    if text in _NAMES:
        return Unit(*_NAMES[text])
    match = _BEFORE.fullmatch(text)
    if match is None or match[2].strip() not in _NAMES:
        return None
    times = _TIMES[(match[1] or "").replace(",", "")]
    kind, numerator, denominator = _NAMES[match[2].strip()]
    return Unit(kind, numerator * times, denominator)


def _scaled(unit: Unit | None, power: int) -> Unit | None:
    if unit is None or abs(power) > HIGHEST_POWER:
        return None
    up, down = 10 ** max(power, 0), 10 ** max(-power, 0)
    return Unit(unit.kind, unit.numerator * up, unit.denominator * down)


def multiplier(word: str) -> bool:
    """True where a word stands before a unit and multiplies it."""
    return word.lower().replace(",", "").strip(" .") in _TIMES


def exponent(given: str) -> int:
    """The exponent of ten that a cell of UNIT_MULT says, with SDMX's label behind it or without.

    RowFault where it is no whole number from -15 to 15.
    """
    said = given.partition(":")[0].strip()
    if _EXPONENT.fullmatch(said) is None or abs(int(float(said))) > HIGHEST_POWER:
        raise RowFault(f"{given[:40]!r} is no exponent of ten, such as 3 for thousands and 6 for millions")
    return int(float(said))


def doubtful(given: str, wanted: str) -> bool:
    """True where a factor rests on Mt being megatonnes: some write it for metric tons."""
    rule = ratio(given, wanted)
    megatonnes = any(name.split()[-1:] == [MEGATONNE] for name in (given, wanted))
    return megatonnes and rule is not None and rule != (1, 1)


@cache
def ratio(given: str, wanted: str) -> Ratio | None:
    """What a figure in ``given`` is multiplied and divided by to be in ``wanted``; None without a rule."""
    if given == wanted:
        return 1, 1
    one, other = unit_named(given), unit_named(wanted)
    if one is None or other is None or one.kind != other.kind:
        return None
    up, down = one.numerator * other.denominator, one.denominator * other.numerator
    common = math.gcd(up, down)
    return up // common, down // common


def said(given: str, wanted: str) -> str:
    """A conversion in words, for the preview."""
    up, down = ratio(given, wanted) or (1, 1)
    if (up, down) == (1, 1):
        return f"{given!r} is {wanted!r}"
    how = (
        f"\N{MULTIPLICATION SIGN} {up:,}"
        if down == 1
        else f"÷ {down:,}"
        if up == 1
        else f"\N{MULTIPLICATION SIGN} {up / down:.12g}"
    )
    return f"{given!r} becomes {wanted!r}: {how}"
