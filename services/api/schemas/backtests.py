"""Backtests as they are asked for and shown."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from services.api.schemas.common import Given, Shown, Text
from services.queries.backtests import Backtest
from services.usecases.order_backtest import MOST_FOLDS, MOST_HORIZON

_LINE: dict[str, Any] = {
    "model": "standard",
    "folds": 18,
    "smape": 12.4,
    "mase": 0.83,
    "owa": 0.81,
    "msis95": 6.1,
    "wis": 0.061,
    "coverage80": 0.79,
    "coverage95": 0.94,
    "cpu_s": 0.08,
}


class BacktestGiven(Given):
    """Which series, by exactly one of three, and how their past is to be forecast again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"series": ["CN_EXP_REPM_T"], "folds": 2, "horizon": 6}]}
    )

    series: list[Text] | None = Field(None, min_length=1, max_length=400, description="Ids of series.")
    family: Text | None = None
    tag: Text | None = None
    portfolio: Text | None = Field(
        None, description="A portfolio or one model; the service's own by default."
    )
    folds: int = Field(3, ge=1, le=MOST_FOLDS, description="Origins, each a horizon before the next.")
    horizon: int = Field(12, ge=1, le=MOST_HORIZON, description="Months ahead at each.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.series, self.family, self.tag)) != 1:
            raise ValueError("give exactly one of series, family and tag")
        return self


class BacktestLine(Shown):
    """Means over all origins and series of one member, or of the combination, named by the portfolio."""

    model: str
    folds: int = Field(description="Pairs of a series and an origin that could be scored.")
    smape: float | None = Field(description="Per cent.")
    mase: float | None = Field(description="Over the seasonal naive's error on the past of each.")
    owa: float | None = Field(description="Of sMAPE and MASE against Naive2 on the same months.")
    msis95: float | None
    wis: float | None
    coverage80: float | None
    coverage95: float | None
    cpu_s: float | None = Field(description="CPU seconds a series.")


class BacktestShown(Shown):
    """A backtest: ``pending`` or ``failed``, or ``done`` with its lines, the best OWA first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 12,
                    "status": "done",
                    "error": None,
                    "note": None,
                    "series": 9,
                    "asked": {
                        "series": ["CN_EXP_REPM_T"],
                        "portfolio": "standard",
                        "folds": 2,
                        "horizon": 6,
                        "as_of": "2025-06-20T02:00:00+00:00",
                    },
                    "lines": [_LINE],
                    "versions": {"tonnage": "0.1.0"},
                }
            ]
        }
    )

    id: int
    status: str
    error: str | None
    note: str | None
    series: int | None = Field(description="How many held anything then; null until it is done.")
    asked: dict[str, Any]
    lines: list[BacktestLine]
    versions: dict[str, str]

    @classmethod
    def of(cls, found: Backtest) -> BacktestShown:
        """A backtest as it is shown."""
        job, made = found.job, found.made
        return cls(
            id=job.id or 0,
            status=job.status,
            error=job.error,
            note=job.note,
            series=None if made is None else made.series,
            asked=job.arguments,
            lines=[] if made is None else [BacktestLine(**each) for each in made.lines],
            versions={} if made is None else made.versions,
        )
