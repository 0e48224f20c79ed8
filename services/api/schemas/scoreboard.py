"""The scoreboard as it is shown."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.api.schemas.common import Shown
from services.queries.scoreboard import Line

_SCALED = "over the series' mean absolute yearly change as known when it was forecast"


_EXAMPLE: Final[JsonDict] = {
    "model": "standard",
    "member": None,
    "horizon": 1,
    "series_id": None,
    "figures": 412,
    "mase": 0.71,
    "pinball": 0.24,
    "wis": 0.48,
    "bias": -0.03,
    "coverage_80": 0.81,
    "coverage_95": 0.95,
    "naive_mase": 1.02,
    "naive_wis": 0.69,
    "coverage_range": None,
    "service_mase": None,
    "compared_months": None,
    "difference": None,
    "statistic": None,
    "p_value": None,
    "skill": 0.304,
}


class StandingShown(Shown):
    """How published forecasts did on the months that have arrived."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(description="A portfolio or model, or forecaster:ID for a forecaster of elsewhere.")
    member: str | None = Field(description="A member of the model; null is the published forecast itself.")
    horizon: int | None = Field(description="Months ahead, where asked for; a span counts by its last.")
    series_id: str | None
    figures: int = Field(
        description="Pairs of a published forecast and a figure that it foretold: a figure counts once for "
        "each forecast of it."
    )
    mase: float | None = Field(description=f"Mean absolute error of the median {_SCALED}.")
    pinball: float | None = Field(description=f"Mean quantile loss {_SCALED}.")
    wis: float | None = Field(description=f"Mean weighted interval score {_SCALED}.")
    bias: float | None = Field(description=f"Mean of median less actual {_SCALED}.")
    coverage_80: float | None = Field(
        description="Share of pairs whose figure lay inside the 80 % interval; null where none was given."
    )
    coverage_95: float | None = Field(description="As above, of the 95 % interval.")
    naive_mase: float | None = Field(description="Of seasonal naive, made with the same forecasts.")
    naive_wis: float | None = Field(description="As above.")
    coverage_range: float | None = Field(
        description="Share of pairs whose figure lay inside the range of a poll."
    )
    service_mase: float | None = Field(
        description="The service's own mase on the same figures, beside a forecaster of elsewhere."
    )
    compared_months: int | None = Field(
        description="Calendar months of a forecaster's figures: of each the mean difference counts once."
    )
    difference: float | None = Field(
        description="Mean absolute error of the forecaster less our own, scaled; below 0 it is better."
    )
    statistic: float | None = Field(
        description="Of Diebold and Mariano's test that this is chance, corrected for few months; null "
        "below 8 of them, and below twice the months ahead."
    )
    p_value: float | None = Field(description="Two-sided, of that test.")
    skill: float | None = Field(description="1 less mase over naive_mase: above 0 is better than naive.")

    @classmethod
    def of(cls, line: Line) -> StandingShown:
        """A line of the scoreboard as it is shown."""
        standing, naive, compared = line.standing, line.baseline, line.compared
        return cls(
            model=standing.model,
            member=standing.member or None,
            horizon=standing.horizon,
            series_id=standing.series_id,
            figures=standing.figures,
            mase=standing.mase,
            pinball=standing.pinball,
            wis=standing.wis,
            bias=standing.bias,
            coverage_80=standing.coverage_80,
            coverage_95=standing.coverage_95,
            naive_mase=None if naive is None else naive.mase,
            naive_wis=None if naive is None else naive.wis,
            coverage_range=standing.coverage_range,
            service_mase=line.ours,
            compared_months=None if compared is None else compared.months,
            difference=None if compared is None else compared.difference,
            statistic=None if compared is None else compared.statistic,
            p_value=None if compared is None else compared.p_value,
            skill=line.skill,
        )


class Scoreboard(Shown):
    """The service's own record; ``reason`` says why there is no line."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"against": "first_print", "lines": [_EXAMPLE], "reason": None}]}
    )

    against: str
    lines: list[StandingShown]
    reason: str | None = None


SCOREBOARD_COLUMNS = tuple(StandingShown.model_fields)
EMPTY = "No month that a published forecast foretold has arrived yet."
