"""JSON Schema of each event type's body, for desks that check what they receive."""

from __future__ import annotations

from typing import Any

from alerts.events import VERSION, EventType
from alerts.hysteresis import Status
from alerts.rules import Severity
from alerts.states import TransitionKind
from forecasting.shocks.detection import Verdict
from forecasting.shocks.episodes import Status as EpisodeStatus
from forecasting.shocks.interventions import Intervention
from forecasting.submitted_forecasts import INTERVAL_80, RANGE

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_TIME: Schema = {"type": "string", "format": "date-time"}
_MONTH: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}$"}
_PERIOD: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}(\.\.\d{4}-\d{2})?$"}


ABOUT: dict[EventType, str] = {
    EventType.ALERT_OPENED: "A rule was broken by a figure: an alert is open on its series. Where a silence "
    "kept that from the desk, the end of the silence or a figure tells it, and unheard what was missed.",
    EventType.ALERT_UPDATED: "A later figure keeps the alert open.",
    EventType.ALERT_ESCALATED: "The alert has become more severe.",
    EventType.ALERT_DEESCALATED: "The alert has become less severe.",
    EventType.ALERT_CORRECTED: "A figure of the alert was revised, and the alert stands.",
    EventType.ALERT_ACKNOWLEDGED: "A person has taken note of the alert.",
    EventType.ALERT_RESOLVED: "The alert is closed: by figures that clear it, or by a person.",
    EventType.ALERT_REOPENED: "A revision or a later figure opens the closed alert again.",
    EventType.ALERT_RETRACTED: "A revision took away the ground of the alert: it should not have opened.",
    EventType.ALERTS_GATHERED: "The alerts of one release in one message, the worst first.",
    EventType.DATA_OVERDUE: "A release that the calendar expected has not come.",
    EventType.ENDPOINT_PING: "A greeting that tries an endpoint, on the road of every other message.",
    EventType.ENDPOINT_DISABLED: "An endpoint of the desk is sent nothing more, with the reason.",
    EventType.DELIVERIES_EXHAUSTED: "Deliveries were given up: faults of the service's own kept them "
    "back for 120 hours. Told once an hour at most, so at least `count` were.",
    EventType.SOURCE_REFUSED: "A source's page or file was not understood; nothing of it was recorded.",
    EventType.RULE_FAILED: "A rule could not follow the figures of a release; its alerts did not move.",
    EventType.SERVICE_TROUBLE: "A part of the service has not worked for a minute.",
    EventType.SERVICE_RECOVERED: "That part works again.",
}
"""What each event type says, in a sentence."""


def schema(event: EventType) -> Schema:
    """JSON Schema (2020-12) of what an endpoint receives of one event type.

    Every field that is required is always there, as null where it is not known. Fields may be added within a
    version: such a one is not required, since a body that was kept before it came has it not.
    Where the whole would be longer than receivers take, ``data`` holds ``shortened`` and nothing else but a
    sentence.
    """
    body = _object(
        type={"const": str(event)},
        version={"const": VERSION},
        timestamp=_TIME,
        sequence={"type": "integer", "minimum": 1},
        data=_data(event),
    )
    return _titled(event, body)


def data_schema(event: EventType) -> Schema:
    """JSON Schema (2020-12) of ``data`` alone in the body of one event type, as ``schema`` holds it."""
    return _titled(event, _data(event))


def _data(event: EventType) -> Schema:
    whole = _DATA.get(event, _FIGURE)
    return {"anyOf": [*whole.get("anyOf", [whole]), _SHORTENED]}


def _titled(event: EventType, given: Schema) -> Schema:
    return {"$schema": _DIALECT, "title": str(event), "description": ABOUT[event], **given}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _added(given: Schema, **properties: Schema) -> Schema:
    """An object with fields that came within its version."""
    return {**given, "properties": {**given["properties"], **properties}}


def _or_null(given: Schema) -> Schema:
    return {"anyOf": [given, {"type": "null"}]}


def _one_of(words: Any) -> Schema:
    return {"enum": [str(word) for word in words]}


