"""One real server and one real Chromium for the browser tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from benchmarks.serving import Server, chromium_of
from tests.browser.forked import server

PATIENCE_SECONDS = 120  # other work may keep the processor; what is waited for is a state, never a time
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """For this folder's tests alone: as long as its event loop runs, asyncio cannot be used elsewhere."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with chromium_of(playwright) as opened:
        yield opened


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own for each module, so that no module finds another's runs."""
    with server(tmp_path_factory.mktemp("served")) as at:
        yield at


@pytest.fixture
def served_alone(tmp_path: Path) -> Iterator[Server]:
    """A server for one test: a run that one has left would keep the next one's waiting."""
    with server(tmp_path) as at:
        yield at


@contextlib.contextmanager
def window(chromium: Browser, **options: Any) -> Iterator[BrowserContext]:
    """What one of its tabs has loaded and compiled, the next one need not. The first stays empty: see `forget`."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, **options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    context.new_page()
    yield context
    context.close()


@pytest.fixture(scope="module")
def tabs(chromium: Browser) -> Iterator[BrowserContext]:
    """The window of a module."""
    with window(chromium) as opened:
        yield opened


@pytest.fixture
def page(tabs: BrowserContext) -> Iterator[Page]:
    """A fresh tab in a window that remembers nothing; whatever a page's scripts throw fails the test."""
    opened = tabs.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    forget(tabs)
    assert problems == []


def forget(tabs: BrowserContext) -> None:
    """Close all tabs of a window but its first, and take away what their pages have kept there."""
    first, *others = tabs.pages
    session = tabs.new_cdp_session(first)
    for page in others:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        page.close()
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})
    session.detach()
    tabs.clear_cookies()
    tabs.clear_permissions()


@pytest.fixture
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots of a test are kept for looking at."""
    folder = tmp_path_factory.getbasetemp() / "shots"
    folder.mkdir(exist_ok=True)
    return folder
