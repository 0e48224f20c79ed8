"""What a desk looks at first: what is open, what came last and comes next, and which shocks are not over."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.episodes import Status
from forecasting.vintages import series_as_of
from services.queries.measures import RELEASES
from services.storage import alert_events, alerts, observations, series, verdicts
from services.storage.alert_events import AlertEvent, LateEvent
from services.storage.alerts import AlertRecord
from services.storage.episodes import Chronicler, FollowedEpisode
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.verdicts import LateVerdict

MOST_ALERTS = 50
MOST_UNDER = 12
"""Alerts left to a parent's that are named under it; all of them are counted."""
MOST_EPISODES = 9
CLOSED_FOR = 24
"""Months after its onset in which an episode that is over is still told of."""
PICTURED = 24
"""Months of a series on the small picture of its episode, at least."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open, with the last thing that a figure had said of it.

    ``under`` are those of the ``under_in_all`` alerts left to it that are named, by the names of their
    series: no desk was told of them but by this one.
    """

    record: AlertRecord
    series: SeriesRecord
    said: AlertEvent | None
    under: tuple[OpenAlert, ...] = ()
    under_in_all: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    """An episode with what its picture is drawn from: the series, and the median path from before onset.

    ``alert`` is how the last alert on it stands while it is going: ``opened``, ``resolved`` or ``retracted``;
    None where it had none.
    """

    found: FollowedEpisode
    known: Series
    would_be: list[tuple[Month, float]]
    alert: str | None = None

    @property
    def still(self) -> float | None:
        """The last month held less what was expected of it before onset, as a share of that; None without."""
        for month, expected in reversed(self.would_be):
            if math.isfinite(value := self.known.at(month)):
                return (value - expected) / abs(expected) if expected else None
        return None

    @property
    def going(self) -> bool:
        """True where it is not over."""
        return self.found.chapter.followed and self.found.chapter.episode.status is not Status.CLOSED


@dataclass(frozen=True, slots=True)
class Release:
    """The last release of a series, and the day by which the next is due after the usual delay.

    ``due`` None where there is no usual delay yet.
    """

    series: SeriesRecord
    last: Span
    arrived: dt.datetime
    next_month: Month
    due: dt.date | None

    def days_late(self, today: dt.date) -> int | None:
        """Days by which the next is late; below zero it is not due yet."""
        return None if self.due is None else (today - self.due).days


@dataclass(frozen=True, slots=True, eq=False)
class NowView:
    """What stands now, of what a desk may see; ``installed`` is True where a series is registered.

    ``open`` are the gravest of the ``open_in_all`` alerts that are open and stand for themselves;
    ``left_in_all`` more are open and left to the alert of a parent, under which they are.
    """

    installed: bool
    open: tuple[OpenAlert, ...]
    open_in_all: int
    left_in_all: int
    events: tuple[LateEvent, ...]
    figures: tuple[tuple[LateVerdict, SeriesRecord], ...]
    episodes: tuple[Pictured, ...]
    releases: tuple[Release, ...]


def now_view(connection: Connection, *, desk: str | None, now: dt.datetime) -> NowView:
    """What stands now: bounded work however many series there are."""
    left = alert_events.left_to(connection, desk=desk)
    speaking = {each.id for each in alerts.open_of_ids(connection, set(left.values()))}
    heads = _heads({child: parent for child, parent in left.items() if parent in speaking})
    opened = alerts.listed(
        connection, desk=desk, status="opened", gravest_first=True, without=heads, limit=MOST_ALERTS
    )
    under: dict[str, list[str]] = defaultdict(list)
    for child, head in sorted(heads.items()):
        under[head].append(child)
    named_under = [child for each in opened for child in under[each.state.id][:MOST_UNDER]]
    children = alerts.of_ids(connection, named_under)
    told = [*opened, *children.values()]
    judged = verdicts.lately_judged(connection, desk=desk)
    named = {each.state.series_id for each in told} | {each.figure.verdict.series_id for each in judged}
    records = {each.id: each for each in series.of_ids(connection, named)}
    said = alert_events.last_told(connection, [each.state.id for each in told])

    def stands(record: AlertRecord, below: Sequence[str]) -> OpenAlert:
        named = [stands(children[child], ()) for child in below[:MOST_UNDER]]
        return OpenAlert(
            record,
            records[record.state.series_id],
            said.get(record.state.id),
            tuple(sorted(named, key=lambda each: each.series.name)),
            len(below),
        )

    return NowView(
        installed=bool(series.listed(connection, desk=desk, limit=1)),
        open=tuple(stands(each, under[each.state.id]) for each in opened),
        open_in_all=alerts.count_open(connection, desk=desk) - len(heads),
        left_in_all=len(heads),
        events=tuple(alert_events.latest(connection, desk=desk)),
        figures=tuple((each, records[each.figure.verdict.series_id]) for each in judged),
        episodes=_episodes(connection, desk, now),
        releases=_releases(connection, desk, now),
    )


