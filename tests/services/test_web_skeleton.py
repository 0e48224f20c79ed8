"""The dashboard as one application with the API: what is served where, what it may load, how it says no."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from api_stage import Stage, served
from fastapi import FastAPI
from httpx import Client

from services.api.app import create_app as create_api
from services.asgi import Composed
from services.usecases.manage_keys import add_key
from services.web import statics
from services.web.app import create_web
from services.web.rendering import compile_templates


@pytest.fixture
def both(stage: Stage) -> Iterator[Client]:
    """A client of the whole application on a stage's database."""
    service = stage.app.state.service
    api: FastAPI = create_api(service)
    with served(Composed(api, create_web(service))) as address, Client(base_url=address) as client:
        yield client


def test_the_api_and_the_pages_are_one_application(both: Client) -> None:
    """The API answers under its addresses with JSON, every other address is a page."""
    assert both.get("/healthz").json() == {"status": "ok"}
    assert both.get("/v1/series").headers["content-type"] == "application/json"
    assert both.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    assert both.get("/").headers["content-type"].startswith("text/html")
    assert both.get("/v10").headers["content-type"].startswith("text/html")


def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script_of_its_text(both: Client) -> None:
    """Each page says so to the browser, and holds no script or style that this would forbid."""
    page = both.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)


def test_styles_and_scripts_are_kept_by_browsers_until_they_change(both: Client) -> None:
    """Their address holds a digest; under it they are immutable, under an old one asked for again."""
    for name in ("tonnage.css", "tonnage.js", "theme.js"):
        answer = both.get(statics.address(name))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == statics.FOREVER
        assert both.get(f"/static/old/{name}").headers["cache-control"] == "no-cache"
    assert both.get("/static/x/nothing.js").status_code == 404


def test_what_is_not_there_is_a_page_that_leads_on(both: Client) -> None:
    """An unknown address is a page with status 404 and a way back."""
    answer = both.get("/nothing-here")
    assert answer.status_code == 404
    assert "There is no such thing" in answer.text
    assert 'href="/"' in answer.text


def test_with_a_key_made_a_page_asks_for_it_and_leads_back(stage: Stage, both: Client) -> None:
    """Once there is a key nobody reads without one: the page leads to the sign-in, which leads back."""
    with stage.engine.begin() as connection:
        add_key(connection, name="desk", scopes=["read"], desk=None, expires_at=None, now=stage.at)
    answer = both.get("/episodes?as_of=2025-06-19")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fepisodes%3Fas_of%3D2025-06-19"


def test_every_template_compiles() -> None:
    """A server compiles all of its pages before it answers: none of them is left to its first visitor."""
    compile_templates()
