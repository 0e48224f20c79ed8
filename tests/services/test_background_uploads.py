"""Uploads in the background: taken at once, recorded by a worker whole or not at all, and told as they go."""

from __future__ import annotations

import datetime as dt

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from upload_stage import ASYNC, MAY, bytes_of, count, job, sent, taken, worked

from services.bootstrap import RECORD_UPLOADS
from services.usecases.clean import FAILED_UPLOADS_FOR, clean
from services.usecases.order_upload import MOST_WAITING

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


def test_an_upload_is_taken_and_recorded_by_a_worker(stage: Stage) -> None:
    """202 with a job; nothing is held until a worker has recorded it; then the job holds the report."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    stage.nudged.clear()
    first = taken(sent(stage, MAY, source="GACC"))
    assert (first["kind"], first["status"], first["progress"]) == (
        "record_upload",
        "pending",
        {"done": 0, "of": 1},
    )
    assert (stage.nudged, count(stage)) == ([RECORD_UPLOADS], 0)
    assert bytes_of(stage, first["id"]) is not None
    assert worked(stage) == 1
    told = job(stage, first["id"])
    assert (told["status"], told["progress"], told["error"]) == ("done", {"done": 1, "of": 1}, None)
    assert (told["report"]["recorded"], told["report"]["alerts"]) == (1, {"opened": 1})
    assert told["report"]["figures"][0]["series_id"] == MAGNETS
    assert told["note"] == f"release {told['report']['release_id']}"
    assert (count(stage), bytes_of(stage, first["id"]), worked(stage)) == (1, None, 0)
    listed = stage.client.get("/v1/jobs").json()["items"]
    assert [each["progress"] for each in listed if each["id"] == first["id"]] == [{"done": 1, "of": 1}]


def test_the_report_is_that_of_an_upload_that_was_waited_for(stage: Stage) -> None:
    """The same figures recorded at once and in the background come to the same, but for the release."""
    figures = [{**MAY, "month": f"2025-0{month}", "value": 1000 + month} for month in range(1, 6)]
    for series_id, history in (("A", "false"), ("B", "true")):
        stage.register(series_id)
        stage.register(f"{series_id}2")
        at_once = stage.upload(
            *({**each, "series_id": series_id} for each in figures), history=history
        ).json()
        made = taken(
            sent(stage, *({**each, "series_id": f"{series_id}2"} for each in figures), history=history)
        )
        assert worked(stage) == 1
        later = job(stage, made["id"])["report"]
        for report in (at_once, later):
            del report["release_id"]
            for figure in report["figures"]:
                del figure["series_id"]
        assert later == at_once


@pytest.mark.parametrize(
    "prefer", ["Respond-Async", "wait=10, respond-async", "handling=lenient,respond-async;x=1"]
)
def test_the_preference_is_read_as_the_standard_has_it(stage: Stage, prefer: str) -> None:
    """Of any case and among others it is heard; what is not known is passed over, as RFC 7240 says."""
    stage.register()
    assert sent(stage, MAY, headers={"Prefer": prefer}).status_code == 202
    assert sent(stage, MAY, headers={"Prefer": "wait=10"}).status_code == 200


def test_what_cannot_be_read_is_refused_at_once(stage: Stage) -> None:
    """A fault of reading, a type nobody reads and too many bytes make no job."""
    stage.register()
    unread = sent(stage, {**MAY, "value": "many"})
    assert assert_problem(unread, 422, "upload-refused")["faults"][0]["row"] == 1
    other = stage.client.post(
        "/v1/observations", content=b"x", headers={**ASYNC, "content-type": "text/html"}
    )
    assert_problem(other, 415, "media-type")
    large = b"x" * (stage.settings.upload_limit_bytes + 1)
    assert_problem(
        stage.client.post("/v1/observations", content=large, headers={**ASYNC, "content-type": "text/csv"}),
        413,
        "too-large",
    )
    assert stage.rows()["uploads"] == stage.rows()["jobs"] == 0


def test_what_is_refused_fails_with_its_faults_and_changes_nothing(stage: Stage) -> None:
    """One run, then failed with the same faults by row; asked again once it is mended, it is recorded."""
    stage.register()
    rows = [MAY, {**MAY, "series_id": "NONE"}, {**MAY, "month": "2025-04", "unit": "kg"}]
    at_once = assert_problem(stage.upload(*rows), 422, "upload-refused")
    made = taken(sent(stage, *rows))
    assert (worked(stage), worked(stage)) == (1, 0)
    told = job(stage, made["id"])
    assert (told["status"], told["runs"], told["report"]) == ("failed", 1, None)
    assert (told["error"], told["faults"], told["fault_count"]) == (
        at_once["detail"],
        at_once["faults"],
        at_once["fault_count"],
    )
    assert {each["row"] for each in told["faults"]} == {2, 3}
    assert (count(stage), stage.rows()["releases"]) == (0, 0)
    assert told["progress"] == {"done": 0, "of": 3}

    lacking = taken(sent(stage, {**MAY, "series_id": "NONE"}))
    assert worked(stage) == 1
    stage.register("NONE")
    stage.nudged.clear()
    again = stage.client.post(f"/v1/jobs/{lacking['id']}/retry").json()
    assert (again["status"], stage.nudged) == ("pending", [RECORD_UPLOADS])
    assert worked(stage) == 1
    mended = job(stage, lacking["id"])
    assert (mended["status"], mended["report"]["recorded"], mended["faults"]) == ("done", 1, None)


def test_bytes_of_a_refused_upload_go_after_a_week(stage: Stage) -> None:
    """Until then it may be asked for again; afterwards the job says that it must be sent again."""
    stage.register()
    made = taken(sent(stage, {**MAY, "series_id": "NONE"}))
    assert worked(stage) == 1
    with stage.engine.begin() as connection:
        assert clean(connection, now=stage.at + FAILED_UPLOADS_FOR - dt.timedelta(seconds=1)).uploads == 0
        assert clean(connection, now=stage.at + FAILED_UPLOADS_FOR).uploads == 1
    assert bytes_of(stage, made["id"]) is None
    stage.client.post(f"/v1/jobs/{made['id']}/retry")
    assert worked(stage) == 1
    told = job(stage, made["id"])
    assert (told["status"], told["runs"]) == ("failed", 1)
    assert "send it again" in told["error"]


def test_the_same_key_is_the_same_job(stage: Stage) -> None:
    """Sent twice it is one job and one release, at once or later; with other figures it is refused."""
    stage.register()
    named = {"headers": {"Idempotency-Key": "may"}}
    made = taken(sent(stage, MAY, headers={"Idempotency-Key": "may"}))
    assert taken(sent(stage, MAY, headers={"Idempotency-Key": "may"}))["id"] == made["id"]
    other = sent(stage, {**MAY, "value": 7}, headers={"Idempotency-Key": "may"})
    assert_problem(other, 422, "idempotency-key-reused")
    assert (worked(stage), worked(stage)) == (1, 0)
    done = taken(sent(stage, MAY, headers={"Idempotency-Key": "may"}))
    assert (done["id"], done["status"]) == (made["id"], "done")
    assert stage.upload(MAY, **named).json() == done["report"]
    assert stage.rows()["releases"] == 1
    stage.upload(MAY, headers={"Idempotency-Key": "first"})
    reused = sent(stage, {**MAY, "value": 7}, headers={"Idempotency-Key": "first"})
    assert_problem(reused, 422, "idempotency-key-reused")


def test_a_key_whose_upload_was_refused_takes_it_mended(stage: Stage) -> None:
    """What failed recorded nothing, so the key is free for it: sent again it is the same job, due anew."""
    stage.register()
    named = {"Idempotency-Key": "may"}
    made = taken(sent(stage, {**MAY, "unit": "kg"}, headers=named))
    assert worked(stage) == 1
    again = taken(sent(stage, MAY, headers=named))
    assert (again["id"], again["status"], again["faults"]) == (made["id"], "pending", None)
    assert worked(stage) == 1
    assert job(stage, made["id"])["report"]["recorded"] == 1


def test_a_desk_has_so_many_that_wait(stage: Stage) -> None:
    """One more is refused, another desk's are taken, and what is done makes room."""
    stage.register()
    metals, grains = key(stage, "read", "write", desk="metals"), key(stage, "read", "write", desk="grains")
    for _ in range(MOST_WAITING):
        taken(sent(stage, MAY, headers=metals))
    assert "wait already" in assert_problem(sent(stage, MAY, headers=metals), 409, "conflict")["detail"]
    taken(sent(stage, MAY, headers=grains))
    assert worked(stage) == 1
    taken(sent(stage, MAY, headers=metals))


