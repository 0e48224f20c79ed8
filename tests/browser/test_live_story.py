"""The story of May 2025 as a desk sees it happen, on a page that was open before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from playwright.sync_api import Page, expect

Until = Callable[[dt.date], None]


def test_the_june_alert_arrives_live_on_an_open_page(page: Page, until: Until) -> None:
    """The figure of 20 June 2025 is said on a page that stays as it was loaded, and stands in its table."""
    until(dt.date(2025, 6, 18))
    page.goto("/alerts")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    expect(page.locator("#alerts")).not_to_contain_text("1,238")
    page.evaluate("window.loadedOnce = true")
    until(dt.date(2025, 6, 20))
    toast = page.locator(".toast").filter(has_text="1,238 t in May 2025")
    expect(toast).to_contain_text("Lowest of the 37 months held")
    row = page.locator("#alerts tr").filter(has_text="rare-earth magnets")
    expect(row).to_contain_text("fell 53 % on the month to 1,238 t in May 2025")
    assert page.evaluate("window.loadedOnce") is True
    toast.get_by_role("link", name="The alert").click()
    expect(page.locator(".facts")).to_contain_text("1,238 t")
    expect(page.locator(".facts")).to_contain_text("\u221253 %")
    sent = page.locator("table").filter(has_text="alert.updated")
    expect(sent.locator("tbody tr").last).to_contain_text("delivered")


def test_the_first_page_says_what_happened_in_may(page: Page, until: Until) -> None:
    """From the first screen: magnets, 1,238 t, May 2025, down 53 %, against what, and how unlikely."""
    until(dt.date(2025, 6, 20))
    page.goto("/")
    alert = page.locator("#open-alerts li").first
    said = alert.locator(".lead")
    expect(said).to_be_in_viewport(ratio=1)
    expect(said).to_contain_text("China's exports of rare-earth magnets fell 53 % on the month to 1,238 t")
    expect(said).to_contain_text("in May 2025")
    expect(alert.locator(".low")).to_be_in_viewport(ratio=1)
    expect(alert.locator(".low")).to_contain_text("below the")
    expect(alert.locator("svg.chart")).to_be_in_viewport(ratio=1)
    expect(alert).to_contain_text("a chance of about 1 in 900")


def test_a_month_later_the_first_page_still_says_what_happened_in_may(page: Page, summer: None) -> None:
    """June has come and is what was said last; May's figure, beside what was expected, still stands out."""
    page.goto("/")
    low = page.locator("#open-alerts li").filter(has_text="rare-earth magnets").first.locator(".low")
    expect(low).to_be_in_viewport(ratio=1)
    expect(low).to_contain_text("1,238\u00a0t in May 2025")
    expect(low).to_contain_text("below the")


def test_times_are_said_in_the_viewers_zone_with_utc_on_hover(page: Page, summer: None) -> None:
    """Four in the morning in UTC is noon in Shanghai; the pointer finds the moment in UTC and the zone."""
    page.goto("/")
    time = page.locator("#open-alerts time").first
    expect(time).to_contain_text(", 12:00")
    assert (time.get_attribute("title") or "").endswith("04:00 UTC (shown in Asia/Shanghai)")


def test_an_alert_is_acknowledged_commented_and_snoozed(page: Page, summer: None) -> None:
    """Who has it, what they say and until when they want to hear nothing stand in its life."""
    page.goto("/alerts")
    page.get_by_role("link", name="China's exports of rare-earth magnets").click()
    page.get_by_label("Your name").fill("Li Wei")
    page.get_by_label("Note").fill("Calling the buyers now.")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#alert")).to_contain_text("seen by Li Wei")
    expect(page.locator(".timeline")).to_contain_text("acknowledged")
    page.get_by_label("Your name").fill("Ada Okoro")
    page.get_by_label("Note").fill("The port was closed for a week.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".timeline")).to_contain_text("The port was closed for a week.")
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator(".timeline")).to_contain_text("snoozed it until")
    page.get_by_role("button", name="Hear it again").click()
    expect(page.locator(".snooze")).to_have_count(0)
    page.get_by_role("button", name="Useful").click()
    expect(page.locator(".timeline")).to_contain_text("found it useful")
