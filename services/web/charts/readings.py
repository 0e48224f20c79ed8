"""What a picture of a series says month by month, to whoever points at it or reads it by the arrow keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from forecasting.forecast import Forecast
from forecasting.months import Month
from services.queries.series import Figure, SeriesView
from services.web import formats
from services.web.charts.axes import Axes
from services.web.charts.svg import element
from services.web.words import record_words


def readings(
    axes: Axes, view: SeriesView, figures: Sequence[Figure], forecast: Forecast | None
) -> Iterable[Markup]:
    """One invisible column a month that says in words what the picture shows there."""
    said = {month: words for each in figures for month, words in _said_of(each, view.series.unit)}
    if forecast is not None:
        fan = zip(*(forecast.quantile(level).tolist() for level in (0.5, 0.1, 0.9)), strict=True)
        for step, (middle, low, high) in enumerate(fan):
            unit = view.series.unit
            said.setdefault(
                forecast.first + step,
                f"expected {formats.quantity(middle, unit)}|"
                f"80 %: {formats.quantity(low)} to {formats.quantity(high, unit)}",
            )
    for month, words in sorted(said.items(), key=lambda each: each[0]):
        if axes.shows(month):
            yield element(
                "rect",
                x=axes.x(month) - axes.step / 2,
                y=axes.top,
                width=axes.step,
                height=axes.height - axes.top - axes.bottom,
                class_="column",
                data_month=month.name,
                data_said=words,
            )


def _said_of(figure: Figure, unit: str) -> Iterable[tuple[Month, str]]:
    if figure.value is None:
        return
    total = "" if figure.span.months == 1 else f" in {figure.span.name}"
    words = [f"{formats.quantity(figure.value, unit)}{total}"]
    first = figure.prints[0].observation.value
    if first is not None and first != figure.value:
        words.append(f"first print {formats.quantity(first, unit)}")
    found = None if figure.arrived is None else figure.arrived.verdict.detection
    if found is not None:
        band = f"{formats.quantity(found.lower_80)} to {formats.quantity(found.upper_80, unit)}"
        words.append(f"expected {formats.quantity(found.expected, unit)} (80 %: {band})")
    if figure.shock is not None:
        words.append(f"a shock {figure.shock}")
    if figure.standing is not None:
        words += [record_words(each) for each in figure.standing.verdict.records]
    for month in figure.span:
        yield month, "|".join(words)
