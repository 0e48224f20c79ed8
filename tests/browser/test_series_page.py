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


def test_the_outlook_after_a_shock_is_that_of_its_alert(page: Page) -> None:
    """On 20 June 2025 the page says beside its published forecast what the desk was told of June."""
    page.goto("/series/CN_EXP_REPM_T?as_of=2025-06-20")
    outlook = page.locator(".facts > div").filter(has_text="Outlook given the shock, June 2025")
    expect(outlook.locator("dd")).to_contain_text(re.compile(r"^1,600.t80 %: 900 to 4,300.t"))
    expect(page.locator(".facts > div").filter(has_text="Published forecast for June 2025")).to_be_visible()


def test_magnets_as_of_a_day_name_no_later_figure(page: Page) -> None:
    """Derived figures are shown as of 2024 without the printed ones of 2025 that they were derived from."""
    page.goto("/series/CN_EXP_REPM_T?as_of=2024-12-31")
    shown = page.content()
    for later in ("1238", "1,238", "3188", "3,188"):
        assert later not in shown


def test_the_picture_and_its_figures_are_downloaded_and_the_view_is_shared(page: Page) -> None:
    """CSV and PNG of what is shown, and a link whose reader sees this day, span and layers."""
    page.goto("/series/CN_EXP_REPM_T?as_of=2025-06-20&range=2y&hide=scenarios")
    tools = page.locator(".downloads")
    with page.expect_download() as waiting:
        tools.get_by_role("link", name="CSV").click()
    assert waiting.value.suggested_filename == "CN_EXP_REPM_T-as-of-2025-06-20.csv"
    text = waiting.value.path().read_text(encoding="utf-8")
    assert "2025-05,figure,1238.0" in text
    assert "2025-06,forecast" in text
    assert "2025-06,figure" not in text
    with page.expect_download() as waiting:
        tools.get_by_role("button", name="PNG").click()
    assert waiting.value.suggested_filename == "CN_EXP_REPM_T.png"
    assert waiting.value.path().read_bytes().startswith(b"\x89PNG")
    tools.get_by_role("button", name="Copy link").click()
    expect(tools.get_by_role("button").last).to_have_text(re.compile("Copied|address bar"))
    shared = tools.locator("[data-copy]").get_attribute("data-copy") or ""
    for part in ("as_of=2025-06-20", "range=2y", "hide=scenarios"):
        assert part in shared


def test_a_picture_that_is_taken_along_says_what_its_flags_mean(page: Page) -> None:
    """Below the PNG stands each measure that is flagged, with its number, inside the picture."""
    page.add_init_script(
        "window.written = []; const own = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (words, x, y, ...more) {"
        " window.written.push([words, 2 * y, this.canvas.height]);"
        " return own.call(this, words, x, y, ...more); }"
    )
    heights = []
    for hidden in ("", "&hide=measures"):
        page.goto(f"/series/CN_EXP_REPM_T?range=5y{hidden}")
        with page.expect_download() as waiting:
            page.locator(".downloads").get_by_role("button", name="PNG").click()
        heights.append(int.from_bytes(waiting.value.path().read_bytes()[20:24], "big"))
        written = page.evaluate("window.written")
        assert all(0 < y < height for _, y, height in written)
        said = " ".join(" ".join(words for words, _, _ in written).split())
        measures = page.locator("ol.measures li").all() if not hidden else []
        for number, each in enumerate(measures, start=1):
            assert f"{number} {each.get_by_role('link').text_content()}" in said
    assert heights[0] >= heights[1] + 2 * 20 * page.locator("ol.measures li").count() > 0


def test_a_series_on_paper_shows_what_is_said_and_nothing_that_is_pressed(page: Page) -> None:
    """Printed: title, figures, and the picture with its key in light colours; no navigation or button."""
    page.goto("/series/CN_EXP_REPM_T")
    page.emulate_media(media="print", color_scheme="dark")
    for kept in ("h1", ".facts.headline", "svg.chart", ".layers", "table"):
        expect(page.locator(kept).first).to_be_visible()
    for pressed in ("header.top", ".slider", ".downloads", ".tabs"):
        expect(page.locator(pressed).first).to_be_hidden()
    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert ink == "rgb(20, 24, 28)"


def test_the_ledger_is_sorted_by_a_heading(page: Page) -> None:
    """By what was lost, the least first and then the most, as numbers and not as text."""
    page.goto("/episodes")
    heading = page.get_by_role("columnheader", name=re.compile("^Lost"))
    for state in ("ascending", "descending"):
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", state)
        place = heading.evaluate("cell => cell.cellIndex")
        cells = page.locator(f"#ledger tbody tr > :nth-child({place + 1})")
        lost = [float(each.get_attribute("data-value") or "nan") for each in cells.all()]
        assert len(lost) > 1
        assert lost == sorted(lost, reverse=state == "descending")
