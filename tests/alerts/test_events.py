"""The bodies of messages stay what desks were promised: golden files, schemas, and plain JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from alert_facts import day, detection, figure, level_rule, month, step
from golden_bodies import FOLDER, bodies, following

from alerts.events import EventType, alert_event, gathered_event, numbered
from alerts.facts import (
    Band,
    Branch,
    Facts,
    Figure,
    Following,
    ForecastUsed,
    Measure,
    Outlook,
    SourceClaim,
)
from alerts.schemas import schema
from forecasting.months import Month
from forecasting.shocks.detection import Verdict
from forecasting.shocks.episodes import Status
from forecasting.shocks.interventions import Intervention, Typing
from forecasting.shocks.records import Extreme
from services.api.schemas.episodes import EXAMPLE, EpisodeShown
from services.storage.messages import Message
from services.storage.outbox import LONGEST_BODY, body_of

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


def test_a_body_says_which_figure_closed_its_alert_and_those_from_before_it_did_still_fit() -> None:
    """`alert.closed` is the month of that figure, null while it is open, and came within version 1."""
    assert BODIES["alert.resolved"]["data"]["alert"]["closed"] is not None
    assert BODIES["alert.opened"]["data"]["alert"]["closed"] is None
    body = json.loads(json.dumps(numbered(BODIES["alert.resolved"], 1)))
    del body["data"]["alert"]["closed"]
    assert list(_faults(body, schema(EventType.ALERT_RESOLVED), "$")) == []
    body["data"]["alert"]["closed"] = 3
    assert list(_faults(body, schema(EventType.ALERT_RESOLVED), "$")) != []


def test_a_figure_says_the_episode_that_it_stands_in_and_no_other() -> None:
    """What closes one still stands in it; one closed before, or followed no further, is not the figure's."""
    opened = BODIES["alert.opened"]["data"]["episode"]
    assert (opened["id"], opened["status"], opened["trough"]["period"]) == (
        "MAGNETS:2025-05:down",
        "open",
        "2025-05",
    )
    assert BODIES["alert.escalated"]["data"]["episode"]["trough"]["period"] == "2025-06"
    assert BODIES["alert.resolved"]["data"]["episode"] is None
    closing = following(Status.CLOSED, closed=month(2).last)
    assert episode_of(figure(5500.0, month(2), following=closing))["status"] == "closed"
    assert episode_of(figure(5500.0, month(3), following=closing)) is None
    assert closing.chapter is not None
    over = Following(replace(closing.chapter, followed=False))
    assert episode_of(figure(5500.0, month(2), following=over)) is None
    assert episode_of(figure(2626.0, following=Following(None))) is None


def episode_of(facts: Facts) -> Any:
    """What the body of a figure says of its episode, under a rule that any figure opens."""
    rule = level_rule(condition={"kind": "level", "below": 9000}, close_when={"kind": "level", "above": 9000})
    state, (moved,) = step(rule, None, facts)
    assert state is not None
    return alert_event(moved, rule, state, facts)["data"]["episode"]


def test_the_fields_of_an_episode_are_named_as_the_api_names_them() -> None:
    """Each field of `data.episode` stands in EpisodeShown too, one inside another, and validates as it."""
    shown = EpisodeShown.model_validate({**EXAMPLE, **_with_types(BODIES["alert.opened"]["data"]["episode"])})
    assert shown.trough.value == 2626.0
    assert shown.shortfall.to == "2025-05"
    assert shown.types.now == {"AO": 0.25, "LS": 0.25, "TC": 0.5}


def _with_types(episode: dict[str, Any]) -> dict[str, Any]:
    return {**episode, "types": {**EXAMPLE["types"], **episode["types"]}}


def test_a_body_from_before_the_episode_came_fits_the_schema_of_its_version() -> None:
    """What was kept without `data.episode` is sent again as it is; one that bends the field does not fit."""
    body = json.loads(json.dumps(numbered(BODIES["alert.opened"], 1)))
    del body["data"]["episode"]["shortfall"]["from"]
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) != []
    del body["data"]["episode"]
    assert list(_faults(body, schema(EventType.ALERT_OPENED), "$")) == []


def test_the_largest_body_of_one_alert_is_sent_whole_and_fifty_of_them_short() -> None:
    """Every field there and long: one alert fits 20 kB with its episode, and a gathering never breaks it."""
    weights = dict.fromkeys(Intervention, 0.12345678901234568)
    held = following(
        trough_value=1e9 / 3, shortfall=1e9 / 7, shortfall_lower=1e9 / 9, shortfall_upper=1e9 / 6
    )
    assert held.chapter is not None
    told = replace(held.chapter, types=Typing(weights, weights, 24))
    band = Band(1e9 / 3, 1e9 / 7, 1e9 / 0.7, Month.parse("2027-05"))
    records = tuple(
        Extreme("lowest", None, Month.parse("2015-07"), 33, 119, None, tied=False, of=of)
        for of in ("figure", "change_month", "change_year")
    )
    facts = replace(
        figure(1e9 / 3, detection=detection(Verdict.SHOCK_DOWN)),
        series_name="\u5317" * 200,
        change_month=-1 / 3,
        change_year=-1 / 7,
        previous=Figure(month(-1), 1e9 / 7),
        year_ago=Figure(month(-12), 1e9 / 9),
        records=records[:1],
        change_records=records[1:],
        source_claim=SourceClaim("\u5317" * 300, "\u5317" * 100, "https://example.com/" + "n" * 300),
        next_expected=Outlook(month(1), band, tuple(Branch(each, 1 / 3, band) for each in Intervention)),
        counterfactual=band,
        forecast=ForecastUsed("fc_123456", day(-1), "portfolio, steadied"),
        measure=Measure("\u5317" * 300, Month.parse("2025-04").first_day, "https://example.com/" + "n" * 300),
        following=Following(told),
    )
    rule = level_rule(
        name="n" * 200,
        condition={"kind": "level", "below": 4e8},
        close_when={"kind": "level", "above": 5e9},
        labels={f"label{number}": "v" * 100 for number in range(20)},
    )
    state, (moved,) = step(rule, None, facts)
    assert state is not None
    body = alert_event(moved, rule, state, facts)
    assert set(body["data"]["episode"]["types"]["now"]) == {str(kind) for kind in Intervention}
    sent = body_of(Message("metals", body, day()), 10**9)
    assert "shortened" not in json.loads(sent)["data"]
    assert len(sent) <= LONGEST_BODY
    many = body_of(Message("metals", gathered_event([body] * 50, desk="metals"), day()), 10**9)
    assert "shortened" in json.loads(many)["data"]
    assert len(many) <= LONGEST_BODY


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


def test_what_several_rules_say_alike_is_said_once_by_their_names() -> None:
    """Three alerts of one figure and one of another: two sentences, the shared one with its three rules."""
    body = BODIES["alert.opened"]

    def by(name: str, sentence: str) -> dict[str, Any]:
        alert = {**body["data"]["alert"], "rule": {**body["data"]["alert"]["rule"], "name": name}}
        return {**body, "data": {**body["data"], "alert": alert, "sentence": sentence}}

    alike = [by(name, "Magnets fell.") for name in ("Low", "Miss", "Range")]
    said = gathered_event([*alike, by("Rush", "Ores rose.")], desk="metals")["data"]["sentence"]
    assert said == "4 alerts in one release. By Low, Miss and Range: Magnets fell. Ores rose."
    two = gathered_event(alike[:2], desk="metals")["data"]["sentence"]
    assert two == "2 alerts in one release. By Low and Miss: Magnets fell."
