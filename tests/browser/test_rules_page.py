"""The rule builder as a desk uses it: read aloud while it is typed, rehearsed, saved, and heard of."""

from __future__ import annotations

import re
from itertools import pairwise

import httpx
import pytest
from playwright.sync_api import Page, expect

MAGNETS = "CN_EXP_REPM_T"

pytestmark = pytest.mark.usefixtures("summer")


def test_a_rule_is_read_aloud_as_it_is_typed(page: Page) -> None:
    """What is typed is said in words; what is not yet a rule is said with what would be one."""
    page.goto("/rules/new")
    reading = page.locator("#reading")
    expect(reading).to_contain_text("Name of the rule: a text is needed")
    page.get_by_label("Name of the rule").fill("Magnets, low")
    page.get_by_label("Desk").fill("magnets")
    page.get_by_role("checkbox", name=re.compile("rare-earth magnets")).check()
    expect(reading).to_contain_text("Warning to magnets on a downward shock")
    page.get_by_label("Severity").first.select_option("critical")
    expect(reading).to_contain_text("Critical to magnets")
    page.get_by_label("What").first.select_option("level")
    page.get_by_label("number").first.fill("2,500")
    expect(reading).to_contain_text("below 2,500")
    page.get_by_label("number").first.fill("few")
    expect(reading).to_contain_text("Opens when: Level, in the unit of the series")
    expect(reading).to_contain_text("a number is needed")


def test_enter_in_a_field_reads_the_rule_and_changes_nothing(page: Page) -> None:
    """Pressed twice in the name, it leaves every condition as it stood."""
    page.goto(f"/rules/new?on={MAGNETS}")
    page.get_by_label("Desk").fill("magnets")
    name = page.get_by_label("Name of the rule")
    name.fill("Magnets")
    conditions = page.locator("#builder .clause").count()
    for _ in range(2):
        name.press("Enter")
        expect(page.locator("#reading")).to_contain_text("on a downward shock")
        expect(page.locator("#builder .clause")).to_have_count(conditions)
        expect(name).to_have_value("Magnets")


def test_a_rule_is_built_rehearsed_saved_and_fires(page: Page, api: httpx.Client) -> None:
    """A record low since 2016 is found on the past before anything is saved; saved, the rule fires."""
    page.goto(f"/rules/new?on={MAGNETS}")
    page.get_by_label("Name of the rule").fill("Magnets below 6,000 t")
    page.get_by_label("Desk").fill("magnets")
    page.get_by_label("What").first.select_option("level")
    page.get_by_label("number").first.fill("6,000")
    page.get_by_label("that no longer holds").check()
    page.get_by_label("From", exact=True).fill("2018-01")
    page.get_by_label("Alerts a year you accept").fill("4")
    page.get_by_role("button", name="Rehearse").click()
    rehearsal = page.locator("#rehearsal")
    expect(rehearsal.locator(".sentence")).to_contain_text("Accept: ")
    assert rehearsal.locator("svg .bar").count() == rehearsal.locator("tbody tr").count() > 0
    assert api.get("/v1/rules").json()["items"] == [
        each for each in api.get("/v1/rules").json()["items"] if each["name"] != "Magnets below 6,000 t"
    ]
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Magnets below 6,000 t")
    expect(page.locator("table").filter(has_text="It said")).to_contain_text("below 6,000")
    known = {"month": "2025-07", "value": 5577, "known_from": "2025-08-20T04:00:00Z", "unit": "t"}
    answer = api.post("/v1/observations", json=[{"series_id": MAGNETS, **known}])
    assert answer.status_code == 200, answer.text
    page.goto("/alerts")
    expect(page.locator("#alerts tr").filter(has_text="Magnets below 6,000 t")).to_contain_text("5,577 t")


@pytest.mark.parametrize("width", [1400, 390])
def test_months_stand_where_they_are_below_a_rehearsal(page: Page, width: int) -> None:
    """Each name stands at its own month's line, no two meet, and the longest choice is shown whole."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/rules/magnet-shock")
    page.get_by_label("From", exact=True).fill("2016-06")
    page.get_by_label("To", exact=True).fill("2025-05")
    choice = page.locator("select[name=mode]")
    assert choice.evaluate(
        "each => { const whole = each.cloneNode(true); whole.style.width = 'max-content';"
        " whole.style.position = 'absolute'; document.body.append(whole); const width = whole.offsetWidth;"
        " whole.remove(); return width <= each.offsetWidth; }"
    )
    page.get_by_role("button", name="Rehearse").click()
    page.locator("#rehearsal .lanes").wait_for()
    lane = page.locator(".lane svg").first.bounding_box()
    assert lane is not None
    named = [
        (each.text_content(), each.bounding_box(), mark.evaluate("each => each.getBoundingClientRect().left"))
        for each, mark in zip(
            page.locator(".lanes .months text").all(), page.locator(".lanes .months line").all(), strict=True
        )
        if each.is_visible()
    ]
    assert len(named) > 3
    for year, _, left in named:
        months = 12 * int(year or 0) - (12 * 2016 + 5)
        assert left == pytest.approx(lane["x"] + lane["width"] * months / 108, abs=1)
    boxes = [box for _, box, _ in named if box is not None]
    assert all(one["x"] + one["width"] + 4 <= other["x"] for one, other in pairwise(boxes))
    assert boxes[-1]["x"] + boxes[-1]["width"] <= lane["x"] + lane["width"] + 1
    assert min(box["height"] for box in boxes) >= 9


def test_a_saved_rule_gets_another_version(page: Page) -> None:
    """Saving again makes the next version; the one before can still be read."""
    page.goto("/rules/products-low")
    expect(page.locator("table").filter(has_text="It said").locator("tbody tr")).to_have_count(1)
    page.get_by_label("figures in a row").first.fill("2")
    expect(page.locator("#reading")).to_contain_text("for 2 figures in a row")
    page.get_by_role("button", name="Save the next version").click()
    expect(page.locator("table").filter(has_text="It said").locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.locator("#reading")).not_to_contain_text("for 2 figures in a row")
