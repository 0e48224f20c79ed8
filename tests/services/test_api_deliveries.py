"""What a receiver that lost something asks for, and the schemas of what it is sent, through the API."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from api_stage import Stage, assert_problem
from delivery_stage import Desk
from sqlalchemy import update

from alerts.delivery.bodies import Kind, body
from alerts.events import VERSION, EventType
from services.storage.tables import deliveries, endpoints
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint

GOLDEN = Path(__file__).parents[1] / "alerts" / "golden" / f"v{VERSION}"


@pytest.fixture
def endpoint(stage: Stage) -> str:
    """Id of an endpoint that was sent five greetings, one a minute, all delivered but the last."""
    given = {"desk": "metals", "url": "https://desk.example.com/hook"}
    made = str(stage.client.post("/v1/endpoints", json=given).json()["id"])
    for _ in range(5):
        stage.client.post(f"/v1/endpoints/{made}/ping")
        stage.at += dt.timedelta(minutes=1)
    with stage.engine.begin() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.sequence < 5)
            .values(status="delivered", attempts=1, settled_at=stage.at)
        )
        later = stage.at + dt.timedelta(hours=10)
        connection.execute(update(deliveries).where(deliveries.c.sequence == 5).values(due_at=later))
    return made


def due(stage: Stage, endpoint: str) -> list[int]:
    """Sequence numbers that a worker would send now."""
    sent = stage.client.get(f"/v1/endpoints/{endpoint}/deliveries", params={"status": "pending"}).json()
    now = stage.at.isoformat().replace("+00:00", "Z")
    return [each["sequence"] for each in sent["items"] if each["due_at"] <= now]


def test_a_gap_is_read_and_a_range_is_sent_again_under_its_ids(stage: Stage, endpoint: str) -> None:
    """Whoever has number 1 reads 2 to 5 in order; a replay of 2 to 3 makes those due, with the same ids."""
    path = f"/v1/endpoints/{endpoint}/deliveries"
    missed = stage.client.get(path, params={"after": 1}).json()["items"]
    assert [each["sequence"] for each in missed] == [2, 3, 4, 5]
    assert [each["body"]["sequence"] for each in missed] == [2, 3, 4, 5]
    stage.nudged.clear()
    answer = stage.client.post(f"/v1/endpoints/{endpoint}/replay", json={"first": 2, "last": 3})
    assert (answer.status_code, answer.json()) == (202, {"replayed": 2})
    assert stage.nudged == ["deliver_messages"]
    assert due(stage, endpoint) == [2, 3]
    again = stage.client.get(path, params={"after": 1}).json()["items"]
    assert [each["message_id"] for each in again] == [each["message_id"] for each in missed]


def test_what_was_sent_since_a_time_is_recovered(stage: Stage, endpoint: str) -> None:
    """Since the third minute are numbers 3 to 5, the one that waits for its retry among them."""
    since = (stage.at - dt.timedelta(minutes=3)).isoformat()
    replay = f"/v1/endpoints/{endpoint}/replay"
    assert stage.client.post(replay, json={"since": since}).json() == {"replayed": 3}
    assert due(stage, endpoint) == [3, 4, 5]


def test_only_what_was_not_delivered_is_recovered_on_demand(stage: Stage, endpoint: str) -> None:
    """With a status only deliveries that stand so are sent again."""
    given = {"first": 1, "status": ["exhausted", "pending"]}
    assert stage.client.post(f"/v1/endpoints/{endpoint}/replay", json=given).json() == {"replayed": 1}
    assert due(stage, endpoint) == [5]


@pytest.mark.parametrize("given", [{}, {"last": 3}, {"first": 0}, {"status": []}, {"first": 1, "upto": 2}])
def test_a_replay_of_everything_is_not_ordered_by_mistake(
    stage: Stage, endpoint: str, given: dict[str, object]
) -> None:
    """Without a beginning, or with a key that is not known, nothing is sent again."""
    answer = stage.client.post(f"/v1/endpoints/{endpoint}/replay", json=given)
    assert_problem(answer, 422, "invalid-request")
    assert due(stage, endpoint) == []


def test_a_replay_ends_the_rest_of_an_endpoint(stage: Stage, endpoint: str) -> None:
    """A desk that says it is back need not wait for the breaker to find out."""
    with stage.engine.begin() as connection:
        connection.execute(update(endpoints).values(paused_until=stage.at + dt.timedelta(minutes=5)))
    assert stage.client.get(f"/v1/endpoints/{endpoint}").json()["paused_until"] is not None
    stage.client.post(f"/v1/endpoints/{endpoint}/replay", json={"first": 5})
    assert stage.client.get(f"/v1/endpoints/{endpoint}").json()["paused_until"] is None


def test_disabling_tells_the_desks_other_endpoint_why(stage: Stage, endpoint: str) -> None:
    """A disabled endpoint shows its reason, and the desk's other endpoint is sent it."""
    other = stage.client.post(
        "/v1/endpoints", json={"desk": "metals", "url": "https://other.example.com"}
    ).json()["id"]
    shown = stage.client.post(f"/v1/endpoints/{endpoint}/disable", json={"reason": "moved"}).json()
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "moved")
    (told,) = stage.client.get(f"/v1/endpoints/{other}/deliveries").json()["items"]
    assert told["event_type"] == "endpoint.disabled"
    assert told["body"]["data"]["endpoint"] == {"id": endpoint}


