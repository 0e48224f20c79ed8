"""Answers that are held because they never change: to whoever may see them still, and only while newest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from api_stage import MAGNETS, NOW, Stage, assert_problem, key
from sqlalchemy import event
from starlette.responses import Response
from test_api_forecasts import MAY_KNOWN, PATH, publish, two_figures

from services.api.caching import Made
from services.storage import restrictions
from services.usecases.manage_keys import revoke_key


@pytest.fixture(autouse=True)
def figures(stage: Stage) -> None:
    """A series with two forecasts, of which the newest is asked for once and held."""
    two_figures(stage)
    assert stage.client.get(PATH).status_code == 200


def statements(stage: Stage, **given: Any) -> tuple[Any, list[str]]:
    """An answer, and what the database was asked for it beside what every request asks."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(stage.engine, "before_cursor_execute", note)
    answer = stage.client.get(PATH, **given)
    event.remove(stage.engine, "before_cursor_execute", note)
    return answer, asked


def test_a_forecast_that_was_shown_is_not_read_again(stage: Stage) -> None:
    """The same answer, headers within, without the quantiles being read; another question reads them."""
    first = stage.client.get(PATH)
    again, asked = statements(stage)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["content-type"] == first.headers["content-type"]
    assert not any("quantiles" in each for each in asked)
    fewer, asked = statements(stage, params={"horizon": 1})
    assert len(fewer.json()["steps"]) == 1
    assert any("quantiles" in each for each in asked)
    table, _ = statements(stage, headers={"Accept": "text/csv"})
    told, _ = statements(stage, headers={"Accept": "text/csv"})
    assert (told.text, told.headers["content-disposition"]) == (
        table.text,
        table.headers["content-disposition"],
    )


def test_a_new_forecast_is_shown_the_moment_it_is_published(stage: Stage) -> None:
    """What was held is not shown in its place, as an answer or by a 304; as of before it still is."""
    before = stage.client.get(PATH)
    publish(stage, MAY_KNOWN + dt.timedelta(days=1), "2025-05", 2000)
    now = stage.client.get(PATH, headers={"If-None-Match": before.headers["etag"]})
    assert (now.status_code, now.json()["steps"][0]["quantiles"]["0.5"]) == (200, 2050)
    then = stage.client.get(PATH, params={"as_of": MAY_KNOWN.isoformat()})
    assert then.content == before.content


def test_a_revoked_key_is_refused_at_once(stage: Stage) -> None:
    """On the very next request, though the answer is held, and though the caller has it."""
    mine = key(stage, "read")
    held = stage.client.get(PATH, headers=mine)
    tag = {"If-None-Match": held.headers["etag"]}
    assert stage.client.get(PATH, headers=mine | tag).status_code == 304
    with stage.engine.begin() as connection:
        revoke_key(connection, mine["Authorization"].split("_")[1], now=stage.at)
    assert_problem(stage.client.get(PATH, headers=mine), 401, "unauthorised")
    assert_problem(stage.client.get(PATH, headers=mine | tag), 401, "unauthorised")


def test_another_desk_is_shown_nothing_that_is_held(stage: Stage) -> None:
    """A series kept for one desk is none for another's key, in the words of one that is not there."""
    mine, other = key(stage, "read", desk="metals"), key(stage, "read", desk="oil")
    held = stage.client.get(PATH, headers=mine)
    assert stage.client.get(PATH, headers=other).content == held.content
    with stage.engine.begin() as connection:
        restrictions.restrict(connection, [MAGNETS], source="made", desk="metals", now=NOW)
    assert stage.client.get(PATH, headers=mine).content == held.content
    tag = {"If-None-Match": held.headers["etag"]}
    for headers in (other, other | tag):
        refused = assert_problem(stage.client.get(PATH, headers=headers), 404, "not-found")
        assert refused["detail"] == f"There is no series {MAGNETS!r}; PUT it first."


def test_what_is_held_is_bounded() -> None:
    """Beyond so many bytes the answer that was asked for longest ago is let go."""
    made = Made(most=20)
    for tag in "ab":
        made.keep(tag, Response(tag.encode() * 10, headers={"ETag": tag}))
    assert made.get("a") is not None
    made.keep("c", Response(b"c" * 10))
    held = {tag: made.get(tag) for tag in "abc"}
    assert held["b"] is None
    assert held["a"] is not None
    assert (held["a"].body, held["a"].headers["etag"]) == (b"a" * 10, "a")
    made.keep("d", Response(b"d" * 21))
    assert [made.get(tag) for tag in "abcd"] == [None] * 4
