"""Every model by its name; a model's library is imported when the model is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from forecasting.errors import UnknownModelError
from forecasting.models import prophet, univariate
from forecasting.models.airline import Airline
from forecasting.models.protocol import Model
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.models.state_space import LocalLevel

_MAKERS: dict[str, Callable[[], Model]] = {
    "seasonal_naive": SeasonalNaive,
    "local_level": LocalLevel,
    "ets_damped": univariate.ets_damped,
    "ets_damped_log": univariate.ets_damped_log,
    "ets_level_log": univariate.ets_level_log,
    "ets": univariate.ets,
    "theta": univariate.theta,
    "theta_log": univariate.theta_log,
    "mstl_ets": univariate.mstl_ets,
    "mstl_damped_log": univariate.mstl_damped_log,
    "ces": univariate.ces,
    "arima": univariate.arima,
    "airline": Airline,
    "prophet": prophet.Prophet,
}


def names() -> tuple[str, ...]:
    """Names of all registered models."""
    return tuple(_MAKERS)


@cache
def model(name: str) -> Model:
    """The model of that name; UnknownModelError names those there are."""
    if name not in _MAKERS:
        raise UnknownModelError(name, names())
    return _MAKERS[name]()
