"""Conditions on the life of a shock: its type, its episode, and the series that part from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import estimate, level, percent, volume
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.divergence import PARTED
from forecasting.shocks.episodes import Status
from forecasting.shocks.interventions import Intervention

State = Literal["opened", "open", "recovering", "closed", "reopened"]
STATES: tuple[State, ...] = ("opened", "open", "recovering", "closed", "reopened")

_UNJUDGED = "no forecast judged the figure, so no episode is followed"


@dataclass(frozen=True, slots=True)
class ShockType:
    """The shock that the figure stands in is of a type, with at least so high a probability now."""

    type: Literal["AO", "LS", "TC", "anticipation"]
    probability_at_least: float

    needs = frozenset({"value", "following"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        kind = Intervention(self.type)
        chance = level(100 * self.probability_at_least)
        return f"a shock of type {kind} ({kind.phrase}), with at least {chance} %"

    def test(self, facts: Facts) -> Finding:
        """No where no episode goes on; no data where no forecast judged the figure."""
        chapter = going(facts)
        if isinstance(chapter, Finding):
            return chapter
        weight = chapter.types.now.get(Intervention(self.type), 0.0)
        months = chapter.types.months_seen
        return found(
            weight >= self.probability_at_least,
            f"type {self.type} has a probability of {percent(weight)} after {months} "
            f"{'month' if months == 1 else 'months'}, and {level(100 * self.probability_at_least)} % "
            "is needed",
        )


@dataclass(frozen=True, slots=True)
class InEpisode:
    """How the figure's episode stands: in a state, won back a share, or lost more than so much.

    ``state`` is of this figure: ``opened`` and ``closed`` hold for the figure that did it alone.
    ``recovered_percent`` is of the trough's loss; ``shortfall_beyond`` and ``excess_beyond`` are the total
    against what was forecast before it began, in the series' unit.
    """

    state: State | None = None
    recovered_percent: float | None = None
    shortfall_beyond: float | None = None
    excess_beyond: float | None = None

    needs = frozenset({"value", "following"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        if self.state is not None:
            return {
                "opened": "a figure that opens an episode",
                "closed": "a figure that closes an episode",
                "open": "an episode that is open",
                "recovering": "an episode that is recovering",
                "reopened": "an episode that is open again",
            }[self.state]
        if self.recovered_percent is not None:
            return f"an episode that has won back at least {level(self.recovered_percent)} % of its trough"
        if self.shortfall_beyond is not None:
            return f"an episode that has cost more than {level(self.shortfall_beyond)}"
        return f"an episode that has brought more than {level(self.excess_beyond or 0.0)} too much"

    def test(self, facts: Facts) -> Finding:
        """No where no episode goes on; no data where no forecast judged the figure."""
        chapter = going(facts)
        if isinstance(chapter, Finding):
            return chapter
        if self.state is not None:
            return self._state(chapter, facts)
        state = chapter.episode
        if self.recovered_percent is not None:
            return found(
                chapter.followed_to > state.onset.last
                and 100 * state.recovered_share >= self.recovered_percent,
                f"{_signed(state.recovered_share)} of the trough of {state.trough.name} is won back, and "
                f"{level(self.recovered_percent)} % is asked for",
            )
        limit = self.shortfall_beyond if self.shortfall_beyond is not None else self.excess_beyond or 0.0
        sign = 1 if self.shortfall_beyond is not None else -1
        width = state.shortfall_upper - state.shortfall_lower
        lost = f"{estimate(abs(state.shortfall), width)} {facts.unit}"
        return found(
            sign * state.shortfall > limit,
            f"{lost} {'less' if state.shortfall >= 0 else 'more'} came since {state.onset.name} than was "
            f"forecast before, and {volume(limit)} is the limit",
        )

    def _state(self, chapter: Chapter, facts: Facts) -> Finding:
        state = chapter.episode
        here = {
            "opened": state.onset == facts.span,
            "closed": state.status is Status.CLOSED and state.closed == facts.span.last,
        }
        holds = here.get(str(self.state), str(state.status) == self.state)
        return found(holds, f"the episode of {state.onset.name} is {state.status}")


@dataclass(frozen=True, slots=True)
class Diverges:
    """The series' change on the year parts from a sibling's, by at least so many usual spreads."""

    score_at_least: float = PARTED

    needs = frozenset({"value", "divergences"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        return (
            f"a change on the year that parts from a sibling's by {level(self.score_at_least)} usual spreads"
        )

    def test(self, facts: Facts) -> Finding:
        """No data where no sibling can be compared, or none with a history to judge by."""
        if facts.value is None:
            return withdrawn(facts)
        if not facts.divergences:
            return unknown("no sibling's change on the year is known beside this one")
        scored = [each for each in facts.divergences if each.score is not None]
        if not scored:
            return unknown(facts.divergences[0].reason)
        widest = max(scored, key=lambda each: each.score or 0.0)
        return found((widest.score or 0.0) >= self.score_at_least, widest.reason)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """Partners' reported imports part from the reported exports, by at least so many usual spreads."""

    score_at_least: float = PARTED

    needs = frozenset({"value", "mirror_gap"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        spreads = level(self.score_at_least)
        return f"a gap of at least {spreads} usual spreads between the exports and partners' imports"

    def test(self, facts: Facts) -> Finding:
        """No data where too few partners' imports are held."""
        if facts.value is None:
            return withdrawn(facts)
        gap = facts.mirror_gap
        if gap is None:
            return unknown("partners' imports of these goods are not held, or of too few of them")
        return found(abs(gap.score) >= self.score_at_least, gap.reason)


def going(facts: Facts) -> Chapter | Finding:
    """The episode that the figure stands in, the one that it closes included; else why it stands in none."""
    if facts.value is None:
        return withdrawn(facts)
    if facts.following is None:
        return unknown(_UNJUDGED)
    chapter = facts.following.chapter
    if chapter is None:
        return found(False, "no episode has begun")
    closed = chapter.episode.closed
    if closed is not None and closed < facts.span.last:
        return found(False, f"the last episode closed with {closed.name}")
    if not chapter.followed:
        return found(False, f"the episode of {chapter.episode.onset.name} is followed no further")
    return chapter


def _signed(share: float) -> str:
    return f"{'-' if share < 0 else ''}{percent(share)}"
