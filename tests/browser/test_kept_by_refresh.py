"""A page that is fetched anew in part stays as it was left, and says so where it cannot be fetched."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.usefixtures("summer")

REFRESH = """
  delete document.querySelector("#deliveries").dataset.seen;
  document.querySelector("#deliveries tbody tr").dataset.mark = "";
  document.dispatchEvent(new Event("visibilitychange"));
"""
"""The page looks again, as it does when it comes to the front; the row that is marked is replaced."""


def test_a_refresh_keeps_the_sort_and_the_focus(page: Page) -> None:
    """A table sorted by a heading stays so, and the keyboard goes on from the link that it was on."""
    page.goto("/deliveries")
    heading = page.locator("#deliveries thead button").first
    heading.click()
    ids = page.locator("#deliveries tbody tr td:first-child")
    sorted_ = ids.all_inner_texts()
    assert sorted_ == sorted(sorted_, key=int)
    link = ids.nth(2).get_by_role("link")
    link.focus()
    page.evaluate(REFRESH)
    expect(page.locator("[data-mark]")).to_have_count(0)
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Delivery")
    assert ids.all_inner_texts()[: len(sorted_)] == sorted_
    expect(link).to_be_focused()
    heading.focus()
    page.evaluate(REFRESH)
    expect(page.locator("[data-mark]")).to_have_count(0)
    expect(heading).to_be_focused()


def test_a_view_that_cannot_be_fetched_is_said(page: Page, context: BrowserContext) -> None:
    """With the network away the page is not left half transparent; with it back the next view comes."""
    page.goto("/series/CN_EXP_REPM_T")
    context.set_offline(True)
    page.get_by_role("link", name="2 years").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be fetched")
    assert page.locator("[data-view]").get_attribute("aria-busy") is None
    context.set_offline(False)
    page.get_by_role("link", name="2 years").click()
    expect(page).to_have_url(re.compile("range=2y"))
    expect(page.locator("[data-cut-off]")).to_have_count(0)


def test_a_part_that_cannot_be_asked_says_so(page: Page) -> None:
    """The workers' part does not turn for ever: it says that it failed, and can be asked again."""
    page.route("**/operations/workers", lambda route: route.abort())
    page.goto("/operations")
    part = page.locator("[data-load]")
    expect(part.get_by_role("alert")).to_contain_text("could not be asked")
    page.unroute("**/operations/workers")
    part.get_by_role("button", name="Ask again").click()
    expect(part).to_contain_text("delivery@")


def test_a_layer_is_switched_by_the_space_bar(page: Page) -> None:
    """A switch answers to it, keeps the focus, and the page does not scroll away."""
    page.goto("/series/CN_EXP_REPM_T")
    switch = page.get_by_role("switch", name="Episodes")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_the_family_is_looked_at_as_of_the_day_slid_to(page: Page) -> None:
    """The link above the picture follows the slider."""
    page.goto("/series/CN_EXP_REPM_T")
    page.get_by_label("As known on this day").fill("2025-06-19")
    expect(page).to_have_url(re.compile("as_of=2025-06-19"))
    expect(page.locator(".crumbs a").last).to_have_attribute("href", re.compile("as_of=2025-06-19"))


def test_times_name_their_zone_in_sight(page: Page) -> None:
    """Whoever reads a time need not hover to know whose it is."""
    page.goto("/deliveries")
    expect(page.locator("#deliveries time").first).to_contain_text(re.compile(r"\d\d:\d\d GMT\+8"))
