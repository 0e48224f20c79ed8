"""Conditions on a figure and what a forecaster had said of it: surprise, miss, outside a poll's range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import as_written, level, moved_at_least, of_usual_error, percent, volume
from forecasting.against import FEWEST_ERRORS, Against
from forecasting.submitted_forecasts import RANGE

OutsideSide = Literal["below", "above", "any"]
OUTSIDE: tuple[OutsideSide, ...] = ("below", "above", "any")


@dataclass(frozen=True, slots=True)
class Surprised:
    """The figure lies so many of a forecaster's usual errors from what it expected, on either side.

    Its usual error is the root mean square of its past ones on the series, FEWEST_ERRORS or more.
    """

    against: str
    score_at_least: float

    needs = frozenset({"value", "against"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        times = level(self.score_at_least)
        return f"a surprise of at least {times} times the usual error of {self.against}"

    def test(self, facts: Facts) -> Finding:
        """No data where the forecaster said nothing in time, or too few of its past errors are held."""
        said = _said(facts, self.against)
        if isinstance(said, Finding):
            return said
        if said.surprise is None:
            return unknown(_unscaled(said))
        score = abs(said.surprise)
        limit = level(self.score_at_least)
        missed = f", {of_usual_error(score)} on this series" if score else ""
        times = f"{limit} times is the limit" if score else f"{limit} times its usual error is the limit"
        return found(score >= self.score_at_least, f"{_apart(said, facts)}{missed}, and {times}")


@dataclass(frozen=True, slots=True)
class Missed:
    """The figure differs by at least so many per cent from what a forecaster expected; one limit is set.

    ``beyond_percent`` is of either side.
    """

    against: str
    below_percent: float | None = None
    above_percent: float | None = None
    beyond_percent: float | None = None

    needs = frozenset({"value", "against"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return f"a figure {self._limit()} what {self.against} expected"

    def test(self, facts: Facts) -> Finding:
        """No data where the forecaster said nothing in time, or expected no amount above zero."""
        said = _said(facts, self.against)
        if isinstance(said, Finding):
            return said
        if facts.value is None or said.percent is None:
            return unknown(
                f"{said.name} expected {volume(said.expected)}, and per cent are of more than zero"
            )
        off = as_written(facts.value) - as_written(said.expected)
        if self.below_percent is not None:
            holds = moved_at_least(-off, said.expected, self.below_percent)
        elif self.above_percent is not None:
            holds = moved_at_least(off, said.expected, self.above_percent)
        else:
            holds = moved_at_least(abs(off), said.expected, self.beyond_percent or 0.0)
        return found(holds, f"{_apart(said, facts)}, {'' if holds else 'not '}{self._limit()} it")

    def _limit(self) -> str:
        for limit, side in (
            (self.below_percent, "below"),
            (self.above_percent, "above"),
            (self.beyond_percent, "off"),
        ):
            if limit is not None:
                return f"at least {level(limit)} % {side}"
        return "off"


@dataclass(frozen=True, slots=True)
class OutsideRange:
    """The figure lies outside the whole range of a poll of its month, from lowest to highest answer."""

    against: str
    side: OutsideSide = "any"

    needs = frozenset({"value", "against"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        where = {"below": "below", "above": "above", "any": "outside"}[self.side]
        return f"a figure {where} the whole range of {self.against}"

    def test(self, facts: Facts) -> Finding:
        """No data where the forecaster said nothing in time, or gave no range."""
        said = _said(facts, self.against)
        if isinstance(said, Finding):
            return said
        low, high = said.low, said.high
        if facts.value is None or said.bounds != RANGE or low is None or high is None:
            return unknown(f"{said.name} gave no range for {facts.span.name}")
        where = "below" if facts.value < low else "above" if facts.value > high else "inside"
        holds = where == self.side or (self.side == "any" and where != "inside")
        ends = f"{volume(low)} to {volume(high)} {facts.unit}"
        return found(holds, f"{volume(facts.value)} {facts.unit} is {where} the range of {said.name}, {ends}")


def _said(facts: Facts, forecaster: str) -> Against | Finding:
    """The figure against a forecaster; else why nothing is known of that."""
    if facts.value is None:
        return withdrawn(facts)
    found_by = next((each for each in facts.against if each.forecaster == forecaster), None)
    if found_by is None:
        return unknown(f"{forecaster} submitted nothing for {facts.span.name} before its figure was known")
    return found_by


def _unscaled(said: Against) -> str:
    if said.percent is None:
        return f"{said.name} expected {volume(said.expected)}, and an error is a share of more than zero"
    if said.errors < FEWEST_ERRORS:
        return f"{said.errors} past errors of {said.name} are held on this series; {FEWEST_ERRORS} are needed"
    return f"the {said.errors} past errors of {said.name} on this series were all zero"


def _apart(said: Against, facts: Facts) -> str:
    """How far a figure lies from what was expected, in per cent of that."""
    expected = f"the {volume(said.expected)} {facts.unit} that {said.name} expected"
    if said.difference == 0:
        return f"just {expected}"
    share = "" if said.percent is None else f"{percent(said.percent / 100)} "
    return f"{share}{'below' if said.difference < 0 else 'above'} {expected}"
