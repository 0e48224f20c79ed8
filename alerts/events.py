"""Event types and the versioned body of each: every number that its sentence says is a field beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from alerts.episode_conditions import going
from alerts.episodes import standing_fields
from alerts.facts import Band, Facts, Figure
from alerts.grammar import dump_condition
from alerts.quantities import NEWS, one_in
from alerts.release_calendars import ReleaseCalendar
from alerts.rules import Rule
from alerts.states import AlertState, Transition, TransitionKind
from alerts.wording import overdue_sentence, person_sentence, sentence
from forecasting.against import Against
from forecasting.months import Span
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.records import Extreme, Rank

VERSION = 1
"""Version of the bodies; a field is added within it, never taken away or given another meaning."""

LISTED = 50
"""Series, or forecasters, that one message lists: a body is bounded; a late release may miss hundreds."""

SHORT_SENTENCE = 2_000
"""Characters of a sentence that a shortened body keeps: six bytes each is far below what may be sent."""

Body = dict[str, Any]


class EventType(StrEnum):
    """What a message can be about; an endpoint subscribes to some of these."""

    ALERT_OPENED = "alert.opened"
    ALERT_UPDATED = "alert.updated"
    ALERT_ESCALATED = "alert.escalated"
    ALERT_DEESCALATED = "alert.deescalated"
    ALERT_CORRECTED = "alert.corrected"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_RESOLVED = "alert.resolved"
    ALERT_REOPENED = "alert.reopened"
    ALERT_RETRACTED = "alert.retracted"
    ALERTS_GATHERED = "alerts.gathered"
    DATA_OVERDUE = "data.overdue"
    ENDPOINT_PING = "endpoint.ping"
    ENDPOINT_DISABLED = "endpoint.disabled"
    DELIVERIES_EXHAUSTED = "deliveries.exhausted"
    SOURCE_REFUSED = "source.refused"
    RULE_FAILED = "rule.failed"
    SERVICE_TROUBLE = "service.trouble"
    SERVICE_RECOVERED = "service.recovered"


def event_type(kind: TransitionKind) -> EventType:
    """The event type of a transition."""
    return EventType(f"alert.{kind}")


def alert_event(transition: Transition, rule: Rule, state: AlertState, facts: Facts) -> Body:
    """Body for a transition that a figure caused; ``state`` is the alert after it.

    Volumes are in the series' unit; changes are ratios less one; probabilities lie in 0 to 1; ``one_in`` is
    the rounded odds against a figure so far out, null where they are no news, which a chance above one in 20
    is; ``episode`` is the one that the figure stands in, by the figures up to it; ``against`` holds the
    forecasters that the rule's desk sees; times are ISO 8601 in UTC; periods are YYYY-MM or YYYY-MM..YYYY-MM.
    """
    data = {
        "series": _series(facts.series_id, facts.series_name, facts.unit),
        "period": str(facts.span),
        "value": facts.value,
        "stage": facts.stage,
        "known_from": written(facts.known_from),
        "revision": None if facts.revision_of is None else {"previous": facts.revision_of},
        "change_month": facts.change_month,
        "change_year": facts.change_year,
        "previous": _figure(facts.previous),
        "previous_revised": facts.previous_revised,
        "against": [_against(each) for each in facts.against if each.desk in {None, rule.desk}][:LISTED],
        "year_ago": _figure(facts.year_ago),
        "detection": _detection(facts),
        "forecast": _forecast(facts),
        "records": [_record(record) for record in facts.records],
        "change_records": [_record(record) for record in facts.change_records],
        "rank_in_month": _rank(facts.rank_in_month),
        "source_claim": _source_claim(facts),
        "counterfactual": _counterfactual(facts.counterfactual),
        "next_expected": _outlook(facts),
        "episode": _episode(facts),
        "measure": _measure(facts),
        "awaited": _awaited(facts),
        "alert": _alert(rule, state),
        "transition": _transition(transition),
        "unheard": None,
    }
    return body(event_type(transition.kind), transition.known_from, data, sentence(data))


def person_event(
    transition: Transition, rule: Rule, state: AlertState, *, series_name: str, unit: str
) -> Body:
    """Body for a transition that a person caused: an acknowledgement, or a closing by hand."""
    data = {
        "series": _series(state.series_id, series_name, unit),
        "period": str(transition.span),
        "alert": _alert(rule, state),
        "transition": _transition(transition),
        "unheard": None,
    }
    return body(event_type(transition.kind), transition.known_from, data, person_sentence(data))


def gathered_event(bodies: Sequence[Body], *, desk: str) -> Body:
    """Body for several events of one release: each of them whole, in the order given, the worst first."""
    at = max(body["timestamp"] for body in bodies)
    data = {"desk": desk, "count": len(bodies), "events": list(bodies)}
    said = _once(bodies)
    if len(bodies) > 1:
        said = f"{len(bodies)} alerts in one release. {said}"
    return {
        "type": str(EventType.ALERTS_GATHERED),
        "version": VERSION,
        "timestamp": at,
        "data": {"sentence": said, **data},
    }


def _once(bodies: Sequence[Body]) -> str:
    """The sentences of bodies, one after another; what several rules say alike is said once, by name."""
    alike: dict[tuple[str, str], list[str]] = {}
    for data in (each["data"] for each in bodies):
        alike.setdefault((data["series"]["id"], data["sentence"]), []).append(data["alert"]["rule"]["name"])
    return " ".join(
        said if len(names) == 1 else f"By {_listed(names)}: {said}" for (_, said), names in alike.items()
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def overdue_event(
    *,
    calendar: ReleaseCalendar,
    span: Span,
    awaited: Sequence[tuple[str, str, str]],
    now: dt.datetime,
) -> Body:
    """Body for a release that has not come, with id, name and unit of the series that it is awaited for.

    ``series`` lists the first LISTED of ``count``. ``days_late`` is whole days from ``due`` to ``now``;
    ``due_local`` is ``due`` in the source's zone.
    """
    due = calendar.due(span)
    data = {
        "calendar": calendar.id,
        "release": calendar.title,
        "stage": calendar.stage,
        "period": str(span),
        "due": written(due),
        "due_local": due.isoformat(),
        "days_late": max((now - due).days, 0),
        "count": len(awaited),
        "series": [_series(*each) for each in awaited[:LISTED]],
    }
    return body(EventType.DATA_OVERDUE, now, data, overdue_sentence(data))


def shortened(event: Body, *, message_id: str) -> Body:
    """Body that stands for one too long to be sent: how its sentence begins, and where the whole is read."""
    said = str(event["data"]["sentence"])
    alert = event["data"].get("alert")
    data = {
        "sentence": said if len(said) <= SHORT_SENTENCE else f"{said[:SHORT_SENTENCE]}…",
        "shortened": {
            "whole": f"/v1/messages/{message_id}",
            "alert_id": None if alert is None else alert["id"],
        },
    }
    return {**event, "data": data}


def numbered(event: Body, sequence: int) -> Body:
    """What an endpoint receives: the event with its number, 1, 2, …, in the sequence of that endpoint."""
    head = {name: event[name] for name in ("type", "version", "timestamp")}
    return {**head, "sequence": sequence, "data": event["data"]}


def body(kind: EventType, at: dt.datetime, data: Body, said: str) -> Body:
    """A body of a type: what happened at a moment, with its sentence first."""
    return {
        "type": str(kind),
        "version": VERSION,
        "timestamp": written(at),
        "data": {"sentence": said, **data},
    }


def written(moment: dt.datetime) -> str:
    """A moment as bodies write it, in UTC."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _series(series_id: str, name: str, unit: str) -> Body:
    return {"id": series_id, "name": name, "unit": unit}


