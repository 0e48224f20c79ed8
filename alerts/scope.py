"""The series that a rule watches: named ones, and all that agree with a description, new ones included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from alerts.parsing import Faults, Reader

EXAMPLE: dict[str, Any] = {"series": ["CN_EXP_REPM_T"]}
EVERY: dict[str, Any] = {"all": True}
EACH: dict[str, Any] = {
    **EXAMPLE,
    **EVERY,
    "families": ["cn-rare-earths"],
    "tags": ["critical"],
    "reporters": ["CHN"],
    "partners": ["USA"],
    "commodities": ["magnets"],
    "hs_prefixes": ["8505"],
}
"""What works under each key; not all of them together."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a rule looks at in a series; ``partner`` None is the world, any other None is not known."""

    id: str
    family: str | None = None
    tags: frozenset[str] = frozenset()
    reporter: str | None = None
    partner: str | None = None
    commodity: str | None = None
    hs_code: str | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Named series, and beside them every series that agrees with each other field that is set.

    Within one field any of its texts will do; ``hs_prefixes`` are leading digits of the HS code. ``all`` is
    every series, those to come included, and stands alone.
    """

    series: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    commodities: tuple[str, ...] = ()
    hs_prefixes: tuple[str, ...] = ()
    all: bool = False

    @property
    def described(self) -> bool:
        """True where a series that is not named may be covered."""
        return self.all or any(getattr(self, name) for name in TEXTS if name != "series")

    def covers(self, given: Traits) -> bool:
        """True where the series is named, or agrees with all that is described."""
        if self.all or given.id in self.series:
            return True
        return (
            self.described
            and _agrees(self.families, given.family)
            and (not self.tags or bool(given.tags & set(self.tags)))
            and _agrees(self.reporters, given.reporter)
            and _agrees(self.partners, given.partner)
            and _agrees(self.commodities, given.commodity)
            and (not self.hs_prefixes or (given.hs_code or "").startswith(self.hs_prefixes))
        )

    def in_words(self) -> str:
        """Say it as a desk would."""
        if self.all:
            return "every series"
        parts = [f"{name} {' or '.join(texts)}" for name, texts in self._said() if texts and name != "series"]
        described = ["every series with " + " and ".join(parts)] if parts else []
        return " and ".join([*([", ".join(self.series)] if self.series else []), *described])

    def _said(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        names = ("series", "family", "tag", "reporter", "partner", "commodity", "HS code from")
        return zip(names, (getattr(self, name) for name in TEXTS), strict=True)


TEXTS = tuple(each.name for each in fields(Scope) if each.name != "all")
"""The fields of a scope that are lists of texts."""


def read_scope(rule: Reader) -> Scope:
    """The scope of a rule that is being read; faults are noted."""
    if not rule.has("scope"):
        rule.fault("scope", "is missing")
        return Scope()
    before = len(rule.faults)
    reader = Reader(rule.raw("scope"), rule.at("scope"), rule.faults, EXAMPLE)
    reader.example = EACH
    scope = Scope(**{name: reader.texts(name) for name in TEXTS}, all=reader.truth("all"))
    reader.finish()
    if scope.all and scope != Scope(all=True):
        rule.faults.add(reader.at("all"), "is every series, so nothing else stands beside it", EVERY)
    if not all(prefix.isdecimal() and prefix.isascii() for prefix in scope.hs_prefixes):
        rule.faults.add(reader.at("hs_prefixes"), "an HS prefix is of digits", {"hs_prefixes": ["8505"]})
    if len(rule.faults) == before and scope == Scope():
        rule.faults.add(
            rule.at("scope"), 'names no series and describes none; {"all": true} is every series', EXAMPLE
        )
    return scope


def parse_scope(raw: object, *, saved: bool = False) -> Scope:
    """The scope that a JSON value says; InvalidRuleError with every fault in it, bounds only if not saved."""
    faults = Faults(bounded=not saved)
    scope = read_scope(Reader({"scope": raw}, "$", faults, {"scope": EXAMPLE}))
    faults.raise_any()
    return scope


def dump_scope(scope: Scope) -> dict[str, Any]:
    """JSON object that read_scope reads back into the same scope."""
    if scope.all:
        return dict(EVERY)
    return {name: list(value) for name in TEXTS if (value := getattr(scope, name))}


def _agrees(wanted: tuple[str, ...], given: str | None) -> bool:
    return not wanted or given in wanted