def _heads(spoken_for: Mapping[str, str]) -> dict[str, str]:
    """By each alert that is left to another, the one that is left to none: who spoke may be spoken for."""
    heads: dict[str, str] = {}
    for alert_id, speaker in spoken_for.items():
        passed = {alert_id}
        while speaker in spoken_for and speaker not in passed:
            passed.add(speaker)
            speaker = spoken_for[speaker]  # noqa: PLW2901 - the next one up
        if speaker not in passed:  # two that speak for each other stand for themselves
            heads[alert_id] = speaker
    return heads


def changed_since(connection: Connection, since: dt.datetime, *, desk: str | None) -> tuple[int, int]:
    """Figures judged, and changes of alerts, that were recorded after a moment."""
    return (
        verdicts.count_judged(connection, since=since, desk=desk),
        alert_events.count(connection, since=since, desk=desk),
    )


def _episodes(connection: Connection, desk: str | None, now: dt.datetime) -> tuple[Pictured, ...]:
    ids = verdicts.lately_shocked(connection, desk=desk)
    chronicler = Chronicler(connection, series.of_ids(connection, ids), as_of=now)
    found = [_pictured(chronicler, each) for one in chronicler.series for each in chronicler.episodes(one)]
    last = max((each.known.end for each in found), default=None)
    told = [
        each for each in found if last is not None and (each.going or last.since(_onset(each)) <= CLOSED_FOR)
    ]
    shown = sorted(told, key=lambda each: (not each.going, -_depth(each)))[:MOST_EPISODES]
    held = alerts.of_series(connection, {each.found.series.id for each in shown if each.going})
    return tuple(replace(each, alert=_alert(each, held, desk)) if each.going else each for each in shown)


def _alert(each: Pictured, held: Sequence[AlertRecord], desk: str | None) -> str | None:
    """How the last alert on an episode stands, of those that a desk may see; one that is open before all."""
    of_it = [
        record.state
        for record in held
        if record.state.series_id == each.found.series.id
        and desk in {None, record.desk}
        and record.state.opened_known_from is not None
        and record.state.last.last >= _onset(each)
    ]
    last = max(of_it, key=lambda state: (state.status == "opened", state.last), default=None)
    return None if last is None else str(last.status)


def _onset(each: Pictured) -> Month:
    return each.found.chapter.shock.span.first


def _depth(each: Pictured) -> float:
    """How far the trough was from what was expected, as a share of it: the deepest is told first."""
    state = each.found.chapter.episode
    return abs(state.trough_expected - state.trough_value) / max(
        abs(state.trough_expected), abs(state.trough_value)
    )


def _pictured(chronicler: Chronicler, found: FollowedEpisode) -> Pictured:
    chapter = found.chapter
    rows = (row.observation for row in chronicler.rows[found.series.id])
    known = series_as_of(found.series.id, found.series.unit, rows, chronicler.as_of) or chapter.series
    baseline = counterfactual(chapter.shock.before, chapter.followed_to)
    onset, medians = chapter.shock.span.first, baseline.median
    months = [onset + step for step in range(chapter.followed_to.since(onset) + 1)]
    return Pictured(found, known, [(month, float(medians[baseline.step(month)])) for month in months])


def _releases(connection: Connection, desk: str | None, now: dt.datetime) -> tuple[Release, ...]:
    ids = observations.lately_told(connection, desk=desk)
    held = observations.history(connection, ids, as_of=now)
    known = [_release(each, held[each.id]) for each in series.of_ids(connection, ids) if held.get(each.id)]
    return tuple(sorted(known, key=lambda each: (each.due or dt.date.max, each.series.id)))


def _release(registered: SeriesRecord, rows: Sequence[ObservationRecord]) -> Release:
    """The last release, and the next by the median delay of the last first prints."""
    first: dict[Span, dt.datetime] = {}
    for row in rows:
        first.setdefault(row.observation.span, row.observation.known_from)
    last = max(first, key=lambda span: span.last)
    lately = sorted(first, key=lambda span: span.last)[-RELEASES:]
    delays = [(first[span].date() - span.last.last_day).days for span in lately]
    following = last.last + 1
    due = following.last_day + dt.timedelta(days=round(median(delays)))
    return Release(registered, last, first[last], following, due)
