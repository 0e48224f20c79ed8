"""A source's answer that was refused: found by its id, shown to those who may see it, run by no browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_stage import Stage, assert_problem, key, served
from httpx import Client

from services.storage import snapshots, sources
from services.storage.snapshots import Snapshot
from services.web.app import create_web

PAGE = b"<html><script>document.title = 'theirs'</script>62 rows</html>"
REASON = "The last cell of all 62 rows is blank. Wait for the source to mend its page."


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, timeout=30) as client,
    ):
        yield client


def a_snapshot(
    stage: Stage, source: str = "gacc", *, body: bytes = PAGE, media: str = "text/html"
) -> Snapshot:
    """An answer that was refused, as the last fault of its source says."""
    with stage.engine.begin() as connection:
        kept = snapshots.keep(
            connection,
            source=source,
            request="GET /Statics/Apr.html",
            bears_figures=True,
            status=200,
            headers={"content-type": media},
            body=body,
            now=stage.at,
        )
        snapshots.settle(connection, kept.id, parser=1, fault="shifted-table", reason=REASON)
        sources.went_wrong(connection, source, fault="shifted-table", reason=REASON, now=stage.at)
    return kept


def test_a_refusal_names_its_answer_which_is_there_to_be_read(stage: Stage) -> None:
    """The id beside the fault leads to what was asked, why it was refused, and the very bytes."""
    kept = a_snapshot(stage)
    told = {each["name"]: each for each in stage.client.get("/v1/sources").json()["items"]}
    assert (told["gacc"]["snapshot"], told["census"]["snapshot"]) == (kept.id, None)
    meta = stage.client.get(f"/v1/sources/snapshots/{kept.id}").json()
    assert (meta["source"], meta["fault"], meta["reason"]) == ("gacc", "shifted-table", REASON)
    assert (meta["size"], meta["digest"], meta["request"]) == (
        len(PAGE),
        kept.digest,
        "GET /Statics/Apr.html",
    )
    assert stage.client.get(f"/v1/sources/snapshots/{kept.id}/body").content == PAGE
    for path in ("99", "99/body"):
        assert_problem(stage.client.get(f"/v1/sources/snapshots/{path}"), 404, "not-found")


@pytest.mark.parametrize(
    ("media", "given", "ending"),
    [
        ("text/html", "text/html", "html"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8", "json"),
        ("application/vnd.sdmx+xml", "application/vnd.sdmx+xml", "xml"),
        ("image/svg+xml", "image/svg+xml", "xml"),
        ('text/html; x="y', "application/octet-stream", "bin"),
        ("", "application/octet-stream", "bin"),
    ],
)
def test_a_body_is_a_file_that_no_browser_runs(stage: Stage, media: str, given: str, ending: str) -> None:
    """Its own type where that is plain, always as an attachment, not sniffed, and in a sandbox of nothing."""
    kept = a_snapshot(stage, media=media)
    headers = stage.client.get(f"/v1/sources/snapshots/{kept.id}/body").headers
    assert headers["content-type"] == given
    assert headers["content-disposition"] == f'attachment; filename="gacc-{kept.id}.{ending}"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_rows_that_may_not_be_passed_on_are_shown_to_their_desk(stage: Stage) -> None:
    """To another desk there is no such answer, and none beside the fault; who sees every desk sees it."""
    with stage.engine.begin() as connection:
        sources.seal_key(connection, "comtrade", sealed=b"x", desk="metals")
    kept = a_snapshot(stage, "comtrade")
    seen: dict[Any, Any] = {}
    for desk in ("metals", "grains", None):
        headers = key(stage, "read", desk=desk)
        listed = stage.client.get("/v1/sources", headers=headers).json()["items"]
        named = next(each["snapshot"] for each in listed if each["name"] == "comtrade")
        paths = (f"/v1/sources/snapshots/{kept.id}", f"/v1/sources/snapshots/{kept.id}/body")
        seen[desk] = named, *(stage.client.get(path, headers=headers).status_code for path in paths)
    assert seen == {"metals": (kept.id, 200, 200), "grains": (None, 404, 404), None: (kept.id, 200, 200)}


def test_operations_links_to_the_answer_that_was_refused(stage: Stage, pages: Client) -> None:
    """The id stands beside the refusal, and the link is a file; a page that is none says where to look."""
    kept = a_snapshot(stage)
    page = pages.get("/operations").text
    assert f'<a href="/operations/snapshots/{kept.id}" download>Snapshot {kept.id}</a>' in page
    answer = pages.get(f"/operations/snapshots/{kept.id}")
    assert (answer.content, answer.headers["x-content-type-options"]) == (PAGE, "nosniff")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert pages.get("/operations/snapshots/99").status_code == 404


def test_operations_names_the_command_that_follows(stage: Stage, pages: Client) -> None:
    """Where no series is followed the page names a command that there is."""
    page = pages.get("/operations").text
    assert "<code>tonnage sources follow</code>" in page
    assert "tonnage follow" not in page
