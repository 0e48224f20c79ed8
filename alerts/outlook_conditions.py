"""Conditions on what is to come, by the quantiles of the forecast that stood when the figure became known."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown
from alerts.quantities import level
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.shocks.tails import tails


@dataclass(frozen=True, slots=True)
class Crossing:
    """Some month of the next ``within_months`` lies below or above a level with more than a probability.

    A forecast tells each month's distribution and not how months hang together, so the probability of "some
    month" is known only to lie between that of the likeliest month and the sum of all (Boole's and Frechet's
    bounds). The lower bound decides, so that a yes is certain by that forecast, and the reason says both.
    """

    probability_above: float
    within_months: int
    below: float | None = None
    above: float | None = None

    needs = frozenset({"ahead"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        chance = f"{level(self.probability_above * 100)} %"
        return (
            f"a chance of more than {chance} of a month {self._side()} within {_months(self.within_months)}"
        )

    def test(self, facts: Facts) -> Finding:
        """No data where no forecast reaches the months asked for."""
        if facts.ahead is None:
            return unknown("no forecast was published")
        months = [facts.span.last + step for step in range(1, self.within_months + 1)]
        if not facts.ahead.reaches(Span(months[0], len(months))):
            return unknown(f"the forecast does not reach {months[-1].name}")
        chances = _chances(facts.ahead, months[0], len(months), self.below, self.above)
        likeliest = max(range(len(chances)), key=chances.__getitem__)
        low, high = chances[likeliest], min(sum(chances), 1.0)
        return found(
            low > self.probability_above,
            f"a month {self._side()} {facts.unit} within {_months(self.within_months)} has a chance of "
            f"{100 * low:.0f} to {100 * high:.0f} % ({months[likeliest].name} is the likeliest), and "
            f"{level(self.probability_above * 100)} % is the limit",
        )

    def _side(self) -> str:
        return f"below {level(self.below)}" if self.below is not None else f"above {level(self.above or 0.0)}"


def _chances(
    forecast: Forecast, first: Month, count: int, below: float | None, above: float | None
) -> list[float]:
    """Probability of each of ``count`` months from ``first`` on to lie below, or else above, the level."""
    start = first.since(forecast.first)
    limit = below if below is not None else above or 0.0
    lying = tails([limit] * count, forecast.values[start : start + count], forecast.levels)
    return [float(chance) for chance in (lying.lower if below is not None else lying.upper)]


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"
