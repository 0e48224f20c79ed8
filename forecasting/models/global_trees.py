"""One model over all series of an installation: boosted trees on seasonal differences, forecast recursively.

Montero-Manso and Hyndman 2021, doi:10.1016/j.ijforecast.2021.03.004, on why one model over many series wins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.errors import GlobalModelError, SeriesTooShortError
from forecasting.forecast import HORIZON, Forecast
from forecasting.models.state_space import fill
from forecasting.series import Series

Array = NDArray[np.float64]

NAME = "global_trees"
DRIFTING = "global_trees_drift"
"""Trained on what is left of each series beyond its whole drift, which goes on in its forecast."""
NAMES = (NAME, DRIFTING)
SEASON = 12
FEWEST_MONTHS = 50
"""Months a series needs to be learned from; one shorter than SHORTEST is not forecast either."""
SHORTEST = 25
FEWEST_ROWS = 1000
"""Rows (a row is one month to predict) below which trees would learn the noise: about 20 series."""
LAGS = (24, 36)
"""Months of the past that each of the two boosters sees; their forecasts are averaged."""
DRIFTING_LAGS = (24,)
"""The drifting model has one booster: beside the others a second gained nothing (decision 0039)."""
TREES = 120
"""Of each booster; at this rate as good in ``standard`` as 200 at 0.08, and cheaper (decision 0039)."""
DRIFT = 0.5
"""Share of a series' own mean yearly change that goes on as it is; the trees learn what follows of the rest
(chosen on training windows, decision 0010)."""
PARAMETERS: dict[str, Any] = {
    "objective": "l1",
    "learning_rate": 0.12,
    "num_leaves": 15,
    "max_bin": 63,
    "min_data_in_leaf": 50,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_KNOWN = 6
"""Changes that stand before the first one learned from; earlier lags are missing, which trees take."""
_FORMAT = 3


@dataclass(frozen=True, slots=True)
class _Standard:
    """Year-on-year changes of one series less ``mean``, its drift, in its own standard deviations."""

    size: float
    logs: bool
    last_year: Array
    mean: float
    deviation: float
    changes: Array

    def path(self, changes: Array) -> Array:
        """Standard changes (h,) ahead to the working scale (h,): each is added to the month a year before."""
        path = np.concatenate([self.last_year, np.zeros(len(changes))])
        for step, change in enumerate(changes):
            path[SEASON + step] = path[step] + change * self.deviation + self.mean
        return path[SEASON:]

    def values(self, path: Array) -> Array:
        """Working scale to the series' unit."""
        path = np.clip(path, -50.0, 50.0)
        return np.asarray((np.exp(path) if self.logs else np.sinh(path)) * self.size)


def _scaled(values: Array, size: float, logs: bool) -> Array:
    return np.asarray(np.log(values / size) if logs else np.arcsinh(values / size))


def _standard(values: Array, drift: float) -> _Standard | None:
    """Logs where every value is above zero, else inverse hyperbolic sines; None where too short or zero."""
    size = float(np.mean(np.abs(values))) if len(values) >= SHORTEST else 0.0
    if size == 0 or not np.isfinite(size):
        return None
    logs = bool((values > 0).all())
    scaled = _scaled(values, size, logs)
    changes = scaled[SEASON:] - scaled[:-SEASON]
    mean, deviation = drift * float(changes.mean()), float(changes.std()) + 1e-3
    return _Standard(size, logs, scaled[-SEASON:], mean, deviation, (changes - mean) / deviation)


def _rows(changes: Array, lags: int, known: int) -> Array:
    """Each change from the ``known``-th on with the ``lags`` before it, newest first; NaN before all."""
    padded = np.concatenate([np.full(lags, np.nan), changes])
    windows = np.lib.stride_tricks.sliding_window_view(padded, lags + 1)[known:]
    return np.ascontiguousarray(windows[:, ::-1])


