"""A batch of series in, published forecasts out: candidates, gate, combination, calibration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
from forecasting.errors import ForecastingError, ModelFailedError
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.gate import refusal
from forecasting.metrics import mase, seasonal_scale
from forecasting.models import registry
from forecasting.models.global_trees import NAME as GLOBAL
from forecasting.models.global_trees import GlobalTrees
from forecasting.models.state_space import fill
from forecasting.portfolios import EARNED_WEIGHT, Portfolio
from forecasting.series import Series
from forecasting.shipped import SHIPPED
from forecasting.transforms import scale_of

FEWEST = 12
"""Figures held below which a forecast is the pooled prior around the series' level."""
SCATTERED = 0.15
"""Share of missing months above which a series counts as scattered."""

_CALIBRATION_LEVELS = (0.1, 0.5, 0.9)
_READ_GAPS = frozenset({"local_level", "seasonal_naive", "prophet"})

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


@dataclass(frozen=True, slots=True)
class _How:
    """What every fit of one call of ``publish`` shares."""

    horizon: int
    levels: tuple[float, ...]
    vintage: dt.datetime | None
    guard: Guard
    calibration: Calibration


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
    how = _How(horizon, levels, vintage, guard, calibration or SHIPPED)
    plans = [_planned(series, asked) for series in batch]
    trees: list[Forecast | None] = [None] * len(batch)
    if global_model is not None:
        wanted = [place for place, plan in enumerate(plans) if GLOBAL in plan.chosen.weights]
        made = global_model.forecasts([plans[place].filled for place in wanted], horizon, levels)
        for place, forecast in zip(wanted, made, strict=True):
            trees[place] = forecast
    absent = (
        "no global model has been trained yet" if global_model is None else "the series is too short for it"
    )
    return tuple(
        _publish(plan, how, _Given(forecast, absent)) for plan, forecast in zip(plans, trees, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """A series, its filled form, and the portfolio that its cover allows with the reason for another."""

    series: Series
    filled: Series
    asked: Portfolio
    chosen: Portfolio
    reason: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class _Given:
    """The global model's forecast of one series, made for the whole batch at once; or why there is none."""

    forecast: Forecast | None
    absent: str

    def made(self) -> Forecast:
        """The forecast; ModelFailedError with the reason where there is none."""
        if self.forecast is None:
            raise ModelFailedError(GLOBAL, "?", self.absent)
        return self.forecast


_UNSEEN = _Given(None, "it has seen the months to be scored")


def _planned(series: Series, asked: Portfolio) -> _Plan:
    if series.held + len(series.totals) == 0:
        return _Plan(series, series, asked, asked, "no figure is held", None)
    chosen, reason = _suited(series, asked)
    missing = int(np.isnan(series.values).sum())
    note = f"{missing} of {len(series.values)} months filled" if missing else None
    return _Plan(series, fill(series), asked, chosen, reason, note)


def _publish(plan: _Plan, how: _How, given: _Given) -> Publication:
    series, chosen, reason = plan.series, plan.chosen, plan.reason
    if series.held + len(series.totals) == 0:
        return Publication(series.id, None, (), reason)
    names = dict.fromkeys((*chosen.members, portfolios.BASELINE))
    members = [_fitted(name, plan, how, given) for name in names]
    if chosen.earned:
        members = _scored(members, plan, how)
    weights = {
        member.name: weight
        for member in members
        if member.forecast is not None and (weight := _weight(member, members, chosen)) > 0
    }
    if not weights and len(plan.asked.members) == 1:
        return Publication(series.id, None, tuple(members), members[0].left_out)
    if not weights:
        weights = {member.name: 1.0 for member in members if member.forecast is not None}
        reason = "every model was left out: the baseline stands"
    if not weights:
        return Publication(series.id, None, tuple(members), members[-1].left_out)
    total = sum(weights.values())
    members = [replace(member, weight=weights.get(member.name, 0.0) / total) for member in members]
    forecast = _combined(plan, members, reason is not None)
    if len(chosen.members) > 1 and reason is None:
        local = [member for member in members if member.name != GLOBAL]
        native = _combined(plan, local, own_spread=False) if any(one.weight for one in local) else forecast
        forecast = _calibrated(plan, forecast, native, how.calibration)
    return Publication(series.id, forecast, tuple(members), reason)


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
        cover = f"{missing} of {len(series.values)} months are not held on their own"
        return portfolios.SCATTERED, f"{cover}: the spread is that of the models that read gaps"
    return asked, None


def _fitted(name: str, plan: _Plan, how: _How, given: _Given) -> Member:
    series = plan.series
    if name == GLOBAL:
        takes_gaps, fit = False, given.made
    else:
        model = registry.model(name)
        takes_gaps = model.takes_gaps
        history = series if takes_gaps else plan.filled

        def fit() -> Forecast:
            return model.forecast(history, how.horizon, how.levels)

    note = None if takes_gaps else plan.note
    try:
        forecast = replace(how.guard(fit), vintage=how.vintage)
    except ForecastingError as error:
        left_out = error.reason if isinstance(error, ModelFailedError) else str(error)
        return Member(name, None, 0.0, left_out, note=note)
    if series.non_negative and (forecast.values < 0).any():
        forecast = replace(forecast, values=np.maximum(forecast.values, 0.0))
    refused = refusal(series, forecast)
    return Member(name, None if refused else forecast, 0.0, refused, note=note)


def _weight(member: Member, members: Sequence[Member], chosen: Portfolio) -> float:
    """A fixed weight; or the earned one where the member's past error is below that of every fixed member."""
    if member.name not in chosen.earned:
        return chosen.weights.get(member.name, 0.0)
    rivals = [rival.score for rival in members if rival.name in chosen.weights and rival.score is not None]
    earned = member.score is not None and bool(rivals) and member.score < min(rivals)
    return EARNED_WEIGHT if earned else 0.0


def _scored(members: Sequence[Member], plan: _Plan, how: _How) -> list[Member]:
    """Members with their mean absolute scaled error from the origin one horizon ago; this refits each once.

    The global model has no score here: it has seen those months.
    """
    filled = plan.filled
    if len(filled.values) < SHORTEST_HISTORY + how.horizon:
        return list(members)
    actual = filled.values[-how.horizon :]
    past = _planned(plan.series.until(plan.series.end - how.horizon), plan.asked)
    scale = seasonal_scale(past.filled.values)
    if not scale > 0:
        return list(members)
    scored = []
    for member in members:
        refit = None if member.forecast is None else _fitted(member.name, past, how, _UNSEEN).forecast
        score = None if refit is None else mase(actual, refit.median, scale)
        scored.append(replace(member, score=score))
    return scored


def _combined(plan: _Plan, members: Sequence[Member], own_spread: bool) -> Forecast:
    """Quantile-wise combination; with ``own_spread`` only the members that read gaps say how wide."""
    series, rule = plan.series, plan.chosen.rule
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
    return replace(forecasts[0], values=values, model=plan.asked.name)


def _calibrated(plan: _Plan, forecast: Forecast, native: Forecast, calibration: Calibration) -> Forecast:
    """The combined median with pooled residual quantiles around it, at the series' own scale.

    The scale is that of ``native``, the members without the global model, as it was for the residuals.
    """
    scale = scale_ahead(plan.filled, native)
    if scale is None:
        return forecast
    factor = calibration.factor(relative_error(plan.filled, forecast.horizon))
    shape = calibration.quantiles(forecast.horizon, forecast.levels)
    values = forecast.median[:, None] + factor * scale[:, None] * shape
    if plan.series.non_negative:
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
    if _suited(past, asked)[1] is not None:
        return None
    plain = portfolio if not asked.earned else "standard"
    (publication,) = publish([past], horizon=horizon, levels=_CALIBRATION_LEVELS, portfolio=plain)
    if publication.forecast is None:
        return None
    return residuals(fill(past), series.values[-horizon:], publication.forecast)
