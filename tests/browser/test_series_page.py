"""The series page turned back to a day: what was known then stands there, and nothing that came later."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("summer")


def test_the_slider_shows_what_was_known_on_19_june(page: Page) -> None:
    """On 19 June 2025 May stood at 2,117 t; its revision, June and everything of June are nowhere."""
    page.goto("/series/CN_EXP_REPROD_T")
    content = page.locator("#content")
    expect(content).to_contain_text("3,808 t")
    expect(content).to_contain_text("2,115")
    since_epoch = (dt.date(2025, 6, 19) - dt.date(1970, 1, 1)).days
    page.locator("#as-of-slider").fill(str(since_epoch))
    expect(page).to_have_url(re.compile("as_of=2025-06-19"))
    expect(content).to_contain_text("2,117 t")
    for later in ("3,808", "2,115", "July 2025, final", "18 Jul 2025"):
        expect(content).not_to_contain_text(later)
    drawn = page.locator("svg.chart").inner_html()
    assert "3,808" not in drawn
    assert "2,115" not in drawn
    page.reload()
    expect(content).to_contain_text("2,117 t")
    expect(content).not_to_contain_text("3,808")