def _ahead(boosters: Sequence[Any], changes: Sequence[Array], horizon: int) -> Array:
    """Mean of the boosters' recursive forecasts, standard changes (series, horizon)."""
    total = np.zeros((len(changes), horizon))
    for booster in boosters:
        lags = booster.num_feature()
        past = np.array([np.concatenate([np.full(lags, np.nan), series])[-lags:] for series in changes])
        for step in range(horizon):
            following = booster.predict(past[:, ::-1], num_threads=1)
            total[:, step] += following / len(boosters)
            past = np.column_stack([past[:, 1:], following])
    return total


@lru_cache(maxsize=8)
def _booster(text: str) -> Any:
    """A booster from its text; kept, since a process is sent the same text with each batch."""
    from lightgbm import Booster  # noqa: PLC0415  1 s to import

    return Booster(model_str=text)


@dataclass(frozen=True)
class GlobalTrees:
    """A trained model, frozen: the same bytes give the same forecasts.

    Attributes
    ----------
    boosters
        LightGBM's text form of each booster, one for each number of lags.
    spread
        Root mean square (h,) of the error h months ahead, in standard deviations of the series' changes; the
        last one holds beyond. Measured inside the training data, so a little too small: the engine's
        calibration widens it.
    series, rows
        What it was trained on.
    drift
        Share of a series' mean yearly change that was kept apart, as DRIFT.
    drifting
        The model trained with the whole of it kept apart; None in one that was saved before there was one.
    """

    boosters: tuple[str, ...]
    spread: tuple[float, ...]
    series: int
    rows: int
    seed: int
    drift: float
    drifting: GlobalTrees | None = None
    name: str = NAME

    takes_gaps = False

    @property
    def named(self) -> dict[str, GlobalTrees]:
        """Each model of this training by its name as a member."""
        return {each.name: each for each in (self, self.drifting) if each is not None}

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels); SeriesTooShortError below SHORTEST months."""
        (forecast,) = self.forecasts([series], horizon, levels)
        if forecast is None:
            raise SeriesTooShortError(series.id, len(series.values), SHORTEST)
        return forecast

    def forecasts(
        self, batch: Sequence[Series], horizon: int, levels: tuple[float, ...]
    ) -> tuple[Forecast | None, ...]:
        """The same for a batch at once, far cheaper a series; None where a series is too short."""
        standards = [_standard(series.values, self.drift) for series in batch]
        changes = [standard.changes for standard in standards if standard is not None]
        ahead = iter(_ahead([_booster(text) for text in self.boosters], changes, horizon) if changes else ())
        spread = np.array([self.spread[min(step, len(self.spread) - 1)] for step in range(horizon)])
        width = spread[:, None] * ndtri(levels)
        forecasts: list[Forecast | None] = []
        for series, standard in zip(batch, standards, strict=True):
            if standard is None:
                forecasts.append(None)
                continue
            values = standard.values(standard.path(next(ahead))[:, None] + standard.deviation * width)
            forecasts.append(
                Forecast(series.id, series.unit, series.end, None, tuple(levels), values, self.name)
            )
        return tuple(forecasts)

    def dump(self) -> bytes:
        """As bytes that ``load`` reads back, for ever: JSON around LightGBM's text form."""
        drifting = None if self.drifting is None else _as_json(self.drifting)
        return json.dumps({"format": _FORMAT, **_as_json(self), "drifting": drifting}).encode()

    @classmethod
    def load(cls, content: bytes) -> Self:
        """A model from its bytes; GlobalModelError where they are not one of a known format.

        Format 1 took the whole mean change of a series apart, and does not say so; format 2 has no model
        beside it.
        """
        try:
            held = json.loads(content)
            known = held["format"] in range(1, _FORMAT + 1)
            beside = held.get("drifting")
            drifting = None if beside is None else cls._of(beside, DRIFTING, None)
            model = cls._of({"drift": 1.0, **held}, NAME, drifting)
        except (ValueError, KeyError, TypeError) as error:
            raise GlobalModelError(f"the bytes are not a saved model ({error})") from error
        if not known:
            raise GlobalModelError(f"format {held['format']!r} is not known; 1 to {_FORMAT} are")
        return model

    @classmethod
    def _of(cls, held: dict[str, Any], name: str, drifting: GlobalTrees | None) -> Self:
        boosters, spread = tuple(held["boosters"]), tuple(held["spread"])
        counted = held["series"], held["rows"], held["seed"]
        return cls(boosters, spread, *counted, held["drift"], drifting, name)


