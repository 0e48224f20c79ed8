"""Expected releases: due, late or arrived, by the calendar and by how late its source has been before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.facts import Expectation
from alerts.release_calendars import ReleaseCalendar
from forecasting.months import Month, Span

LEARNED_FROM = 24
"""Latest releases that lateness is learned from: two years, since habits change."""
FEWEST = 6
"""Releases below which nothing is learned."""
LAPSED = 4
"""Months without a figure after which a series is not awaited any more: a pair and two months."""


class ReleaseState(StrEnum):
    """How a release stands at a moment."""

    EXPECTED = "expected"
    DUE = "due"
    LATE = "late"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after its hour a source's figures first came, over its last releases; early is negative.

    ``usual`` is the median, ``nearly_always`` the delay that nine in ten did not pass; None below FEWEST.
    """

    releases: int
    usual: dt.timedelta | None = None
    nearly_always: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a span's figure of a series became known; ``by_calendar`` where only the calendar says so."""

    series_id: str
    span: Span
    known_from: dt.datetime
    by_calendar: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """One release as it stands at a moment.

    Attributes
    ----------
    due, late_from
        When it is expected, and from when it is late: after the calendar's grace, or after the delay that
        nine in ten of its last releases kept to, where that is longer.
    arrived
        When its first figure became known; None before.
    awaited, missing
        Ids of the series that it brings figures of, and of those among them that have none yet.
    """

    calendar: ReleaseCalendar
    span: Span
    due: dt.datetime
    late_from: dt.datetime
    state: ReleaseState
    arrived: dt.datetime | None
    awaited: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def lateness(self) -> dt.timedelta | None:
        """From when it was due to its first figure, negative where it was early; None before."""
        return None if self.arrived is None else self.arrived - self.due


def lateness(calendar: ReleaseCalendar, arrivals: Iterable[Arrival], as_of: dt.datetime) -> Lateness:
    """What a calendar's last releases teach, from arrivals seen or printed by a moment."""
    first: dict[Span, dt.datetime] = {}
    for each in arrivals:
        span = calendar.span(each.span.last)
        if each.by_calendar or each.known_from > as_of or span.last != each.span.last:
            continue
        first[span] = min(each.known_from, first.get(span, each.known_from))
    return learned([first[span] - calendar.due(span) for span in sorted(first)])


def learned(delays: Sequence[dt.timedelta]) -> Lateness:
    """What the delays of releases teach, given from the earliest release to the latest."""
    latest = sorted(delays[-LEARNED_FROM:])
    if len(latest) < FEWEST:
        return Lateness(len(latest))
    return Lateness(len(latest), latest[(len(latest) - 1) // 2], latest[math.ceil(0.9 * len(latest)) - 1])


def expectation(calendar: ReleaseCalendar, span: Span, learned: Lateness) -> Expectation:
    """When a span is due, and from when it is late."""
    due = calendar.due(span)
    return Expectation(
        calendar.title, due, due + max(calendar.grace, learned.nearly_always or calendar.grace)
    )


def releases(
    calendar: ReleaseCalendar,
    arrivals: Mapping[str, Sequence[Arrival]],
    learned: Lateness,
    *,
    first: Month,
    last: Month,
    as_of: dt.datetime,
) -> list[Release]:
    """Releases whose last month lies from ``first`` to ``last``, as of a moment, the earliest first.

    ``arrivals`` hold, by series covered, the first figure of each span at the calendar's stage. A series is
    awaited while its last figure is at most LAPSED months old; a release that awaits none is left out.
    """
    known = {name: [each for each in theirs if each.known_from <= as_of] for name, theirs in arrivals.items()}
    told = (_release(calendar, span, known, learned, as_of) for span in calendar.spans(first, last))
    return [each for each in told if each is not None]


def _release(
    calendar: ReleaseCalendar,
    span: Span,
    known: Mapping[str, Sequence[Arrival]],
    learned: Lateness,
    as_of: dt.datetime,
) -> Release | None:
    when = expectation(calendar, span, learned)
    came = {
        name: min(moments)
        for name, theirs in known.items()
        if (moments := [each.known_from for each in theirs if span.last in each.span])
    }
    awaited = [
        name
        for name, theirs in known.items()
        if name in came or any(0 < span.first.since(each.span.last) <= LAPSED for each in theirs)
    ]
    if not awaited:
        return None
    missing = tuple(sorted(set(awaited) - came.keys()))
    state = ReleaseState.ARRIVED if not missing else _waiting(when, as_of)
    arrived = min(came.values(), default=None)
    return Release(calendar, span, when.due, when.late_from, state, arrived, tuple(sorted(awaited)), missing)


def _waiting(when: Expectation, as_of: dt.datetime) -> ReleaseState:
    if as_of < when.due:
        return ReleaseState.EXPECTED
    return ReleaseState.LATE if as_of >= when.late_from else ReleaseState.DUE


LONGEST_ABSENCE = 60
"""Days of lateness that a replay looks at, one by one."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A release that was late for one series: a moment for each whole day that it was missed."""

    span: Span
    expectation: Expectation
    moments: tuple[dt.datetime, ...]


def absences(
    calendar: ReleaseCalendar, arrivals: Sequence[Arrival], *, first: Month, last: Month
) -> list[Absence]:
    """When the releases of some months were late for a series, each by what was known when it was due.

    ``arrivals`` are all of one series. Where only the calendar says when a figure came, nothing is known of
    its lateness.
    """
    if not arrivals:
        return []
    end = max(each.known_from for each in arrivals)
    told = []
    for span in calendar.spans(first, last):
        when = expectation(calendar, span, lateness(calendar, arrivals, calendar.due(span)))
        held = [each for each in arrivals if span.last in each.span]
        came = min((each.known_from for each in held), default=end)
        followed = any(
            0 < span.first.since(each.span.last) <= LAPSED and each.known_from < when.due for each in arrivals
        )
        if not followed or any(each.by_calendar for each in held) or came <= when.late_from:
            continue
        days = (when.due + dt.timedelta(days=1 + step) for step in range(LONGEST_ABSENCE))
        moments = (when.late_from, *(each for each in days if when.late_from < each < came))
        told.append(Absence(span, when, moments))
    return told


def release_line(release: Release) -> str:
    """A release as a line: when it is due at its source, of which months, and how it stands."""
    due = f"{release.due:%Y-%m-%d %H:%M %Z}"
    return f"{due}  {release.calendar.title}, {release.span.name}: {_standing(release)}"


def _standing(release: Release) -> str:
    gone = release.missing
    which = gone[0] if len(gone) == 1 else f"{len(gone):,} series"
    missing = f"; {which} missing" if gone else ""
    late = release.lateness
    if late is None:
        late_from = release.late_from.astimezone(release.due.tzinfo)
        after = "" if release.state is ReleaseState.LATE else f", late from {late_from:%Y-%m-%d %H:%M}"
        return f"{release.state}{after}{missing}"
    hours = abs(late / dt.timedelta(hours=1))
    side = "early" if late < dt.timedelta() else "after it was due"
    return f"{release.state}, {hours:,.1f} h {side}{missing}"
