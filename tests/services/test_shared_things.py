"""What all desks share: a key of one desk adds to it, says it again, and changes none of it."""

from __future__ import annotations

from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from test_api_races import at_once
from test_measures import CONTROLS

from alerts.release_calendars import EXAMPLE
from services.storage import restrictions

SERIES = {"name": "Magnets", "unit": "t", "family": "CN_RE", "tags": ["magnets"]}
CALENDAR = {**EXAMPLE, "scope": {"series": [MAGNETS]}}
PUTS = [
    pytest.param("/v1/series/MADE", SERIES, {"tags": []}, id="series"),
    pytest.param("/v1/measures/made", CONTROLS, {"effective": "2025-05-01"}, id="measure"),
    pytest.param("/v1/release-calendars/made", CALENDAR, {"grace_hours": 700}, id="calendar"),
]


@pytest.mark.parametrize(("path", "given", "change"), PUTS)
def test_one_desk_adds_and_changes_nothing(
    stage: Stage, path: str, given: dict[str, Any], change: dict[str, Any]
) -> None:
    """A desk's key adds (201) and says again (200); a change is 403 and leaves things as they were."""
    mine, other, free = (
        key(stage, "write", desk="metals"),
        key(stage, "write", desk="grains"),
        key(stage, "write"),
    )
    put = stage.client.put
    assert put(path, json=given, headers=mine).status_code == 201
    for again in (mine, other):
        assert put(path, json=given, headers=again).status_code == 200
    for changing in (mine, other):
        told = assert_problem(put(path, json={**given, **change}, headers=changing), 403, "forbidden")
        assert "use a key of no desk" in told["detail"]
    assert put(path, json=given, headers=other).status_code == 200  # still what it was
    assert put(path, json={**given, **change}, headers=free).status_code == 200
    assert_problem(put(path, json=given, headers=mine), 403, "forbidden")


def test_a_desk_adds_a_calendar_of_series_that_it_names(stage: Stage) -> None:
    """One that describes its series would be told to every desk: it takes a key of no desk."""
    mine, wide = key(stage, "write", desk="metals"), {**EXAMPLE, "scope": {"all": True}}
    put = stage.client.put
    told = assert_problem(put("/v1/release-calendars/made", json=wide, headers=mine), 403, "forbidden")
    assert "for series that it names" in told["detail"]
    assert put("/v1/release-calendars/made", json=CALENDAR, headers=mine).status_code == 201
    assert put("/v1/release-calendars/wide", json=wide, headers=key(stage, "write")).status_code == 201


def test_a_calendar_that_ships_is_there_already(stage: Stage) -> None:
    """A desk's key does not describe a shipped calendar anew, though none of its id is stored."""
    items = stage.client.get("/v1/release-calendars").json()["items"]
    shipped = next(each for each in items if each["id"] == "cn-customs-preliminary")
    mine = key(stage, "write", desk="metals")
    path = f"/v1/release-calendars/{shipped['id']}"
    late = {**shipped["calendar"], "grace_hours": 700}
    assert_problem(stage.client.put(path, json=late, headers=mine), 403, "forbidden")
    assert stage.client.put(path, json=shipped["calendar"], headers=mine).status_code == 200


def test_of_desks_that_add_at_once_one_does(stage: Stage) -> None:
    """Of six keys of desks that add another series under one id one adds it, the others change nothing."""
    keys = [key(stage, "write", desk=f"desk-{number}") for number in range(6)]
    calls = [
        lambda number=number, headers=headers: stage.client.put(
            f"/v1/series/{MAGNETS}", json={**SERIES, "tags": [f"tag-{number}"]}, headers=headers
        )
        for number, headers in enumerate(keys)
    ]
    answers = at_once(calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 5
    (won,) = [answer for answer in answers if answer.status_code == 201]
    shown = stage.client.get(f"/v1/series/{MAGNETS}", headers=key(stage, "read"))
    assert shown.json() == won.json()


def test_the_answer_to_a_calendar_names_no_series_of_others(stage: Stage) -> None:
    """A desk that puts a calendar is told of the series that it may see, as the list tells it."""
    stage.register()
    stage.register("HIDDEN")
    with stage.engine.begin() as connection:
        restrictions.restrict(connection, ["HIDDEN"], source="comtrade", desk="metals", now=stage.at)
    path = "/v1/release-calendars/made"
    both = {**EXAMPLE, "scope": {"series": [MAGNETS, "HIDDEN"]}}
    for desk, seen in (("grains", [MAGNETS]), ("metals", ["HIDDEN", MAGNETS])):
        answer = stage.client.put(path, json=both, headers=key(stage, "write", desk=desk))
        assert sorted(answer.json()["series"]) == sorted(seen)