def _as_json(model: GlobalTrees) -> dict[str, Any]:
    return {
        "boosters": model.boosters,
        "spread": model.spread,
        "series": model.series,
        "rows": model.rows,
        "seed": model.seed,
        "drift": model.drift,
    }


def train(panel: Sequence[Series], seed: int) -> GlobalTrees:
    """A model of all series of the panel that hold FEWEST_MONTHS; gaps are filled by the smoother first.

    With it goes the one that leaves the whole drift to go on. GlobalModelError where they give fewer than
    FEWEST_ROWS, or none on which the error can be measured. The order of the panel does not matter.
    """
    ordered = sorted((series for series in panel if len(series.values) >= FEWEST_MONTHS), key=lambda s: s.id)
    filled = [fill(series) for series in ordered]
    drifting = replace(_trained(filled, seed, 1.0, DRIFTING_LAGS), name=DRIFTING)
    return replace(_trained(filled, seed, DRIFT, LAGS), drifting=drifting)


def _trained(filled: Sequence[Series], seed: int, drift: float, seen: tuple[int, ...]) -> GlobalTrees:
    import lightgbm  # noqa: PLC0415  1 s to import

    standards = [standard for series in filled if (standard := _standard(series.values, drift)) is not None]
    rows = sum(max(len(standard.changes) - _KNOWN, 0) for standard in standards)
    if rows < FEWEST_ROWS:
        raise GlobalModelError(
            f"{len(standards)} series of {FEWEST_MONTHS} months or more give {rows} rows to learn from; "
            f"{FEWEST_ROWS} are needed: add series"
        )
    boosters = []
    for lags in seen:
        table = np.concatenate([_rows(standard.changes, lags, _KNOWN) for standard in standards])
        data = lightgbm.Dataset(table[:, 1:], table[:, 0])
        boosters.append(lightgbm.train({**PARAMETERS, "seed": seed}, data, TREES))
    spread = _spread(boosters, filled, drift)
    texts = tuple(booster.model_to_string() for booster in boosters)
    return GlobalTrees(texts, tuple(spread), len(standards), rows, seed, drift)


def _spread(boosters: Sequence[Any], panel: Sequence[Series], drift: float) -> list[float]:
    """Root mean square error by horizon, from the origin HORIZON months before each series' end.

    GlobalModelError where none can be measured: a spread that nothing measured would be read as one that was.
    """
    cut = [(_standard(series.values[:-HORIZON], drift), series.values[-HORIZON:]) for series in panel]
    kept = [(one, actual) for one, actual in cut if one is not None and (not one.logs or (actual > 0).all())]
    if not kept:
        raise GlobalModelError(
            f"no error can be measured on the last {HORIZON} months: each of {len(panel)} series was above "
            "zero before them and not all through them, or zero before them: add series that go on as before"
        )
    ahead = _ahead(boosters, [standard.changes for standard, _ in kept], HORIZON)
    errors = [
        (_scaled(actual, standard.size, standard.logs) - standard.path(changes)) / standard.deviation
        for (standard, actual), changes in zip(kept, ahead, strict=True)
    ]
    clipped = np.clip(np.array(errors), -10.0, 10.0)
    return [float(value) for value in np.sqrt(np.mean(clipped**2, axis=0))]
