"""One figure against one published forecast: errors on the series' own scale, and what the intervals held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.forecast import Forecast
from forecasting.metrics import pinball, seasonal_scale, wis
from forecasting.months import Span
from forecasting.series import Series


@dataclass(frozen=True, slots=True)
class FigureScore:
    """How a forecast did on the total of one span.

    Attributes
    ----------
    horizon
        Months from the forecast's origin to the last month of the span.
    error, bias, pinball, wis
        Absolute error of the median, median less actual, mean quantile loss, and weighted interval score;
        each over ``scale``, so that the mean of ``error`` is MASE. None where there is no scale.
    scale
        Mean absolute year-on-year change of a month, as known at the forecast's vintage, times the span's
        months; in the series' unit. None where it is not known or zero.
    inside_80, inside_95
        Whether the central intervals held the actual.
    residual
        Actual less median over the distance from the median to the 90 % quantile; None where that is zero.
    """

    horizon: int
    error: float | None
    bias: float | None
    pinball: float | None
    wis: float | None
    scale: float | None
    inside_80: bool
    inside_95: bool
    residual: float | None


def score_figure(forecast: Forecast, span: Span, actual: float, history: Series) -> FigureScore:
    """Score the total over a span; ``history`` is the series as of the forecast's vintage.

    HorizonError where the forecast does not reach the span. Quantiles of several months are added, as in
    ``Forecast.over``.
    """
    quantiles = forecast.over(span)
    low_95, low_80, median, high_80, high_95 = np.interp(
        (0.025, 0.1, 0.5, 0.9, 0.975), forecast.levels, quantiles
    ).tolist()
    yearly = seasonal_scale(history.until(forecast.origin).values) * span.months
    scale = yearly if yearly > 0 else None
    outcome, table = np.array([actual]), quantiles[None, :]

    def scaled(value: float) -> float | None:
        return None if scale is None else value / scale

    return FigureScore(
        horizon=span.last.since(forecast.origin),
        error=scaled(abs(median - actual)),
        bias=scaled(median - actual),
        pinball=scaled(float(pinball(outcome, table, forecast.levels).mean())),
        wis=scaled(float(wis(outcome, table, forecast.levels)[0])),
        scale=scale,
        inside_80=low_80 <= actual <= high_80,
        inside_95=low_95 <= actual <= high_95,
        residual=(actual - median) / (high_80 - median) if high_80 > median else None,
    )
