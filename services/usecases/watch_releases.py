"""What no figure tells: a release that does not come, and an alert that opened in a silence that is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.events import overdue_event
from alerts.facts import Expectation
from alerts.judging import awaited_facts
from alerts.releases import Release, ReleaseState
from alerts.routing import Notice, Silence, silencing
from alerts.rules import Rule, Severity
from forecasting.months import Month, Span
from services.ingestion.calendars import shipped
from services.storage import observations, outbox, release_calendars, restrictions, rules, series, silences
from services.storage.expected_releases import followed, releases_as_of
from services.storage.messages import Message
from services.storage.series import SeriesRecord
from services.usecases.follow_alerts import Cause, Follower, watching
from services.usecases.follow_release import passing_over
from services.usecases.held_alerts import Moved
from services.usecases.tell_desks import tell_desks
from services.usecases.tell_unheard import heard_at_last, series_of, unheard_openings

BACK = 3
"""Months before the last due in which a release that is late is still told."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look at the calendar came to: releases told overdue to a desk now, and transitions of alerts."""

    told: tuple[Release, ...]
    moved: tuple[Moved, ...]


def watch_releases(connection: Connection, *, budget: float, now: dt.datetime) -> Watched:
    """Tell each release that has become late, and move the alerts of the rules that ask for it.

    Whatever runs it, and however often, a desk is told of a release once and an alert opened once. A desk
    that has silenced it is told when the silence is over, if the release is late still; one that had silenced
    some of its series was told of the others, and is not told again. So is one of the alerts that opened in
    its silence, where they are open still.
    """
    registered = {each.id: each for each in series.listed(connection, limit=None)}
    calendars = release_calendars.in_force(connection, shipped())
    late = [
        release
        for each in followed(connection, calendars, list(registered.values()), as_of=now)
        for release in releases_as_of(
            connection,
            each,
            first=Month.from_date(now.date()) - (each.calendar.months_after + BACK),
            last=Month.from_date(now.date()),
            as_of=now,
        )
        if release.state is ReleaseState.LATE
    ]
    quiet = silences.in_force(connection, now=now)
    unheard = unheard_openings(connection, quiet, now=now)
    if not late and not unheard:
        return Watched((), ())
    in_force = rules.in_force(connection)
    missing = {name for release in late for name in release.missing}
    locked = series.lock(connection, missing | series_of(unheard))
    heard = heard_at_last(connection, quiet, locked=locked, now=now) if unheard else []
    kept_for = restrictions.desks(connection, missing)

    def watchers(watched: SeriesRecord) -> list[Rule]:
        desk = kept_for.get(watched.id)
        shown = watched.id not in kept_for
        return [rule for rule in watching(in_force, watched) if shown or rule.desk == desk]

    desks = {name: {rule.desk for rule in watchers(registered[name])} for name in missing}
    told: list[Release] = []
    messages: list[Message] = []
    for release in late:
        news = [
            message
            for message, names in _messages(release, registered, desks, quiet, now)
            if release_calendars.tell_once(connection, release, message.desk, names, now=now)
        ]
        messages += news
        told += [release] if news else []

    def follow(followed: Sequence[Rule]) -> list[Moved]:
        follower = Follower(
            connection, [registered[name] for name in sorted(missing)], quiet, until=now, now=now
        )
        for release in late:
            for name in release.missing:
                asking = [rule for rule in watchers(registered[name]) if rule in followed]
                if not asking or _held(connection, name, release.span):
                    continue
                when = Expectation(release.calendar.title, release.due, release.late_from)
                facts = awaited_facts(registered[name], release.span, when, now, budget=budget)
                follower.follow(Cause(facts, registered[name]), asking)
        return follower.store()

    # a rule that raises is counted and logged, and not told: this is looked at each five minutes
    moved, _ = passing_over(connection, [each for each in in_force if "expectation" in each.needs], follow)
    tell_desks(connection, [*heard, *moved], now=now, beside=outbox.address(connection, messages))
    return Watched(tuple(told), tuple(moved))


def _held(connection: Connection, series_id: str, span: Span) -> bool:
    """True where a figure of an earlier stage is held: to a rule the figure has come."""
    rows = observations.history(connection, [series_id]).get(series_id, [])
    return any(span.last in row.observation.span for row in rows)


def _messages(
    release: Release,
    registered: dict[str, SeriesRecord],
    desks: dict[str, set[str]],
    quiet: Sequence[Silence],
    now: dt.datetime,
) -> list[tuple[Message, list[str]]]:
    """One message for each desk that watches series awaited and has not silenced it, with which."""
    messages = []
    for desk in sorted(set().union(*(desks[name] for name in release.missing))):
        watched = [registered[name] for name in release.missing if desk in desks[name]]
        heard = [each for each in watched if _heard(each, release, desk, quiet, now)]
        if heard:
            awaited = [(each.id, each.name, each.unit) for each in heard]
            body = overdue_event(calendar=release.calendar, span=release.span, awaited=awaited, now=now)
            messages.append((Message(desk, body, now), [each.id for each in heard]))
    return messages


def _heard(
    watched: SeriesRecord, release: Release, desk: str, quiet: Sequence[Silence], now: dt.datetime
) -> bool:
    awaited = [(watched.id, watched.name, watched.unit)]
    body = overdue_event(calendar=release.calendar, span=release.span, awaited=awaited, now=now)
    return silencing(Notice(body, desk, Severity.WARNING, watched.id, ""), quiet, now) is None
