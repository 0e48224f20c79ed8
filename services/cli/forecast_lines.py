"""A published forecast as lines of text: months, members, and what moved it since the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forecasting.submitted_forecasts import FORECASTER
from services.queries.forecasts import ForecastRecord

_LEVELS = (0.1, 0.5, 0.9)


def told(record: ForecastRecord) -> Iterator[str]:
    """Lines for whoever runs the command."""
    known = f"{record.vintage:%Y-%m-%d %H:%M} UTC"
    yield f"{record.series_id}, {record.model}, from figures to {record.origin} as known at {known}"
    if record.reason is not None:
        yield record.reason
    forecast = record.forecast
    if forecast is not None:
        paths = [forecast.quantile(level) for level in _LEVELS]
        yield f"{'month':8}{'10 %':>14}{'median':>14}{'90 %':>14}  {forecast.unit}"
        for step in range(forecast.horizon):
            values = "".join(f"{path[step]:14,.4g}" for path in paths)
            yield f"{forecast.first + step!s:8}{values}"
    for member in record.members:
        yield _member(member)
    if record.change is not None:
        yield from _change(record.change)


def _member(member: dict[str, Any]) -> str:
    if member.get("left_out"):
        return f"member {member['name']}: left out, {member['left_out']}"
    if member["name"].startswith(FORECASTER):
        return f"member {member['name']}: weight {member['weight']:.3f}, {member['note']}"
    score = "" if member.get("score") is None else f", MASE {member['score']:.3f} one horizon ago"
    return f"member {member['name']}: weight {member['weight']:.3f}{score}"


def _change(change: dict[str, Any]) -> Iterator[str]:
    figures = ", ".join(
        f"{each['span']} {_number(each['before'])} -> {_number(each['after'])}" for each in change["figures"]
    )
    yield f"since forecast {change['against']}: {figures or 'no figure changed'}"
    before, engine, revisions, news, after = (
        change[part][0] for part in ("before", "engine", "revisions", "news", "after")
    )
    others = change.get("others", [0.0])[0]  # before others could weigh in there was none
    yield (
        f"{change['first']}: median {before:,.4g} -> {after:,.4g}; by new figures {news:+,.4g}, "
        f"by revised ones {revisions:+,.4g}, by another engine {engine:+,.4g}"
        + (f", by forecasts of others {others:+,.4g}" if others else "")
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.6g}"
