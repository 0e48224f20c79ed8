"""Answers as frames of pandas or polars, whichever is installed; neither is needed by the client itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from services.client.shapes import Forecast

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(answer: Forecast | Sequence[Any]) -> pd.DataFrame:
    """A DataFrame: of a forecast one row a month and one column a level, else one row an item."""
    import pandas as pd  # noqa: PLC0415 - an optional library

    return pd.DataFrame(rows(answer))


def to_polars(answer: Forecast | Sequence[Any]) -> Any:
    """As to_pandas, in polars."""
    return import_module("polars").DataFrame(rows(answer))


def rows(answer: Forecast | Sequence[Any]) -> list[dict[str, Any]]:
    """An answer as plain rows."""
    if isinstance(answer, Forecast):
        return [{"month": step.month, "horizon": step.horizon, **step.quantiles} for step in answer.steps]
    return [asdict(each) for each in answer]
