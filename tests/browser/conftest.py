"""A real Chromium on the whole stack, which is told the story of the demo day by day.

One stack for all tests of this folder, which therefore run on one worker, in the order of their files; each
test gets a browser context of its own. Where there is no Chromium they are skipped, except in CI.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from browser_stage import ARGUMENTS, CHROMIUM, UNHURRIED, told_history
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from services.demo import replay
from services.local.stack import Stack

PATIENCE = 15_000
"""Milliseconds that anything on a page may take to show; an expectation, not a measurement."""

HERE = Path(__file__).parent
LEAVING = ExitStack()
"""What is open for the tests of this folder together."""

Until = Callable[[dt.date], None]


FIRST, LAST = "test_live_story.py", "test_sign_in.py"
"""The story begins before its alert arrives; the first API key closes the stack to whoever has none."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """The tests of this folder share one stack, which takes its time; so they run on one worker (STACKS)."""
    item.add_marker(pytest.mark.timeout(600))  # the first one waits for the stack


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In an order that holds."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """Before all others: they take minutes on one worker, and the other one has the rest meanwhile."""
    if HERE not in item.path.parents:
        return 0
    return {FIRST: -3, LAST: -1}.get(item.path.name, -2)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last test of this folder its stack ends, and Playwright's loop, which others would run in."""
    if HERE in item.path.parents and (nextitem is None or HERE not in nextitem.path.parents):
        LEAVING.close()


@pytest.fixture(scope="session")
def chromium() -> Browser:
    """A running browser."""
    if CHROMIUM is None:
        word = "there is no Chromium: as root on Debian `make browser` installs it"
        if os.environ.get("CI"):
            pytest.fail(word)
        pytest.skip(word)
    expect.set_options(timeout=PATIENCE)
    playwright = LEAVING.enter_context(sync_playwright())
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    LEAVING.callback(browser.close)
    return browser


@pytest.fixture(scope="session")
def stack(chromium: Browser) -> Stack:
    """The stack as ``tonnage up`` starts it, the history of the demo in it, and its desk with its rules."""
    return LEAVING.enter_context(told_history())


@pytest.fixture(scope="session")
def api(stack: Stack) -> httpx.Client:
    """The API of the stack, for what no page is there for: figures that arrive, and keys."""
    return LEAVING.enter_context(httpx.Client(base_url=stack.api, timeout=30))


@pytest.fixture(scope="session")
def until(stack: Stack, api: httpx.Client) -> Until:
    """Let what became known on each day up to one, included, arrive; what arrived already changes nothing."""

    def release(day: dt.date) -> None:
        for each, rows in replay.figures()[1]:
            if each <= day:
                replay.release(api, rows, patience=UNHURRIED)

    return release


@pytest.fixture(scope="session")
def summer(until: Until) -> None:
    """The story up to 20 July 2025: May and June are known, and the magnets' alert is open."""
    until(dt.date(2025, 7, 20))


@pytest.fixture
def context(chromium: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """A browser without a past, on a desk's screen, in the zone of Shanghai; nothing moves under a click."""
    context = chromium.new_context(
        base_url=stack.api,
        viewport={"width": 1440, "height": 900},
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; anything that a script on it throws, or that its policy blocks, fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None
    )
    yield page
    assert faults == []
