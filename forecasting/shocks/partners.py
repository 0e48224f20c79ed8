"""Partners' imports of the same goods: each partner by one source, the EU or its members, nothing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

EU = "EU27_2020"
"""The name under which the members of the EU report as one."""
_MEMBERS = """
AUT BEL BGR CYP CZE DEU DNK ESP EST FIN FRA GRC HRV HUN
IRL ITA LTU LUX LVA MLT NLD POL PRT ROU SVK SVN SWE
"""
MEMBERS = frozenset(_MEMBERS.split())
"""Areas of which the EU is made, by ISO alpha-3."""
COMMON = 6
"""Digits of a code that mean the same goods in every country; what follows is a country's own."""


class Reported(Protocol):
    """A series as far as the choice looks at it: who reports it, after which source, of which HS code."""

    @property
    def id(self) -> str: ...
    @property
    def reporter(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def hs_code(self) -> str | None: ...


S = TypeVar("S", bound=Reported)


@dataclass(frozen=True, slots=True)
class LeftOut(Generic[S]):
    """A series that would count a partner's imports twice, and why it is the one left out."""

    series: S
    reason: str


@dataclass(frozen=True, slots=True)
class Partners(Generic[S]):
    """Series whose sum is the partners' imports, by id, and those left out of it."""

    taken: tuple[S, ...]
    left_out: tuple[LeftOut[S], ...] = ()


def same_goods(one: str | None, other: str | None) -> bool:
    """True where two HS codes agree on what is common to all countries; shorter ones must be the same."""
    if one is None or other is None:
        return False
    if min(len(one), len(other)) < COMMON:
        return one == other
    return one[:COMMON] == other[:COMMON]


def chosen(watched: S, candidates: Iterable[S], held: Callable[[S], int]) -> Partners[S]:
    """One source for each partner, the one with the most months held; the EU or its members, never both.

    ``held`` is how many months are held of a series at the moment that the choice is made for; one of which
    none is counts nothing, and takes no other's place. The EU is taken where as many months are held of it as
    of the member with the most. Of one source a code is taken once, that of ``watched`` alone where it is
    there, and no code beside one that holds it. Where as much is held of two, the name that comes first
    decides.
    """
    left: list[LeftOut[S]] = []
    by_partner: dict[str, list[S]] = defaultdict(list)
    for each in candidates:
        if held(each) == 0:
            continue
        by_partner[each.reporter or ""].append(each)
    taken = {
        partner: _by_one_source(watched, theirs, held, left) for partner, theirs in sorted(by_partner.items())
    }
    members = sorted(MEMBERS & taken.keys())
    if EU in taken and members:
        whole = max(map(held, taken[EU]))
        best = max(members, key=lambda each: max(map(held, taken[each])))
        most = max(map(held, taken[best]))
        gone = members if whole >= most else [EU]
        instead = "the EU is taken as one" if whole >= most else "members of the EU are taken one by one"
        why = f"{instead}: {whole} months are held of the EU and {most} of {best}"
        left += [LeftOut(each, why) for partner in gone for each in taken.pop(partner)]
    return Partners(
        tuple(sorted((each for theirs in taken.values() for each in theirs), key=lambda each: each.id)),
        tuple(sorted(left, key=lambda each: each.series.id)),
    )


def _by_one_source(
    watched: S, theirs: Sequence[S], held: Callable[[S], int], left: list[LeftOut[S]]
) -> list[S]:
    """The series of one partner that are of one source, each goods once; the others are added to ``left``."""
    by_source: dict[str, list[S]] = defaultdict(list)
    for each in theirs:
        by_source[each.source or "no named source"].append(each)
    best = next(iter(by_source))
    if len(by_source) > 1:
        most = {source: max(map(held, group)) for source, group in sorted(by_source.items())}
        best = max(most, key=lambda source: most[source])
        left += [
            LeftOut(
                each,
                f"{each.reporter} is taken from {best}, of which {most[best]} months are held "
                f"and of {source} {most[source]}",
            )
            for source, group in by_source.items()
            if source != best
            for each in group
        ]
    return _once(watched, sorted(by_source[best], key=lambda each: each.id), held, left)


def _once(watched: S, theirs: Sequence[S], held: Callable[[S], int], left: list[LeftOut[S]]) -> list[S]:
    """Of one partner and source the goods once: no code twice, and none beside one that holds it."""
    taken: list[S] = []
    if len(theirs) > 1:  # the exact code, then the shorter one, then the series of which more is held
        theirs = sorted(
            theirs,
            key=lambda each: (each.hs_code != watched.hs_code, len(each.hs_code or ""), -held(each)),
        )
    for each in theirs:
        code = each.hs_code or ""
        holder = next((one for one in taken if _holds(one.hs_code or "", code, watched.hs_code)), None)
        if holder is None:
            taken.append(each)
        else:
            left.append(LeftOut(each, f"{holder.id} holds the same goods of {each.reporter}"))
    return taken


def _holds(taken: str, code: str, watched: str | None) -> bool:
    """True where a code taken already speaks for another: for one within it, and the watched code for all."""
    return taken == watched or code.startswith(taken) or taken.startswith(code)
