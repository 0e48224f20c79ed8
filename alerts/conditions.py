"""What a rule can ask of a figure: every typed condition, and all, any and not over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from alerts.episode_conditions import Diverges, InEpisode, Mirrored, ShockType
from alerts.facts import Facts
from alerts.figure_conditions import Change, Level, NewExtreme, Revision
from alerts.findings import Answer, Finding
from alerts.forecaster_conditions import Missed, OutsideRange, Surprised
from alerts.outlook_conditions import Crossing
from alerts.release_conditions import Overdue
from alerts.shock_conditions import MeasureVisible, Recovered, Shock, Surprise
from alerts.sibling_conditions import Ranked, ShareMoved, Substituted

__all__ = [
    "All",
    "Answer",
    "AnyOf",
    "Change",
    "Condition",
    "Crossing",
    "Diverges",
    "Finding",
    "InEpisode",
    "Level",
    "MeasureVisible",
    "Mirrored",
    "Missed",
    "NewExtreme",
    "Not",
    "OutsideRange",
    "Overdue",
    "Ranked",
    "Recovered",
    "Revision",
    "ShareMoved",
    "Shock",
    "ShockType",
    "Substituted",
    "Surprise",
    "Surprised",
    "confirmable",
    "forecasters_of",
    "named",
    "over_at",
]


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
        return _denied(self.of)

    def test(self, facts: Facts) -> Finding:
        """Yes and no change places."""
        inner = self.of.test(facts)
        turned = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.NO_DATA: Answer.NO_DATA}
        return Finding(turned[inner.answer], inner.reason)


Condition = (
    Level
    | Change
    | NewExtreme
    | Surprise
    | Shock
    | Recovered
    | Revision
    | Crossing
    | MeasureVisible
    | ShockType
    | InEpisode
    | Diverges
    | Mirrored
    | Ranked
    | ShareMoved
    | Substituted
    | Surprised
    | Missed
    | OutsideRange
    | Overdue
    | All
    | AnyOf
    | Not
)
"""Every condition that a rule can hold."""


def over_at(words: str) -> str:
    """A closing condition's words after "over": with a figure, a shock or a record, else when it is so."""
    if words.startswith(("a ", "an ", "the ")):
        return f"with {words}"
    if words.startswith("no "):
        return f"when there is {words}"
    return f"when it is {words}" if words.startswith(("not ", "neither ", "none ")) else f"when {words}"


def confirmable(condition: Condition) -> bool:
    """True where an episode of the series can confirm what the condition says, or one of its parts says.

    An episode is the life of a shock on the series itself. Where a series stands among its siblings, that a
    figure was revised and that a release is late are things of another kind, which it neither confirms nor
    denies.
    """
    match condition:
        case Ranked() | ShareMoved() | Substituted() | Diverges() | Mirrored() | Revision() | Overdue():
            return False
        case All() | AnyOf():
            return any(confirmable(part) for part in condition.of)
        case Not():
            return confirmable(condition.of)
        case _:
            return True


def named(condition: Condition, names: Mapping[str, str]) -> Condition:
    """The condition as it is read aloud: each forecaster by its name, where ``names`` has it by its id."""
    match condition:
        case Surprised() | Missed() | OutsideRange():
            return replace(condition, against=names.get(condition.against, condition.against))
        case All() | AnyOf():
            return replace(condition, of=tuple(named(part, names) for part in condition.of))
        case Not():
            return Not(named(condition.of, names))
        case _:
            return condition


def forecasters_of(condition: Condition) -> Iterator[str]:
    """Ids of the forecasters that a condition sets a figure against, in the order of its text."""
    match condition:
        case Surprised() | Missed() | OutsideRange():
            yield condition.against
        case All() | AnyOf():
            for part in condition.of:
                yield from forecasters_of(part)
        case Not():
            yield from forecasters_of(condition.of)
        case _:
            return


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
    core = part
    while isinstance(core, Not):
        core = core.of
    return f"({part.in_words()})" if isinstance(core, All | AnyOf) else part.in_words()


def _denied(part: Condition) -> str:
    """A condition that does not hold, as a person says it: no figure below, neither this nor that."""
    words = part.in_words()
    match part:
        case Not():  # a denial of a denial
            return part.of.in_words()
        case All(of=(only,)) | AnyOf(of=(only,)):
            return _denied(only)
        case All():
            return f"not {'both' if len(part.of) == 2 else 'all of'} {words}"
        case AnyOf() if len(part.of) == 2:
            return f"neither {' nor '.join(_bracketed(each) for each in part.of)}"
        case AnyOf():
            return f"none of {words}"
    article, _, rest = words.partition(" ")
    return f"no {rest}" if article in {"a", "an"} else f"not {words}"
