"""Submitted forecasts: made before the figures, immutable, and seen by whom they are meant for."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from httpx import Response
from typer.testing import CliRunner

from services import bootstrap
from services.cli import app
from services.ingestion import submitted_forecasts as arriving
from services.usecases import put_forecaster

SEPTEMBER = {"series_id": MAGNETS, "month": "2025-09", "unit": "t"}


@pytest.fixture
def consensus(stage: Stage) -> Stage:
    """A series with a figure of July, and a consensus of every desk."""
    stage.register()
    stage.upload({"month": "2025-07", "value": 4000})
    named = stage.client.put("/v1/forecasters/consensus", json={"name": "Consensus"})
    assert named.status_code == 201, named.text
    return stage


def submit(stage: Stage, *rows: dict[str, Any], to: str = "consensus", **named: Any) -> Response:
    return stage.client.post(f"/v1/forecasters/{to}/forecasts", json={"forecasts": list(rows)}, **named)


def held(stage: Stage, to: str = "consensus", **asked: Any) -> list[dict[str, Any]]:
    answer = stage.client.get(f"/v1/forecasters/{to}/forecasts", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_later_forecast_supersedes_and_none_is_lost(consensus: Stage) -> None:
    """What stood at a moment is answered as of it; the same again stores nothing."""
    poll = {**SEPTEMBER, "point": 4900, "low": 4500, "high": 5400, "count": 12}
    first = submit(consensus, poll).json()
    assert (first["submitted"], first["claimed"], first["unchanged"]) == (1, 0, 0)
    assert submit(consensus, poll).json()["unchanged"] == 1
    before = consensus.at
    consensus.at += dt.timedelta(days=1)
    levels = {"levels": [0.1, 0.5, 0.9], "quantiles": [4000, 4400, 5000]}
    assert submit(consensus, {**SEPTEMBER, **levels}).json()["submitted"] == 1
    assert [each["expected"] for each in held(consensus)] == [4400]
    (then,) = held(consensus, as_of=before.isoformat(), series_id=MAGNETS)
    assert (then["expected"], then["low"], then["high"], then["count"]) == (4900, 4500, 5400, 12)
    both = held(consensus, superseded=True)
    assert [(each["expected"], each["superseded"]) for each in both] == [(4900, True), (4400, False)]
    assert [each["superseded"] for each in held(consensus)] == [False]
    (stood,) = held(consensus, superseded=True, as_of=before.isoformat())
    assert (stood["expected"], stood["superseded"]) == (4900, False)
    assert held(consensus, as_of=(before - dt.timedelta(days=1)).isoformat()) == []


def test_a_replay_counts_from_what_it_names_and_never_after_the_figure(consensus: Stage) -> None:
    """An admin tells a forecaster's past before its figures, marked as such; nobody else, and not after."""
    past = {**SEPTEMBER, "point": 4900, "known_from": "2025-07-01T00:00:00Z"}
    address = "/v1/forecasters/consensus/forecasts?replay=true"
    admin, writer = key(consensus, "admin"), key(consensus, "read", "write")
    consensus.client.headers.update(admin)
    assert_problem(
        consensus.client.post(address, json={"forecasts": [past]}, headers=writer), 403, "forbidden"
    )
    for expected in ((1, 0), (0, 1)):
        answer = consensus.client.post(address, json={"forecasts": [past]}).json()
        assert (answer["submitted"], answer["unchanged"], answer["claimed"]) == (*expected, 0)
    (told,) = held(consensus)
    assert (told["known_from"], told["replayed"], told["claimed_from"]) == (past["known_from"], True, None)
    assert held(consensus, as_of="2025-06-30T00:00:00Z") == []
    held_already = consensus.client.post(address, json={"forecasts": [{**past, "month": "2025-07"}]})
    (fault,) = assert_problem(held_already, 422, "upload-refused")["faults"]
    assert "is known already" in fault["reason"]
    ahead = (consensus.at + dt.timedelta(hours=1)).isoformat()
    future = consensus.client.post(address, json={"forecasts": [{**past, "known_from": ahead}]})
    assert "lies in the future" in assert_problem(future, 422, "upload-refused")["faults"][0]["reason"]


