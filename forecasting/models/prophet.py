"""Prophet with its defaults (Taylor and Letham 2018, doi:10.1080/00031305.2017.1380080), gaps and all."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from forecasting.errors import ModelFailedError, SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.models.state_space import parted
from forecasting.series import Series

SHORTEST = 3
DRAWS = 1000
"""Paths drawn from the posterior predictive; Prophet's default."""


@dataclass(frozen=True, slots=True)
class Prophet:
    """Piecewise-linear trend and yearly season on month-start stamps; empirical quantiles of DRAWS paths.

    Prophet draws from numpy's global generator: it is seeded for the draw and put back after it.
    """

    name: str = "prophet"
    takes_gaps: bool = True

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels); missing months are left out, totals are parted by ``parted``."""
        import pandas as pd  # noqa: PLC0415  with Prophet, 3 s to import
        from prophet import Prophet as Library  # noqa: PLC0415

        if series.held < SHORTEST:
            raise SeriesTooShortError(series.id, series.held, SHORTEST)
        figures = parted(series).values  # noqa: PD011  a Series of ours
        size = float(np.nanmean(np.abs(figures)))
        size = size if size > 0 else 1.0
        months = [(series.start + step).first_day for step in range(len(figures) + horizon)]
        stamps = pd.to_datetime(pd.Series(months))
        scaled = figures / size
        history = pd.DataFrame({"ds": stamps[: len(scaled)], "y": scaled})
        before = np.random.get_state()  # noqa: NPY002  the generator that Prophet uses
        try:
            np.random.seed(0)  # noqa: NPY002
            with warnings.catch_warnings(action="ignore"):
                library = Library(uncertainty_samples=DRAWS)
                library.fit(history.dropna())
                future = pd.DataFrame({"ds": stamps[len(scaled) :]})
                draws = library.predictive_samples(future)["yhat"]
        except Exception as error:  # any failure of a library's fit is that model's reason to be left out
            raise ModelFailedError(self.name, series.id, f"{type(error).__name__}: {error}") from error
        finally:
            np.random.set_state(before)  # noqa: NPY002
        values = np.quantile(np.asarray(draws), levels, axis=1).T * size
        if not np.isfinite(values).all():
            raise ModelFailedError(self.name, series.id, "it returned a number that is not finite")
        return Forecast(series.id, series.unit, series.end, None, tuple(levels), values, self.name)
