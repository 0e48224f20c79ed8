"""What a rule can ask of a figure: typed conditions that answer yes, no or no data, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from alerts.facts import Facts
from alerts.quantities import apart, estimate, level, percent, volume
from forecasting.months import Month, Span
from forecasting.shocks.detection import Verdict
from forecasting.shocks.records import CLAIM_PERCENT, Direction, Record


class Answer(StrEnum):
    """Three-valued truth (Kleene): what is not known is neither yes nor no."""

    YES = "yes"
    NO = "no"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a condition on one figure, and why, with the numbers that decided it."""

    answer: Answer
    reason: str


def _found(holds: bool, reason: str) -> Finding:
    return Finding(Answer.YES if holds else Answer.NO, reason)


def _unknown(reason: str) -> Finding:
    return Finding(Answer.NO_DATA, reason)


@dataclass(frozen=True, slots=True)
class Level:
    """The figure of one month lies below or above a level in the series' unit; exactly one side is set."""

    below: float | None = None
    above: float | None = None

    needs = frozenset({"value"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"below {level(self.below)}" if self.below is not None else f"above {level(self.above or 0)}"

    def test(self, facts: Facts) -> Finding:
        """No data for a total of several months, which a monthly level says nothing about."""
        if facts.value is None:
            return _withdrawn(facts)
        if facts.span.months > 1:
            return _unknown(f"a total of {facts.span.months} months is not held against a monthly level")
        limit, holds = (
            (self.below, facts.value < self.below)
            if self.below is not None
            else (self.above or 0.0, facts.value > (self.above or 0.0))
        )
        side = "below" if facts.value < limit else "above" if facts.value > limit else "at"
        figure, bound = apart(facts.value, limit)
        return _found(holds, f"{figure} {facts.unit} is {side} {bound} {facts.unit}")


@dataclass(frozen=True, slots=True)
class Change:
    """The figure fell or rose by at least so many per cent on the month or on the year; one side is set."""

    on: Literal["month", "year"]
    down_percent: float | None = None
    up_percent: float | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Facts it looks at."""
        return frozenset({f"change_{self.on}"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        if self.down_percent is not None:
            return f"down at least {level(self.down_percent)} % on the {self.on}"
        return f"up at least {level(self.up_percent or 0)} % on the {self.on}"

    def test(self, facts: Facts) -> Finding:
        """No data where the earlier figure is not held."""
        if facts.value is None:
            return _withdrawn(facts)
        change = facts.change_month if self.on == "month" else facts.change_year
        if change is None:
            return _unknown(f"the figure to compare with on the {self.on} is not held")
        if self.down_percent is not None:
            holds, limit = -change * 100 >= self.down_percent, self.down_percent
        else:
            limit = self.up_percent or 0.0
            holds = change * 100 >= limit
        direction = "down" if change < 0 else "up"
        return _found(
            holds,
            f"{direction} {percent(change)} on the {self.on}, {'at least' if holds else 'not'} "
            f"{'down' if self.down_percent is not None else 'up'} {level(limit)} %",
        )


@dataclass(frozen=True, slots=True)
class Extreme:
    """The figure is the lowest or highest over N years; None is of all held.

    At least ``held_percent`` of the months since the last figure as extreme (or of the years, where the usual
    share is asked for) must be held.
    """

    direction: Direction
    years: int | None = None
    held_percent: int = CLAIM_PERCENT

    needs = frozenset({"value", "records"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        over = "of all months held" if self.years is None else f"in {_years(self.years)}"
        share = (
            "" if self.held_percent == CLAIM_PERCENT else f" with {self.held_percent} % of the months held"
        )
        return f"the {self.direction} {over}{share}"

    def test(self, facts: Facts) -> Finding:
        """No data where the figure is a record of what is held, but too little of the years is held."""
        if facts.value is None:
            return _withdrawn(facts)
        record = next((each for each in facts.records if each.direction == self.direction), None)
        if record is None:
            return _found(False, f"not the {self.direction} of the months held")
        if self.years is None:
            return _found(record.since is None, f"{_held(record)} since {_since(record).name}")
        return self._over(self.years, record, facts.span)

    def _over(self, years: int, record: Record, span: Span) -> Finding:
        held, since = _held(record), _since(record)
        if self.held_percent == CLAIM_PERCENT:
            claimed = record.years_claimed or 0
            if claimed >= years:
                return _found(True, f"the {self.direction} in {_years(claimed)} ({held})")
        elif _share(record) >= self.held_percent and span.first.since(since) >= 12 * years:
            return _found(True, f"the {held} since {since.name}")
        if record.since is not None and span.first.since(record.since) < 12 * years:
            return _found(False, f"the {self.direction} only since {record.since.name}")
        return _unknown(f"{held}: too few to speak of {_years(years)}")


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
            return _withdrawn(facts)
        if tail is None:
            return _unknown(facts.detection.reason)
        return _found(
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
            return _withdrawn(facts)
        verdict = facts.detection.verdict
        if verdict is Verdict.NOT_JUDGED:
            return _unknown(facts.detection.reason)
        named = {"down": {Verdict.SHOCK_DOWN}, "up": {Verdict.SHOCK_UP}}
        wanted = named.get(self.direction, {Verdict.SHOCK_DOWN, Verdict.SHOCK_UP})
        return _found(verdict in wanted, facts.detection.reason)


@dataclass(frozen=True, slots=True)
class Recovered:
    """The figure lies inside the 80 % interval that was forecast for its month before the alert began."""

    needs = frozenset({"value", "counterfactual"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return "back inside the 80 % interval that was forecast before it began"

    def test(self, facts: Facts) -> Finding:
        """No data where that forecast does not reach the month."""
        band = facts.counterfactual
        if facts.value is None:
            return _withdrawn(facts)
        if band is None:
            return _unknown("no forecast from before it began reaches this month")
        width = band.upper_80 - band.lower_80
        lower, upper = estimate(band.lower_80, width), estimate(band.upper_80, width)
        side = "inside" if facts.value in band else "below" if facts.value < band.lower_80 else "above"
        return _found(
            facts.value in band,
            f"{volume(facts.value)} {facts.unit} is {side} the 80 % interval forecast before it began, "
            f"{lower} to {upper} {facts.unit}",
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """The figure replaces an earlier one of the same span and differs by at least so many per cent."""

    beyond_percent: float

    needs = frozenset({"value", "revision_of"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"a revision of at least {level(self.beyond_percent)} %"

    def test(self, facts: Facts) -> Finding:
        """No for a first print."""
        if facts.value is None:
            return _withdrawn(facts)
        if facts.revision_of is None:
            return _found(False, "a first print, not a revision")
        before, after = apart(facts.revision_of, facts.value)
        if facts.revision_of == 0:
            return _found(facts.value != 0, f"revised from {before} to {after} {facts.unit}")
        change = facts.value / facts.revision_of - 1
        return _found(
            abs(change) * 100 >= self.beyond_percent,
            f"revised by {percent(change)} from {before} to {after} {facts.unit}",
        )


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds: no if one does not, else no data if one is not known."""

    of: tuple[Condition, ...]

    @property
    def needs(self) -> frozenset[str]:
        """Facts it looks at."""
        return frozenset().union(*(part.needs for part in self.of))

    def in_words(self) -> str:
        """Say it as a desk would."""
        return " and ".join(_bracketed(part) for part in self.of)

    def test(self, facts: Facts) -> Finding:
        """Kleene's strong conjunction."""
        return _combined([part.test(facts) for part in self.of], decisive=Answer.NO)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds: yes if one does, else no data if one is not known."""

    of: tuple[Condition, ...]

    @property
    def needs(self) -> frozenset[str]:
        """Facts it looks at."""
        return frozenset().union(*(part.needs for part in self.of))

    def in_words(self) -> str:
        """Say it as a desk would."""
        return " or ".join(_bracketed(part) for part in self.of)

    def test(self, facts: Facts) -> Finding:
        """Kleene's strong disjunction."""
        return _combined([part.test(facts) for part in self.of], decisive=Answer.YES)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; what is not known stays not known."""

    of: Condition

    @property
    def needs(self) -> frozenset[str]:
        """Facts it looks at."""
        return self.of.needs

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"not {_bracketed(self.of)}"

    def test(self, facts: Facts) -> Finding:
        """Yes and no change places."""
        inner = self.of.test(facts)
        turned = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.NO_DATA: Answer.NO_DATA}
        return Finding(turned[inner.answer], inner.reason)


Condition = Level | Change | Extreme | Surprise | Shock | Recovered | Revision | All | AnyOf | Not
"""Every condition that a rule can hold."""


def _combined(findings: list[Finding], decisive: Answer) -> Finding:
    other = Answer.YES if decisive is Answer.NO else Answer.NO
    for answer in (decisive, Answer.NO_DATA):
        named = [finding.reason for finding in findings if finding.answer is answer]
        if named:
            return Finding(answer, _listed(named))
    return Finding(other, _listed(finding.reason for finding in findings))


def _listed(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))


def _bracketed(part: Condition) -> str:
    return f"({part.in_words()})" if isinstance(part, All | AnyOf) else part.in_words()


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"


def _held(record: Record) -> str:
    return f"{record.direction} of the {record.months_held} months held of {record.months_needed}"


def _since(record: Record) -> Month:
    return record.since or record.first_held


def _share(record: Record) -> float:
    """Per cent of a record's months that are held."""
    return 100 * record.months_held / record.months_needed


def _withdrawn(facts: Facts) -> Finding:
    return _unknown(f"the figure of {facts.span.name} was withdrawn")
