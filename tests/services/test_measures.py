"""Dated measures through the API: announced, then visible, and linked to what may answer to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem
from test_episodes_as_of import ID, KNOWN, before_the_fall, story
from typer.testing import CliRunner

from services.cli import app

__all__ = ["before_the_fall", "story"]

CONTROLS = {
    "title": "Export licensing, immediate (notice 18)",
    "announced": "2025-04-04",
    "effective": "2025-04-04",
    "known_from": "2025-04-04T04:00:00Z",
    "scope": {"families": ["rare-earths"]},
    "source_url": "https://example.org/notice-18",
}
SECOND = {**CONTROLS, "title": "Controls on five more", "announced": "2025-10-09", "effective": "2025-11-08",
          "known_from": "2025-10-09T04:00:00Z"}  # fmt: skip


@pytest.fixture
def announced(story: Stage) -> Stage:
    """The story, with two measures."""
    for name, measure in (("notice-18", CONTROLS), ("notice-57", SECOND)):
        answer = story.client.put(f"/v1/measures/{name}", json=measure)
        assert answer.status_code == 201, answer.text
    return story


def seen(stage: Stage, as_of: str | None = None, **query: str) -> list[dict[str, Any]]:
    moment = {} if as_of is None else {"as_of": as_of}
    items: list[dict[str, Any]] = stage.client.get("/v1/measures", params={**moment, **query}).json()["items"]
    return items


def test_a_measure_is_announced_then_visible(announced: Stage) -> None:
    """Before its day nobody knows it; until the first month is out it is not visible, with the day due."""
    assert seen(announced, "2025-04-04T03:59:59Z") == []
    (waiting,) = seen(announced, "2025-05-19T00:00:00Z")
    assert (waiting["state"], waiting["first_month"], waiting["release_day"]) == (
        "announced, not yet visible", "2025-04", "2025-05-20",
    )  # fmt: skip
    (visible,) = seen(announced, KNOWN[4])
    assert (visible["state"], visible["release_day"]) == ("visible", "2025-05-20")
    second, first = seen(announced)
    assert (second["state"], second["first_month"]) == ("announced, not yet visible", "2025-11")
    assert [each["id"] for each in seen(announced, state="visible")] == [first["id"]] == ["notice-18"]


def test_an_episode_is_linked_with_its_lag(announced: Stage) -> None:
    """The episode of April names the controls of 4 April, and the measure names the episode."""
    (found,) = announced.client.get("/v1/episodes").json()["items"]
    assert (found["measure"]["id"], found["measure"]["lag_months"]) == ("notice-18", 0)
    assert found["sentence"].endswith(
        "It may answer to a measure of the month it began: Export licensing, immediate (notice 18) "
        "(2025-04-04)."
    )
    linked = {each["id"]: each["episodes"] for each in seen(announced)}
    assert linked == {"notice-18": [{"id": ID, "lag_months": 0}], "notice-57": []}


def test_a_measure_is_described_anew_and_refused_with_reasons(announced: Stage) -> None:
    """The same id again replaces it; a scope that covers nothing and a day that is none are refused."""
    put = announced.client.put
    again = put("/v1/measures/notice-18", json={**CONTROLS, "scope": {"series": ["other"]}})
    assert again.status_code == 200
    assert [each["id"] for each in seen(announced, series_id=MAGNETS)] == ["notice-57"]
    assert_problem(put("/v1/measures/x", json={**CONTROLS, "scope": {}}), 422, "invalid-rule")
    assert_problem(
        put("/v1/measures/x", json={**CONTROLS, "effective": "2025-02-30"}), 422, "invalid-request"
    )
    assert_problem(put("/v1/measures/x", json={**CONTROLS, "day": 1}), 422, "invalid-request")


def test_the_command_loads_and_lists(story: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is loaded whole or refused whole, and each measure is told beside its series."""
    monkeypatch.setattr("services.bootstrap.engine", lambda: story.engine)
    file = tmp_path / "measures.json"

    def told(*words: str) -> tuple[int, str]:
        found = CliRunner().invoke(app, ["measures", *words])
        return found.exit_code, found.output

    for name, faulty in (("bad", {**CONTROLS, "title": ""}), ("a b", CONTROLS)):
        file.write_text(json.dumps({"notice-18": CONTROLS, name: faulty}))
        status, said = told("load", str(file))
        assert (status, name in said) == (1, True), said
    assert told("list")[1].startswith("no measure is known")
    file.write_text(json.dumps({"notice-18": CONTROLS}))
    assert told("load", str(file)) == (0, "measures loaded: 1\n")
    status, said = told("list", "--series", MAGNETS, "--as-of", "2025-05-01T00:00:00Z")
    assert "announced, not yet visible, first month 2025-04, release day 2025-05-20" in said
    assert f"{ID}, 0 months after" in told("list")[1]
    assert told("list", "--series", "none")[0] == 1
