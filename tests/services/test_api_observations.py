"""Figures through the API: recorded whole or refused whole, once, and point in time."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from api_stage import MAGNETS, NOW, Stage, assert_problem, key

MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T10:00:00+08:00"}


@pytest.fixture(autouse=True)
def registered(stage: Stage) -> None:
    stage.register()


def test_figure_is_recorded_judged_and_shown(stage: Stage) -> None:
    """A figure that arrives gets a row, a verdict with its reason and a refit job in one request."""
    report = stage.upload(MAY).json()
    assert (report["recorded"], report["revised"], report["unchanged"]) == (1, 0, 0)
    assert report["figures"][0]["verdict"] == "not_judged"
    assert report["figures"][0]["reason"]
    shown = stage.client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    assert [(each["month"], each["value"], each["known_from"]) for each in shown] == [
        ("2025-05", 1238.0, "2025-06-20T02:00:00Z")
    ]
    verdicts = stage.client.get(f"/v1/series/{MAGNETS}/verdicts").json()["items"]
    assert [(each["month"], each["verdict"]) for each in verdicts] == [("2025-05", "not_judged")]
    assert stage.rows()["jobs"] == 1
    assert stage.nudged == ["refresh_forecasts"]


def test_csv_says_the_same_as_json(stage: Stage) -> None:
    """A CSV upload records the figure that a JSON one would."""
    text = "series_id,month,value,unit,known_from\nCN_EXP_REPM_T,2025-05,1238,t,2025-06-20T10:00:00+08:00\n"
    answer = stage.client.post("/v1/observations", content=text, headers={"content-type": "text/csv"})
    assert answer.json()["recorded"] == 1
    assert stage.upload(MAY).json()["unchanged"] == 1


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        ({**MAY, "month": "2025-13"}, "not a month"),
        ({**MAY, "month": "0001-01"}, "month"),
        ({**MAY, "value": -5}, "negative"),
        ({"month": "2025-05"}, "value is missing"),
        ({**MAY, "unit": "kg"}, "is held in 't'"),
        ({**MAY, "valeu": 3}, "'valeu' is not a column"),
        ({**MAY, "value": 10**400}, "finite"),
        ({**MAY, "series_id": "NO_SUCH"}, "there is no series"),
        ({**MAY, "known_from": "2025-06-20"}, "time zone"),
        ({**MAY, "known_from": "0001-01-01T00:00:00+23:00"}, "known_from"),
        ({**MAY, "known_from": "2031-01-01T00:00:00Z"}, "future"),
        ({**MAY, "claim": "half a pair: \ud800"}, "claim"),
    ],
)
def test_bad_figure_is_refused_by_row_and_reason(
    stage: Stage, figure: dict[str, object], reason: str
) -> None:
    """Each bad figure is named by its row and reason, and nothing of its batch is stored."""
    before = stage.rows()
    good = {"month": "2025-04", "value": 2626, "known_from": "2025-05-20T02:00:00Z"}
    problem = assert_problem(stage.upload(good, figure), 422, "upload-refused")
    assert [fault["row"] for fault in problem["faults"]] == [2]
    assert reason in problem["faults"][0]["reason"]
    assert stage.rows() == before
    assert stage.nudged == []


def test_one_month_with_two_values_is_refused(stage: Stage) -> None:
    """A month given twice with two values in one upload is a contradiction, not a revision."""
    problem = assert_problem(stage.upload(MAY, {**MAY, "value": 5000}), 422, "upload-refused")
    assert problem["faults"][0]["row"] == 2
    assert "5000 here and 1238 in row 1" in problem["faults"][0]["reason"]
    assert stage.rows()["observations"] == 0


def test_csv_without_a_column_is_refused(stage: Stage) -> None:
    """A CSV whose header lacks a column is refused with the column's name."""
    text = "series_id,month,value\nCN_EXP_REPM_T,2025-05,1238\n"
    answer = stage.client.post("/v1/observations", content=text, headers={"content-type": "text/csv"})
    problem = assert_problem(answer, 422, "upload-refused")
    assert "unit" in problem["faults"][0]["reason"]
    assert problem["faults"][0]["row"] == 0


