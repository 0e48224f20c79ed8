"""A file dropped on a page: shown, asked about, corrected, confirmed, and heard of."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

WHEAT = ("Exports, by product\n\nSeries;Month;Value\nWheat;May 2025;1.234\nWheat;June 2025;1.310\n").encode(
    "utf-16"
)

pytestmark = pytest.mark.usefixtures("summer")


def test_a_file_is_shown_asked_about_and_recorded(page: Page, api: httpx.Client) -> None:
    """From the list of series: what the file cannot say is asked, and what was shown is what is recorded."""
    page.goto("/series")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("File, up to").set_input_files(
        {"name": "wheat.csv", "mimeType": "text/csv", "buffer": WHEAT}
    )
    page.get_by_label("This is the past").check()
    page.get_by_role("button", name="Show what it says").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("wheat.csv")
    expect(page).to_have_url(re.compile("/imports/imp_"))
    expect(page.get_by_text("To be said before it can be recorded")).to_be_visible()
    expect(page.get_by_role("button", name="Record it")).to_have_count(0)
    page.get_by_label("Unit of the figures").fill("t")
    decimals = page.get_by_label("Decimals stand behind")
    if decimals.count():
        decimals.select_option(",")
    page.get_by_role("button", name="Show it so").click()
    expect(page.locator("table")).to_contain_text("1,234")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("What was made of each figure")).to_be_visible()
    expect(page.locator("#follows")).to_contain_text("All is done")
    assert api.get("/v1/series/Wheat").json()["unit"] == "t"


def test_a_file_that_is_too_large_is_not_even_sent(page: Page) -> None:
    """The browser says so at once, and how much may be sent."""
    page.goto("/imports")
    page.locator("[data-most]").evaluate("input => { input.dataset.most = '10'; }")
    page.get_by_label("File, up to").set_input_files(
        {"name": "wheat.csv", "mimeType": "text/csv", "buffer": WHEAT}
    )
    page.get_by_role("button", name="Show what it says").click()
    expect(page).to_have_url(re.compile("/imports$"))
    assert page.locator("[data-most]").evaluate("input => input.validity.customError")
