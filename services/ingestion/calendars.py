"""The release calendars that ship with the service, each with the address that it was taken from."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path

from alerts.release_calendars import ReleaseCalendar, parse_calendar
from forecasting.months import Month


@cache
def shipped() -> dict[str, ReleaseCalendar]:
    """Calendars of the sources that we know, by id; an installation may describe each anew."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    return {name: parse_calendar(raw, calendar_id=name) for name, raw in json.loads(text).items()}


def expected(calendar_id: str, month: Month) -> dt.datetime:
    """When a month's figures are due by a shipped calendar, in its zone."""
    calendar = shipped()[calendar_id]
    return calendar.due(calendar.span(month))