@pytest.mark.parametrize("declared", [True, False])
def test_fifty_megabytes_of_nonsense_are_refused(stage: Stage, declared: bool) -> None:
    """A body beyond the limit is refused, whether its length is declared or it is streamed."""
    block = b"\x93nonsense" * 6000
    content = block * 1000 if declared else (block for _ in range(1000))
    answer = stage.client.post("/v1/observations", content=content, headers={"content-type": "text/csv"})
    problem = assert_problem(answer, 413, "too-large")
    assert "200,000 bytes" in problem["detail"]
    assert stage.rows()["releases"] == 0


@pytest.mark.parametrize(
    "content", [b"\x93\x00nonsense", b"{", b"[1]", b"", b'{"observations": 3}', b"[" * 90_000]
)
def test_nonsense_within_the_limit_is_refused(stage: Stage, content: bytes) -> None:
    """What is no JSON list of figures is refused with the reason, however it is broken."""
    answer = stage.client.post(
        "/v1/observations", content=content, headers={"content-type": "application/json"}
    )
    assert_problem(answer, 422, "upload-refused")


def body(**keys: object) -> str:
    return json.dumps({"observations": [{"series_id": MAGNETS, "unit": "t", **MAY}], **keys})


def test_the_source_of_a_body_is_recorded(stage: Stage) -> None:
    """A body that names its source, as our example does, is recorded as said by it; two are refused."""
    headers = {"content-type": "application/json"}
    path = "/v1/observations"
    refused = stage.client.post(path, content=body(source="GACC"), headers=headers, params={"source": "BIS"})
    assert_problem(refused, 422, "upload-refused")
    answer = stage.client.post(path, content=body(source="GACC"), headers=headers)
    assert answer.json()["recorded"] == 1, answer.text
    shown = stage.client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    assert [each["source"] for each in shown] == ["GACC"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (body(source="GACC", history=True), "?history=true"),
        (body(observatons=[]), "did you mean 'observations'"),
        (body()[:-1] + ', "observations": []}', "'observations' stands twice"),
    ],
)
def test_a_key_that_the_body_does_not_know_is_refused(stage: Stage, content: str, reason: str) -> None:
    """An unknown, misspelt or repeated key is refused by name, and nothing is stored."""
    headers = {"content-type": "application/json"}
    problem = assert_problem(
        stage.client.post("/v1/observations", content=content, headers=headers), 422, "upload-refused"
    )
    assert reason in problem["faults"][0]["reason"]
    assert stage.rows()["observations"] == 0


def test_same_upload_again_changes_nothing(stage: Stage) -> None:
    """A figure already held is unchanged, and a repeat with its key is told the first report again."""
    sent = {"headers": {"Idempotency-Key": "june-2025"}}
    first = stage.upload(MAY, **sent).json()
    before = stage.rows()
    assert stage.upload(MAY, **sent).json() == first
    assert stage.rows() == before
    assert stage.upload(MAY).json()["unchanged"] == 1
    assert stage.rows()["observations"] == before["observations"]
    assert_problem(stage.upload({**MAY, "value": 1}, **sent), 422, "idempotency-key-reused")


def test_two_uploads_with_one_key_at_once_record_once(stage: Stage) -> None:
    """Of simultaneous uploads with one Idempotency-Key one records, and all are told the same."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stage.upload(MAY, headers={"Idempotency-Key": "race"}), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert stage.rows()["releases"] == 1
    assert stage.rows()["observations"] == 1


def test_an_idempotency_key_is_each_senders_own(stage: Stage) -> None:
    """Two API keys with the same Idempotency-Key each record; neither is told the other's report."""
    stage.register("B")
    first, second = key(stage, "write", desk="metals"), key(stage, "write", desk="grains")
    said = {"Idempotency-Key": "june-2025"}
    own = stage.upload(MAY, headers={**first, **said}).json()
    other = stage.upload({**MAY, "series_id": "B"}, headers={**second, **said})
    assert other.status_code == 200, other.text
    assert other.json()["release_id"] != own["release_id"]
    assert stage.upload(MAY, headers={**first, **said}).json() == own
    again = stage.upload({**MAY, "value": 1}, headers={**first, **said})
    assert_problem(again, 422, "idempotency-key-reused")


