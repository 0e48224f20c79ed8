"""Conditions on a series among its siblings: its rank, its share of their sum, and goods that moved over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import counted, level
from forecasting.shocks.substitution import MATCHED

End = Literal["first", "last", "any"]
ENDS: tuple[End, ...] = ("first", "last", "any")
Direction = Literal["down", "up", "any"]
DIRECTIONS: tuple[Direction, ...] = ("down", "up", "any")
Side = Literal["lost", "gained", "any"]
SIDES: tuple[Side, ...] = ("lost", "gained", "any")

MATCHED_PERCENT = 100 * MATCHED
"""Per cent of a loss that another must have gained before the two are named together."""

_UNASKED = "no sibling is known beside this series"


@dataclass(frozen=True, slots=True)
class Ranked:
    """The series stands first or last of its siblings by its change on the year, where it rarely does."""

    end: End = "any"

    needs = frozenset({"value", "rank_shifts"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        end = "first or last" if self.end == "any" else self.end
        return f"a change on the year that is {end} among its siblings, as it rarely is"

    def test(self, facts: Facts) -> Finding:
        """No data where too few siblings, or too few earlier rankings of them, are known."""
        if facts.value is None:
            return withdrawn(facts)
        if not isinstance(facts.rank_shifts, tuple):
            return unknown(facts.rank_shifts or _UNASKED)
        for each in facts.rank_shifts:
            return found(self.end in {"any", each.end}, each.said(dict(facts.sibling_names)))
        return found(False, f"its rank among its siblings in {facts.span.name} is none that is rare for it")


@dataclass(frozen=True, slots=True)
class ShareMoved:
    """The series' share of its family's sum moved on the year as it rarely does.

    ``points_at_least`` asks for so many points besides, of 100 that are the whole sum.
    """

    direction: Direction = "any"
    points_at_least: float | None = None

    needs = frozenset({"value", "share_shifts"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        way = {"down": "fell", "up": "rose", "any": "moved"}[self.direction]
        least = self.points_at_least
        points = "" if least is None else f" by at least {_points(least)}"
        return f"a share of the family's sum that {way}{points} on the year, as it rarely does"

    def test(self, facts: Facts) -> Finding:
        """No data where no sibling in the same unit, or too few earlier shifts, are known."""
        if facts.value is None:
            return withdrawn(facts)
        if not isinstance(facts.share_shifts, tuple):
            return unknown(facts.share_shifts or _UNASKED)
        for each in facts.share_shifts:
            moved = 100 * (each.share - each.year_before)
            turned = self.direction == "any" or (moved < 0) == (self.direction == "down")
            enough = self.points_at_least is None or round(abs(moved), 9) >= self.points_at_least
            limit = "" if self.points_at_least is None else f"; {_points(self.points_at_least)} are asked for"
            return found(turned and enough, each.said(dict(facts.sibling_names)) + limit)
        return found(False, f"its share of the family's sum in {facts.span.name} is none that is rare for it")


@dataclass(frozen=True, slots=True)
class Substituted:
    """What the series lost a sibling gained, or the other way round: amounts that match in one month.

    ``side`` is that of the series, ``matched_percent`` how much of the loss came in at the other.
    """

    side: Side = "lost"
    matched_percent: float = MATCHED_PERCENT

    needs = frozenset({"value", "substitutions"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        share = f"at least {level(self.matched_percent)} %"
        return {
            "lost": f"a loss of which a sibling gained {share} in the same month",
            "gained": f"a gain of {share} of what a sibling lost in the same month",
            "any": f"a loss of which another gained {share} in the same month, on either side of it",
        }[self.side]

    def test(self, facts: Facts) -> Finding:
        """No data where no sibling in the same unit holds this month and that of a year before."""
        if facts.value is None:
            return withdrawn(facts)
        if not isinstance(facts.substitutions, tuple):
            return unknown(facts.substitutions or _UNASKED)
        named = dict(facts.sibling_names)
        sides = {"lost": ("fell",), "gained": ("rose",), "any": ("fell", "rose")}[self.side]
        matched = [
            each
            for each in facts.substitutions
            if facts.series_id in {getattr(each, side).series_id for side in sides}
        ]
        enough = [each for each in matched if round(100 * each.share, 9) >= self.matched_percent]
        if enough:
            return found(True, _each(each.said(named) for each in enough))
        if matched:
            limit = f"; {level(self.matched_percent)} % is asked for"
            return found(False, _each(each.said(named) for each in matched) + limit)
        nothing = {
            "lost": "no sibling gained what this series lost",
            "gained": "no sibling lost what this series gained",
            "any": "this series and a sibling show no loss and gain that match",
        }[self.side]
        return found(False, f"{nothing} in {facts.span.name}")


def _each(said: Iterable[str]) -> str:
    return "; ".join(said)


def _points(count: float) -> str:
    return counted(1, "point") if count == 1 else f"{level(count)} points"
