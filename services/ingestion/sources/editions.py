"""Editions of the Harmonized System at sources that do not say it: since when, and what a series holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from forecasting.months import Month
from services.ingestion.sources.faults import EditionChangedFault, SourceMisnamedError
from services.ingestion.sources.source import Covered, Reading
from services.storage.sources import Followed

BASE = "H6"
"""HS 2022: the edition that the ids of series do not name."""
EDITIONS = re.compile(r"H\d(\+H\d)*")
_IN_FORCE = {
    "H4": Month.of(2012, 1),
    "H5": Month.of(2017, 1),
    "H6": Month.of(2022, 1),
    "H7": Month.of(2028, 1),
}
"""First months of HS 2012, 2017, 2022 and 2028 by the convention."""
_LATER: Mapping[str, Mapping[str, Month]] = {
    "census": {"H6": Month.of(2022, 2)},  # the schedules of the United States changed late in January
    "comext": {},
    "hmrc": {},
    "comexstat": {"H6": Month.of(2022, 4)},  # the NCM took it over on 1 April
}
"""The sources whose rows do not say their edition, and where they took one over later."""


def edition_of(source: str, month: Month) -> str:
    """The edition in which a source counts a month; H4 for all that is before H5."""
    since = {**_IN_FORCE, **_LATER[source]}
    return max((each for each in since if since[each] <= month), default="H4")


def edition_given(source: str, given: Mapping[str, str], now: Month) -> str:
    """The edition, or editions joined by +, that a query names; else the one in force now.

    SourceMisnamedError for any other spelling.
    """
    edition = given.get("edition", edition_of(source, now))
    known = "+".join(_IN_FORCE)
    if not EDITIONS.fullmatch(edition) or edition not in known:
        raise SourceMisnamedError(
            f"{edition[:40]!r} is no edition of the Harmonized System that is known here: "
            f"name one of {', '.join(_IN_FORCE)}, or some that follow each other, as edition=H5+H6."
        )
    return edition


def in_id(edition: str) -> str:
    """What an id says of an edition: nothing of BASE, else the edition and a point."""
    return "" if edition == BASE else f"{edition.replace('+', '-')}."


def in_name(edition: str) -> str:
    """What a name says of a splice: nothing where there is none."""
    return f" ({edition.replace('+', ' and ')} joined by rule)" if "+" in edition else ""


def of_edition(
    source: str, title: str, readings: Sequence[Reading], followed: Sequence[Followed]
) -> tuple[list[Reading], EditionChangedFault | None]:
    """Readings in months of the editions of their series, and the fault that ends those that went past them.

    A series that was followed without an edition holds any month. What is earlier is left out without a word,
    as a series begins with its first edition. The fault says the same of every answer, so that ops is told
    of a change once.
    """
    if source not in _LATER:
        return list(readings), None
    editions = {
        each.series_id: each.code["edition"].split("+") for each in followed if "edition" in each.code
    }
    kept: list[Reading] = []
    ended: dict[str, str] = {}
    for reading in readings:
        given = edition_of(source, reading.span.last)
        ours = editions.get(reading.series_id, [given])
        if given in ours:
            kept.append(reading)
        elif given > ours[-1]:
            ended[reading.series_id] = max(given, ended.get(reading.series_id, given))
    if not ended:
        return kept, None
    newest = max(ended.values())
    since = {**_IN_FORCE, **_LATER[source]}[newest]
    return kept, EditionChangedFault(
        f"{title} counts in {newest} from {since} on, and series followed in an earlier edition end there",
        "Follow a code that means the same goods in both as joined, such as edition=H6+H7, any other as a "
        "series of its own in the newer edition; `tonnage sources unfollow ID` then ends the earlier one.",
        series=ended,
    )


def clamped(source: str, covered: Sequence[Covered], followed: Sequence[Followed]) -> list[Covered]:
    """What an answer covers, within the months of each series' editions: beyond them it says nothing."""
    if source not in _LATER:
        return list(covered)
    since = {**_IN_FORCE, **_LATER[source]}
    editions = {
        each.series_id: each.code["edition"].split("+") for each in followed if "edition" in each.code
    }
    return [
        _within(each, editions[each.series_id], since) if each.series_id in editions else each
        for each in covered
    ]


def _within(covered: Covered, editions: Sequence[str], since: Mapping[str, Month]) -> Covered:
    later = [first for edition, first in since.items() if edition > editions[-1]]
    first = max([since[editions[0]], *([] if covered.first is None else [covered.first])])
    ends = [min(later) - 1] if later else []
    last = min([*ends, *([] if covered.last is None else [covered.last])], default=None)
    return replace(covered, first=first, last=last)
