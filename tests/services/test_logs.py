"""What the logs of a figure on its way say: the release it came with, everywhere, and no secret anywhere."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Iterator, MutableMapping
from ipaddress import IPv4Network
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, key, staged
from delivery_stage import Desk
from fastapi import FastAPI
from structlog.contextvars import merge_contextvars
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from services.usecases.deliver_messages import deliver_due
from services.usecases.refresh_forecasts import refresh_forecasts

RULE = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
FIGURES = [{"month": f"2025-{month:02}", "value": 5000 + 10 * month} for month in range(1, 5)]
MAY = {"month": "2025-05", "value": 1238}
IMPORT = f"series_id;month;value;unit\n{MAGNETS};2025-06;3188;t\n".encode()
BYTES = {"content-type": "application/octet-stream"}

Lines = list[MutableMapping[str, Any]]


def named(lines: Lines, event: str) -> Lines:
    """The lines of one event."""
    return [line for line in lines if line["event"] == event]


@pytest.fixture
def stage(served_app: tuple[FastAPI, str], database_url: str) -> Iterator[Stage]:
    """A client of an API that may send to this machine."""
    with staged(*served_app, database_url, private_networks=(IPv4Network("127.0.0.0/8"),)) as stage:
        yield stage


def watched(stage: Stage, url: str) -> tuple[str, str]:
    """Id and secret of an endpoint whose desk watches the registered series."""
    stage.register()
    assert stage.client.put("/v1/rules/low", json=RULE).status_code == 200
    made = stage.client.post("/v1/endpoints", json={"desk": "metals", "url": url})
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["secret"]


@pytest.fixture
def spoken() -> Iterator[Lines]:
    """Structured lines as they are written, with what is bound to their request."""
    with capture_logs(processors=[merge_contextvars, format_exc_info]) as lines:
        yield lines


def test_the_release_is_named_from_its_figures_to_its_message_and_its_fit(
    stage: Stage, desk: Callable[..., Desk], spoken: Lines
) -> None:
    """An upload and an import log their commit once each; attempts and refits name the release."""
    watched(stage, desk().url)
    stage.upload(*FIGURES, history="true")
    refresh_forecasts(stage.engine, now=stage.at, lease=dt.timedelta(minutes=10))
    spoken.clear()
    sent = {"headers": {"idempotency-key": "once"}}
    release = stage.upload(MAY, **sent).json()["release_id"]
    assert stage.upload(MAY, **sent).json()["release_id"] == release
    deliver_due(stage.engine, stage.settings, clock=lambda: stage.at)
    refresh_forecasts(stage.engine, now=stage.at, lease=dt.timedelta(minutes=10))
    assert [(line["release_id"], line["way"]) for line in named(spoken, "release committed")] == [
        (release, "upload")
    ]
    assert {line["release_id"] for line in named(spoken, "attempt")} == {release}
    assert [line["release_ids"] for line in named(spoken, "refitted")] == [[release]]
    spoken.clear()
    shown = stage.client.post(
        "/v1/imports", content=IMPORT, params={"name": "june.csv"}, headers=BYTES
    ).json()
    for _ in range(2):
        confirmed = stage.client.post(f"/v1/imports/{shown['id']}/confirm")
        assert confirmed.status_code == 200, confirmed.text
    committed = named(spoken, "release committed")
    assert [(each["release_id"], each["way"]) for each in committed] == [
        (confirmed.json()["release_id"], "import")
    ]


def test_no_secret_is_logged(
    stage: Stage, desk: Callable[..., Desk], spoken: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither key nor secret nor signature is in a line, whether a request or an attempt went well or not."""
    caplog.set_level(logging.DEBUG)
    receiver = desk(lambda number: 500 if number == 1 else 204)
    endpoint, secret = watched(stage, receiver.url)
    keys = [key(stage, "admin")["Authorization"].removeprefix("Bearer ")]
    stage.client.headers["Authorization"] = f"Bearer {keys[0]}"
    stage.upload(MAY)
    deliver_due(stage.engine, stage.settings, clock=lambda: stage.at)
    turned = stage.client.post(f"/v1/endpoints/{endpoint}/rotate")
    key_id = keys[0].split("_")[1]
    renewed = stage.client.post(f"/v1/keys/{key_id}/rotate")
    assert renewed.status_code in {200, 201}, renewed.text
    keys.append(renewed.json()["key"])
    assert stage.client.get("/v1/series", headers={"Authorization": f"Bearer {keys[1]}x"}).status_code == 401
    assert stage.client.post("/v1/endpoints", json={"secret": secret}).status_code == 422
    stage.at += dt.timedelta(minutes=30)
    deliver_due(stage.engine, stage.settings, clock=lambda: stage.at)
    assert len(receiver.requests) >= 2
    signatures = [headers["webhook-signature"] for headers, _ in receiver.requests]
    secrets = [secret, turned.json()["secret"], *keys, *(text.split("_", 2)[2] for text in keys)]
    secrets += [part.partition(",")[2] for each in signatures for part in each.split()]
    secrets += [each.get_secret_value() for each in stage.settings.secret_keys]
    said = json.dumps(list(spoken), default=repr) + caplog.text
    assert named(spoken, "attempt")
    assert not [each for each in secrets if each in said]
    assert re.search(r"whsec_[\w+/=]{8,}|v1a?,[\w+/=]{20,}", said) is None
