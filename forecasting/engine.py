"""A batch of series in, published forecasts out: candidates, gate, combination, calibration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecasting import portfolios
from forecasting.calibration import (
    SHORTEST_HISTORY,
    Calibration,
    Residuals,
    relative_error,
    residuals,
    scale_ahead,
)
from forecasting.ensemble import around, combine
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.members import UNSEEN, Given, How, fitted, votes
from forecasting.models.global_trees import NAMES, GlobalTrees
from forecasting.models.state_space import fill
from forecasting.plans import Plan, plan
from forecasting.publication import Guard, Member, Publication, unlimited
from forecasting.series import Series
from forecasting.shipped import SHIPPED
from forecasting.transforms import Log, scale_of

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
    """The global models' forecasts for each plan that wants them, made at once: far cheaper a series."""
    if global_model is None:
        return [Given({}, "no global model has been trained yet")] * len(plans)
    given: list[dict[str, Forecast]] = [{} for _ in plans]
    for name, model in global_model.named.items():
        wanted = [place for place, ahead in enumerate(plans) if name in ahead.chosen.weights]
        for empty in sorted({plans[place].empty for place in wanted}):
            places = [place for place in wanted if plans[place].empty == empty]
            filled = [plans[place].filled for place in places]
            made = model.forecasts(filled, how.horizon + empty, how.levels)
            for place, forecast in zip(places, made, strict=True):
                if forecast is not None:
                    given[place][name] = forecast
    return [Given(forecasts, _absent(forecasts)) for forecasts in given]


def _absent(forecasts: Mapping[str, Forecast]) -> str:
    """Why a global model is not among those that forecast a series."""
    return (
        "the model was trained before there was one: the next training makes it"
        if forecasts
        else "the series is too short for it"
    )


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
        forecast = _calibrated(ahead, forecast, _native(ahead, members) or forecast, how)
    shown = tuple(
        replace(each, forecast=each.forecast and _from_the_end(each.forecast, ahead)) for each in members
    )
    told = "; ".join(each for each in (reason, ahead.late) if each is not None)
    return Publication(series.id, _from_the_end(forecast, ahead), shown, told or None, votes(ahead, members))


def _from_the_end(forecast: Forecast, ahead: Plan) -> Forecast:
    """The forecast less its first months, which nobody asked for: no figure came, and they are past."""
    if not ahead.empty:
        return forecast
    return replace(forecast, origin=forecast.origin + ahead.empty, values=forecast.values[ahead.empty :])


def _native(ahead: Plan, members: Sequence[Member]) -> Forecast | None:
    """The combination whose width residuals are divided by and their quantiles multiplied by.

    Without the global model, which has seen the months of the residuals, and without members that earned
    their weight, which others may not have. None where no other has a weight.
    """
    usual = ahead.chosen.weights.keys() - set(NAMES)
    local = [member for member in members if member.name in usual and member.weight > 0]
    return _combined(ahead, local, own_spread=False) if local else None


def _combined(ahead: Plan, members: Sequence[Member], own_spread: bool) -> Forecast:
    """Quantile-wise combination; with ``own_spread`` only the members that read gaps say how wide."""
    series, rule = ahead.series, ahead.chosen.rule
    voices = [(member.forecast, member.weight) for member in members if member.forecast and member.weight > 0]
    forecasts = [forecast for forecast, _ in voices]
    weights = [weight for _, weight in voices]
    values = combine(np.stack([forecast.values for forecast in forecasts]), rule, weights)
    honest = [forecast for forecast in forecasts if forecast.model in _READ_GAPS]
    if own_spread and honest and len(forecasts) > 1:
        logs = isinstance(scale_of(series), Log)
        centre = combine(np.stack([forecast.median for forecast in forecasts]), rule, weights)
        values = np.mean([around(centre, one, in_proportion=logs) for one in honest], axis=0)
        if series.non_negative:
            values = np.maximum(values, 0.0)
    return replace(forecasts[0], values=values, model=ahead.asked.name)


def _calibrated(ahead: Plan, forecast: Forecast, native: Forecast, how: How) -> Forecast:
    """The combined median with pooled residual quantiles around it, at the scale of ``native``."""
    calibration = how.calibration
    scale = scale_ahead(ahead.filled, native, calibration.shares)
    if scale is None:
        return forecast
    relative = relative_error(ahead.filled, how.horizon, calibration.shares, guard=how.guard)
    factor = calibration.factor(relative)
    shape = calibration.quantiles(forecast.horizon, forecast.levels)
    values = forecast.median[:, None] + factor * scale[:, None] * shape
    if ahead.series.non_negative:
        values = np.maximum(values, 0.0)
    return replace(forecast, values=values)


def past_residuals(series: Series, horizon: int, portfolio: str, *, guard: Guard) -> Residuals | None:
    """Residuals of a portfolio from the origin ``horizon`` months ago, for ``calibration.pooled``.

    None where the series is too short, scattered, or does not hold each of those months. They are of the
    members that ``_native`` names, and divided by the width that these have before any calibration: the one
    that ``publish`` multiplies by. Each fit runs under ``guard``.
    """
    if len(series.values) < SHORTEST_HISTORY + horizon or np.isnan(series.values[-horizon:]).any():
        return None
    past = series.until(series.end - horizon)
    native = uncalibrated(past, horizon, portfolio, guard=guard)
    if native is None:
        return None
    return residuals(fill(past), series.values[-horizon:], native, guard=guard)


def published_residuals(
    past: Series, actual: NDArray[np.float64], members: Sequence[Member], portfolio: str, *, guard: Guard
) -> Residuals | None:
    """As ``past_residuals``, of a forecast that was published: nothing is refitted but the relative error.

    ``past`` is the series as it was known then, ``members`` are those of the publication, combined by the
    weights of today, and ``actual`` (h,) the figures that came after it. None where one did not come, where
    ``past_residuals`` would give none, or where the portfolio has other members now: a width of theirs is not
    what is multiplied today.
    """
    ahead = plan(past, replace(portfolios.portfolio(portfolio), earned=()))
    wanted = ahead.chosen.weights.keys() - set(NAMES)
    kept = {member.name for member in members if member.forecast is not None or not member.weight}
    usual = ahead.reason is None and not ahead.empty and wanted <= kept
    if not usual or len(past.values) < SHORTEST_HISTORY or np.isnan(actual).any():
        return None
    weighed = [
        replace(member, weight=ahead.chosen.weights.get(member.name, 0.0) if member.forecast else 0.0)
        for member in members
    ]
    native = _native(ahead, weighed)
    if native is None or native.horizon < len(actual):
        return None
    return residuals(ahead.filled, actual, replace(native, values=native.values[: len(actual)]), guard=guard)


def uncalibrated(series: Series, horizon: int, portfolio: str, *, guard: Guard) -> Forecast | None:
    """The combination that a calibration is of, at its own width; None where it is another or there is none.

    Quantiles at 0.1, 0.5 and 0.9. Members that must earn their weight are not fitted; each of the others is
    under ``guard``.
    """
    ahead = plan(series, replace(portfolios.portfolio(portfolio), earned=()))
    if ahead.reason is not None or ahead.empty:
        return None
    how = How(horizon, _CALIBRATION_LEVELS, None, guard, SHIPPED)
    return _native(ahead, fitted(ahead, how, UNSEEN))
