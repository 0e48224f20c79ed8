"""The pages on a phone, in the dark and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from playwright.sync_api import Browser, Page, expect

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


@pytest.fixture
def phone(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """A page on a screen of 390 pixels."""
    context = chromium.new_context(base_url=stack.api, viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def test_the_menu_takes_one_line_of_a_phone(phone: Page) -> None:
    """It is at most 56 pixels high, shows the page that one is on, and Tab reaches every other."""
    for address in ("/", "/operations"):
        phone.goto(address)
        assert phone.locator("header.top").evaluate("each => each.offsetHeight") <= 56
        expect(phone.locator("header.top .live")).to_have_text("live")  # it takes its place from the menu
        slid_to(phone, "nav.main [aria-current]")
    phone.goto("/")
    links = phone.locator("nav.main a")
    links.first.focus()
    for place in range(links.count()):
        assert phone.evaluate("document.activeElement.textContent") == links.nth(place).text_content()
        slid_to(phone, "nav.main a:focus")
        phone.keyboard.press("Tab")


def slid_to(page: Page, selector: str) -> None:
    """Wait until an element lies whole in the menu's bar."""
    page.wait_for_function(
        "selector => { const each = document.querySelector(selector);"
        " const [own, bar] = [each, each.parentElement].map((one) => one.getBoundingClientRect());"
        " return own.left >= bar.left - 1 && own.right <= bar.right + 1; }",
        arg=selector,
        timeout=5_000,
    )


@pytest.mark.parametrize("address", ["/alerts?status=all", "/rules"])
def test_a_sentence_is_read_on_a_phone_without_sliding(phone: Page, address: str) -> None:
    """A row of its table is stacked, the sentence ends inside it, and each fact below says what it is."""
    phone.goto(address)
    table = phone.locator("table.stacked")
    assert table.locator("..").evaluate("each => each.scrollWidth <= each.clientWidth")
    for said in table.locator("td.say").all():
        box = said.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    facts = table.locator("tbody tr").first.locator("td[data-label]")
    assert facts.count() > 3
    label = "each => getComputedStyle(each, '::before').content"
    assert all(each.evaluate(label).strip('"').endswith(": ") for each in facts.all())


@pytest.mark.parametrize("width", [390, 560, 680, 800])
@pytest.mark.parametrize("address", ["/families/cn-rare-earths", "/track-record"])
def test_pictures_of_lines_are_read_on_a_phone(phone: Page, address: str, width: int) -> None:
    """They fit the screen whole, their words are as large as can be read, and no two of an axis meet."""
    phone.set_viewport_size({"width": width, "height": 800})
    phone.goto(address)
    shown = [each for each in phone.locator("svg.chart:not(.spark)").all() if each.is_visible()]
    assert len(shown) == 2
    for chart in shown:
        box = chart.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        words = chart.locator("text.axis").evaluate_all(
            "all => all.map((each) => ({"
            " size: parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a,"
            " over: each.classList.contains('over'), ...each.getBoundingClientRect().toJSON() }))"
        )
        assert len(words) > 4
        assert all(each["size"] >= READABLE for each in words)
        named = [each for each in words if not each["over"]]
        assert not [(one, other) for one, other in combinations(named, 2) if meet(one, other)]


def meet(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two boxes overlap."""
    return all(one[low] < other[high] and other[low] < one[high] for low, high in SIDES)


SIDES = (("left", "right"), ("top", "bottom"))


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
