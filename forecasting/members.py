"""The members of one publication: each fitted, held against the gate, scored where asked, and weighed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from forecasting import portfolios
from forecasting.calibration import SHORTEST_HISTORY, Calibration
from forecasting.errors import ForecastingError, ModelFailedError
from forecasting.forecast import Forecast
from forecasting.gate import refusal
from forecasting.metrics import mase, seasonal_scale
from forecasting.models import registry
from forecasting.models.global_trees import NAMES
from forecasting.plans import Plan, plan
from forecasting.portfolios import EARNED_WEIGHT, Portfolio
from forecasting.publication import Fit, Guard, Member


@dataclass(frozen=True, slots=True)
class How:
    """What every fit of one call of ``publish`` shares."""

    horizon: int
    levels: tuple[float, ...]
    vintage: dt.datetime | None
    guard: Guard
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Given:
    """The global models' forecasts of one series, made for the whole batch at once; or why one is absent."""

    forecasts: Mapping[str, Forecast]
    absent: str

    def made(self, name: str) -> Forecast:
        """The forecast of that model; ModelFailedError with the reason where there is none."""
        if name not in self.forecasts:
            raise ModelFailedError(name, "?", self.absent)
        return self.forecasts[name]


UNSEEN = Given({}, "it has seen the months to be scored")
"""Where a forecast is held against months that the global models were trained on."""


def fitted(ahead: Plan, how: How, given: Given) -> list[Member]:
    """Every member of the plan's portfolio and the baseline, weights adding up to 1; all 0 where none passed.

    Members that must earn their weight are refitted one horizon ago together with all others, and scored.
    """
    names = dict.fromkeys((*ahead.chosen.members, portfolios.BASELINE))
    members = [_fitted(name, ahead, how, given) for name in names]
    if ahead.chosen.earned:
        members = _scored(members, ahead, how)
    weights = [_weight(member, members, ahead.chosen) for member in members]
    if not any(weights) and not ahead.alone:
        weights = [0.0 if member.forecast is None else 1.0 for member in members]
    total = sum(weights) or 1.0
    return [replace(member, weight=weight / total) for member, weight in zip(members, weights, strict=True)]


def votes(ahead: Plan, members: Sequence[Member]) -> float:
    """What the weights of fitted members added up to before they became shares; 0 where none passed."""
    return sum(_weight(member, members, ahead.chosen) for member in members) or float(
        sum(member.weight > 0 for member in members)
    )


def _fitted(name: str, ahead: Plan, how: How, given: Given) -> Member:
    series = ahead.series
    if name in NAMES:
        takes_gaps = False
        run = partial(given.made, name)
    else:
        model = registry.model(name)
        takes_gaps = model.takes_gaps
        history = series if takes_gaps else ahead.filled
        run = partial(model.forecast, history, how.horizon + ahead.empty, how.levels)

    note = None if takes_gaps else ahead.note
    try:
        forecast = replace(how.guard(Fit(name, series.id, run)), vintage=how.vintage)
    except ForecastingError as error:
        left_out = error.reason if isinstance(error, ModelFailedError) else str(error)
        return Member(name, None, 0.0, left_out, note=note)
    if series.non_negative and (forecast.values < 0).any():
        forecast = replace(forecast, values=np.maximum(forecast.values, 0.0))
    reason = refusal(series, forecast)
    refused = reason is not None
    return Member(name, None if refused else forecast, 0.0, reason, note=note, refused=refused)


def _weight(member: Member, members: Sequence[Member], chosen: Portfolio) -> float:
    """A fixed weight; or the earned one where the member's past error is below that of every fixed member."""
    if member.forecast is None:
        return 0.0
    if member.name not in chosen.earned:
        return chosen.weights.get(member.name, 0.0)
    rivals = [rival.score for rival in members if rival.name in chosen.weights and rival.score is not None]
    earned = member.score is not None and bool(rivals) and member.score < min(rivals)
    return EARNED_WEIGHT if earned else 0.0


def _scored(members: Sequence[Member], ahead: Plan, how: How) -> list[Member]:
    """Members with their mean absolute scaled error from the origin one horizon ago; this refits each once.

    The global model has no score here: it has seen those months.
    """
    filled = ahead.filled
    if len(filled.values) < SHORTEST_HISTORY + how.horizon:
        return list(members)
    actual = filled.values[-how.horizon :]
    past = plan(ahead.series.until(ahead.series.end - how.horizon), ahead.asked)
    scale = seasonal_scale(past.filled.values)
    if not scale > 0:
        return list(members)
    scored = []
    for member in members:
        refit = None if member.forecast is None else _fitted(member.name, past, how, UNSEEN).forecast
        score = None if refit is None else mase(actual, refit.median[past.empty :], scale)
        scored.append(replace(member, score=score))
    return scored
