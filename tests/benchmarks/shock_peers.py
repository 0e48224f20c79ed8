"""The rules that detection is measured against; each gives a signed score a month, from past months only."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.tsa.seasonal import STL

from forecasting.series import Series

Floats = NDArray[np.float64]

WINDOW = 60
FEWEST = 24


def year_on_year(series: Series) -> Floats:
    """Robust z-score of the log change on the year over the trailing 60 months."""
    scores = _logs(series)
    change = np.full(len(scores), np.nan)
    change[12:] = scores[12:] - scores[:-12]
    return _robust(change)


def seasonal_mad(series: Series) -> Floats:
    """Seasonal difference in the unit over the trailing median absolute deviation of such differences."""
    values = _figures(series)
    difference = np.full(len(values), np.nan)
    difference[12:] = values[12:] - values[:-12]
    return _robust(difference)


def stl_residual(series: Series) -> Floats:
    """Residual of each month in an STL of all months up to it (robust, logs), over the earlier residuals."""
    scores = pd.Series(_logs(series)).interpolate(limit_area="inside").to_numpy()
    found = np.full(len(scores), np.nan)
    for end in range(36, len(scores)):
        past = scores[max(0, end - 119) : end + 1]
        past = past[np.flatnonzero(np.isfinite(past))[0] :] if np.isfinite(past).any() else past
        if len(past) < 36 or not np.isfinite(past).all() or not np.isfinite(_figures(series)[end]):
            continue
        residual = STL(past, period=12, robust=True).fit().resid
        spread = 1.4826 * np.median(np.abs(residual[:-1] - np.median(residual[:-1])))
        found[end] = residual[-1] / max(spread, 1e-3)
    return found


def prophet_interval(series: Series) -> Floats:
    """Distance from Prophet's median in half-widths of its 99 % interval, times 2.576; refitted yearly."""
    from prophet import Prophet  # noqa: PLC0415  # five seconds to import, and only this peer needs it

    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    values = _figures(series)
    stamps = pd.date_range(series.start.first_day.isoformat(), periods=len(values), freq="MS")
    found = np.full(len(values), np.nan)
    for end in range(FEWEST, len(values), 12):
        held = np.isfinite(values[:end])
        if held.sum() < FEWEST:
            continue
        model = Prophet(interval_width=0.99, weekly_seasonality=False, daily_seasonality=False)
        model.fit(pd.DataFrame({"ds": stamps[:end][held], "y": values[:end][held]}), seed=1)
        ahead = model.predict(pd.DataFrame({"ds": stamps[end : end + 12]}))
        half = (ahead["yhat_upper"] - ahead["yhat_lower"]).to_numpy() / 2
        deviation = values[end : end + 12] - ahead["yhat"].to_numpy()
        found[end : end + 12] = 2.576 * deviation / np.maximum(half, 1e-9)
    return found


PEERS = {
    "z-score of the log change on the year": year_on_year,
    "MAD of seasonal differences": seasonal_mad,
    "STL residual": stl_residual,
    "Prophet 99 % interval": prophet_interval,
}


def _figures(series: Series) -> Floats:
    return series.values  # noqa: PD011 - a Series of ours, not of pandas


def _logs(series: Series) -> Floats:
    sizes = _figures(series)[np.isfinite(_figures(series)) & (_figures(series) > 0)]
    floor = 0.01 * float(np.median(sizes)) if sizes.size else 1.0
    return np.asarray(np.log(np.maximum(_figures(series), 0.0) + floor))


def _robust(changes: Floats) -> Floats:
    found = np.full(len(changes), np.nan)
    for end in range(len(changes)):
        past = changes[max(0, end - WINDOW) : end]
        past = past[np.isfinite(past)]
        if len(past) >= 12:
            middle = np.median(past)
            spread = 1.4826 * np.median(np.abs(past - middle))
            found[end] = (changes[end] - middle) / max(spread, 1e-9)
    return found
