"""Every page, in light and dark, judged by axe-core, with its weight and its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import httpx
import pytest
from playwright.sync_api import Page, Request

from services.local.stack import Stack

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    "/",
    "/series",
    "/series/CN_EXP_REPM_T",
    "/families/cn-rare-earths",
    "/releases",
    "/episodes",
    "/track-record",
    "/alerts?status=all",
    "/alerts/ONE",
    "/silences",
    "/imports",
    "/imports/SHOWN",
    "/imports/RECORDED",
    "/rules",
    "/rules/new",
    "/rules/magnet-shock",
    "/deliveries",
    "/deliveries/1",
    "/endpoints",
    "/endpoints/ONE",
    "/operations",
    "/sign-in",
    "/nowhere",
)
BYTES = {"content-type": "application/octet-stream"}
FILES = (
    b"series;month;value;unit\nWheat;2025-05;1.234,5;t\nWheat;2025-06;n/a;t\n",
    b"series_id,month,value,unit,known_from\nCN_EXP_REPM_T,2025-05,1238.0,t,2025-06-20T04:00:00Z\n",
)
"""One that waits to be confirmed, and one whose figure is held already."""
RULES: dict[Literal["light", "dark"], tuple[str, ...]] = {"light": (), "dark": ("color-contrast",)}
"""Rules of axe-core for each scheme, all where none is named: in the dark only the colours differ."""
HEAVIEST = 200_000
"""Bytes of a page with its styles and scripts, as transferred."""
SLOWEST = 0.3
"""Seconds that a page may take on the local stack: the quickest of some, since others share its cores."""

pytestmark = pytest.mark.usefixtures("summer")


@pytest.fixture(scope="module")
def ids(summer: None, api: httpx.Client) -> dict[str, str]:
    """An alert and an endpoint of the story, an import that waits and one that was recorded."""
    (shown, recorded) = (
        api.post("/v1/imports", content=each, params={"name": "a.csv"}, headers=BYTES).json()["id"]
        for each in FILES
    )
    assert api.post(f"/v1/imports/{recorded}/confirm").status_code == 200
    return {
        "/imports/SHOWN": f"/imports/{shown}",
        "/imports/RECORDED": f"/imports/{recorded}",
        "/alerts/ONE": "/alerts/" + api.get("/v1/alerts").json()["items"][0]["id"],
        "/endpoints/ONE": "/endpoints/" + api.get("/v1/endpoints").json()["items"][0]["id"],
    }


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core calls serious or critical, by all its rules or some, with the first place of each."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate(
        "(options) => axe.run(document, options)", options | ({"runOnly": list(rules)} if rules else {})
    )
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def seconds_of(client: httpx.Client, address: str) -> float:
    """Seconds until a page has come, of one try."""
    began = time.perf_counter()
    client.get(address)
    return time.perf_counter() - began


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_accessible_light_and_quick(
    stack: Stack,
    page: Page,
    ids: dict[str, str],
    address: str,
    eventually: Callable[[Callable[[], bool]], bool],
) -> None:
    """No serious violation of WCAG as axe-core tests it, by all its rules, and in the dark by contrast.

    The page with all it loads weighs under 200 kB, and comes in under 300 ms once the machine has time.
    """
    address = ids.get(address, address)
    finished: list[Request] = []
    page.on("requestfinished", lambda each: finished.append(each))  # noqa: PLW0108 - Playwright wraps functions alone
    found: dict[str, list[str]] = {}
    page.emulate_media(reduced_motion="reduce")  # or colours would be judged on their way to the dark
    page.goto(address)
    page.wait_for_load_state()
    weights = {each.url: each.sizes()["responseBodySize"] for each in finished}
    assert 0 < sum(weights.values()) < HEAVIEST, weights
    page.evaluate(AXE)  # not by a script tag: the page's policy allows scripts of its own alone
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme)
        found[scheme] = violations(page, *rules)
    assert found == {"light": [], "dark": []}
    with httpx.Client(base_url=stack.api) as client:
        assert eventually(lambda: seconds_of(client, address) < SLOWEST)
