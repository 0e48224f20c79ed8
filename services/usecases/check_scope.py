"""Whether a rule names series that are there: asked alike before it is rehearsed and before it is saved."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from alerts.errors import UnknownScopeError
from alerts.rules import Rule
from services.storage import restrictions, series
from services.storage.series import SeriesRecord

CANDIDATES = 20
"""Ids that a name which is none is answered with."""


def check_scope(connection: Connection, rule: Rule, *, desk: str) -> None:
    """UnknownScopeError where a rule names a series that is not there, or is not shown to a desk.

    It holds the series of that desk that each such name may mean.
    """
    named = rule.scope.series
    there = {each.id for each in series.of_ids(connection, named)} - restrictions.hidden(
        connection, named, desk
    )
    unknown = [each for each in named if each not in there]
    if unknown:
        shown = series.listed(connection, desk=desk, limit=None)
        raise UnknownScopeError(unknown, {each: candidates(each, shown) for each in unknown})


def candidates(name: str, shown: Iterable[SeriesRecord | Rule]) -> list[str]:
    """Ids that a name may mean: every word of it stands in an id or a name; CANDIDATES at most."""
    words = name.casefold().replace("_", " ").split()
    told = {each.id: f"{each.id} {each.name}".casefold().replace("_", " ") for each in shown}
    return [each for each, text in told.items() if words and all(word in text for word in words)][:CANDIDATES]
