"""Beside each forecast that is published: why it differs from the one that it supersedes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from forecasting.errors import InvalidSeriesError
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.news import Figure, as_revised, change, figures_between, with_others, without_others
from forecasting.publication import Publication
from forecasting.series import Series
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.known_series import known_series

Refit = Callable[[Sequence[Series]], Sequence[Publication]]


@dataclass(frozen=True, slots=True, eq=False)
class Superseded:
    """The forecast that stands for a series before the next one, and the series as that one saw it.

    ``forecast`` is what its models alone had said, ``moved`` by how much others moved each month's median.
    """

    record: ForecastRecord
    forecast: Forecast
    moved: dict[Month, float]
    seen: Series


def superseded(
    connection: Connection, registered: Sequence[series.SeriesRecord], *, model: str, as_of: dt.datetime
) -> dict[str, Superseded]:
    """What stands of a model for each series as of a vintage; a series without a forecast is absent.

    A question for each vintage that those forecasts have, which are few in a batch: not one a series.
    """
    records = forecasts.latest_of_each(connection, [each.id for each in registered], model=model, as_of=as_of)
    by_vintage: dict[dt.datetime, list[series.SeriesRecord]] = defaultdict(list)
    for each in registered:
        if each.id in records and records[each.id].forecast is not None:
            by_vintage[records[each.id].vintage].append(each)
    return {
        seen.id: _superseded(records[seen.id], seen)
        for vintage, seen_then in by_vintage.items()
        for seen, _ in known_series(connection, seen_then, vintage)
    }


def _superseded(record: ForecastRecord, seen: Series) -> Superseded:
    moved = _moved(
        (Month.parse(month), amount)
        for member in record.members
        for month, amount in member.get("moved", {}).items()
    )
    assert record.forecast is not None  # noqa: S101  those alone are asked for
    return Superseded(record, without_others(record.forecast, moved), moved, seen.until(record.origin))


def explained(
    before: dict[str, Superseded],
    held: Sequence[Series],
    publications: Sequence[Publication],
    *,
    versions: dict[str, str],
    refit: Refit,
) -> dict[str, dict[str, Any]]:
    """The change of each series' forecast as JSON, by series.

    A refit is made only where the versions differ, to the figures seen before, and where a figure was
    revised, to these as revised: a month that merely brings a new figure costs none.
    """
    known = {each.id: each for each in held}
    figures = {each: figures_between(old.seen, known[each]) for each, old in before.items()}
    remade = [old.seen for old in before.values() if old.record.versions != versions]
    corrected = [
        as_revised(old.seen, known[each])
        for each, old in before.items()
        if any(figure.revised for figure in figures[each]) and _stands(old.seen, known[each])
    ]
    again = {each.series_id: each.forecast for each in refit(remade)} if remade else {}
    revised = {each.series_id: each.forecast for each in refit(corrected)} if corrected else {}
    found: dict[str, dict[str, Any]] = {}
    for publication in publications:
        old = before.get(publication.series_id)
        if old is None or publication.forecast is None:
            continue
        refitted = again.get(publication.series_id) or old.forecast
        moved = _moved(each for member in publication.members for each in member.moved)
        plain = without_others(publication.forecast, moved)
        told = change(old.forecast, plain, refitted, revised.get(publication.series_id) or refitted)
        if told is not None:
            told = with_others(told, old.moved, moved)
            found[publication.series_id] = {
                "against": old.record.id,
                "first": str(told.first),
                "before": told.before.tolist(),
                "engine": told.engine.tolist(),
                "revisions": told.revisions.tolist(),
                "news": told.news.tolist(),
                "others": told.others.tolist(),
                "after": told.after.tolist(),
                "figures": [_figure(figure) for figure in figures[publication.series_id]],
            }
    return found


def _moved(amounts: Iterable[tuple[Month, float]]) -> dict[Month, float]:
    """By how much others moved each month together."""
    found: dict[Month, float] = {}
    for month, amount in amounts:
        found[month] = found.get(month, 0.0) + amount
    return found


def _stands(old: Series, new: Series) -> bool:
    try:
        as_revised(old, new)
    except InvalidSeriesError:
        return False
    return True


def _figure(figure: Figure) -> dict[str, Any]:
    return {"span": str(figure.span), "before": figure.before, "after": figure.after}
