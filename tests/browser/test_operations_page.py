"""The page that ops opens at 3 a.m."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("summer")


def test_operations_says_what_is_wrong_and_what_works(page: Page) -> None:
    """What is wrong stands first with what to do; workers answer with their queues; Flower is one click."""
    page.goto("/operations")
    expect(page.locator(".findings")).to_contain_text("there is no API key")
    expect(page.locator(".findings")).to_contain_text("tonnage key add")
    workers = page.locator("[data-load]")
    expect(workers).to_contain_text("delivery@")
    expect(workers).to_contain_text("forecast, ingest")
    expect(page.locator(".numbers")).to_contain_text("last sweep")
    assert (page.get_by_role("link", name="Flower").get_attribute("href") or "").startswith(
        "http://127.0.0.1"
    )


def test_tables_are_downloaded_as_csv(page: Page) -> None:
    """Each list of these pages is a file with a heading and a row for each that is shown."""
    for address, heading in (
        ("/alerts?status=all", "alert,status,severity"),
        ("/rules", "rule,version,name"),
        ("/deliveries", "delivery,message,endpoint"),
        ("/endpoints", "endpoint,desk,url"),
        ("/operations", "job,kind,key"),
    ):
        page.goto(address)
        with page.expect_download() as waiting:
            page.locator("a.export").first.click()
        lines = waiting.value.path().read_text().splitlines()
        assert lines[0].startswith(heading), address
        assert len(lines) > 1, address


def test_a_table_without_a_file_is_saved_as_it_stands(page: Page) -> None:
    """The attempts of a delivery, with their times in UTC and their milliseconds as numbers."""
    page.goto("/deliveries/1")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Delivery 1, as CSV").click()
    heading, first = waiting.value.path().read_text().splitlines()[:2]
    assert heading == "Attempt,Began,Took,Answer,What followed"
    number, began, took, answer, _ = first.split(",", 4)
    assert (number, answer) == ("1", "204")
    assert began.endswith("Z")
    assert float(took) >= 0