_SERIES = _object(id=_TEXT, name=_TEXT, unit=_TEXT)
_PAST_FIGURE = _object(period=_PERIOD, value=_NUMBER)
_INTERVAL = _object(level={"enum": [80, 95]}, lower=_NUMBER, upper=_NUMBER)
_CONDITION: Schema = {"type": "object", "properties": {"kind": _TEXT}, "required": ["kind"]}

_DETECTION = _object(
    verdict=_one_of(Verdict),
    reason=_TEXT,
    probability=_or_null(_PROBABILITY),
    tail_probability=_or_null(_PROBABILITY),
    one_in=_or_null({"type": "integer", "minimum": 1}),
    surprise=_or_null(_NUMBER),
    threshold=_PROBABILITY,
    expected=_or_null(_NUMBER),
    interval_80=_or_null(_INTERVAL),
    interval_95=_or_null(_INTERVAL),
)
_RECORD = _object(
    of={"enum": ["figure", "change_month", "change_year"]},
    direction={"enum": ["lowest", "highest"]},
    since=_or_null(_MONTH),
    first_held=_MONTH,
    months_held=_COUNT,
    months_in_totals=_COUNT,
    months_needed=_COUNT,
    years_claimed=_or_null(_COUNT),
    tied={"type": "boolean"},
)
_BRANCH = _object(type=_one_of(Intervention), weight=_PROBABILITY, expected=_NUMBER, interval_80=_INTERVAL)
_ALERT_AT_FIRST = _object(
    id=_TEXT,
    status=_one_of(Status),
    severity=_one_of(Severity),
    onset=_PERIOD,
    last=_PERIOD,
    opened_known_from=_or_null(_TIME),
    clears=_COUNT,
    rule=_object(
        id=_TEXT,
        version={"type": "integer", "minimum": 1},
        name=_TEXT,
        desk=_TEXT,
        condition=_CONDITION,
        closing=_CONDITION,
        months_to_close={"type": "integer", "minimum": 1},
        labels={"type": "object", "additionalProperties": _TEXT},
    ),
)
_ALERT = _added(_ALERT_AT_FIRST, closed=_or_null(_PERIOD))
_TRANSITION = _object(kind=_one_of(TransitionKind), reason=_TEXT, by=_or_null(_TEXT))

_UNHEARD = _or_null(
    _added(
        _object(count=_COUNT, since=_TIME, events={"type": "object", "additionalProperties": _COUNT}),
        inhibited=_COUNT,
    )
)
"""What of the alert was not told since the desk last heard of it; null where nothing was.

So many ``inhibited`` of them were left to a parent's alert, and a silence held the others back.
"""

_PERSON = _object(
    sentence=_TEXT,
    series=_SERIES,
    period=_PERIOD,
    alert=_ALERT,
    transition=_TRANSITION,
    unheard=_UNHEARD,
)

_EPISODE = _object(
    id=_TEXT,
    onset=_PERIOD,
    side={"enum": ["down", "up"]},
    status=_one_of(EpisodeStatus),
    trough=_object(period=_PERIOD, value=_NUMBER, expected=_NUMBER),
    recovered_share=_NUMBER,
    months_under=_COUNT,
    shortfall=_object(
        value=_NUMBER, lower=_NUMBER, upper=_NUMBER, level=_COUNT, to=_MONTH, **{"from": _MONTH}
    ),
    types=_object(now={"type": "object", "additionalProperties": _PROBABILITY}),
)
"""The episode that the figure stands in, as /v1/episodes names its fields, by the figures up to it."""

_AGAINST = _object(
    forecaster=_TEXT,
    name=_TEXT,
    expected=_NUMBER,
    bounds=_or_null({"enum": [RANGE, INTERVAL_80]}),
    low=_or_null(_NUMBER),
    high=_or_null(_NUMBER),
    count=_or_null(_COUNT),
    submitted=_TIME,
    difference=_NUMBER,
    percent=_or_null(_NUMBER),
    surprise=_or_null(_NUMBER),
    errors=_COUNT,
    largest={"type": "boolean"},
)
"""The figure against what another forecaster had said of it; see forecasting.against.Against."""

