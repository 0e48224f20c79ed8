"""Which series is a child of which: the same figure taken for one partner, or for a part of the goods.

A parent and its child have the same reporter, unit and flow, and both say the flow. The parent is of the
world where the child has a partner, or its HS code begins the child's, or both; where neither has a code,
both are of one commodity. What is not known of a series makes it nobody's parent and nobody's child. It is
the only place that says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.scope import Traits

EXPORTS = "exports"
"""Tag of a series that is reported exports."""

IMPORTS = "imports"
"""Tag of a series that is reported imports."""

FLOWS = frozenset({EXPORTS, IMPORTS})
"""The flows; a series with neither tag, or both, is of none: it may be what is made, used or stored."""

SHORTEST_CODE = 2
"""Digits of the widest HS code, a chapter."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a series counts; two sources of one figure have the same. ``partner`` None is the world."""

    reporter: str
    unit: str
    flow: str
    hs_code: str | None
    commodity: str | None
    partner: str | None


def identity(given: Traits) -> Identity | None:
    """What a series counts; None where its reporter, its goods or its one flow are not known."""
    code, goods = given.hs_code or None, (given.commodity or "").casefold() or None
    flows = FLOWS & given.tags
    if given.reporter is None or (code is None and goods is None) or len(flows) != 1:
        return None
    return Identity(
        given.reporter,
        given.unit.casefold(),
        next(iter(flows)),
        code,
        goods if code is None else None,
        given.partner,
    )


def parents(child: Identity) -> list[Identity]:
    """All that are taken more widely than a child, the widest first, whether such a series is held or not."""
    code = child.hs_code
    codes = [None] if code is None else [code[:digits] for digits in range(SHORTEST_CODE, len(code))] + [code]
    partners = [None] if child.partner is None else [None, child.partner]
    found = [
        Identity(child.reporter, child.unit, child.flow, each, child.commodity, partner)
        for each in codes
        for partner in partners
    ]
    return [each for each in found if each != child]
