"""Writes lunar_new_year.csv: ``python tests/forecasting/reference/lunar_new_year.py``.

Lunar New Year from astronomy alone, without any table: the day, by the clock of Beijing (or Hanoi), of the
new moon between 21 January and 20 February. Mean new moons with their larger periodic terms after Meeus,
Astronomical Algorithms, 2nd edition, chapter 49 (good to a few minutes); ΔT taken as 70 s.
"""

from __future__ import annotations

import csv
import datetime as dt
from math import radians, sin
from pathlib import Path

YEARS = range(2000, 2041)
_TERMS = (
    (-0.40720, 0, 1, 0), (0.17241, 1, 0, 0), (0.01608, 0, 2, 0), (0.01039, 0, 0, 2), (0.00739, -1, 1, 0),
    (-0.00514, 1, 1, 0), (0.00208, 2, 0, 0), (-0.00111, 0, 1, -2), (-0.00057, 0, 1, 2), (0.00056, 1, 2, 0),
    (-0.00042, 0, 3, 0), (0.00042, 1, 0, 2), (0.00038, 1, 0, -2), (-0.00024, -1, 2, 0),
)  # fmt: skip


def new_moon(lunation: int) -> dt.datetime:
    """Moment (UTC) of the new moon ``lunation`` months after that of 6 January 2000."""
    century = lunation / 1236.85
    day = 2451550.09766 + 29.530588861 * lunation + 0.00015437 * century**2
    sun = radians(2.5534 + 29.10535670 * lunation)
    moon = radians(201.5643 + 385.81693528 * lunation + 0.0107582 * century**2)
    latitude = radians(160.7108 + 390.67050284 * lunation - 0.0016118 * century**2)
    node = radians(124.7746 - 1.56375588 * lunation + 0.0020672 * century**2)
    day += sum(size * sin(a * sun + b * moon + c * latitude) for size, a, b, c in _TERMS)
    day += -0.00017 * sin(node) + 0.000325 * sin(radians(299.77 + 0.107408 * lunation))
    noon_2000 = dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)
    return noon_2000 + dt.timedelta(days=day - 2451545.0, seconds=-70)


def lunar_new_year(year: int, hours_east: int) -> dt.date:
    """First day of the lunar year that begins in a calendar year, by a clock east of Greenwich."""
    for lunation in range((year - 2001) * 12, (year - 1998) * 13):
        day = (new_moon(lunation) + dt.timedelta(hours=hours_east)).date()
        if dt.date(year, 1, 21) <= day <= dt.date(year, 2, 20):
            return day
    raise LookupError(year)


if __name__ == "__main__":
    with Path(__file__).with_suffix(".csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["year", "china", "vietnam", "korea"])
        writer.writerows([year, *(lunar_new_year(year, east) for east in (8, 7, 9))] for year in YEARS)