def _figure(figure: Figure | None) -> Body | None:
    return None if figure is None else {"period": str(figure.span), "value": figure.value}


def _interval(level: int, lower: float | None, upper: float | None) -> Body | None:
    return None if lower is None or upper is None else {"level": level, "lower": lower, "upper": upper}


def _band(band: Band) -> Body:
    return {"expected": band.expected, "interval_80": _interval(80, band.lower_80, band.upper_80)}


def _counterfactual(before: Band | None) -> Body | None:
    if before is None:
        return None
    past = before.rolled_past
    return {**_band(before), "rolled_past": None if past is None else str(past)}


def _against(said: Against) -> Body:
    return {
        "forecaster": said.forecaster,
        "name": said.name,
        "expected": said.expected,
        "bounds": said.bounds,
        "low": said.low,
        "high": said.high,
        "count": said.count,
        "submitted": written(said.submitted),
        "difference": said.difference,
        "percent": said.percent,
        "surprise": said.surprise,
        "errors": said.errors,
        "largest": said.largest,
    }


def _detection(facts: Facts) -> Body:
    found = facts.detection
    tail = found.tail_probability
    return {
        "verdict": str(found.verdict),
        "reason": found.reason,
        "probability": found.probability,
        "tail_probability": tail,
        "one_in": None if tail is None or tail > 1 / NEWS else one_in(tail),
        "surprise": found.surprise,
        "threshold": found.threshold,
        "expected": found.expected,
        "interval_80": _interval(80, found.lower_80, found.upper_80),
        "interval_95": _interval(95, found.lower_95, found.upper_95),
    }


