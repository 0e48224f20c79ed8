"""A batch of series in, published forecasts out: candidates, gate, combination, calibration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting import portfolios
from forecasting.ensemble import combine
from forecasting.errors import ForecastingError, ModelFailedError
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.gate import refusal
from forecasting.models import registry
from forecasting.models.protocol import Model
from forecasting.models.state_space import fill
from forecasting.portfolios import Portfolio
from forecasting.series import Series
from forecasting.transforms import scale_of

FEWEST = 12
"""Figures held below which a forecast is the pooled prior around the series' level."""
SCATTERED = 0.15
"""Share of missing months above which a series counts as scattered."""

Guard = Callable[[Callable[[], Forecast]], Forecast]
"""Runs one fit under the caller's time limit; ModelFailedError when the time is over."""


@dataclass(frozen=True, slots=True)
class Member:
    """One model's part in a publication.

    ``weight`` is its share in the combined forecast, 0 where it is shown only; ``left_out`` says why there
    is no part; ``score`` is its mean absolute scaled error on the calibration window, where there was one;
    ``note`` says what was done to its input.
    """

    name: str
    forecast: Forecast | None
    weight: float
    left_out: str | None = None
    score: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """The forecast of one series with its members; without one, ``reason`` says why.

    With one, ``reason`` says what kind it is where it is not the portfolio's usual, else None.
    """

    series_id: str
    forecast: Forecast | None
    members: tuple[Member, ...]
    reason: str | None = None


def unlimited(fit: Callable[[], Forecast]) -> Forecast:
    """Run a fit with no time limit."""
    return fit()


def publish(
    batch: Sequence[Series],
    *,
    horizon: int = HORIZON,
    levels: tuple[float, ...] = LEVELS,
    portfolio: str = "standard",
    vintage: dt.datetime | None = None,
    guard: Guard = unlimited,
) -> tuple[Publication, ...]:
    """One publication a series, in the order of the batch.

    ``portfolio`` is ``fast``, ``standard``, ``full`` or the name of one model; UnknownModelError otherwise.
    ``levels`` hold 0.1, 0.5 and 0.9. A series that no model can forecast gets a publication with its reason.
    """
    chosen = portfolios.portfolio(portfolio)
    how = _How(horizon, levels, vintage, guard)
    return tuple(_publish(series, chosen, how) for series in batch)


@dataclass(frozen=True, slots=True)
class _How:
    """What every fit of one call of ``publish`` shares."""

    horizon: int
    levels: tuple[float, ...]
    vintage: dt.datetime | None
    guard: Guard


def _publish(series: Series, asked: Portfolio, how: _How) -> Publication:
    figures = series.held + len(series.totals)
    if figures == 0:
        return Publication(series.id, None, (), "no figure is held")
    chosen, reason = _suited(series, asked)
    missing = int(np.isnan(series.values).sum())
    filled = fill(series) if missing else series
    note = f"{missing} of {len(series.values)} months filled" if missing else None
    names = dict.fromkeys((*chosen.members, portfolios.BASELINE))
    members = [_fitted(registry.model(name), series, filled, note, how) for name in names]
    voices = [member for member in members if member.forecast is not None and member.name in chosen.members]
    if not voices:
        if len(asked.members) == 1:
            return Publication(series.id, None, tuple(members), members[0].left_out)
        voices = [member for member in members if member.forecast is not None]
        reason = "every model was left out: the baseline stands"
    if not voices:
        return Publication(series.id, None, tuple(members), members[-1].left_out)
    forecast = _combined(series, voices, chosen, reason is not None, asked.name)
    heard = {voice.name for voice in voices}
    weighted = tuple(
        replace(member, weight=1 / len(heard)) if member.name in heard else member for member in members
    )
    return Publication(series.id, forecast, weighted, reason)


def _suited(series: Series, asked: Portfolio) -> tuple[Portfolio, str | None]:
    """The portfolio that this series' cover allows, and the reason where it is not the one asked for."""
    figures = series.held + len(series.totals)
    if len(asked.members) == 1:
        return asked, None
    if figures < FEWEST:
        months = "month" if figures == 1 else "months"
        return portfolios.SHORT, f"{figures} {months} held: pooled prior around their level, wide"
    missing = int(np.isnan(series.values).sum())
    if missing > SCATTERED * len(series.values):
        return (
            portfolios.SCATTERED,
            f"{missing} of {len(series.values)} months are not held on their own: "
            "the spread is that of the models that read gaps",
        )
    return asked, None


def _fitted(model: Model, series: Series, filled: Series, note: str | None, how: _How) -> Member:
    given = series if model.takes_gaps else filled
    note = None if model.takes_gaps else note
    try:
        forecast = replace(
            how.guard(lambda: model.forecast(given, how.horizon, how.levels)), vintage=how.vintage
        )
    except ForecastingError as error:
        left_out = error.reason if isinstance(error, ModelFailedError) else str(error)
        return Member(model.name, None, 0.0, left_out, note=note)
    if series.non_negative and (forecast.values < 0).any():
        forecast = replace(forecast, values=np.maximum(forecast.values, 0.0))
    refused = refusal(series, forecast)
    if refused is not None:
        return Member(model.name, None, 0.0, refused, note=note)
    return Member(model.name, forecast, 0.0, note=note)


def _combined(
    series: Series, voices: Sequence[Member], chosen: Portfolio, own_spread: bool, name: str
) -> Forecast:
    """Quantile-wise combination; with ``own_spread`` only the members that read gaps say how wide."""
    forecasts = [voice.forecast for voice in voices if voice.forecast is not None]
    if len(forecasts) == 1:
        return replace(forecasts[0], model=name)
    values = combine(np.stack([forecast.values for forecast in forecasts]), chosen.rule)
    honest = [forecast for forecast in forecasts if registry.model(forecast.model).takes_gaps]
    if own_spread and honest:
        scale = scale_of(series)
        centre = scale.apply(combine(np.stack([forecast.median for forecast in forecasts]), chosen.rule))
        spread = np.mean(
            [scale.apply(forecast.values) - scale.apply(forecast.median)[:, None] for forecast in honest],
            axis=0,
        )
        values = scale.invert(centre[:, None] + spread)
        if series.non_negative:
            values = np.maximum(values, 0.0)
    return replace(forecasts[0], values=values, model=name)
