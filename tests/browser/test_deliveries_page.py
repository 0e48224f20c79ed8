"""Endpoints and deliveries as ops uses them: added, pinged, rotated, and what was sent sent again."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from services.local.stack import Stack

pytestmark = pytest.mark.usefixtures("summer")


def test_an_endpoint_is_pinged(page: Page) -> None:
    """A ping is sent from the page, and its delivery shows there without a reload."""
    page.goto("/endpoints")
    page.locator("#endpoints").get_by_role("link").first.click()
    before = page.locator("#sent-to tbody tr").count()
    page.get_by_role("button", name="Ping").click()
    expect(page.locator("#sent-to tbody tr")).to_have_count(before + 1)
    first = page.locator("#sent-to tbody tr").first
    expect(first).to_contain_text("endpoint.ping")
    expect(first).to_contain_text("delivered")


def test_a_delivery_is_replayed(page: Page, stack: Stack) -> None:
    """Sent again it has one attempt more, the receiver's answer, and the id that the receiver knows."""
    page.goto("/deliveries?status=delivered")
    row = page.locator("#deliveries tbody tr").filter(has_text="alert.").last
    row.get_by_role("link").first.click()
    message = page.locator("dd code").inner_text()
    expect(page.locator("#delivery tbody tr")).to_have_count(1)
    expect(page.locator("#delivery tbody tr")).to_contain_text("204")
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("#delivery tbody tr")).to_have_count(2)
    expect(page.locator("#delivery .state")).to_have_text("delivered")
    messages = httpx.get(f"{stack.desk}/received").json()["messages"]
    assert {each["id"]: each["times"] for each in messages}[message] == 2


def test_a_new_endpoint_shows_its_secret_once(page: Page) -> None:
    """The secret stands on the page that made it and on no later one; rotating makes another."""
    page.goto("/endpoints")
    page.get_by_label("Desk").fill("browser")
    page.get_by_label("URL").fill("https://desk.example/hooks")
    page.get_by_role("button", name="Add the endpoint").click()
    first = page.locator("[data-secret]").inner_text()
    assert first.startswith("whsec_")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Rotate the secret").click()
    expect(page.locator("[data-secret]")).not_to_have_text(first)
    page.goto("/endpoints")
    page.get_by_role("link", name="https://desk.example/hooks").click()
    expect(page.locator("[data-secret]")).to_have_count(0)


def test_an_address_that_nothing_may_be_sent_to_is_refused_in_words(page: Page) -> None:
    """A private address is refused with the reason, what was typed stays, and nothing is made."""
    page.goto("/endpoints")
    page.get_by_label("Desk").fill("browser")
    page.get_by_label("URL").fill("http://169.254.169.254/latest")
    page.get_by_role("button", name="Add the endpoint").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("URL")).to_have_value("http://169.254.169.254/latest")
    expect(page.locator("#endpoints")).not_to_contain_text("169.254")


def test_enter_in_the_reason_disables_and_does_not_ping(page: Page) -> None:
    """What stands beside the field is what Enter presses, and it asks first."""
    page.goto("/endpoints")
    page.locator("#endpoints").get_by_role("link").first.click()
    before = page.locator("#sent-to tbody tr").count()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_label("Why it is disabled").fill("moving")
    page.get_by_label("Why it is disabled").press("Enter")
    expect(page.locator("#sent-to tbody tr")).to_have_count(before)
    assert [each.split("?")[0] for each in asked] == ["Send nothing more to it until it is enabled"]
