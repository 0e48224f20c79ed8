"""Published forecasts as they are shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown
from services.queries.forecasts import ForecastRecord
from services.queries.scoreboard import Measured


class Step(Shown):
    """One month ahead: ``quantiles`` by level, in the series' unit."""

    month: str
    horizon: int
    quantiles: dict[str, float]


class MemberShown(Shown):
    """One model's part: its weight, or why it was left out, and its median path.

    A forecaster of elsewhere is ``forecaster:ID``: its weight is its share in the months that its note names.
    """

    name: str
    weight: float
    score: float | None = None
    left_out: str | None = None
    note: str | None = None
    median: list[float] | None = None
    moved: dict[str, float] | None = Field(
        default=None, description="Of a forecaster: by how much it moved the median of each month."
    )


class MeasuredShown(Shown):
    """What the intervals of a model held, over all months scored; null, for ``reason``, until one was."""

    figures: int = Field(description="Pairs of a published forecast and a figure that it foretold.")
    coverage_80: float | None
    coverage_95: float | None
    reason: str | None


class ForecastShown(Shown):
    """A forecast as it was published; without ``steps`` nothing could be said, for ``reason``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 55,
                    "series_id": "CN_EXP_REPM_T",
                    "unit": "t",
                    "model": "standard",
                    "origin": "2025-04",
                    "vintage": "2025-05-20T02:00:00Z",
                    "published_at": "2025-05-20T02:00:04Z",
                    "reason": None,
                    "steps": [
                        {
                            "month": "2025-05",
                            "horizon": 1,
                            "quantiles": {"0.1": 3020.5, "0.5": 4480.2, "0.9": 5721.9},
                        }
                    ],
                    "members": [{"name": "theta", "weight": 0.5}],
                    "versions": {"tonnage": "0.1.0"},
                }
            ]
        }
    )

    id: int
    series_id: str
    unit: str
    model: str = Field(description="The portfolio, or the one model that was asked for.")
    origin: str = Field(description="The last month that the model has seen.")
    vintage: Moment = Field(description="The moment as of which its history was taken.")
    published_at: Moment
    reason: str | None
    steps: list[Step]
    members: list[MemberShown]
    versions: dict[str, str]
    measured: MeasuredShown | None = Field(
        default=None, description="Beside a model asked for by name: what its own intervals have held."
    )

    @classmethod
    def of(
        cls,
        record: ForecastRecord,
        unit: str,
        *,
        levels: tuple[float, ...] | None,
        horizon: int | None,
        measured: Measured | None = None,
    ) -> ForecastShown:
        """A stored forecast as it is shown, for the levels and as many months as were asked for."""
        return cls(
            id=record.id or 0,
            series_id=record.series_id,
            unit=unit,
            model=record.model,
            origin=str(record.origin),
            vintage=record.vintage,
            published_at=record.published_at,
            reason=record.reason,
            steps=_steps(record, levels, horizon),
            members=[MemberShown(**member) for member in record.members],
            versions=record.versions,
            measured=None if measured is None else MeasuredShown.model_validate(measured),
        )

    def rows(self) -> list[dict[str, Any]]:
        """The forecast as rows of a table, one a month and level."""
        same = self.model_dump(mode="json", include={"series_id", "unit", "model", "origin", "vintage"})
        return [
            {**same, "month": step.month, "horizon": step.horizon, "level": float(level), "value": value}
            for step in self.steps
            for level, value in step.quantiles.items()
        ]


FORECAST_COLUMNS = ("series_id", "unit", "model", "origin", "vintage", "month", "horizon", "level", "value")


def _steps(record: ForecastRecord, levels: tuple[float, ...] | None, horizon: int | None) -> list[Step]:
    forecast = record.forecast
    if forecast is None:
        return []
    if levels is None:  # those published, as they stand: interpolating each costs a millisecond
        paths = {f"{level:g}": forecast.values[:, at] for at, level in enumerate(forecast.levels)}
    else:
        paths = {f"{level:g}": forecast.quantile(level) for level in levels}
    months = min(horizon or forecast.horizon, forecast.horizon)
    return [
        Step(
            month=str(forecast.origin + step + 1),
            horizon=step + 1,
            quantiles={level: float(path[step]) for level, path in paths.items()},
        )
        for step in range(months)
    ]
