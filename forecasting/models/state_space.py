"""Local level with a seasonal pattern as a state-space model: takes missing months, and totals as sums.

x[t] = level[t] + season[month of t] + e[t],  level[t+1] = level[t] + u[t],  on the scale of ``scale_of``.
Durbin and Koopman, Time Series Analysis by State Space Methods (2012), ch. 3 and 4; filtered by statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import stdtrit

from forecasting.errors import SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.series import Series
from forecasting.transforms import Log, scale_of

PRIOR = np.log([0.145, 0.07, 0.06])
"""Logs of the standard deviations (e, u, season) before a series is seen: medians of 85 fits to every 16th
``forecast_ok`` series of the trade panel, 96 months that end three years before the panel does."""
PRIOR_SD = 0.85
"""Standard deviation of each of those logs between the same series, rounded (0.99, 0.85, 0.69)."""
PRIOR_MONTHS = 4.0
"""Degrees of freedom that a predictive distribution has with no month held."""
DIFFUSE = 100.0
"""Variance of the first level around the mean of the series, in squared logs (or squared unit sizes)."""

_LEVEL, _NOISE, _SUM, _SEASON = 0, 1, 2, 3
_STATES = 15


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a total once its held months are taken off: the sum of the months at ``steps``."""

    steps: tuple[int, ...]
    value: float


def _parts(series: Series) -> list[_Part]:
    """Totals as sums of missing months; of two that overlap the shorter stands, an impossible one is left."""
    parts: list[_Part] = []
    taken: set[int] = set()
    positive = isinstance(scale_of(series), Log)
    for total in sorted(series.totals, key=lambda total: total.span.months):
        first = total.span.first.since(series.start)
        steps = range(first, first + total.span.months)
        missing = tuple(step for step in steps if np.isnan(series.values[step]))
        rest = total.value - float(np.nansum(series.values[first : first + total.span.months]))
        if (
            missing
            and not taken.intersection(range(missing[0], missing[-1] + 1))
            and (rest > 0 or not positive)
        ):
            parts.append(_Part(missing, rest))
            taken.update(range(missing[0], missing[-1] + 1))
    return parts


