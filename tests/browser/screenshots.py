"""Every page of the demo's story in light and dark, for people to look at; three of them are for the README.

``python tests/browser/screenshots.py FOLDER`` writes all into a folder, and the first screens of three into
services/docs.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import httpx
from browser_stage import ARGUMENTS, CHROMIUM, UNHURRIED, told_history
from playwright.sync_api import Browser, Page, sync_playwright

from services.demo import replay
from services.local.stack import Stack

README = {"series-light", "alert-dark"}
"""Those whose first screen stands in the README, beside that of the first page on 20 June 2025."""

PICTURED = Path(__file__).parents[2] / "services" / "docs" / "screenshots"
MAGNETS = "CN_EXP_REPM_T"
BYTES = {"content-type": "application/octet-stream"}
FILE = (
    "China Customs, preliminary\n\nSeries;Month;Value (kg)\n"
    "CN_EXP_REPM_T;May 2025;1.238.000\nCN_EXP_REPM_T;June 2025;3.188.000\nScandium;June 2025;n/a\n"
).encode("utf-16")
"""A file as a desk has it: a title above its table, decimal commas, kilograms, a month that is missing."""


def addresses(stack: Stack) -> dict[str, str]:
    """Name and address of each page."""
    with httpx.Client(base_url=stack.api) as client:
        alert = client.get("/v1/alerts", params={"series_id": MAGNETS}).json()["items"][0]["id"]
        shown = client.post(
            "/v1/imports", content=FILE, params={"name": "customs-june.csv"}, headers=BYTES
        ).json()["id"]
        endpoint = client.get("/v1/endpoints").json()["items"][0]["id"]
    return {
        "now": "/",
        "every-series": "/series",
        "releases": "/releases",
        "series": f"/series/{MAGNETS}",
        "series-as-of": "/series/CN_EXP_REPROD_T?as_of=2025-06-19",
        "family": "/families/cn-rare-earths",
        "episodes": "/episodes",
        "track-record": "/track-record",
        "alerts": "/alerts?status=all",
        "alert": f"/alerts/{alert}",
        "silences": "/silences",
        "import": "/imports",
        "import-shown": f"/imports/{shown}",
        "rules": "/rules",
        "rule": "/rules/magnet-shock",
        "deliveries": "/deliveries",
        "delivery": "/deliveries/1",
        "endpoints": "/endpoints",
        "endpoint": f"/endpoints/{endpoint}",
        "operations": "/operations",
        "sign-in": "/sign-in",
        "error": "/nowhere",
    }


def until(stack: Stack, day: dt.date) -> None:
    """Let what became known up to a day, included, arrive."""
    with httpx.Client(base_url=stack.api, timeout=30) as client:
        for each, rows in replay.figures()[1]:
            if each <= day:
                replay.release(client, rows, patience=UNHURRIED)


def rehearsed(page: Page) -> None:
    """The builder with a rule replayed on the past."""
    page.goto("/rules/magnet-shock")
    page.get_by_label("From", exact=True).fill("2016-01")
    page.get_by_label("Alerts a year you accept").fill("1")
    page.get_by_role("button", name="Rehearse").click()
    page.locator("#rehearsal .lanes").wait_for()


def pictured(browser: Browser, stack: Stack, folder: Path) -> None:
    """All pages, in light and dark on a screen of a desk, and in light on a narrow one."""
    for scheme, width in (("light", 1440), ("dark", 1440), ("light", 800)):
        context = browser.new_context(
            base_url=stack.api,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
            timezone_id="Asia/Shanghai",
        )
        kind = scheme if width == 1440 else "narrow"
        page = context.new_page()
        for name, address in addresses(stack).items():
            page.goto(address)
            page.locator("[data-load] progress").first.wait_for(state="detached")
            page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)
            if f"{name}-{kind}" in README:
                page.screenshot(path=PICTURED / f"{name}-{kind}.png")
        rehearsed(page)
        page.screenshot(path=folder / f"rehearsal-{kind}.png", full_page=True)
        context.close()


def main(folder: Path) -> None:
    """Tell the story up to 20 July 2025, when the magnets' alert is open, and take the pictures."""
    if CHROMIUM is None:
        sys.exit("There is no Chromium: as root on Debian `make browser` installs it.")
    folder.mkdir(parents=True, exist_ok=True)
    PICTURED.mkdir(exist_ok=True)
    with told_history() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        until(stack, dt.date(2025, 6, 20))
        page = browser.new_page(base_url=stack.api, viewport={"width": 1440, "height": 900})
        page.goto("/")
        page.screenshot(path=PICTURED / "now-light.png")
        until(stack, dt.date(2025, 7, 20))
        pictured(browser, stack, folder)
        browser.close()
    count = len(list(folder.glob("*.png")))
    print(f"{count} pictures in {folder}; the README's in {PICTURED}")  # noqa: T201 - its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
