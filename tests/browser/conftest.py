"""One real server and one real Chromium for the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import Server, browser, server

PATIENCE_SECONDS = 60  # other work may keep the processor; what is waited for is a state, never a time
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one module: as long as it is open, Playwright's event loop runs, and asyncio cannot be used elsewhere."""
    with browser() as opened:
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


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh tab; whatever a page's scripts throw fails the test."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()
    assert problems == []


@pytest.fixture
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots of a test are kept for looking at."""
    folder = tmp_path_factory.getbasetemp() / "shots"
    folder.mkdir(exist_ok=True)
    return folder
