"""Uploads in the background on a stage: sent, recorded as by a worker, and looked at."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api_stage import Stage
from httpx import Response
from sqlalchemy import func, select

from services.storage import uploads
from services.storage.tables import observations
from services.usecases.record_uploads import uploads_due
from services.work.runner import turn

LEASE = dt.timedelta(minutes=10)
ASYNC = {"Prefer": "respond-async"}
MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}


def sent(stage: Stage, *figures: dict[str, Any], **parameters: Any) -> Response:
    """Upload figures in the background."""
    headers = {**ASYNC, **parameters.pop("headers", {})}
    return stage.upload(*figures, headers=headers, **parameters)


def taken(answer: Response) -> dict[str, Any]:
    """The job that a 202 holds."""
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["location"] == f"/v1/jobs/{body['id']}"
    return body


def worked(stage: Stage) -> int:
    """Record one upload that is due, as a worker does; how many were."""
    kind = uploads_due(stage.engine, stage.settings, clock=lambda: stage.at, lease=LEASE)
    return len(turn(stage.engine, kind, clock=lambda: stage.at).claimed)


def job(stage: Stage, job_id: int, **headers: str) -> dict[str, Any]:
    """A job as the API shows it."""
    answer = stage.client.get(f"/v1/jobs/{job_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def count(stage: Stage) -> int:
    """Count of the figures that are held."""
    with stage.engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(observations)).scalar_one()


def bytes_of(stage: Stage, job_id: int) -> bytes | None:
    """What is kept of what was sent."""
    with stage.engine.begin() as connection:
        return uploads.of_job(connection, job_id).content
