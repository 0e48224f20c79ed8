"""Why published forecasts changed, as it is shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from forecasting.months import Month
from services.api.schemas.common import Moment, Shown
from services.queries.forecasts import ForecastRecord


class FigureShown(Shown):
    """A figure that came, was revised or withdrawn in between; null is not known."""

    span: str
    before: float | None
    after: float | None


class MonthShown(Shown):
    """One month's median before and after; ``before`` and what moved it add up to ``after``."""

    month: str
    before: float
    engine: float = Field(description="By other versions of code, libraries or trained models.")
    revisions: float = Field(description="By figures that were revised or withdrawn.")
    news: float = Field(description="By figures that are new.")
    others: float = Field(
        description="By forecasts of others that weigh in, less by how much they did before."
    )
    after: float


class ChangeShown(Shown):
    """From one publication to the next: the figures in between, and what they did to each month."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "forecast_id": 55,
                    "against": 41,
                    "vintage": "2025-06-20T02:00:00Z",
                    "figures": [{"span": "2025-05", "before": None, "after": 1238.0}],
                    "months": [
                        {
                            "month": "2025-06",
                            "before": 4480.0,
                            "engine": 0.0,
                            "revisions": -35.0,
                            "news": -2490.0,
                            "others": 0.0,
                            "after": 1955.0,
                        }
                    ],
                }
            ]
        }
    )

    forecast_id: int
    against: int = Field(description="The forecast that it supersedes.")
    vintage: Moment
    figures: list[FigureShown]
    months: list[MonthShown]

    @classmethod
    def of(cls, record: ForecastRecord, told: dict[str, Any], month: str | None) -> ChangeShown:
        """The change to a published forecast; to one month of it where ``month`` is given."""
        first = Month.parse(told["first"])
        none = [0.0] * len(told["after"])  # before others could weigh in
        steps = zip(*(told.get(part, none) for part in PARTS), strict=True)
        months = [
            MonthShown(month=str(first + step), **dict(zip(PARTS, values, strict=True)))
            for step, values in enumerate(steps)
        ]
        return cls(
            forecast_id=record.id or 0,
            against=told["against"],
            vintage=record.vintage,
            figures=[FigureShown(**figure) for figure in told["figures"]],
            months=[each for each in months if month is None or each.month == month],
        )


PARTS = ("before", "engine", "revisions", "news", "others", "after")