def test_a_replay_in_any_order_comes_to_the_same(consensus: Stage) -> None:
    """What stood at each of several moments of one month is answered, and the same again stores nothing."""
    consensus.client.headers.update(key(consensus, "admin"))
    said = {"2025-06-01": 110, "2025-05-01": 110, "2025-04-01": 100}
    rows = [{**SEPTEMBER, "point": point, "known_from": f"{at}T00:00:00Z"} for at, point in said.items()]
    address = "/v1/forecasters/consensus/forecasts?replay=true"
    for row in rows:
        answer = consensus.client.post(address, json={"forecasts": [row]}).json()
        assert (answer["submitted"], answer["unchanged"]) == (1, 0)
    for at, stood in (("2025-04-15", 100), ("2025-05-15", 110), ("2025-06-15", 110)):
        assert [each["expected"] for each in held(consensus, as_of=f"{at}T00:00:00Z")] == [stood]
    again = consensus.client.post(address, json={"forecasts": rows}).json()
    assert (again["submitted"], again["unchanged"]) == (0, 3)
    october = [{**row, "month": "2025-10"} for row in rows]
    assert consensus.client.post(address, json={"forecasts": october}).json()["submitted"] == 2
    assert len(held(consensus, superseded=True)) == 5


def test_every_fault_of_a_batch_is_told_and_nothing_of_it_stored(consensus: Stage) -> None:
    """A row that cannot be read and rows that cannot be meant are refused together, each with its reason."""
    ahead = (consensus.at + dt.timedelta(hours=1)).isoformat()
    faulty: list[tuple[dict[str, Any], str]] = [
        ({**SEPTEMBER, "point": "many"}, "is not a number"),
        ({**SEPTEMBER, "month": "2025-13", "point": 1}, "is not a month"),
        ({**SEPTEMBER, "series_id": "NONE", "point": 1}, "there is no series 'NONE'"),
        ({**SEPTEMBER, "unit": "kg", "point": 1}, "the unit is 'kg'"),
        ({**SEPTEMBER, "month": "2025-07", "point": 1}, "is known already"),
        ({**SEPTEMBER, "month": "2025-06..2025-07", "point": 1}, "is known already"),
        ({**SEPTEMBER, "levels": [0.1, 0.9], "quantiles": [5, 4]}, "its quantiles cross: that of 0.1 is 5"),
        ({**SEPTEMBER, "levels": [0.9, 0.1], "quantiles": [4, 5]}, "levels do not rise"),
        ({**SEPTEMBER, "levels": [0.1], "quantiles": [4]}, "one side of 0.5"),
        ({**SEPTEMBER, "low": 5, "high": 4}, "low is 5, above high"),
        ({**SEPTEMBER, "low": 5}, "give both low and high"),
        ({**SEPTEMBER, "point": 9, "low": 4, "high": 5}, "outside its own range"),
        ({**SEPTEMBER, "point": "1e999"}, "not a finite number"),
        ({**SEPTEMBER, "month": "2025-10", "point": 1, "count": 0}, "count is 0"),
        ({**SEPTEMBER, "point": 1, "known_from": ahead}, "lies in the future"),
        ({**SEPTEMBER}, "nothing is forecast in it"),
        ({**SEPTEMBER, "value": 1}, "'value' is not a key"),
    ]
    before = consensus.rows()
    good = {**SEPTEMBER, "month": "2025-11", "point": 1}
    answer = submit(consensus, *(row for row, _ in faulty), good, {**good, "point": 2})
    body = assert_problem(answer, 422, "upload-refused")
    said = {fault["row"]: fault["reason"] for fault in body["faults"]}
    for row, (_, reason) in enumerate(faulty, start=1):
        assert reason in said[row], (row, said.get(row))
    assert said[len(faulty) + 2].endswith(f"stands in row {len(faulty) + 1} already")
    assert len(said) == len(faulty) + 1
    assert consensus.rows() == before
    nan = consensus.client.post(
        "/v1/forecasters/consensus/forecasts",
        content=json.dumps([{**SEPTEMBER, "low": 1, "high": 2, "point": float("nan")}]),
        headers={"content-type": "application/json"},
    )
    assert_problem(nan, 422, "upload-refused")
    assert_problem(submit(consensus, good, to="nobody"), 404, "not-found")


