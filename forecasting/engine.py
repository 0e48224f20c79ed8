"""A batch of series in, published forecasts out: candidates, gate, combination, calibration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting import portfolios
from forecasting.calibration import (
    SHORTEST_HISTORY,
    Calibration,
    Residuals,
    relative_error,
    residuals,
    scale_ahead,
)
from forecasting.ensemble import combine
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.members import Given, How, fitted
from forecasting.models.global_trees import NAME as GLOBAL
from forecasting.models.global_trees import GlobalTrees
from forecasting.models.state_space import fill
from forecasting.plans import Plan, plan
from forecasting.publication import Guard, Member, Publication, unlimited
from forecasting.series import Series
from forecasting.shipped import SHIPPED
from forecasting.transforms import scale_of

_CALIBRATION_LEVELS = (0.1, 0.5, 0.9)
_READ_GAPS = frozenset({"local_level", "airline", "seasonal_naive", "prophet"})


def publish(
    batch: Sequence[Series],
    *,
    horizon: int = HORIZON,
    levels: tuple[float, ...] = LEVELS,
    portfolio: str = "standard",
    vintage: dt.datetime | None = None,
    global_model: GlobalTrees | None = None,
    calibration: Calibration | None = None,
    guard: Guard = unlimited,
) -> tuple[Publication, ...]:
    """One publication a series, in the order of the batch; how it is cut into batches changes nothing.

    ``portfolio`` is ``fast``, ``standard``, ``full`` or the name of one model; UnknownModelError otherwise.
    ``levels`` hold 0.1, 0.5 and 0.9. Without a ``global_model`` its weight goes to the others; without a
    ``calibration`` of the installation's own the shipped one stands. A model asked for by name keeps its own
    intervals. A series that no model can forecast gets a publication with its reason.
    """
    asked = portfolios.portfolio(portfolio)
    how = How(horizon, levels, vintage, guard, calibration or SHIPPED)
    plans = [plan(series, asked) for series in batch]
    given = _given(plans, how, global_model)
    return tuple(_publish(ahead, how, one) for ahead, one in zip(plans, given, strict=True))


def _given(plans: Sequence[Plan], how: How, global_model: GlobalTrees | None) -> list[Given]:
    """The global model's forecast for each plan that wants one, made at once: far cheaper a series."""
    if global_model is None:
        return [Given(None, "no global model has been trained yet")] * len(plans)
    given = [Given(None, "the series is too short for it")] * len(plans)
    wanted = [place for place, ahead in enumerate(plans) if GLOBAL in ahead.chosen.weights]
    made = global_model.forecasts([plans[place].filled for place in wanted], how.horizon, how.levels)
    for place, forecast in zip(wanted, made, strict=True):
        given[place] = replace(given[place], forecast=forecast)
    return given


def _publish(ahead: Plan, how: How, given: Given) -> Publication:
    series, reason = ahead.series, ahead.reason
    if series.held + len(series.totals) == 0:
        return Publication(series.id, None, (), reason)
    members = fitted(ahead, how, given)
    if not any(member.weight for member in members):
        lacking = members[0] if ahead.alone else members[-1]
        return Publication(series.id, None, tuple(members), lacking.left_out)
    if not any(member.weight for member in members if member.name in ahead.chosen.members):
        reason = "every model was left out: the baseline stands"
    forecast = _combined(ahead, members, reason is not None)
    if not ahead.alone and reason is None:
        local = [member for member in members if member.name != GLOBAL]
        native = _combined(ahead, local, own_spread=False) if any(one.weight for one in local) else forecast
        forecast = _calibrated(ahead, forecast, native, how.calibration)
    told = "; ".join(each for each in (reason, ahead.late) if each is not None)
    return Publication(series.id, forecast, tuple(members), told or None)


def _combined(ahead: Plan, members: Sequence[Member], own_spread: bool) -> Forecast:
    """Quantile-wise combination; with ``own_spread`` only the members that read gaps say how wide."""
    series, rule = ahead.series, ahead.chosen.rule
    voices = [(member.forecast, member.weight) for member in members if member.forecast and member.weight > 0]
    forecasts = [forecast for forecast, _ in voices]
    weights = [weight for _, weight in voices]
    values = combine(np.stack([forecast.values for forecast in forecasts]), rule, weights)
    honest = [forecast for forecast in forecasts if forecast.model in _READ_GAPS]
    if own_spread and honest and len(forecasts) > 1:
        scale = scale_of(series)
        medians = np.stack([forecast.median for forecast in forecasts])
        centre = scale.apply(combine(medians, rule, weights))
        spreads = [scale.apply(one.values) - scale.apply(one.median)[:, None] for one in honest]
        values = scale.invert(centre[:, None] + np.mean(spreads, axis=0))
        if series.non_negative:
            values = np.maximum(values, 0.0)
    return replace(forecasts[0], values=values, model=ahead.asked.name)


def _calibrated(ahead: Plan, forecast: Forecast, native: Forecast, calibration: Calibration) -> Forecast:
    """The combined median with pooled residual quantiles around it, at the series' own scale.

    The scale is that of ``native``, the members without the global model, as it was for the residuals.
    """
    scale = scale_ahead(ahead.filled, native)
    if scale is None:
        return forecast
    factor = calibration.factor(relative_error(ahead.filled, forecast.horizon))
    shape = calibration.quantiles(forecast.horizon, forecast.levels)
    values = forecast.median[:, None] + factor * scale[:, None] * shape
    if ahead.series.non_negative:
        values = np.maximum(values, 0.0)
    return replace(forecast, values=values)


def past_residuals(series: Series, horizon: int, portfolio: str) -> Residuals | None:
    """Residuals of a portfolio from the origin ``horizon`` months ago, for ``calibration.pooled``.

    None where the series is too short, scattered, or does not hold each of those months. The global model is
    left out, since it has seen them: the spread comes out slightly too wide, never too narrow.
    """
    if len(series.values) < SHORTEST_HISTORY + horizon or np.isnan(series.values[-horizon:]).any():
        return None
    past = series.until(series.end - horizon)
    asked = portfolios.portfolio(portfolio)
    if plan(past, asked).reason is not None:
        return None
    plain = portfolio if not asked.earned else "standard"
    (publication,) = publish([past], horizon=horizon, levels=_CALIBRATION_LEVELS, portfolio=plain)
    if publication.forecast is None:
        return None
    return residuals(fill(past), series.values[-horizon:], publication.forecast)