def test_a_desk_sees_its_own_uploads_alone(stage: Stage) -> None:
    """Neither its job nor its progress is there for another desk; an admin of every desk sees it."""
    stage.register()
    metals, grains = key(stage, "read", "write", desk="metals"), key(stage, "read", "write", desk="grains")
    admin = key(stage, "admin")
    made = taken(sent(stage, {**MAY, "series_id": "NONE"}, headers=metals))
    assert worked(stage) == 1
    address = f"/v1/jobs/{made['id']}"
    assert_problem(stage.client.get(address, headers=grains), 404, "not-found")
    assert_problem(stage.client.post(f"{address}/retry", headers=grains), 404, "not-found")
    assert stage.client.get("/v1/jobs", headers=grains).json()["items"] == []
    assert stage.client.get("/v1/jobs/progress", headers=grains).json()["items"] == []
    for seeing in (metals, admin):
        assert stage.client.get(address, headers=seeing).json()["faults"][0]["row"] == 1
        assert [each["id"] for each in stage.client.get("/v1/jobs", headers=seeing).json()["items"]] == [
            made["id"]
        ]


def test_the_audit_log_says_whose_figures_they_were(stage: Stage) -> None:
    """The order and the recording are kept with the key, its desk, its address and the request."""
    stage.register()
    metals, admin = key(stage, "write", desk="metals"), key(stage, "admin")
    taken(sent(stage, MAY, source="GACC", headers={**metals, "X-Request-ID": "r-7"}))
    assert worked(stage) == 1
    kept = stage.client.get("/v1/audit", headers=admin).json()["items"]
    recorded, ordered = kept[:2]
    assert [ordered["action"], recorded["action"]] == ["upload.ordered", "figures.recorded"]
    assert recorded["after"]["source"] == "GACC"
    for each in (ordered, recorded):
        assert (each["name"], each["desk"], each["address"]) == ("test", "metals", "127.0.0.1")
        assert each["request_id"] == "r-7"
        assert each["key_id"] == ordered["key_id"] is not None