_FIGURE_AT_FIRST = _object(
    sentence=_TEXT,
    series=_SERIES,
    period=_PERIOD,
    value=_or_null(_NUMBER),
    stage=_TEXT,
    known_from=_TIME,
    revision=_or_null(_object(previous=_NUMBER)),
    change_month=_or_null(_NUMBER),
    change_year=_or_null(_NUMBER),
    previous=_or_null(_PAST_FIGURE),
    year_ago=_or_null(_PAST_FIGURE),
    detection=_DETECTION,
    forecast=_or_null(_object(id=_TEXT, vintage=_TIME, model=_TEXT)),
    records={"type": "array", "items": _RECORD},
    change_records={"type": "array", "items": _RECORD},
    rank_in_month=_or_null(_object(rank={"type": "integer", "minimum": 1}, held=_COUNT, tied=_COUNT)),
    source_claim=_or_null(_object(text=_TEXT, source_name=_TEXT, url=_TEXT, claimed_by={"const": "source"})),
    counterfactual=_or_null(_object(expected=_NUMBER, interval_80=_INTERVAL, rolled_past=_or_null(_MONTH))),
    next_expected=_or_null(
        _object(
            period=_PERIOD,
            expected=_NUMBER,
            interval_80=_INTERVAL,
            branches={"type": "array", "items": _BRANCH},
        )
    ),
    measure=_or_null(_object(title=_TEXT, day={"type": "string", "format": "date"}, url=_TEXT)),
    awaited=_or_null(_object(release=_TEXT, due=_TIME, days_late=_COUNT)),
    alert=_ALERT,
    transition=_TRANSITION,
    unheard=_UNHEARD,
)
_FIGURE = _added(
    _FIGURE_AT_FIRST,
    episode=_or_null(_EPISODE),
    previous_revised=_or_null(_NUMBER),
    against={"type": "array", "items": _AGAINST},
)

_SHORTENED = _object(sentence=_TEXT, shortened=_object(whole=_TEXT, alert_id=_or_null(_TEXT)))

_DATA: dict[EventType, Schema] = {
    EventType.ALERT_ACKNOWLEDGED: _PERSON,
    EventType.ALERT_RESOLVED: {"anyOf": [_FIGURE, _PERSON]},
    EventType.ALERTS_GATHERED: _object(
        sentence=_TEXT,
        desk=_TEXT,
        count=_COUNT,
        events={
            "type": "array",
            "items": _object(type=_TEXT, version=_COUNT, timestamp=_TIME, data={"anyOf": [_FIGURE, _PERSON]}),
        },
    ),
    EventType.DATA_OVERDUE: _object(
        sentence=_TEXT,
        calendar=_TEXT,
        release=_TEXT,
        stage=_or_null(_TEXT),
        period=_PERIOD,
        due=_TIME,
        due_local=_TIME,
        days_late=_COUNT,
        count=_COUNT,
        series={"type": "array", "items": _SERIES, "minItems": 1},
    ),
    EventType.ENDPOINT_PING: _object(sentence=_TEXT, endpoint=_object(id=_TEXT)),
    EventType.ENDPOINT_DISABLED: _object(sentence=_TEXT, endpoint=_object(id=_TEXT), reason=_TEXT),
    EventType.DELIVERIES_EXHAUSTED: _object(
        sentence=_TEXT,
        count=_COUNT,
        since=_TIME,
        reason=_TEXT,
        endpoints={"type": "array", "items": _object(id=_TEXT, desk=_TEXT, count=_COUNT), "minItems": 1},
    ),
    EventType.RULE_FAILED: _object(
        sentence=_TEXT,
        rule=_object(id=_TEXT, version={"type": "integer", "minimum": 1}, desk=_TEXT),
        period=_PERIOD,
        fault=_TEXT,
    ),
    EventType.SERVICE_TROUBLE: _object(sentence=_TEXT, part=_TEXT, since=_TIME, action=_TEXT),
    EventType.SERVICE_RECOVERED: _object(sentence=_TEXT, part=_TEXT, told_at=_TIME),
    EventType.SOURCE_REFUSED: _object(
        sentence=_TEXT,
        source=_object(id=_TEXT, title=_TEXT),
        fault=_TEXT,
        reason=_TEXT,
        snapshot=_or_null(_COUNT),
    ),
}
