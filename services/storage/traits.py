"""A series as a rule looks at it."""

from __future__ import annotations

from alerts.scope import Traits
from services.storage.series import SeriesRecord


def traits(series: SeriesRecord) -> Traits:
    """What a rule looks at in a series: its scope, and which series are its parents."""
    return Traits(
        id=series.id,
        family=series.family,
        tags=frozenset(series.tags),
        reporter=series.reporter,
        partner=series.partner,
        commodity=series.commodity,
        hs_code=series.hs_code,
        unit=series.unit,
    )
