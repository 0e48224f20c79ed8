"""What the figures of a release do to the alerts of every rule; no rule can keep the others from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from alerts.events import rule_failed_event
from alerts.rules import Rule
from services.storage import alerts, restrictions, rules, silences
from services.storage.messages import OPS, Message
from services.storage.series import SeriesRecord
from services.telemetry import RULE_FAILURES
from services.usecases.beside import Beside
from services.usecases.follow_alerts import Moved, follow_alerts, watching
from services.usecases.judge_figures import Judgement

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
    is passed over, its alerts as they stood. OperationalError where the database itself fails.
    """
    in_force = rules.in_force(connection)
    try:
        with connection.begin_nested():
            return _follow(connection, judged, ids, in_force, series=series, now=now), []
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - found below, in the rule that it belongs to
        _log.error("a rule failed; each is followed by itself", exc_info=error)
    moved: list[Moved] = []
    failed: list[Message] = []
    for rule in in_force:
        try:
            with connection.begin_nested():
                moved += _follow(connection, judged, ids, [rule], series=series, now=now)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - told to its desk and to ops
            RULE_FAILURES.inc()
            _log.error("a rule is passed over", rule=rule.id, desk=rule.desk, exc_info=error)
            failed += _told(rule, judged, error, now=now)
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
    alerted = alerts.rules_on(connection, series)
    quiet = silences.in_force(connection, now=now)
    kept_for = restrictions.desks(connection, series)
    beside = cache(lambda desk: Beside(connection, desk=desk))
    moved: list[Moved] = []
    for judgement, observation_id in zip(judged, ids, strict=True):
        watched = series[judgement.facts.series_id]
        watchers = [
            rule
            for rule in watching(followed, watched, alerted.get(watched.id, ()))
            if watched.id not in kept_for or kept_for[watched.id] == rule.desk
        ]
        moved += follow_alerts(connection, judgement, observation_id, watchers, quiet, beside=beside, now=now)
    return moved


def _told(rule: Rule, judged: Sequence[Judgement], error: Exception, *, now: dt.datetime) -> list[Message]:
    body = rule_failed_event(
        rule_id=rule.id,
        version=rule.version,
        desk=rule.desk,
        period=str(max(each.facts.span for each in judged)),
        fault=type(error).__name__,
        now=now,
    )
    return [Message(desk, body, now) for desk in dict.fromkeys((rule.desk, OPS))]