def test_a_revision_between_two_pages_neither_ends_nor_repeats_the_walk(stage: Stage) -> None:
    """The cursor stands for the month where it was; what is no cursor of the series is refused."""
    months = [
        {"month": f"2025-0{month}", "value": month, "known_from": f"2025-0{month + 1}-20T02:00:00Z"}
        for month in range(1, 5)
    ]
    stage.upload(*months)
    path = f"/v1/series/{MAGNETS}/observations"
    first = stage.client.get(path, params={"limit": 2}).json()
    stage.upload({"month": "2025-02", "value": 9, "known_from": "2025-07-01T02:00:00Z"})
    for asked, found in (({}, [3.0, 4.0]), ({"revisions": True}, [9.0, 3.0, 4.0])):
        rest = stage.client.get(path, params={"after": first["next"], **asked}).json()["items"]
        assert [each["value"] for each in rest] == found
    assert_problem(stage.client.get(path, params={"after": 999}), 422, "invalid-request")
    judged = f"/v1/series/{MAGNETS}/verdicts"
    newest = stage.client.get(judged, params={"limit": 2}).json()
    stage.upload({"month": "2025-05", "value": 5, "known_from": "2025-07-02T02:00:00Z"})
    older = stage.client.get(judged, params={"before": newest["next"]}).json()["items"]
    assert [each["month"] for each in older] == ["2025-03", "2025-02", "2025-01"]
    assert_problem(stage.client.get(judged, params={"before": 999}), 422, "invalid-request")


def test_revision_is_a_row_beside_the_first_print(stage: Stage) -> None:
    """Another value known later is a revision: both prints stay, the later one stands."""
    stage.upload(MAY)
    report = stage.upload({**MAY, "value": 1240, "known_from": "2025-07-18T02:00:00Z"}).json()
    assert (report["recorded"], report["revised"]) == (0, 1)
    path = f"/v1/series/{MAGNETS}/observations"
    assert [each["value"] for each in stage.client.get(path).json()["items"]] == [1240.0]
    every = stage.client.get(path, params={"revisions": True}).json()["items"]
    assert [each["value"] for each in every] == [1238.0, 1240.0]


def test_no_later_figure_shows_as_of_an_earlier_moment(stage: Stage) -> None:
    """As of a moment there is exactly what was known then: figures, verdicts and revisions alike."""
    stage.upload(
        {"month": "2025-04", "value": 2626, "known_from": "2025-05-20T02:00:00Z"},
        MAY,
        {**MAY, "value": 1240, "known_from": "2025-07-18T02:00:00Z"},
    )

    def known(path: str, as_of: str) -> list[tuple[str, float]]:
        answer = stage.client.get(f"/v1/series/{MAGNETS}/{path}", params={"as_of": as_of})
        return sorted((each["month"], each["value"]) for each in answer.json()["items"])

    for path in ("observations", "verdicts"):
        assert known(path, "2025-05-20T01:59:59Z") == []
        assert known(path, "2025-05-20T02:00:00Z") == [("2025-04", 2626.0)]
        assert known(path, "2025-06-20T10:00:00+08:00") == [("2025-04", 2626.0), ("2025-05", 1238.0)]
    assert known("observations", "2025-07-18T02:00:00Z") == [("2025-04", 2626.0), ("2025-05", 1240.0)]


def test_history_wakes_no_rule(stage: Stage) -> None:
    """The past that an installation begins with is judged but raises no alert."""
    rule = {
        "name": "Low",
        "desk": "metals",
        "scope": {"series": [MAGNETS]},
        "condition": {"kind": "level", "below": 3000},
    }
    assert stage.client.put("/v1/rules/low", json=rule).status_code == 200
    assert stage.upload(MAY, history=True).json()["alerts"] == {}
    later = {"month": "2025-06", "value": 900, "known_from": "2025-07-20T02:00:00Z"}
    assert stage.upload(later).json()["alerts"] == {"opened": 1}
    assert stage.nudged[-2:] == ["deliver_messages", "refresh_forecasts"]


def test_figure_without_a_moment_is_known_from_now(stage: Stage) -> None:
    """A figure sent without known_from is known from the moment it arrived."""
    stage.upload({"month": "2025-06", "value": 3188})
    shown = stage.client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    assert shown[0]["known_from"] == "2025-08-01T12:00:00Z"
    assert shown[0]["known_basis"] == "first_seen"
    stage.at = NOW + dt.timedelta(days=1)
    assert stage.upload({"month": "2025-06", "value": 3188}).json()["unchanged"] == 1