def _forecast(facts: Facts) -> Body | None:
    used = facts.forecast
    return None if used is None else {"id": used.id, "vintage": written(used.vintage), "model": used.model}


def _rank(rank: Rank | None) -> Body | None:
    return None if rank is None else {"rank": rank.rank, "held": rank.held, "tied": rank.tied}


def _record(record: Extreme) -> Body:
    return {
        "of": record.of,
        "direction": record.direction,
        "since": None if record.since is None else str(record.since),
        "first_held": str(record.first_held),
        "months_held": record.months_held,
        "months_in_totals": record.months_in_totals,
        "months_needed": record.months_needed,
        "years_claimed": record.years_claimed,
        "tied": record.tied,
    }


def _source_claim(facts: Facts) -> Body | None:
    claim = facts.source_claim
    if claim is None:
        return None
    return {"text": claim.text, "source_name": claim.source_name, "url": claim.url, "claimed_by": "source"}


def _outlook(facts: Facts) -> Body | None:
    outlook = facts.next_expected
    if outlook is None:
        return None
    branches = [
        {"type": str(each.type), "weight": each.weight, **_band(each.band)} for each in outlook.branches
    ]
    return {"period": str(outlook.span), **_band(outlook.band), "branches": branches}


def _episode(facts: Facts) -> Body | None:
    found = going(facts)
    return standing_fields(found) if isinstance(found, Chapter) else None


def _measure(facts: Facts) -> Body | None:
    measure = facts.measure
    return (
        None
        if measure is None
        else {"title": measure.title, "day": measure.day.isoformat(), "url": measure.url}
    )


def _awaited(facts: Facts) -> Body | None:
    expected = facts.expectation
    if not facts.awaited or expected is None:
        return None
    return {
        "release": expected.release,
        "due": written(expected.due),
        "days_late": max((facts.known_from - expected.due).days, 0),
    }


def _alert(rule: Rule, state: AlertState) -> Body:
    return {
        "id": state.id,
        "status": str(state.status),
        "severity": str(state.severity),
        "onset": str(state.onset),
        "last": str(state.last),
        "opened_known_from": state.opened_known_from and written(state.opened_known_from),
        "clears": state.clears,
        "closed": None if state.closed is None else str(state.closed),
        "rule": {
            "id": rule.id,
            "version": rule.version,
            "name": rule.name,
            "desk": rule.desk,
            "condition": dump_condition(rule.condition),
            "closing": dump_condition(rule.closing),
            "months_to_close": rule.months_to_close,
            "labels": dict(rule.labels),
        },
    }


def _transition(transition: Transition) -> Body:
    return {
        "kind": str(transition.kind),
        "reason": transition.reason,
        "by": transition.by,
    }