def test_a_past_of_ones_own_telling_is_kept_as_claimed(consensus: Stage) -> None:
    """What is said to have been made before is shown as claimed, also of a month that is published."""
    claim = {**SEPTEMBER, "month": "2025-07", "point": 4001, "known_from": "2025-07-01T00:00:00Z"}
    assert submit(consensus, claim).json()["claimed"] == 1
    assert submit(consensus, {**SEPTEMBER, "point": 7}).json()["submitted"] == 1
    (claimed, counted) = held(consensus)
    assert claimed["claimed_from"] == "2025-07-01T00:00:00Z"
    assert claimed["known_from"] == counted["known_from"] == "2025-08-01T12:00:00Z"
    assert counted["claimed_from"] is None


def test_claims_of_one_month_sent_again_store_nothing(consensus: Stage) -> None:
    """Two claims of a month and a forecast of it are each held once, however often the file is sent."""
    claims = [
        {**SEPTEMBER, "point": 4000 + day, "known_from": f"2025-07-{day:02}T00:00:00Z"} for day in (1, 9)
    ]
    rows = [*claims, {**SEPTEMBER, "point": 4900}]
    assert submit(consensus, *rows).json()["claimed"] == 2
    before = consensus.rows()["submitted_forecasts"]
    for _ in range(2):
        again = submit(consensus, *rows).json()
        assert (again["submitted"], again["claimed"], again["unchanged"]) == (0, 0, 3)
    assert consensus.rows()["submitted_forecasts"] == before == 3


def test_a_forecaster_of_a_desk_is_seen_by_nobody_else(consensus: Stage) -> None:
    """To another desk it is as if it were not there; one of every desk is read by all and told by none."""
    metals = key(consensus, "read", "write", desk="metals")
    grains = key(consensus, "read", "write", desk="grains")
    every = key(consensus, "read", "write")
    client = consensus.client
    own = client.put("/v1/forecasters/house", json={"name": "House view"}, headers=metals)
    assert (own.status_code, own.json()["desk"]) == (201, "metals")
    row = {**SEPTEMBER, "point": 4800}
    assert submit(consensus, row, to="house", headers=metals).json()["submitted"] == 1

    def seen(headers: dict[str, str]) -> list[str]:
        items = client.get("/v1/forecasters", headers=headers).json()["items"]
        return [each["id"] for each in items]

    assert seen(metals) == seen(every) == ["consensus", "house"]
    assert seen(grains) == ["consensus"]
    address = "/v1/forecasters/house/forecasts"
    assert_problem(client.get(address, headers=grains), 404, "not-found")
    assert_problem(submit(consensus, row, to="house", headers=grains), 404, "not-found")
    taken = client.put("/v1/forecasters/house", json={"name": "Mine"}, headers=grains)
    refused = assert_problem(taken, 409, "conflict")
    assert "taken" in refused["detail"]
    assert "metals" not in taken.text
    assert "House" not in taken.text
    other = client.put("/v1/forecasters/spy", json={"name": "Spy", "desk": "grains"}, headers=metals)
    assert_problem(other, 403, "forbidden")
    assert_problem(submit(consensus, row, headers=metals), 403, "forbidden")
    renamed = client.put("/v1/forecasters/consensus", json={"name": "Ours"}, headers=metals)
    assert_problem(renamed, 403, "forbidden")
    moved = client.put("/v1/forecasters/house", json={"name": "House view"}, headers=every)
    assert_problem(moved, 409, "conflict")
    assert client.get(address, headers=metals).json()["items"][0]["expected"] == 4800


