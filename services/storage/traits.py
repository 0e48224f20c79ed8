"""A series as a scope looks at it."""

from __future__ import annotations

from alerts.scope import Traits
from services.storage.series import SeriesRecord


def traits(series: SeriesRecord) -> Traits:
    """What a rule's scope looks at in a series."""
    return Traits(
        id=series.id,
        family=series.family,
        tags=frozenset(series.tags),
        reporter=series.reporter,
        partner=series.partner,
        commodity=series.commodity,
        hs_code=series.hs_code,
    )
