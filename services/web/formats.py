"""How a page writes a number, a month and a moment: rounded by alerts.quantities, and in full."""

from __future__ import annotations

import datetime as dt
import math

from markupsafe import Markup

from alerts.quantities import figure, percent
from forecasting.months import Month, Span

MINUS = "\u2212"
NOTHING = "\u2013"
"""What stands where there is no number."""


def quantity(value: float | None, unit: str = "") -> str:
    """A volume in its unit, thousands parted: ``1,238 t``; NOTHING where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    sign = MINUS if value < 0 else ""
    written = sign + figure(abs(value))
    return f"{written}\u00a0{unit}" if unit else written


def change(ratio: float | None) -> str:
    """A change with its sign: minus 53 %; NOTHING where there is none."""
    if ratio is None or not math.isfinite(ratio):
        return NOTHING
    sign = MINUS if ratio < 0 else "+" if ratio > 0 else ""
    return f"{sign}{percent(ratio)}"


def share(ratio: float | None) -> str:
    """A share of a whole, whole per cent from ten up: ``81 %``."""
    if ratio is None or not math.isfinite(ratio):
        return NOTHING
    return (MINUS if ratio < 0 else "") + percent(ratio)


def decimal(value: float | None, places: int = 2) -> str:
    """A plain number, such as a score."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.{places}f}".replace("-", MINUS)


def month(given: Month | Span | str | None) -> str:
    """A month or span as a trader says it: ``May 2025``."""
    if given is None:
        return NOTHING
    return (Span.parse(given) if isinstance(given, str) else given).name


def day(given: dt.date | None) -> str:
    """A day: ``19 Jun 2025``."""
    if given is None:
        return NOTHING
    return f"{given.day} {given:%b %Y}"


def moment(given: dt.datetime | str | None, *, only_day: bool = False) -> Markup:
    """A ``<time>`` in UTC, which a script writes in the viewer's zone with UTC on hover."""
    if given is None:
        return Markup(NOTHING)  # noqa: S704 - a constant
    at = (dt.datetime.fromisoformat(given) if isinstance(given, str) else given).astimezone(dt.UTC)
    written = day(at.date()) if only_day else f"{day(at.date())}, {at:%H:%M}\u00a0UTC"
    return Markup('<time datetime="{}"{}>{}</time>').format(
        f"{at:%Y-%m-%dT%H:%M:%S}Z", Markup(" data-day") if only_day else "", written
    )


def ago(given: dt.datetime, now: dt.datetime) -> str:
    """How long ago, in the largest unit that counts at least one: ``3 hours ago``."""
    seconds = max((now - given).total_seconds(), 0)
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count:
            return f"{count:,} {name}{'' if count == 1 else 's'} ago"
    return "just now"
