"""Rows of UN Comtrade: the one total of each code and partner, in the edition that a series is of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.ingestion.sources.editions import EDITIONS
from services.ingestion.sources.faults import (
    AmbiguousFault,
    EditionChangedFault,
    EmptyFault,
    HalfLoadedFault,
    OutsideFault,
)
from services.ingestion.sources.json_rows import number
from services.storage.sources import Followed

WORLD = "0"
PINNED = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}
"""Left out, rows of breakdowns stand beside the totals and a sum would count twice."""
FLOWS = {"exports": "X", "imports": "M"}
NEWEST = "H6"
"""HS 2022."""
MEASURES = {"value": ("primaryvalue", "USD"), "weight": ("netwgt", "kg")}


def totals_of(
    rows: Sequence[Mapping[str, Any]], asked: Mapping[str, str], where: str
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The one row of each code and partner, breakdowns left out; every row must have been asked for."""
    codes, partners = set(asked["cmdCode"].split(",")), set(asked["partnerCode"].split(","))
    totals: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        key = str(row["cmdcode"]), str(row["partnercode"])
        there = str(row["reportercode"]), str(row["period"]), str(row["flowcode"])
        known = there == (asked["reporterCode"], asked["period"], asked["flowCode"])
        if not known or key[0] not in codes or key[1] not in partners:
            raise OutsideFault(f"UN Comtrade was asked for {where} and also gave {' '.join((*there, *key))}")
        if any(str(row.get(name.lower(), value)) != value for name, value in PINNED.items()):
            continue
        held = totals.get(key)
        if held is None or (row.get("isoriginalclassification") and not held.get("isoriginalclassification")):
            totals[key] = row
        elif row.get("isoriginalclassification") == held.get("isoriginalclassification") and any(
            row.get(name) != held.get(name) for name, _ in MEASURES.values()
        ):
            raise AmbiguousFault(f"UN Comtrade gave two totals for {where} {key[0]} to {key[1]}")
    alone = sorted({code for code, partner in totals if partner != WORLD and (code, WORLD) not in totals})
    if alone:
        raise HalfLoadedFault(
            f"UN Comtrade gave {where} {', '.join(alone[:5])} by partner without the world's total"
        )
    if not totals:
        raise EmptyFault(f"UN Comtrade gave only breakdowns of {where}")
    return totals


def of_edition(
    totals: Mapping[tuple[str, str], Mapping[str, Any]],
    followed: Sequence[Followed],
    asked: Mapping[str, str],
) -> Iterator[Followed]:
    """The series of an answer's rows that are of the row's edition; EditionChangedFault where none is."""
    here = asked["reporterCode"], asked["flowCode"]
    by_key: dict[tuple[str, str], list[Followed]] = defaultdict(list)
    for each in followed:
        if (each.code["reporter"], FLOWS[flow_of(each)]) == here:
            by_key[each.code["cmd"], each.code["partner"]].append(each)
    for key, theirs in by_key.items():
        if key not in totals:
            continue
        given = str(totals[key].get("classificationcode") or "")
        taken = [each for each in theirs if _takes(each.code.get("edition", ""), given)]
        if not taken:
            raise EditionChangedFault(
                f"UN Comtrade gives {here[0]} {asked['period']} in {given}, "
                f"and {theirs[0].series_id} is in {theirs[0].code['edition']}"
            )
        yield from taken


def _takes(edition: str, given: str) -> bool:
    """True where a series may hold rows of an edition; one followed without an edition holds any."""
    return not given or EDITIONS.fullmatch(edition) is None or given in edition.split("+")


def flow_of(followed: Followed) -> str:
    return followed.code.get("flow", "exports")


def measured(row: Mapping[str, Any], measure: str) -> tuple[float | None, bool]:
    """Value or weight, and whether it is estimated; a weight of 0 beside a value is missing."""
    value = number(row.get("primaryvalue"))
    if measure == "value":
        return value, False
    weight = number(row.get("netwgt"))
    if weight == 0 and value:
        weight = None
    return weight, bool(row.get("isnetwgtestimated"))
