"""Conditions on what a forecast made of the figure, and on what may lie behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import estimate, level, volume
from forecasting.shocks.detection import Verdict


@dataclass(frozen=True, slots=True)
class Surprise:
    """The predictive probability of a figure so far out, on its side, is at most this."""

    probability_at_most: float

    needs = frozenset({"detection"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"a surprise that had a chance of at most {level(self.probability_at_most * 100)} %"

    def test(self, facts: Facts) -> Finding:
        """No data where no forecast judged the figure."""
        tail = facts.detection.tail_probability
        if facts.value is None:
            return withdrawn(facts)
        if tail is None:
            return unknown(facts.detection.reason)
        return found(
            tail <= self.probability_at_most,
            f"a figure so far out had a chance of {level(tail * 100)} %, and "
            f"{level(self.probability_at_most * 100)} % is the limit",
        )


@dataclass(frozen=True, slots=True)
class Shock:
    """The detection calls the figure a shock, downward, upward or either."""

    direction: Literal["down", "up", "any"] = "any"

    needs = frozenset({"detection"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return {"down": "a downward shock", "up": "an upward shock", "any": "a shock"}[self.direction]

    def test(self, facts: Facts) -> Finding:
        """No data where no forecast judged the figure."""
        if facts.value is None:
            return withdrawn(facts)
        verdict = facts.detection.verdict
        if verdict is Verdict.NOT_JUDGED:
            return unknown(facts.detection.reason)
        named = {"down": {Verdict.SHOCK_DOWN}, "up": {Verdict.SHOCK_UP}}
        wanted = named.get(self.direction, {Verdict.SHOCK_DOWN, Verdict.SHOCK_UP})
        return found(verdict in wanted, facts.detection.reason)


@dataclass(frozen=True, slots=True)
class Recovered:
    """The figure lies inside the 80 % interval that was forecast for its month before the alert began."""

    needs = frozenset({"value", "counterfactual"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return "back inside the 80 % interval that was forecast before it began"

    def test(self, facts: Facts) -> Finding:
        """No data where that forecast says nothing of the month."""
        band = facts.counterfactual
        if facts.value is None:
            return withdrawn(facts)
        if band is None:
            return unknown("no forecast from before it began reaches this month")
        width = band.upper_80 - band.lower_80
        lower, upper = estimate(band.lower_80, width), estimate(band.upper_80, width)
        side = "inside" if facts.value in band else "below" if facts.value < band.lower_80 else "above"
        past = band.rolled_past
        rolled = "" if past is None else f"; of the last year of that forecast, rolled on past {past.name}"
        return found(
            facts.value in band,
            f"{volume(facts.value)} {facts.unit} is {side} the 80 % interval forecast before it began, "
            f"{lower} to {upper} {facts.unit}{rolled}",
        )


@dataclass(frozen=True, slots=True)
class MeasureVisible:
    """The figure moved at a dated policy measure that it may answer to."""

    needs = frozenset({"measure"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return "a dated measure that the figure may answer to"

    def test(self, facts: Facts) -> Finding:
        """No data where no measure is known, which does not say that there is none."""
        if facts.value is None:
            return withdrawn(facts)
        if facts.measure is None:
            return unknown("no dated measure is known for this figure")
        return found(True, f"{facts.measure.title}, {facts.measure.day.isoformat()}")