def test_a_desk_has_no_more_forecasters_than_it_may(
    consensus: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first above the bound is refused with it, of a desk and of every desk; a name can still change."""
    monkeypatch.setattr(put_forecaster, "MOST_FORECASTERS", 1)
    metals = key(consensus, "read", "write", desk="metals")

    every = key(consensus, "read", "write")

    def put(name: str, headers: dict[str, str] = every) -> Response:
        return consensus.client.put(f"/v1/forecasters/{name}", json={"name": name}, headers=headers)

    assert put("house", metals).status_code == 201
    assert put("house", metals).status_code == 200
    refused = assert_problem(put("second", metals), 409, "conflict")
    assert refused["detail"].startswith("The desk 'metals' has 1 forecasters")
    assert assert_problem(put("third"), 409, "conflict")["detail"].startswith("All desks share 1 ")
    listed = consensus.client.get("/v1/forecasters", headers=every).json()["items"]
    assert [each["id"] for each in listed] == ["consensus", "house"]


def test_a_batch_has_no_more_rows_than_it_may(consensus: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON and CSV beyond the bound are refused whole, and told to come in parts."""
    monkeypatch.setattr(arriving, "MOST_SUBMITTED", 1)
    rows = [{**SEPTEMBER, "point": 1}, {**SEPTEMBER, "month": "2025-10", "point": 1}]
    text = f"series_id,month,unit,point\n{MAGNETS},2025-09,t,1\n{MAGNETS},2025-10,t,1\n"
    before = consensus.rows()
    for answer in (
        submit(consensus, *rows),
        consensus.client.post(
            "/v1/forecasters/consensus/forecasts", content=text, headers={"content-type": "text/csv"}
        ),
    ):
        assert "more than 1 rows; send it in parts" in assert_problem(answer, 422, "upload-refused")["detail"]
    assert consensus.rows() == before


def test_a_csv_says_the_same(consensus: Stage) -> None:
    """Quantiles are columns of their own, an empty cell is none, and an unknown column is refused."""

    def post(text: str) -> Response:
        headers = {"content-type": "text/csv"}
        return consensus.client.post("/v1/forecasters/consensus/forecasts", content=text, headers=headers)

    head = "series_id,month,unit,point,q0.9,q0.1,q0.5\n"
    told = post(f"{head}{MAGNETS},2025-09,t,,5600,4300,4900\n{MAGNETS},2025-10,t,5000,,,\n")
    assert told.json()["submitted"] == 2, told.text
    september, october = held(consensus)
    assert (september["levels"], september["quantiles"]) == ([0.1, 0.5, 0.9], [4300, 4900, 5600])
    assert (october["point"], october["levels"]) == (5000, [])
    refused = assert_problem(
        post(f"series_id,month,unit,guess\n{MAGNETS},2025-12,t,1\n"), 422, "upload-refused"
    )
    assert "'guess' is not a column" in refused["detail"]


def test_submissions_and_names_are_kept_with_who_made_them(consensus: Stage) -> None:
    """The audit says who put a forecaster, and how many forecasts were submitted."""
    submit(consensus, {**SEPTEMBER, "point": 1})
    items = consensus.client.get("/v1/audit", params={"target": "consensus"}).json()["items"]
    assert {each["action"] for each in items} == {"forecaster.put", "forecasts.submitted"}
    assert {each["after"].get("submitted") for each in items} == {1, None}


def test_pages_of_forecasts_hold_each_once(consensus: Stage) -> None:
    """Two pages hold what one does, in the order of submission."""
    rows = [{**SEPTEMBER, "month": f"2026-{month:02}", "point": month} for month in range(1, 6)]
    submit(consensus, *rows)
    address = "/v1/forecasters/consensus/forecasts"
    first = consensus.client.get(address, params={"limit": 3}).json()
    rest = consensus.client.get(address, params={"limit": 3, "after": first["next"]}).json()
    assert [each["point"] for each in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert rest["next"] is None


def test_the_command_line_does_the_same(
    consensus: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A forecaster is put, listed, and a file submitted for it; a file with a fault ends in its reasons."""
    monkeypatch.setenv("DATABASE_URL", consensus.settings.database_url)
    monkeypatch.setattr(bootstrap, "engine", lambda: consensus.engine)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["forecasters", *words])

    put = run("put", "bank", "--name", "A bank", "--desk", "metals", "--json")
    assert json.loads(put.stdout) == [{"id": "bank", "name": "A bank", "desk": "metals"}], put.output
    listed = json.loads(run("list", "--json").stdout)
    assert [each["id"] for each in listed] == ["bank", "consensus"]
    file = tmp_path / "said.csv"
    file.write_text(f"series_id,month,unit,point\n{MAGNETS},2031-01,t,4900\n")
    told = run("submit", str(file), "--forecaster", "bank", "--json")
    assert json.loads(told.stdout)["submitted"] == 1, told.output
    file.write_text(f"series_id,month,unit,point\n{MAGNETS},2031-01,kg,4900\n")
    refused = run("submit", str(file), "--forecaster", "bank")
    assert refused.exit_code == 1
    assert "row 1: the unit is 'kg'" in refused.output
    assert run("submit", str(file), "--forecaster", "nobody").exit_code == 1
    moved = run("put", "bank", "--name", "A bank")
    assert "stays so" in moved.output
