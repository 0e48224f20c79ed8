"""How a number is written for a reader, and compared as it was written: each rounded in one way."""

from __future__ import annotations

import math
from fractions import Fraction

RAREST = 10_000
"""Chances smaller than one in this many are not told apart: stored quantiles say nothing of them."""


NEWS = 20
"""A chance of more than one in this many is no news, and is not said."""

_NAMES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def volume(value: float) -> str:
    """A published figure as people say it: four digits that count from a million up, else as ``figure``."""
    if abs(value) < 1e6:
        return figure(value)
    return _named(value, math.floor(math.log10(abs(value))) - 3)


def figure(value: float) -> str:
    """A published figure in full: whole from 100 up, else three digits that count; thousands are parted.

    Below 1,000 one decimal stays where that is all it has: 310.5 is as it was published.
    """
    size = abs(value)
    if size < 1000 and round(value, 1) == value:
        return _trimmed(f"{value:,.1f}")
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    decimals = max(0, 2 - math.floor(math.log10(size)))
    return _trimmed(f"{value:,.{decimals}f}")


def as_written(value: float) -> Fraction:
    """The decimal that a float stands for, exactly: 0.1 is a tenth.

    Up to 15 digits a float gives back what was typed. One with more is the noise of a sum (0.1 + 0.2), and is
    taken at 14, which a sum of twelve months never blurs.
    """
    number = float(value)
    text = f"{number:.15g}"
    return Fraction(text if float(text) == number else f"{number:.14g}")


def moved_at_least(change: Fraction, before: float, limit_percent: float) -> bool:
    """True where a change of a figure from ``before``, above zero, is at least so many per cent of it.

    Nothing is divided, so that a change of exactly the limit is one: 90 / 100 - 1 falls short of -0.1.
    """
    return 100 * change >= as_written(limit_percent) * as_written(before)


def level(value: float) -> str:
    """A limit that a desk has set: as it was set, thousands parted, millions named where that says it all."""
    if abs(value) >= 1e6:
        power = math.floor(math.log10(abs(value))) - 5
        if round(value, -power) == value:
            return _named(value, power)
    return _trimmed(f"{value:,.6f}")


def _named(value: float, power: int) -> str:
    """A number of a million or more, rounded to 10 to the ``power``, in the largest name that it fills."""
    rounded = round(value, -power)
    scale, name = next(each for each in _NAMES if abs(rounded) >= each[0])
    decimals = max(0, round(math.log10(scale)) - power)
    return f"{_trimmed(f'{rounded / scale:,.{decimals}f}')} {name}"


def apart(before: float, after: float) -> tuple[str, str]:
    """Two figures written so that they differ where they differ: as volumes, else in full, with decimals."""
    pair = volume(before), volume(after)
    if pair[0] == pair[1]:
        pair = figure(before), figure(after)
    decimals = 1
    while pair[0] == pair[1] and before != after and decimals <= 6:
        pair = _trimmed(f"{before:,.{decimals}f}"), _trimmed(f"{after:,.{decimals}f}")
        decimals += 1
    return pair


def estimate(value: float, width: float) -> str:
    """A forecast quantity, rounded to the power of ten next below a tenth of its interval's ``width``.

    Below 100 two digits count, where the interval is not so wide that they say nothing.
    """
    tenth = width / 10
    if tenth <= 0:  # also where the width is so small that its tenth is not a number any more
        return volume(value)
    power = math.floor(math.log10(tenth))
    if 0 < abs(value) < 100:  # two digits that count, where they are a thousandth of the interval or more
        power = min(power, max(math.floor(math.log10(abs(value))) - 1, math.floor(math.log10(width)) - 3))
    rounded = round(value, -power)
    if abs(rounded) >= 1e6:
        return _named(value, power)
    return f"{rounded:,.0f}" if power >= 0 else _trimmed(f"{rounded:,.{-power}f}")


def percent(ratio: float) -> str:
    """Size of a change as per cent, without its sign: whole from 10 up, else to one decimal."""
    size = abs(ratio) * 100
    return _trimmed(f"{size:,.0f}" if round(size, 1) >= 10 else f"{size:.1f}") + " %"


def of_usual_error(times: float) -> str:
    """A miss in usual errors, one decimal; under half a tenth of one as a share, never as 0.0 times it."""
    return "within 5 % of its usual error" if times < 0.05 else f"{times:.1f} times its usual error"


def counted(count: int, what: str) -> str:
    """A count with its noun in the plural where it is not one."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def one_in(probability: float) -> int:
    """N of "1 in N": two digits that count up to 100, one above; RAREST where the chance is smaller still."""
    odds = 1 / max(probability, 1 / RAREST)
    if odds < 10:
        return max(round(odds), 1)
    digits = 1 - math.floor(math.log10(odds)) if odds < 100 else -math.floor(math.log10(odds))
    return min(int(round(odds, digits)), RAREST)


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
