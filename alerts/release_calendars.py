"""Release calendars: when a source's figures are due, by the days it announced or else by its rhythm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from alerts.parsing import Faults, Reader
from alerts.scope import Scope, dump_scope, read_scope
from forecasting.calendars import working_day
from forecasting.errors import ForecastingError
from forecasting.months import Month, Span

STAGES = ("flash", "preliminary", "bulletin", "detail", "final", "yearbook")
"""Stages of a figure, the earliest first; a stage that is not among them stands for itself."""

LONGEST_GRACE = 24 * 60
"""Hours."""
FARTHEST = dt.timedelta(days=731)
"""How far from its last month a release may be announced."""

EXAMPLE: dict[str, Any] = {
    "title": "China Customs, preliminary table",
    "source": "China Customs",
    "stage": "preliminary",
    "zone": "Asia/Shanghai",
    "hour": "11:00",
    "months_after": 1,
    "day": 9,
    "quarter_day": 14,
    "combined": ["01..02"],
    "holidays": "CN",
    "closed": ["2026-02-16"],
    "days": {"2026-01..2026-02": "2026-03-10"},
    "grace_hours": 24,
    "scope": {"tags": ["gacc"]},
    "source_url": "http://english.customs.gov.cn/statics/report/preliminary.html",
}
"""A calendar that works, with every key that may be set."""


@dataclass(frozen=True, slots=True)
class ReleaseCalendar:
    """When one stage of a source's figures is due.

    Attributes
    ----------
    stage
        Stage of the figures released; None takes a figure of any stage for the release.
    hour
        Clock time of the release in ``zone``.
    months_after, day, quarter_day
        The rhythm: a day of the month so many after the reference month, ``quarter_day`` after the last
        month of a quarter. A day that the office is closed moves to the next that it is not.
    combined
        First and last month number of totals that come as one figure, with the last month's release.
    holidays, closed
        Two-letter country whose weekends and public holidays are kept (None: every day is a working day), and
        further days off.
    days
        Days that the source itself announced, by span; they stand as they are.
    grace
        How long after its hour a release may be away before it is late.
    scope
        Series that the release brings figures of.
    """

    id: str
    title: str
    source: str
    stage: str | None
    zone: ZoneInfo
    hour: dt.time
    day: int
    scope: Scope
    months_after: int = 1
    quarter_day: int | None = None
    combined: tuple[tuple[int, int], ...] = ()
    holidays: str | None = None
    closed: frozenset[dt.date] = frozenset()
    days: Mapping[Span, dt.date] = field(default_factory=dict)
    grace: dt.timedelta = dt.timedelta(hours=24)
    source_url: str = ""

    def span(self, month: Month) -> Span:
        """The span that a month is released in: itself, or the total that it is a part of."""
        for first, last in self.combined:
            if first <= month.number <= last:
                return Span.between(month - (month.number - first), month + (last - month.number))
        return Span(month)

    def spans(self, first: Month, last: Month) -> Iterator[Span]:
        """Every span released whose last month lies from ``first`` to ``last``."""
        for step in range(last.since(first) + 1):
            span = self.span(first + step)
            if span.last == first + step:
                yield span

    def due(self, span: Span) -> dt.datetime:
        """The moment at which a span is expected, in the source's zone."""
        day = self.days.get(span) or self._by_rhythm(span.last)
        return dt.datetime.combine(day, self.hour, self.zone)

    def announced(self, span: Span) -> bool:
        """True where the source itself announced the day."""
        return span in self.days

    def takes(self, stage: str) -> bool:
        """True where a figure of a stage is what is released here, or comes after it."""
        if self.stage is None or stage == self.stage:
            return True
        known = {name: place for place, name in enumerate(STAGES)}
        return known.get(stage, -1) > known.get(self.stage, len(STAGES))

    def _by_rhythm(self, month: Month) -> dt.date:
        after = month + self.months_after
        wanted = self.quarter_day if self.quarter_day and month.number % 3 == 0 else self.day
        day = dt.date(after.year, after.number, min(wanted, after.last_day.day))
        while day in self.closed or (self.holidays is not None and not working_day(day, self.holidays)):
            day += dt.timedelta(days=1)
        return day


