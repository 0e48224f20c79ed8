"""Conditions on the figure itself and on its past: level, change, record, revision."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from alerts.facts import Facts, Figure
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import apart, as_written, level, moved_at_least, percent, volume
from forecasting.months import Month, Span
from forecasting.shocks.records import CLAIM_PERCENT, Direction, Extreme


@dataclass(frozen=True, slots=True)
class Level:
    """The figure of one month lies below or above a level in the series' unit; exactly one side is set."""

    below: float | None = None
    above: float | None = None

    needs = frozenset({"value"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        side = f"below {level(self.below)}" if self.below is not None else f"above {level(self.above or 0)}"
        return f"a figure {side}"

    def test(self, facts: Facts) -> Finding:
        """No data for a total of several months, which a monthly level says nothing about."""
        if facts.value is None:
            return withdrawn(facts)
        if facts.span.months > 1:
            return unknown(f"a total of {facts.span.months} months is not held against a monthly level")
        limit, holds = (
            (self.below, facts.value < self.below)
            if self.below is not None
            else (self.above or 0.0, facts.value > (self.above or 0.0))
        )
        side = "below" if facts.value < limit else "above" if facts.value > limit else "at"
        figure, bound = apart(facts.value, limit)
        return found(holds, f"{figure} {facts.unit} is {side} {bound} {facts.unit}")


@dataclass(frozen=True, slots=True)
class Change:
    """The figure fell or rose by at least so much on the month, the year, or in the year to date.

    Exactly one limit is set: per cent, or an amount in the series' unit. On ``year_to_date`` the total from
    January on is set against the same months a year before.
    """

    on: Literal["month", "year", "year_to_date"]
    down_percent: float | None = None
    up_percent: float | None = None
    down_by: float | None = None
    up_by: float | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Facts it looks at."""
        return _COMPARED[self.on]

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"{self._limit()} {_ON[self.on]}"

    def test(self, facts: Facts) -> Finding:
        """No data where the earlier figure is not held."""
        if facts.value is None:
            return withdrawn(facts)
        if self.down_percent is not None or self.up_percent is not None:
            return self._relative(facts)
        now, then = self._figures(facts)
        if now is None or then is None:
            return self._missing()
        change = as_written(now) - as_written(then.value)
        if self.down_by is not None:
            holds = -change >= as_written(self.down_by)
        else:
            holds = change >= as_written(self.up_by or 0.0)
        direction = "down" if change < 0 else "up"
        moved = f"{direction} {volume(float(abs(change)))} {facts.unit} {_ON[self.on]}"
        return found(holds, f"{moved}, {'' if holds else 'not '}{self._limit()} {facts.unit}")

    def _relative(self, facts: Facts) -> Finding:
        compared = self._compared(facts)
        if compared is None:
            return self._missing()
        change, before = compared
        if self.down_percent is not None:
            holds = moved_at_least(-change, before, self.down_percent)
        else:
            holds = moved_at_least(change, before, self.up_percent or 0.0)
        direction = "down" if change < 0 else "up"
        moved = f"{direction} {percent(float(change) / before)} {_ON[self.on]}"
        return found(holds, f"{moved}, {'' if holds else 'not '}{self._limit()}")

    def _compared(self, facts: Facts) -> tuple[Fraction, float] | None:
        """The change, and the figure above zero that it is a change of; a bare ratio is a change of one."""
        now, then = self._figures(facts)
        if now is not None and then is not None and then.value > 0:
            return as_written(now) - as_written(then.value), then.value
        ratios = {"month": facts.change_month, "year": facts.change_year}
        ratio = ratios.get(self.on)
        return None if ratio is None else (as_written(ratio), 1.0)

    def _figures(self, facts: Facts) -> tuple[float | None, Figure | None]:
        if self.on == "year_to_date":
            now = facts.year_to_date
            return None if now is None else now.value, facts.year_to_date_before
        return facts.value, facts.previous if self.on == "month" else facts.year_ago

    def _missing(self) -> Finding:
        return unknown(f"the figure to compare with {_ON[self.on]} is not held")

    def _limit(self) -> str:
        for way, limit, unit in (
            ("down", self.down_percent, " %"),
            ("up", self.up_percent, " %"),
            ("down", self.down_by, ""),
            ("up", self.up_by, ""),
        ):
            if limit is not None:
                return f"{way} at least {level(limit)}{unit}"
        return "no limit"


_ON = {"month": "on the month", "year": "on the year", "year_to_date": "in the year to date"}
_COMPARED = {
    "month": frozenset({"value", "change_month", "previous"}),
    "year": frozenset({"value", "change_year", "year_ago"}),
    "year_to_date": frozenset({"value", "year_to_date", "year_to_date_before"}),
}


@dataclass(frozen=True, slots=True)
class NewExtreme:
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
            return withdrawn(facts)
        record = next((each for each in facts.records if each.direction == self.direction), None)
        if record is None:
            return found(False, f"not the {self.direction} of the months held")
        if self.years is None:
            return found(record.since is None, f"{_held(record)} since {_since(record).name}")
        return self._over(self.years, record, facts.span)

    def _over(self, years: int, record: Extreme, span: Span) -> Finding:
        held, since = _held(record), _since(record)
        if self.held_percent == CLAIM_PERCENT:
            claimed = record.years_claimed or 0
            if claimed >= years:
                return found(True, f"the {self.direction} in {_years(claimed)} ({held})")
        elif _share(record) >= self.held_percent and span.first.since(since) >= 12 * years:
            return found(True, f"the {held} since {since.name}")
        if record.since is not None and span.first.since(record.since) < 12 * years:
            return found(False, f"the {self.direction} only since {record.since.name}")
        return unknown(f"{held}: too few to speak of {_years(years)}")


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
            return withdrawn(facts)
        if facts.revision_of is None:
            return found(False, "a first print, not a revision")
        before, after = apart(facts.revision_of, facts.value)
        if facts.revision_of == 0:
            return found(facts.value != 0, f"revised from {before} to {after} {facts.unit}")
        change = as_written(facts.value) - as_written(facts.revision_of)
        return found(
            moved_at_least(abs(change), facts.revision_of, self.beyond_percent),
            f"revised by {percent(float(change) / facts.revision_of)} from {before} to {after} {facts.unit}",
        )


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"


def _held(record: Extreme) -> str:
    return f"{record.direction} of the {record.months_held} months held of {record.months_needed}"


def _since(record: Extreme) -> Month:
    return record.since or record.first_held


def _share(record: Extreme) -> float:
    """Per cent of a record's months that are held."""
    return 100 * record.months_held / record.months_needed
