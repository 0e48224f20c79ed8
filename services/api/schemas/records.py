"""Records as they are shown, beside the figure that set each."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown
from services.queries.records import JudgedFigure


class SetRecord(Shown):
    """A figure that was the lowest or highest since ``since`` (null: of all that is held)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "series_id": "CN_EXP_REPM_T",
                    "observation_id": 41,
                    "month": "2025-05",
                    "value": 1238.0,
                    "known_from": "2025-06-20T02:00:00Z",
                    "direction": "lowest",
                    "since": "2015-07",
                    "first_held": "2015-01",
                    "months_held": 35,
                    "months_in_totals": 0,
                    "months_needed": 119,
                    "years_claimed": None,
                    "tied": False,
                }
            ]
        }
    )

    series_id: str
    observation_id: int
    month: str = Field(description="YYYY-MM, or YYYY-MM..YYYY-MM for one total.")
    value: float | None
    known_from: Moment
    direction: str
    since: str | None
    first_held: str
    months_held: int
    months_in_totals: int = Field(description="Of these, held only in a pair, whose mean stood for them.")
    months_needed: int
    years_claimed: int | None = Field(description="Years of which 90 % of the months are held.")
    tied: bool = Field(description="True where the figure of ``since`` is the same.")

    @classmethod
    def of(cls, figure: JudgedFigure) -> list[SetRecord]:
        """The records that a figure set."""
        return [
            cls(
                series_id=figure.verdict.series_id,
                observation_id=figure.verdict.observation_id,
                month=str(figure.span),
                value=figure.value,
                known_from=figure.known_from,
                direction=each.direction,
                since=None if each.since is None else str(each.since),
                first_held=str(each.first_held),
                months_held=each.months_held,
                months_in_totals=each.months_in_totals,
                months_needed=each.months_needed,
                years_claimed=each.years_claimed,
                tied=each.tied,
            )
            for each in figure.verdict.records
        ]