def parse_calendar(raw: object, *, calendar_id: str, saved: bool = False) -> ReleaseCalendar:
    """The calendar that a JSON object says, under an id; InvalidRuleError with every fault in it.

    One that was ``saved`` is read without bounds: they are for what is still to be saved.
    """
    faults = Faults(bounded=not saved)
    reader = Reader(raw, "$", faults, EXAMPLE)
    calendar = ReleaseCalendar(
        id=calendar_id,
        title=reader.text("title"),
        source=reader.text("source"),
        stage=reader.text("stage") if reader.has("stage") else None,
        zone=_zone(reader),
        hour=_hour(reader),
        day=reader.whole("day", least=1, most=31),
        scope=read_scope(reader),
        months_after=reader.whole("months_after", default=1, least=0, most=24),
        quarter_day=reader.whole("quarter_day", least=1, most=31) if reader.has("quarter_day") else None,
        combined=_combined(reader),
        holidays=_holidays(reader),
        closed=frozenset(_days_off(reader)),
        days=_days(reader),
        grace=dt.timedelta(hours=reader.whole("grace_hours", default=24, least=0, most=LONGEST_GRACE)),
        source_url=reader.text("source_url", default=""),
    )
    reader.finish()
    faults.raise_any()
    return calendar


def dump_calendar(calendar: ReleaseCalendar) -> dict[str, Any]:
    """JSON object that parse_calendar reads back into the same calendar; its id stands beside it."""
    return {
        "title": calendar.title,
        "source": calendar.source,
        "stage": calendar.stage,
        "zone": calendar.zone.key,
        "hour": f"{calendar.hour:%H:%M}",
        "months_after": calendar.months_after,
        "day": calendar.day,
        "quarter_day": calendar.quarter_day,
        "combined": [f"{first:02d}..{last:02d}" for first, last in calendar.combined],
        "holidays": calendar.holidays,
        "closed": sorted(day.isoformat() for day in calendar.closed),
        "days": {str(span): day.isoformat() for span, day in sorted(calendar.days.items())},
        "grace_hours": calendar.grace // dt.timedelta(hours=1),
        "scope": dump_scope(calendar.scope),
        "source_url": calendar.source_url,
    }


def _zone(reader: Reader) -> ZoneInfo:
    name = reader.text("zone")
    try:
        return ZoneInfo(name) if name else ZoneInfo("UTC")
    except (KeyError, ValueError, OSError):  # what ZoneInfo raises for a name that is none, or is a path
        reader.fault("zone", f"{name!r} is not a time zone of the IANA database")
        return ZoneInfo("UTC")


def _hour(reader: Reader) -> dt.time:
    text = reader.text("hour")
    try:
        hour = dt.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a clock time; the zone stands beside it
    except ValueError:
        if text:
            reader.fault("hour", f"{text!r} is not a clock time, HH:MM")
        hour = dt.time()
    return hour


def _combined(reader: Reader) -> tuple[tuple[int, int], ...]:
    pairs: list[tuple[int, int]] = []
    for text in reader.texts("combined"):
        first, _, last = text.partition("..")
        fits = first.isdecimal() and last.isdecimal() and 1 <= int(first) < int(last) <= 12
        if not fits or any(int(first) <= other[1] and other[0] <= int(last) for other in pairs):
            reader.fault(
                "combined", f"{text!r} is not a first and a last month of one year, apart from others"
            )
            return ()
        pairs.append((int(first), int(last)))
    return tuple(pairs)


def _holidays(reader: Reader) -> str | None:
    if not reader.has("holidays"):
        return None
    country = reader.text("holidays")
    try:
        working_day(dt.date(2025, 1, 6), country)
    except ForecastingError as error:
        reader.fault("holidays", str(error).rstrip("."))
        return None
    return country


def _days_off(reader: Reader) -> Iterator[dt.date]:
    for text in reader.texts("closed"):
        try:
            yield dt.date.fromisoformat(text)
        except ValueError:
            reader.fault("closed", f"{text!r} is not a day, YYYY-MM-DD")


def _days(reader: Reader) -> dict[Span, dt.date]:
    raw = reader.raw("days") if reader.has("days") else {}
    if not isinstance(raw, dict):
        reader.fault("days", "an object of days by month is needed")
        return {}
    days: dict[Span, dt.date] = {}
    for span, day in raw.items():
        try:
            released, announced = Span.parse(span), dt.date.fromisoformat(day)
        except (ForecastingError, ValueError, TypeError):
            reader.fault("days", f"{span!r}: {day!r} is not a month, or months, with a day")
            continue
        if abs(announced - released.last.first_day) <= FARTHEST:
            days[released] = announced
        elif reader.faults.bounded:
            reader.fault("days", f"{day} lies more than {FARTHEST.days} days from {span}")
    return days
