"""Every route with the key of another desk, over a stage that holds one of everything."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from api_stage import MAGNETS, Stage
from api_stage import key as key_of
from sqlalchemy import select
from test_api_examples import ENDLESS, RARE, ids, shown
from test_api_fuzz import body_of, document
from test_api_keys import OPEN

from services.storage import restrictions
from services.storage.tables import metadata

__all__ = ["ids"]

ADDED_TO = {"audit", "imports"}
"""Tables to which another desk may add what is its own."""
USED = {"api_keys", "heartbeats"}
"""Tables whose rows say when something was last there."""
OWN = ("alert_id", "delivery_id", "endpoint_id", "import_id", "key_id", "message_id", "rule_id", "silence_id")
"""Ids of what belongs to one desk, or to nobody but admins."""
OF_SERIES = ("series_id", "episode_id", "forecast_id", "job_id")
"""Ids of what can be seen only by those who see the series."""


def held(stage: Stage) -> dict[str, Counter[str]]:
    """Every row of every table as text."""
    with stage.engine.begin() as connection:
        return {
            name: Counter(str(tuple(row)) for row in connection.execute(select(table)))
            for name, table in metadata.tables.items()
            if name not in USED
        }


def operations(stage: Stage) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document(stage)["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1") and (method, path) not in ENDLESS | OPEN
    ]


def call(
    stage: Stage, ids: dict[str, str], headers: dict[str, str], each: tuple[str, str, dict[str, Any]]
) -> tuple[str, Any]:
    """What an operation is asked as it is shown, as text, and the answer."""
    method, path, operation = each
    address = re.sub(r"{(\w+)}", lambda found: ids[found[1]], path)
    parameters = {
        given["name"]: value
        for given in operation.get("parameters", [])
        if given["in"] == "query" and (value := shown(given)) is not None
    }
    body = body_of(stage, operation) if "requestBody" in operation else None
    answer = stage.client.request(method, address, params=parameters, json=body, headers=headers)
    return f"{address} {parameters} {json.dumps(body)}", answer


@pytest.fixture
def others(stage: Stage, ids: dict[str, str]) -> dict[str, str]:
    """Headers of a key of another desk that may do whatever a desk may; what examples put is there."""
    for path in ("/v1/measures/{measure_id}", "/v1/release-calendars/{calendar_id}"):
        body = body_of(stage, document(stage)["paths"][path]["put"])
        assert stage.client.put(path.format(**ids), json=body).status_code == 201
    return key_of(stage, "read", "write", "rules", "endpoints", desk="grains")


def test_another_desk_reads_and_changes_nothing_on_any_route(
    stage: Stage, ids: dict[str, str], others: dict[str, str]
) -> None:
    """Where the series too is one desk's alone, another is told no id of it all, and no row is changed."""
    with stage.engine.begin() as connection:
        restrictions.restrict(connection, [MAGNETS], source="comtrade", desk=RARE, now=stage.at)
    marks = {ids[name] for name in (*OWN, "episode_id") if len(ids[name]) > 3} | {MAGNETS, "desk.example.com"}
    before = held(stage)
    walked = operations(stage)
    assert len(walked) > 60
    told: list[tuple[Any, ...]] = []
    for each in walked:
        asked, answer = call(stage, ids, others, each)
        method, path, _ = each
        told += [(method, path, mark) for mark in marks if mark in answer.text and mark not in asked]
        named = set(re.findall(r"{(\w+)}", path))
        if named & {*OWN, *OF_SERIES}:
            refused = answer.status_code in {403, 404, 409}
            told += [] if refused else [(method, path, answer.status_code, answer.text)]
    assert told == [], "\n".join(str(each)[:400] for each in told)
    after = held(stage)
    assert {name for name in before if before[name] != after[name]} <= ADDED_TO
    assert [name for name in ADDED_TO if before[name] - after[name]] == []


def test_of_a_series_that_all_share_another_desk_reads_figures_alone(
    stage: Stage, ids: dict[str, str], others: dict[str, str]
) -> None:
    """Figures, forecasts and episodes of a shared series are read; rules and alerts on it are not."""
    marks = {ids[name] for name in OWN if len(ids[name]) > 3} | {"desk.example.com"}
    for each in operations(stage):
        method, path, _ = each
        if method != "get":
            continue
        asked, answer = call(stage, ids, others, each)
        assert [mark for mark in marks if mark in answer.text and mark not in asked] == [], path
        named = set(re.findall(r"{(\w+)}", path))
        if named & set(OWN):
            assert answer.status_code in {403, 404}, (path, answer.text)
        elif named & set(OF_SERIES):
            assert answer.status_code == 200, (path, answer.text)
