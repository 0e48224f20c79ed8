"""What a forecast says of one span; of an alert's months, what had been forecast before it began."""

from __future__ import annotations

import numpy as np

from alerts.facts import Band
from forecasting.forecast import Forecast
from forecasting.months import Span
from forecasting.shocks.counterfactual import counterfactual


def band(forecast: Forecast, span: Span) -> Band | None:
    """Median and central 80 % of a span; None where the forecast does not reach it."""
    return band_of(forecast, span) if forecast.reaches(span) else None


def band_of(forecast: Forecast, span: Span) -> Band:
    """Median and central 80 % of a span that the forecast reaches."""
    lower, median, upper = np.interp((0.1, 0.5, 0.9), forecast.levels, forecast.over(span)).tolist()
    return Band(expected=median, lower_80=lower, upper_80=upper)


def counterfactual_band(forecast: Forecast, span: Span) -> Band | None:
    """Median and central 80 % of a span by the forecast of before an onset; None for months before it.

    Beyond its horizon its last year goes on, ever wider, as under an episode: an alert that waits for the
    figure to come back could else close by no figure at all.
    """
    if forecast.reaches(span) or span.first < forecast.first:
        return band(forecast, span)
    rolled = counterfactual(forecast, span.last).over(span)
    lower, median, upper = np.interp((0.1, 0.5, 0.9), forecast.levels, rolled).tolist()
    return Band(median, lower, upper, rolled_past=forecast.last)
