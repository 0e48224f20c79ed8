"""Jobs through the API: one that failed can be asked for again, and one that is done is never reopened."""

from __future__ import annotations

import datetime as dt

import pytest
from api_stage import MAGNETS, Stage, assert_problem

from services.storage import jobs
from services.storage.jobs import Job
from services.usecases.order_refits import REFRESH
from services.usecases.request_forecast import TOLD_FOR
from services.work import queue
from services.work.queue import MOST_RUNS

LEASE = dt.timedelta(minutes=10)
PATH = f"/v1/series/{MAGNETS}/forecasts"


@pytest.fixture
def ordered(stage: Stage) -> int:
    """Id of the job of a model that was asked for."""
    stage.register()
    stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}, history="true")
    return int(stage.client.get(PATH, params={"model": "prophet"}).json()["id"])


def fail(stage: Stage, job_id: int) -> None:
    """Let every run of a job fail."""
    for _ in range(MOST_RUNS):
        with stage.engine.begin() as connection:
            (claimed,) = [
                each
                for each in queue.claim(connection, REFRESH, now=stage.at, lease=LEASE, limit=9)
                if each.id == job_id
            ]
            queue.retry(connection, claimed, now=stage.at, due_at=stage.at, error="no such wheel")


def held(stage: Stage, job_id: int) -> Job:
    with stage.engine.begin() as connection:
        found = jobs.by_id(connection, job_id)
    assert found is not None
    return found


def test_a_job_that_failed_for_good_is_due_again_with_fresh_runs(stage: Stage, ordered: int) -> None:
    """Asking again clears the error, nudges the worker and is logged; a waiting job stays as it is."""
    fail(stage, ordered)
    assert held(stage, ordered).status == "failed"
    stage.nudged.clear()
    again = stage.client.post(f"/v1/jobs/{ordered}/retry").json()
    assert (again["status"], again["runs"], again["error"]) == ("pending", 0, None)
    assert stage.nudged == ["refresh_forecasts"]
    assert stage.client.post(f"/v1/jobs/{ordered}/retry").json() == again
    actions = [each["action"] for each in stage.client.get("/v1/audit").json()["items"]]
    assert actions.count("job.retried") == 1
    fail(stage, ordered)
    assert held(stage, ordered).runs == MOST_RUNS
    assert_problem(stage.client.post("/v1/jobs/999/retry"), 404, "not-found")


def test_a_failed_refit_is_told_for_a_while_and_then_tried_anew(stage: Stage, ordered: int) -> None:
    """Whoever waits for a forecast is told that it failed; whoever asks later has it fitted again."""
    fail(stage, ordered)
    told = assert_problem(stage.client.get(PATH, params={"model": "prophet"}), 409, "refit-failed")
    assert f"POST /v1/jobs/{ordered}/retry" in told["detail"]
    stage.at += TOLD_FOR
    answer = stage.client.get(PATH, params={"model": "prophet"})
    assert (answer.status_code, answer.json()["id"], answer.json()["runs"]) == (202, ordered, 0)


def test_a_done_job_stays_done(stage: Stage, ordered: int) -> None:
    """Neither a person nor a worker whose lease had passed to another can reopen it."""
    with stage.engine.begin() as connection:
        first = queue.claim(connection, REFRESH, now=stage.at, lease=LEASE, limit=9)
        late = next(each for each in first if each.id == ordered)
        second = queue.claim(connection, REFRESH, now=stage.at + LEASE, lease=LEASE, limit=9)
        assert ordered in {each.id for each in second}
        queue.retry(connection, late, now=stage.at, due_at=stage.at, error="too late")
    assert held(stage, ordered).error is None
    with stage.engine.begin() as connection:
        queue.finish(connection, [ordered], now=stage.at)
        queue.retry(connection, late, now=stage.at, due_at=stage.at, error="too late")
        queue.release(connection, [late], begun=False)
    assert stage.client.post(f"/v1/jobs/{ordered}/retry").json()["status"] == "done"
    assert held(stage, ordered).error is None
