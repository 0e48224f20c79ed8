"""The bodies of messages stay what desks were promised: golden files, schemas, and plain JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from golden_bodies import FOLDER, bodies

from alerts.events import EventType, numbered
from alerts.schemas import schema
from services.storage.messages import Message
from services.storage.outbox import body_of

BODIES = bodies()


@pytest.mark.parametrize("event", [str(event) for event in EventType])
def test_each_event_type_has_a_golden_body(event: str) -> None:
    """A change of any field of any body shows as a change of a file that a person reviews."""
    golden = json.loads((FOLDER / f"{event}.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(BODIES[event], allow_nan=False)) == golden


@pytest.mark.parametrize("event", list(EventType))
def test_each_body_fits_its_schema_and_holds_no_field_beside_it(event: EventType) -> None:
    """The schema of an event type names every field of its body, with its type."""
    assert list(_faults(numbered(BODIES[str(event)], 1), schema(event), "$")) == []


@pytest.mark.parametrize("event", list(EventType))
def test_the_bytes_that_are_sent_fit_the_schema(event: EventType) -> None:
    """What an endpoint receives, byte for byte, is what the schema of its event type says."""
    message = Message("metals", BODIES[str(event)], dt.datetime(2025, 6, 20, tzinfo=dt.UTC))
    assert message.event_type == event
    assert list(_faults(json.loads(body_of(message, 3)), schema(event), "$")) == []


def test_a_body_that_lacks_or_bends_a_field_does_not_fit() -> None:
    """A missing field, a wrong type, an unknown word and a field beside the schema are each found."""
    body = json.loads(json.dumps(numbered(BODIES["alert.opened"], 1)))
    del body["data"]["value"]
    body["data"]["detection"]["verdict"] = "odd"
    body["data"]["stage"] = 3
    body["data"]["extra"] = 1
    found = set(_faults(body, schema(EventType.ALERT_OPENED), "$"))
    assert found == {"$.data.value", "$.data.detection.verdict", "$.data.stage", "$.data.extra"}


def test_a_body_from_before_a_field_came_fits_the_schema_of_its_version() -> None:
    """What was kept before `unheard.inhibited` came is sent again as it is, and is still of version 1."""
    body = json.loads(json.dumps(numbered(BODIES["alert.opened"], 1)))
    body["data"]["unheard"] = {"count": 1, "since": "2025-06-20T02:00:00Z", "events": {"opened": 1}}
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) == []
    body["data"]["unheard"]["inhibited"] = "none"
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) != []
    del body["data"]["unheard"]["since"]
    body["data"]["unheard"]["inhibited"] = 1
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) != []


def test_a_body_from_before_forecasts_of_others_came_fits_the_schema_of_its_version() -> None:
    """What was kept before `against` and `previous_revised` came is still of version 1."""
    body = json.loads(json.dumps(numbered(BODIES["alert.opened"], 1)))
    del body["data"]["against"], body["data"]["previous_revised"]
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) == []
    body["data"]["against"] = [{"forecaster": "consensus"}]
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) != []


def test_times_are_utc_and_the_version_is_told() -> None:
    """Every body names its type, its version and a moment in UTC."""
    for event, body in BODIES.items():
        assert (body["type"], body["version"]) == (event, 1)
        assert body["timestamp"].endswith("Z")
        assert body["data"]["sentence"]


TYPES = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def _faults(value: Any, rules: dict[str, Any], path: str) -> Iterator[str]:
    """Paths where a value breaks the part of JSON Schema that the schemas use, unknown fields included."""
    if "anyOf" in rules:
        tries = [list(_faults(value, each, path)) for each in rules["anyOf"]]
        yield from min(tries, key=len)
        return
    wrong = (
        ("const" in rules and value != rules["const"])
        or ("enum" in rules and value not in rules["enum"])
        or ("type" in rules and not isinstance(value, TYPES[rules["type"]]))
        or ("pattern" in rules and not re.match(rules["pattern"], str(value)))
        or ("minimum" in rules and value < rules["minimum"])
        or ("maximum" in rules and value > rules["maximum"])
    )
    if wrong:
        yield path
        return
    properties = rules.get("properties")
    if properties is not None:
        open_ended = path.endswith(("condition", "closing"))
        yield from (f"{path}.{key}" for key in rules["required"] if key not in value)
        yield from (f"{path}.{key}" for key in value if key not in properties and not open_ended)
        for key, inner in properties.items():
            if key in value:
                yield from _faults(value[key], inner, f"{path}.{key}")
    for place, each in enumerate(value if "items" in rules else ()):
        yield from _faults(each, rules["items"], f"{path}[{place}]")
