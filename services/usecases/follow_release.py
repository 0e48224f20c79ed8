"""What the figures of a release do to the alerts of every rule; no rule can keep the others from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from alerts.judging import Judgement
from alerts.rules import Rule
from alerts.service_events import rule_failed_event
from services.storage import restrictions, rules, silences
from services.storage.messages import OPS, Message
from services.storage.rules import UnreadableRule
from services.storage.series import SeriesRecord
from services.telemetry import RULE_FAILURES
from services.usecases.follow_alerts import Cause, Follower, watching
from services.usecases.held_alerts import Moved

_log = structlog.get_logger()


def follow_release(
    connection: Connection,
    judged: Sequence[Judgement],
    ids: Sequence[int],
    *,
    series: Mapping[str, SeriesRecord],
    now: dt.datetime,
) -> tuple[list[Moved], list[Message]]:
    """Transitions that the figures cause, and what is said of rules that could not follow them.

    ``ids`` are the rows of the figures, ``series`` all that are among them. No rule may keep a figure from
    being recorded: where one raises what nobody foresaw, all are followed again, each by itself, and that one
    is passed over, its alerts as they stood; so is one that cannot be read. OperationalError where the
    database itself fails.
    """

    def follow(followed: Sequence[Rule]) -> list[Moved]:
        return _follow(connection, judged, ids, followed, series=series, now=now)

    in_force, unreadable = rules.readable(connection)
    moved, failed = passing_over(connection, in_force, follow)
    for each in unreadable:
        RULE_FAILURES.inc()
        _log.error("a rule cannot be read", rule=each.id, desk=each.desk, reason=str(each.error))
    silent: list[tuple[Rule | UnreadableRule, Exception]] = [*failed]
    silent += [(each, each.error) for each in unreadable]
    return moved, [each for rule, error in silent for each in _told(rule, judged, error, now=now)]


def passing_over(
    connection: Connection, followed: Sequence[Rule], follow: Callable[[Sequence[Rule]], list[Moved]]
) -> tuple[list[Moved], list[tuple[Rule, Exception]]]:
    """What ``follow`` makes of rules together, or where one raises of each by itself; and those that raised.

    A rule that raised has left nothing behind. OperationalError where the database itself fails.
    """
    try:
        with connection.begin_nested():
            return follow(followed), []
    except (OperationalError, SoftTimeLimitExceeded):
        raise
    except Exception as error:  # noqa: BLE001 - found below, in the rule that it belongs to
        _log.error("a rule failed; each is followed by itself", exc_info=error)
    moved: list[Moved] = []
    failed: list[tuple[Rule, Exception]] = []
    for rule in followed:
        try:
            with connection.begin_nested():
                moved += follow([rule])
        except (OperationalError, SoftTimeLimitExceeded):
            raise
        except Exception as error:  # noqa: BLE001 - whoever calls tells of it
            RULE_FAILURES.inc()
            _log.error("a rule is passed over", rule=rule.id, desk=rule.desk, exc_info=error)
            failed.append((rule, error))
    return moved, failed


def _follow(
    connection: Connection,
    judged: Sequence[Judgement],
    ids: Sequence[int],
    followed: Sequence[Rule],
    *,
    series: Mapping[str, SeriesRecord],
    now: dt.datetime,
) -> list[Moved]:
    follower = Follower(
        connection,
        [series[each] for each in sorted({each.facts.series_id for each in judged})],
        silences.in_force(connection, now=now),
        until=max(each.facts.known_from for each in judged),
        now=now,
    )
    kept_for = restrictions.desks(connection, series)
    for judgement, observation_id in zip(judged, ids, strict=True):
        watched = series[judgement.facts.series_id]
        watchers = [
            rule
            for rule in watching(followed, watched, follower.rules_on(watched.id))
            if watched.id not in kept_for or kept_for[watched.id] == rule.desk
        ]
        follower.follow(Cause(judgement.facts, watched, judgement.forecast_id, observation_id), watchers)
    return follower.store()


def _told(
    rule: Rule | UnreadableRule, judged: Sequence[Judgement], error: Exception, *, now: dt.datetime
) -> list[Message]:
    body = rule_failed_event(
        rule_id=rule.id,
        version=rule.version,
        desk=rule.desk,
        period=str(max(each.facts.span for each in judged)),
        fault=type(error).__name__,
        now=now,
    )
    return [Message(desk, body, now) for desk in dict.fromkeys((rule.desk, OPS))]
