"""Two at once: of two changes to one thing each is made whole, in turn, or refused with its reason."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem
from httpx import Response

MAY = {"month": "2025-05", "known_from": "2025-06-20T02:00:00Z"}
RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


@pytest.fixture(autouse=True)
def registered(stage: Stage) -> None:
    """The series that they fight for."""
    stage.register()


def at_once(calls: list[Callable[[], Response]]) -> list[Response]:
    """The answers to calls that begin together."""
    start = Barrier(len(calls))

    def made(call: Callable[[], Response]) -> Response:
        start.wait(90)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(made, calls))


def test_two_values_for_one_month_at_one_moment_leave_one(stage: Stage) -> None:
    """Of uploads that say another value for the same month and moment one is recorded, the rest refused."""
    answers = at_once([lambda value=value: stage.upload({**MAY, "value": value}) for value in range(1, 7)])
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 5
    (won,) = [at for at, answer in enumerate(answers, 1) if answer.status_code == 200]
    held = stage.client.get(f"/v1/series/{MAGNETS}/observations", params={"revisions": True}).json()["items"]
    assert [each["value"] for each in held] == [won]
    assert len(stage.client.get(f"/v1/series/{MAGNETS}/verdicts").json()["items"]) == 1


def test_two_editors_of_one_version_save_once(stage: Stage) -> None:
    """With If-Match one of six editors who read the same version saves; the others are told to read again."""
    stage.client.put("/v1/rules/low", json=RULE)
    tag = stage.client.get("/v1/rules/low").headers["etag"]

    def edit(below: int) -> Response:
        rule: dict[str, Any] = {**RULE, "condition": {"kind": "level", "below": below}}
        return stage.client.put("/v1/rules/low", json=rule, headers={"If-Match": tag})

    answers = at_once([lambda below=below: edit(below) for below in range(1, 7)])
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    (won,) = [answer for answer in answers if answer.status_code == 200]
    now = stage.client.get("/v1/rules/low")
    saved = {name: told for name, told in won.json().items() if not name.startswith("open_alerts")}
    assert (now.json(), now.headers["etag"]) == (saved, won.headers["etag"])
    assert now.json()["version"] == 2
    assert_problem(edit(9), 412, "changed-meanwhile")
    wrong = stage.client.put("/v1/rules/low", json=RULE, headers={"If-Match": "later"})
    assert_problem(wrong, 412, "changed-meanwhile")


def test_two_rotations_of_a_secret_leave_the_last_and_the_one_before(stage: Stage) -> None:
    """Each rotation of an endpoint is answered with its own secret, and none fails."""
    hook = {"desk": "metals", "url": "https://desk.example.com/hook"}
    endpoint = stage.client.post("/v1/endpoints", json=hook).json()["id"]
    answers = at_once([lambda: stage.client.post(f"/v1/endpoints/{endpoint}/rotate")] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["secret"] for answer in answers}) == 4


def test_two_rotations_of_a_key_make_valid_keys(stage: Stage) -> None:
    """Each rotation of a key gives a key that works, and the old one ends after its overlap."""
    made = stage.client.post("/v1/keys", json={"name": "root", "scopes": ["admin"]}).json()
    stage.client.headers["Authorization"] = f"Bearer {made['key']}"
    reader = stage.client.post("/v1/keys", json={"name": "desk", "scopes": ["read"]}).json()
    rotate = f"/v1/keys/{reader['id']}/rotate"
    answers = at_once([lambda: stage.client.post(rotate, params={"overlap_hours": 1})] * 4)
    assert {answer.status_code for answer in answers} == {201}
    for answer in answers:
        headers = {"Authorization": f"Bearer {answer.json()['key']}"}
        assert stage.client.get("/v1/series", headers=headers).status_code == 200
