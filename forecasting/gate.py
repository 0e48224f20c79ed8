"""The sanity gate between a fit and its publication."""

from __future__ import annotations

import numpy as np

from forecasting.forecast import Forecast
from forecasting.series import Series

LARGEST_MEDIAN = 5.0
"""Largest median of any month ahead, as a multiple of the largest figure held."""
LARGEST_SPREAD = 50.0
"""Largest 80 % bound of any month ahead, as a multiple of the largest figure held."""
RECENT = 24
"""Months whose figures, where most are other than zero, prove a forecast of nothing but zeros wrong."""


def refusal(series: Series, forecast: Forecast) -> str | None:
    """Why a model's forecast must not be published; None where it may."""
    rates = [total.value / total.span.months for total in series.totals]
    held = np.concatenate([series.values[np.isfinite(series.values)], rates])
    largest = float(np.max(np.abs(held)))
    median = np.abs(forecast.median)
    if largest == 0:
        return None if median.max() == 0 else "it forecasts more than zero where every figure is zero"
    if median.max() > LARGEST_MEDIAN * largest:
        return (
            f"its median reaches {median.max() / largest:.3g} times the largest figure held; "
            f"{LARGEST_MEDIAN:g} is the limit"
        )
    bound = max(np.abs(forecast.quantile(0.1)).max(), np.abs(forecast.quantile(0.9)).max())
    if bound > LARGEST_SPREAD * largest:
        return (
            f"its 80 % interval reaches {bound / largest:.3g} times the largest figure held; "
            f"{LARGEST_SPREAD:g} is the limit"
        )
    recent = series.values[-RECENT:]
    months = recent[np.isfinite(recent)].tolist()
    figures = months + [one.value for one in series.totals if one.span.last > series.end - RECENT]
    # without a figure in these months nothing is proved
    if median.max() == 0 and figures and np.count_nonzero(figures) > len(figures) / 2:
        return "it forecasts nothing but zeros"
    return None