def test_each_event_type_has_its_schema(stage: Stage) -> None:
    """Every type is listed with its version and the path of its schema, which names type and version."""
    listed = stage.client.get("/v1/event-types").json()["items"]
    assert [each["type"] for each in listed] == [str(each) for each in EventType]
    for each in listed:
        schema = stage.client.get(each["body_schema"]).json()
        assert schema["properties"]["type"] == {"const": each["type"]}
        assert schema["properties"]["version"] == {"const": each["version"]}
        assert schema["description"] == each["about"]
    assert_problem(
        stage.client.get("/v1/event-types/alert.opened", params={"version": VERSION + 1}), 404, "not-found"
    )


def misfits(stage: Stage, sent: dict[str, Any]) -> list[str]:
    """What breaks the schema that a CloudEvents body names, in the ``data`` that it names it for."""
    answer = stage.client.get(sent["dataschema"])
    assert answer.status_code == 200, answer.text
    return [each.message for each in jsonschema_rs.validator_for(answer.json()).iter_errors(sent["data"])]


def test_a_cloud_event_names_the_schema_of_its_data(stage: Stage, desk: Callable[..., Desk]) -> None:
    """The schema behind the address in a body that was sent is that of its data."""
    receiver = desk()
    settings = stage.settings.model_copy(update={"private_networks": (IPv4Network("127.0.0.1/32"),)})
    made, _ = add_endpoint(
        stage.engine, settings, desk="metals", url=receiver.url, kind=Kind.CLOUDEVENTS, now=stage.at
    )
    stage.client.post(f"/v1/endpoints/{made.id}/ping").raise_for_status()
    deliver_due(stage.engine, settings, clock=lambda: stage.at, draw=lambda: 0.5)
    ((_, sent),) = receiver.requests
    assert misfits(stage, json.loads(sent)) == []


@pytest.mark.parametrize("event", EventType)
def test_the_data_of_each_event_type_fits_its_schema(stage: Stage, event: EventType) -> None:
    """The promised body of each type fits as a CloudEvent; without its sentence it does not."""
    golden = json.loads((GOLDEN / f"{event}.json").read_text())
    sent = json.loads(body(Kind.CLOUDEVENTS, golden, message_id="msg_1", sequence=1))
    assert misfits(stage, sent) == []
    del sent["data"]["sentence"]
    assert misfits(stage, sent)
