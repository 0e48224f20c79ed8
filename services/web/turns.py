"""The two figures between which an alert lived: that which opened it, and that which ended it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.quantities import volume
from alerts.stated import stated
from forecasting.months import Span
from services.web.evidence import Ground

Fields = Mapping[str, Any]


def turns(opened: Fields | None, ended: Fields | None) -> tuple[Ground, ...]:
    """Rows of an alert's two ends, each with what was expected of its figure; an end that is not has none.

    ``opened`` and ``ended`` are what their messages said, of figures as they stood then. Where no figure was
    the cause, the row says who or what was.
    """
    ends = ("Opened by", opened), ("Ended by", ended)
    return tuple(Ground(label, _figure(data), _expected(data)) for label, data in ends if data is not None)


def _figure(data: Fields) -> str:
    period, by = Span.parse(data["period"]).name, data["transition"]["by"]
    if "value" not in data:
        return str(data["transition"]["reason"]) if by is None else f"{by}, by hand"
    if data["value"] is None:
        return f"{period}: {'no figure came' if data['awaited'] is not None else 'withdrawn'}"
    return f"{period}: {volume(data['value'])} {data['series']['unit']}"


def _expected(data: Fields) -> str:
    if data.get("value") is None:
        return ""
    said = stated(data).get("detection.expected")
    return "no forecast judged it" if said is None else f"{said} {data['series']['unit']} was expected"
