"""A release of a whole and its parts, as a desk sees it on a page that is open: one thing is said."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from services.local.stack import Stack

WHOLE, PART = "XX_EXP_TIN_T", "XX_EXP_TIN_USA_T"


def test_a_childs_alert_is_no_toast_and_stands_under_its_parents(
    page: Page, stack: Stack, summer: None
) -> None:
    """The parent's opening is said; its child's, which was left to it, is found under it once opened."""
    goods = {"unit": "t", "reporter": "XXX", "hs_code": "8001", "tags": ["exports"]}
    rule = {
        "name": "Tin is low",
        "desk": "tin",
        "severity": "critical",
        "scope": {"series": [WHOLE, PART]},
        "condition": {"kind": "level", "below": 3000},
        "inhibits": "children",
    }
    with httpx.Client(base_url=stack.api, timeout=30) as api:
        api.put(f"/v1/series/{WHOLE}", json={"name": "Tin to all", **goods}).raise_for_status()
        part = {"name": "Tin to one partner", "partner": "USA", **goods}
        api.put(f"/v1/series/{PART}", json=part).raise_for_status()
        api.put("/v1/rules/tin", json=rule).raise_for_status()
        page.goto("/")
        expect(page.locator("[data-live-state]")).to_have_text("live")
        rows = [
            {"series_id": each, "month": "2025-05", "value": value, "unit": "t"}
            for each, value in ((PART, 200), (WHOLE, 1200))
        ]
        api.post("/v1/observations", json=rows).raise_for_status()
    expect(page.locator(".toast").filter(has_text="Tin to all")).to_be_visible()
    head = page.locator("#open-alerts > ul > li").filter(has_text="Tin to all")
    expect(head).to_have_count(1)
    expect(page.locator("#open-alerts > ul > li").filter(has_text="Tin to one partner")).to_have_count(1)
    expect(page.locator(".toast").filter(has_text="Tin to one partner")).to_have_count(0)
    child = head.get_by_role("link", name="Tin to one partner")
    expect(child).to_be_hidden()
    head.get_by_text("and 1 series under it").click()
    expect(child).to_be_visible()
