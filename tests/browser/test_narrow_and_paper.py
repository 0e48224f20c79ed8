"""The pages on a phone, in the dark and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from services.local.stack import Stack

pytestmark = pytest.mark.usefixtures("summer")

MAGNETS = "/series/CN_EXP_REPM_T"
PAGES = ("/", "/series", MAGNETS, "/families/cn-rare-earths", "/releases", "/episodes", "/track-record")
PAGES += ("/alerts?status=all", "/silences", "/rules", "/rules/new", "/deliveries", "/endpoints")
PAGES += ("/imports", "/operations", "/sign-in", "/nowhere")
READABLE = 9.0
"""Pixels on the screen that the text of a picture has at least."""


def test_no_page_scrolls_sideways_on_a_phone(chromium: Browser, stack: Stack) -> None:
    """At 390 pixels what is wider scrolls in its own box, and the words on a picture can be read."""
    context = chromium.new_context(base_url=stack.api, viewport={"width": 390, "height": 800})
    page = context.new_page()
    wide: dict[str, int] = {}
    for address in PAGES:
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide[address] = width
    assert wide == {}
    page.goto(MAGNETS)
    text = page.locator("svg.chart:not(.spark) text.axis").first
    assert (
        text.evaluate("each => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a")
        >= READABLE
    )
    context.close()


def test_a_placeholder_can_be_read_in_the_dark(chromium: Browser, stack: Stack) -> None:
    """Its contrast is 4.5 to 1 or more, in light and in dark."""
    for scheme in ("light", "dark"):
        context = chromium.new_context(base_url=stack.api, color_scheme=scheme)  # type: ignore[arg-type]  # a literal
        page = context.new_page()
        page.goto("/series")
        ink, paper = page.locator("#words").evaluate(
            "each => [getComputedStyle(each, '::placeholder').color, getComputedStyle(each).backgroundColor]"
            ".map((text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number))"
        )
        light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, scheme
        context.close()


def _luminance(colour: list[float]) -> float:
    red, green, blue = (
        each / 255 / 12.92 if each <= 10 else ((each / 255 + 0.055) / 1.055) ** 2.4 for each in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_keeps_the_keys_of_a_picture(page: Page) -> None:
    """Layers and scenarios are keyed on paper in their colours, and the lines of a family are named."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 900})
    page.goto(MAGNETS)
    assert page.locator(".layers .key").first.is_visible()
    colours = page.locator(".swatch").first.evaluate(
        "each => getComputedStyle(each).getPropertyValue('print-color-adjust')"
        " || getComputedStyle(each).getPropertyValue('-webkit-print-color-adjust')"
    )
    assert colours == "exact"
    page.goto("/families/cn-rare-earths")
    assert page.locator(".chart .line-name").first.is_visible()


def test_the_story_below_a_picture_stands_apart_from_it(page: Page) -> None:
    """What happened does not stick to the panel above it."""
    page.goto(MAGNETS)
    panel = page.locator("section.picture").bounding_box()
    heading = page.locator("#episodes").bounding_box()
    assert panel is not None
    assert heading is not None
    assert heading["y"] - (panel["y"] + panel["height"]) >= 16
