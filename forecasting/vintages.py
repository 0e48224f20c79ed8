"""Point in time: what was known as of a moment, and what a later moment added or changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from forecasting.months import Span
from forecasting.series import Observation, Series, monthly


def known(observations: Iterable[Observation], as_of: dt.datetime) -> dict[Span, Observation]:
    """Latest observation of each span whose ``known_from`` is not after ``as_of``; withdrawals are kept.

    Of two observations of a span known from the same moment, the one given later stands.
    """
    latest: dict[Span, Observation] = {}
    for observation in observations:
        if observation.known_from > as_of:
            continue
        held = latest.get(observation.span)
        if held is None or observation.known_from >= held.known_from:
            latest[observation.span] = observation
    return latest


def series_as_of(
    series_id: str, unit: str, observations: Iterable[Observation], as_of: dt.datetime
) -> Series | None:
    """The series as it was known at ``as_of``; None where nothing was known. Withdrawn figures are absent."""
    figures = [
        (span, observation.value)
        for span, observation in known(observations, as_of).items()
        if observation.value is not None
    ]
    return monthly(series_id, unit, figures) if figures else None
