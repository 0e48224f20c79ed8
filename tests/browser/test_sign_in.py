"""Signing in, and what a key that may only read sees; from the first key on, nobody enters without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import Engine, create_engine

from services.local.stack import Stack
from services.usecases.manage_keys import add_key, revoke_key

pytestmark = pytest.mark.usefixtures("summer")


@pytest.fixture
def engine(stack: Stack) -> Iterator[Engine]:
    engine = create_engine(stack.database_url)
    yield engine
    engine.dispose()


def made(engine: Engine, *scopes: str, desk: str | None = None) -> tuple[str, str]:
    """Id and text of a new key."""
    with engine.begin() as connection:
        now = dt.datetime.now(dt.UTC)
        key, text = add_key(connection, name=f"key of {desk}", scopes=scopes, desk=desk, now=now)
    return key.id, text


def sign_in(page: Page, key: str, to: str = "/alerts?status=all") -> None:
    page.goto(to)
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_a_page_asks_for_a_key_and_leads_back(page: Page, engine: Engine, context: BrowserContext) -> None:
    """A wrong key is refused in words; a right one leads to the page that was asked for, until signed out."""
    _, key = made(engine, "admin")
    sign_in(page, "tonnage_wrong_key")
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{page.url.split('/alerts')[0]}/alerts?status=all")
    cookie = next(each for each in context.cookies() if "session" in each["name"])
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert key not in cookie["value"]
    page.get_by_role("button", name="Sign out").click()
    page.goto("/rules")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_bar_at_the_top_is_one_line_from_1200_pixels_on(page: Page, engine: Engine) -> None:
    """Signed in under a long name: every page is named whole, beside the key, the switch and the way out."""
    _, key = made(engine, "read", desk="the strategic metals of the northern hemisphere")
    sign_in(page, key)
    expect(page.locator("header.top .live")).to_be_visible()
    for width in (1200, 1280, 1359, 1360, 1440, 1519, 1520):
        page.set_viewport_size({"width": width, "height": 800})
        bar = page.locator("header.top")
        assert bar.evaluate("each => each.offsetHeight") <= 56, width
        room, needed = page.locator("nav.main").evaluate("each => [each.clientWidth, each.scrollWidth]")
        assert needed <= room, width
        assert bar.evaluate("each => each.scrollWidth <= each.clientWidth"), width
        expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)


def test_a_reader_sees_no_button_and_is_refused(page: Page, engine: Engine, stack: Stack) -> None:
    """Of one desk, with read alone: nothing to press, and what is sent all the same is refused."""
    _, key = made(engine, "read", desk="magnets")
    sign_in(page, key)
    page.locator("#alerts .say").get_by_role("link").first.click()
    expect(page.get_by_role("button", name="Comment")).to_have_count(0)
    alert = page.url
    token = page.locator("meta[name=csrf]").get_attribute("content") or ""
    answer = page.request.post(
        f"{alert}/comment",
        form={"by": "me", "text": "hi", "csrf": token},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status == 403
    assert "lacks the scope" in answer.text()
    page.goto("/endpoints")
    expect(page.get_by_role("button", name="Add the endpoint")).to_have_count(0)
    page.goto("/rules/new")
    expect(page.get_by_role("button", name="Save the rule")).to_have_count(0)
    expect(page.get_by_role("button", name="Rehearse")).to_be_visible()


def test_another_desk_is_as_if_it_were_not_there(page: Page, engine: Engine) -> None:
    """A key of another desk sees none of the magnets' alerts, by list or by address."""
    _, key = made(engine, "read", "rules", desk="grains")
    _, admin = made(engine, "admin")
    sign_in(page, key)
    expect(page.locator("#alerts")).to_contain_text("None stands so")
    with httpx.Client(headers={"Authorization": f"Bearer {admin}"}) as client:
        alert = client.get(f"{page.url.split('/alerts')[0]}/v1/alerts").json()["items"][0]["id"]
    page.goto(f"/alerts/{alert}")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such thing")


def test_a_revoked_key_ends_its_session(page: Page, engine: Engine) -> None:
    """The next page asks for another key."""
    key_id, key = made(engine, "read")
    sign_in(page, key)
    expect(page.locator("[data-live-state]")).to_have_text("live")
    with engine.begin() as connection:
        revoke_key(connection, key_id, now=dt.datetime.now(dt.UTC))
    page.goto("/rules")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_form_of_another_site_changes_nothing(page: Page, engine: Engine) -> None:
    """Without the session's token, or from another origin, a change is refused although the cookie came."""
    _, key = made(engine, "admin")
    sign_in(page, key)
    page.locator("#alerts .say").get_by_role("link").first.click()
    said = {"by": "me", "text": "forged"}
    token = page.locator("meta[name=csrf]").get_attribute("content") or ""
    own, other = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
    assert page.request.post(f"{page.url}/comment", form=said, headers=own).status == 403
    forged = page.request.post(f"{page.url}/comment", form={**said, "csrf": token}, headers=other)
    assert forged.status == 403
    page.reload()
    expect(page.locator(".timeline")).not_to_contain_text("forged")
