"""Episodes as they are shown: alerts.episodes makes the fields, and the sentence from them."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from forecasting.shocks.scenarios import Branch, Scenarios
from services.api.schemas.common import Shown
from services.queries.episodes import FollowedEpisode, told

_TYPES = {"AO": 0.02, "LS": 0.11, "TC": 0.86, "anticipation": 0.01}
EXAMPLE: dict[str, Any] = {
    "sentence": "A downward shock began on magnet exports in May 2025 and closed with August 2025.",
    "id": "CN_EXP_REPM_T:2025-05:down",
    "series": {"id": "CN_EXP_REPM_T", "name": "China's exports of rare-earth magnets", "unit": "t"},
    "side": "down",
    "status": "closed",
    "followed": True,
    "followed_to": "2025-08",
    "onset": "2025-05",
    "onset_known_from": "2025-06-20T04:00:00Z",
    "as_of": "2025-09-20T04:00:00Z",
    "baseline": {"forecast_id": 55, "origin": "2025-04", "vintage": None, "model": "standard, steadied"},
    "trough": {"period": "2025-05", "value": 1238.0, "expected": 4480.0},
    "recovered_share": 1.2,
    "months_under": 2,
    "months_missing": 0,
    "shortfall": {
        "value": 4500.0,
        "lower": 2900.0,
        "upper": 6200.0,
        "level": 90,
        "from": "2025-05",
        "to": "2025-06",
    },
    "closed": "2025-08",
    "types": {"at_first_sight": _TYPES, "now": _TYPES, "likeliest": "TC", "months_seen": 4},
    "measure": None,
}


class SeriesNamed(Shown):
    """Which series, and the unit of every volume."""

    id: str
    name: str
    unit: str


class Baseline(Shown):
    """The forecast published before the onset was known, rolled on where the episode outlives it."""

    forecast_id: int | None
    origin: str
    vintage: str | None
    model: str


class Trough(Shown):
    """The figure with the largest relative loss; for an upward shock the largest excess."""

    period: str
    value: float
    expected: float


class Shortfall(Shown):
    """Forecast before onset less what came, over the months held of a span; below zero is an excess."""

    value: float
    lower: float
    upper: float
    level: int
    from_: str = Field(alias="from")
    to: str


class Types(Shown):
    """Probabilities of a one-month outlier (AO), a level shift (LS), a fading change (TC) and a rush."""

    at_first_sight: dict[str, float]
    now: dict[str, float]
    likeliest: str
    months_seen: int


class LinkedMeasure(Shown):
    """A dated measure that the shock may answer to: a date beside a date, and no proof of a cause."""

    id: str
    title: str
    announced: str
    effective: str
    url: str
    lag_months: int = Field(description="Months from its first month to the onset; below zero is a rush.")


class EpisodeShown(Shown):
    """One shock from its onset to its end, as of a moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    sentence: str
    id: str
    series: SeriesNamed
    side: str
    status: str
    followed: bool = Field(description="False once another began, or two years have passed.")
    followed_to: str
    onset: str
    onset_known_from: str
    as_of: str = Field(description="When the last news that it rests on became known.")
    baseline: Baseline
    trough: Trough
    recovered_share: float = Field(description="Of the trough's loss, by the last figure.")
    months_under: int
    months_missing: int
    shortfall: Shortfall
    closed: str | None
    types: Types
    measure: LinkedMeasure | None

    @classmethod
    def of(cls, found: FollowedEpisode) -> EpisodeShown:
        """An episode as it is shown."""
        return cls.model_validate(told(found))

    def row(self) -> dict[str, Any]:
        """The episode as one row of a table."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "series_id": self.series.id,
            "unit": self.series.unit,
            "trough": self.trough.period,
            "trough_value": self.trough.value,
            "trough_expected": self.trough.expected,
            "shortfall": self.shortfall.value,
            "shortfall_lower": self.shortfall.lower,
            "shortfall_upper": self.shortfall.upper,
            "counted_to": self.shortfall.to,
            **{f"p_{kind}": self.types.now.get(kind, 0.0) for kind in _TYPES},
            "measure_id": None if self.measure is None else self.measure.id,
            "measure_lag_months": None if self.measure is None else self.measure.lag_months,
        }


_PLAIN = (
    "id", "side", "status", "followed", "followed_to", "onset", "onset_known_from", "as_of",
    "recovered_share", "months_under", "months_missing", "closed", "sentence",
)  # fmt: skip

EPISODE_COLUMNS = (
    "series_id", "unit", *_PLAIN, "trough", "trough_value", "trough_expected", "shortfall", "shortfall_lower",
    "shortfall_upper", "counted_to", *(f"p_{kind}" for kind in _TYPES), "measure_id", "measure_lag_months",
)  # fmt: skip


class BranchShown(Shown):
    """One path after the last figure: median and 80 % interval of each month, in the series' unit."""

    type: str = Field(description="A type of shock, or mixture: all of them by their weights.")
    weight: float
    months: list[str]
    median: list[float]
    lower_80: list[float]
    upper_80: list[float]

    @classmethod
    def of(cls, branch: Branch, name: str) -> BranchShown:
        """A branch as it is shown."""
        said = branch.forecast
        return cls(
            type=name,
            weight=branch.weight,
            months=[str(said.first + step) for step in range(said.horizon)],
            median=said.median.tolist(),
            lower_80=said.quantile(0.1).tolist(),
            upper_80=said.quantile(0.9).tolist(),
        )


class EpisodeTold(EpisodeShown):
    """An episode with every state that it was in, and what follows by the type of its shock."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE, "states": [EXAMPLE], "scenarios": []}]}
    )

    states: list[EpisodeShown] = Field(description="After each news on the series, the first one first.")
    scenarios: list[BranchShown] = Field(description="The mixture first; none once it is closed.")

    @classmethod
    def told(
        cls, found: FollowedEpisode, states: list[FollowedEpisode], paths: Scenarios | None
    ) -> EpisodeTold:
        """An episode with its past and what may follow."""
        shown = (
            [] if paths is None else [BranchShown.of(each, str(each.intervention)) for each in paths.branches]
        )
        if paths is not None:
            whole = Branch(paths.branches[0].intervention, 1.0, paths.mixture)
            shown.insert(0, BranchShown.of(whole, "mixture"))
        return cls(
            **EpisodeShown.of(found).model_dump(by_alias=True),
            states=[EpisodeShown.of(each) for each in states],
            scenarios=shown,
        )
