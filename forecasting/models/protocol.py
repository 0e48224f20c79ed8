"""What every forecasting model is: a name, and a predictive distribution from one series."""

from __future__ import annotations

from typing import Protocol

from forecasting.forecast import Forecast
from forecasting.series import Series


class Model(Protocol):
    """A member of a portfolio, or a forecast asked for by name.

    Same series, same forecast: a model that samples draws from a generator of its own with a fixed seed. A
    forecast is scale-equivariant: history times c gives quantiles times c, up to rounding.
    """

    @property
    def name(self) -> str:
        """Registered name, such as ``ets_damped``."""
        ...

    @property
    def takes_gaps(self) -> bool:
        """True where the model reads missing months and totals itself; else it is given a filled series."""
        ...

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels) in the series' unit, from the month after ``series.end``.

        SeriesTooShortError where too few months are held; ModelFailedError where the fit failed.
        """
        ...
