"""An API on a read replica: everything that only reads is answered, the rest is a problem that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from sqlalchemy import create_engine

MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}


@pytest.fixture
def replica(stage: Stage) -> Iterator[Stage]:
    """The stage with a figure and a key, and from then on behind connections that cannot write."""
    stage.register()
    stage.upload(MAY)
    stage.client.headers.update(key(stage, "admin"))
    before = stage.app.state.service
    reading = create_engine(
        stage.settings.database_url, connect_args={"options": "-c default_transaction_read_only=on"}
    )
    stage.app.state.service = replace(before, engine=reading)
    yield stage
    stage.app.state.service = before
    reading.dispose()


def test_what_only_reads_is_answered(replica: Stage) -> None:
    """Each GET of the API without an id, and those of a series, are answered by a key never used before."""
    paths = [
        path
        for path, methods in replica.app.openapi()["paths"].items()
        if "get" in methods and "{" not in path.replace("{series_id}", "") and "stream" not in path
    ]
    assert len(paths) > 25
    answered = {path: replica.client.get(path.replace("{series_id}", MAGNETS)) for path in paths}
    needs = {path: each.status_code for path, each in answered.items() if each.status_code not in {200, 422}}
    assert needs == {"/readyz": 503, "/v1/series/{series_id}/forecasts": 421}


def test_what_would_change_something_says_so(replica: Stage) -> None:
    """A fit that a GET would order and figures that are posted are refused with the way on, not a 500."""
    path = f"/v1/series/{MAGNETS}/forecasts"
    assert_problem(replica.client.get(path), 421, "read-only")
    assert_problem(replica.upload({**MAY, "month": "2025-06"}), 421, "read-only")
