"""Where a month and a volume lie on a picture, and the lines and words that say so."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from alerts.quantities import level
from forecasting.months import Month, Span
from services.web.charts.svg import element, joined, text


@dataclass(frozen=True, slots=True)
class Axes:
    """A plot of months first to last across, and volumes low to high upwards, in pixels of its own."""

    first: Month
    last: Month
    low: float
    high: float
    width: float
    height: float
    left: float = 58
    right: float = 14
    top: float = 26
    bottom: float = 26

    @property
    def step(self) -> float:
        """Pixels of one month."""
        return (self.width - self.left - self.right) / max(self.last.since(self.first) + 1, 1)

    def x(self, month: Month) -> float:
        """The middle of a month."""
        return self.left + (month.since(self.first) + 0.5) * self.step

    def y(self, value: float) -> float:
        """The height of a volume."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)

    def shows(self, month: Month) -> bool:
        """True where a month is on the plot."""
        return self.first <= month <= self.last

    def reach(self, span: Span) -> tuple[float, float]:
        """From the middle of a span's first month to that of its last, of those that are on the plot."""
        return self.x(max(span.first, self.first)), self.x(min(span.last, self.last))

    def middle(self, span: Span) -> float:
        """The middle of the part of a span that is on the plot."""
        return sum(self.reach(span)) / 2

    def grid(self, unit: str) -> Markup:
        """Lines at round volumes with what they are, the first with its unit, and the months across."""
        return joined([*self._heights(unit), *self._months()])

    def _heights(self, unit: str) -> Iterable[Markup]:
        ticks = nice_ticks(self.low, self.high)
        for place, tick in enumerate(ticks):
            y = self.y(tick)
            kind = "zero" if tick == 0 else "grid"
            yield element("line", x1=self.left, x2=self.width - self.right, y1=y, y2=y, class_=kind)
            words = f"{level(tick)} {unit}" if place == len(ticks) - 1 and unit else level(tick)
            yield text(words, self.left - 8, y + 4, "axis", "end")

    def _months(self) -> Iterable[Markup]:
        base = self.height - self.bottom
        months = self.last.since(self.first) + 1
        every = next((step for step in (1, 2, 3, 6, 12, 24, 60) if self.step * step >= 44), 120)
        for back in range(months):
            month = self.first + back
            if (month.year * 12 + month.number - 1) % every:
                continue
            x = self.left + back * self.step
            yield element("line", x1=x, x2=x, y1=base, y2=base + 5, class_="zero")
            words = str(month.year) if every >= 12 or month.number == 1 else f"{month.first_day:%b}"
            middle = x + (self.step * min(every, 12) if every >= 12 else self.step) / 2
            if middle < self.width - self.right:
                yield text(words, middle, base + 18, "axis year" if month.number == 1 else "axis", "middle")


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from low to high, about so many: steps of 1, 2, 2.5 or 5 by a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def bounds(values: Iterable[float]) -> tuple[float, float]:
    """Low and high of a plot that holds the values and zero, with a little air; 0 to 1 without any."""
    held = [value for value in values if math.isfinite(value)]
    low, high = min([0.0, *held]), max([0.0, *held])
    if low == high:
        return 0.0, 1.0
    air = 0.06 * (high - low)
    return (low - air if low < 0 else 0.0), (high + air if high > 0 else 0.0)