class _Filter:
    """The model of one series with ``ahead`` empty months after it; one blank month stands before it."""

    def __init__(self, series: Series, ahead: int) -> None:
        from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother  # noqa: PLC0415  2 s to import

        self.scale = scale_of(series)
        self.parts = _parts(series)
        months = 1 + len(series.values) + ahead
        self.observed = np.full(months, np.nan)
        self.observed[1 : 1 + len(series.values)] = self.scale.apply(series.values)
        self.signal = np.zeros((months, _STATES))
        self.signal[:, (_LEVEL, _NOISE)] = 1.0
        seasons = (series.start.number - 2 + np.arange(months)) % 12
        self.signal[np.arange(months), _SEASON + seasons] = 1.0
        self.held = int(np.isfinite(self.observed).sum()) + len(self.parts)
        rates = self._rates()
        self.centre = float(np.mean(rates))
        self.spread = max(float(np.std(rates)), 1.0)
        self.smoother: Any = KalmanSmoother(k_endog=1, k_states=_STATES, k_posdef=2)
        self.path = np.full(months, self.centre)
        self._lay_out()

    def _rates(self) -> NDArray[np.float64]:
        held = self.observed[np.isfinite(self.observed)]
        parts = [float(self.scale.apply(np.array([part.value / len(part.steps)]))[0]) for part in self.parts]
        return np.concatenate([held, parts])

    def _lay_out(self) -> None:
        """Set the matrices; the sum state adds the months of a total, weighted as the scale asks.

        On the log scale log(sum of exp x) is replaced by its tangent at the present path: the weights are
        the shares of the months in their sum. The path is the smoothed one after ``relinearise``.
        """
        months = len(self.observed)
        weight = np.zeros(months)
        keep = np.zeros(months)
        endog = self.observed.copy()
        design = self.signal.copy()
        for part in self.parts:
            steps = np.array(part.steps) + 1
            first, last = int(steps[0]), int(steps[-1])
            keep[first + 1 : last + 1] = 1.0
            if isinstance(self.scale, Log):
                path = self.path[steps]
                share = np.exp(path - path.max())
                share /= share.sum()
                target = float(self.scale.apply(np.array([part.value]))[0])
                endog[last] = target - float(np.log(np.exp(path).sum())) + float(share @ path)
                weight[steps] = share
            else:
                weight[steps] = 1.0
                endog[last] = float(self.scale.apply(np.array([part.value]))[0])
            if np.isnan(self.observed[last]):
                design[last] = 0.0
                design[last, _SUM] = 1.0
        transition = np.zeros((_STATES, _STATES, months))
        transition[_LEVEL, _LEVEL] = 1.0
        seasons = np.arange(_SEASON, _STATES)
        transition[seasons, seasons] = 1.0
        selection = np.zeros((_STATES, 2, months))
        selection[_LEVEL, 0] = 1.0
        selection[_NOISE, 1] = 1.0
        following = np.append(weight[1:], 0.0)
        transition[_SUM, _LEVEL] = following
        transition[_SUM, _SUM] = np.append(keep[1:], 0.0)
        transition[_SUM, _SEASON:] = following * np.vstack([self.signal[1:, _SEASON:], np.zeros(12)]).T
        selection[_SUM] = following
        self.smoother.bind(endog.copy())
        self.smoother["design"] = design.T[None, :, :]
        self.smoother["transition"] = transition
        self.smoother["selection"] = selection
        self.smoother["obs_cov"] = np.array([[1e-10]])

    def set(self, logs: NDArray[np.float64]) -> None:
        noise, step, season = np.exp(2 * np.clip(logs, -12.0, 6.0))
        mean = np.zeros(_STATES)
        mean[_LEVEL] = self.centre
        self.smoother["state_cov"] = np.diag([step, noise])
        start = np.diag([DIFFUSE * self.spread**2, noise, 0.0, *np.full(12, season)])
        self.smoother.initialize_known(mean, start)

    def cost(self, logs: NDArray[np.float64]) -> float:
        """Minus the log posterior of the three logs: likelihood of the figures, normal prior of each log."""
        self.set(logs)
        likelihood = float(self.smoother.loglike())
        penalty = float(np.sum((logs - PRIOR) ** 2)) / (2 * PRIOR_SD**2)
        return penalty - likelihood if np.isfinite(likelihood) else 1e12

    def fit(self) -> NDArray[np.float64]:
        """Logs at the posterior mode."""
        if self.held < 3:
            return PRIOR
        found = minimize(self.cost, PRIOR, method="L-BFGS-B", options={"maxiter": 40, "ftol": 1e-7})
        best: NDArray[np.float64] = found.x
        return best

    def relinearise(self, times: int) -> None:
        """Move the tangent of each log sum to the smoothed path; two times settle it to about 1e-3."""
        for _ in range(times if self.parts and isinstance(self.scale, Log) else 0):
            states = self.smoother.smooth().smoothed_state.T
            self.path = np.sum(self.signal * states, axis=1)
            self._lay_out()

    def predicted(self, ahead: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance (ahead,) of the last months on the working scale."""
        result = self.smoother.filter()
        months = len(self.observed)
        signal = self.signal[months - ahead :]
        states = result.predicted_state.T[months - ahead : months]
        covariances = np.moveaxis(result.predicted_state_cov, 2, 0)[months - ahead : months]
        mean = np.sum(signal * states, axis=1)
        variance = np.einsum("hi,hij,hj->h", signal, covariances, signal)
        return mean, np.maximum(variance, 0.0)


def fill(series: Series) -> Series:
    """The series with each missing month replaced by its smoothed mean; totals are met exactly.

    The smoother runs once at the prior's ratios of variances: a mean hardly depends on them, and a fit would
    cost twenty times as much. A series without gaps is returned as it is.
    """
    if not np.isnan(series.values).any():
        return series
    model = _Filter(series, 0)
    model.set(PRIOR)
    model.relinearise(2)
    model.set(PRIOR)
    states = model.smoother.smooth().smoothed_state.T
    path = model.scale.invert(np.sum(model.signal * states, axis=1)[1:])
    values = np.where(np.isnan(series.values), path, series.values)
    for part in model.parts:
        steps = np.array(part.steps)
        guess = values[steps]
        if isinstance(model.scale, Log):
            values[steps] = guess * (part.value / guess.sum())
        else:
            values[steps] = guess + (part.value - guess.sum()) / len(steps)
    return Series(series.id, series.unit, series.start, values)


def parted(series: Series) -> Series:
    """The series with the months of its totals filled as ``fill`` does; other missing months stay missing.

    For a model that reads gaps and no totals: a month that comes in a total each year is otherwise one of
    which it has never seen anything.
    """
    if not series.totals:
        return series
    values = series.values.copy()
    filled = fill(series).values
    for total in series.totals:
        first = total.span.first.since(series.start)
        months = slice(first, first + total.span.months)
        values[months] = filled[months]
    return Series(series.id, series.unit, series.start, values)


@dataclass(frozen=True, slots=True)
class LocalLevel:
    """Local level and season with variances at their posterior mode; quantiles of a Student t.

    The prior of the three variances is pooled over many series, so one held month is enough: the forecast is
    then that month, as wide as series in general move. The predictive variance is the fitted one, with the
    prior's counted in as PRIOR_MONTHS months; the t has PRIOR_MONTHS + held degrees of freedom.
    """

    name: str = "local_level"
    takes_gaps: bool = True

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels); SeriesTooShortError where neither a month nor a total is held."""
        model = _Filter(series, horizon) if series.held + len(series.totals) else None
        if model is None or model.held == 0:
            raise SeriesTooShortError(series.id, series.held, 1)
        logs = model.fit()
        model.set(logs)
        model.relinearise(2)
        model.set(PRIOR)
        _, prior = model.predicted(horizon)
        model.set(logs)
        mean, fitted = model.predicted(horizon)
        freedom = PRIOR_MONTHS + model.held
        deviation = np.sqrt((PRIOR_MONTHS * prior + model.held * fitted) / freedom)
        values = model.scale.invert(mean[:, None] + deviation[:, None] * stdtrit(freedom, levels))
        if series.non_negative:
            values = np.maximum(values, 0.0)
        return Forecast(series.id, series.unit, series.end, None, tuple(levels), values, self.name)
