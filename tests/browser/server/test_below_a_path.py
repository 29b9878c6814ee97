"""Every page works wherever the server stands: by itself, on IPv6, below a path of its own, or behind a proxy's.

On each page pictures, fonts, charts, sockets and redirects arrive, from nowhere but below the path, and the content
policy stands in the way of nothing.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.forked import server
from tests.browser.server.reverse_proxy import Proxy, reverse_proxy
from tests.runs.helpers import at_rest, open_manager, quick

LOADED = """() => {
  const ours = [...document.querySelectorAll("img")].filter((one) => one.offsetParent)
    .filter((one) => /preview|thumb/.test(one.src));
  return ours.length && ours.every((one) => { one.loading = "eager"; return one.complete && one.naturalWidth; });
}"""
INTER = "() => [...document.fonts].some((font) => font.family.includes('Inter') && font.status === 'loaded')"
PINGS = ("_stcore/health", "_stcore/host-config")  # Streamlit's page looks for its base by trying


@dataclass
class Watch:
    """What a page asked for and complained of."""

    base: str
    refused: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)

    def answered(self, answer: Response) -> None:
        if not answer.url.startswith((self.base + "/", "data:", "blob:")):
            self.elsewhere.append(answer.url)
        if answer.status >= 400 and not answer.url.endswith(PINGS):
            self.refused.append(f"{answer.status} {answer.url}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("below")


@pytest.fixture(scope="module")
def runs(folder: Path) -> list[str]:
    """A run of pictures, which was there before."""
    manager = open_manager(folder)
    made = [manager.start(quick(steps=12), title="Below")]
    at_rest(manager, made[0])
    manager.close()
    return made


@contextlib.contextmanager
def standing(how: str, folder: Path) -> Iterator[tuple[str, Proxy | None]]:
    """The address of a server that stands like this, and the proxy in front of it."""
    if how == "by itself":
        with server(folder) as at:
            yield at.url, None
    elif how.startswith("below a path"):
        six = ("--server.address", "::1") if how.endswith("on IPv6") else ()
        name = "[::1]" if six else "127.0.0.1"
        with server(folder, "--server.baseUrlPath", "lab", *six, name=name, base="/lab") as at:
            yield at.url, None
    elif how == "behind a proxy that keeps the path":
        with (
            server(folder, "--server.baseUrlPath", "/a/b/", base="/a/b") as at,
            reverse_proxy(at.url, "/a/b", strip=False) as proxy,
        ):
            yield proxy.url, proxy
    else:
        with server(folder) as at, reverse_proxy(at.url, "/tools/gan", strip=True) as proxy:
            yield proxy.url, proxy


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("by itself", marks=pytest.mark.long),  # every other browser test's server does
        "below a path, on IPv6" if has_ipv6() else "below a path",
        pytest.param("behind a proxy that keeps the path", marks=pytest.mark.long),  # the server is as below a path
        pytest.param("behind a proxy that takes the path away", marks=pytest.mark.long),  # and here as by itself
    ],
)
def test_every_page_arrives_whole(how: str, folder: Path, runs: list[str], page: Page) -> None:
    with standing(how, folder) as (base, proxy):
        watch = Watch(base)
        page.on("response", watch.answered)
        page.on("websocket", lambda opened: watch.sockets.append(opened.url))
        page.on(
            "console", lambda said: watch.policy.append(said.text) if "Content Security Policy" in said.text else None
        )
        look_at_all(page, base, runs[0])
        assert watch.refused == []
        assert watch.elsewhere == []
        assert watch.policy == []
        sockets = base.replace("http", "ws", 1)
        assert all(one.startswith(sockets + "/") for one in watch.sockets), watch.sockets
        for ours in (f"{sockets}/live/{runs[0]}", f"{sockets}/explore?"):
            assert any(one.startswith(ours) for one in watch.sockets), watch.sockets
        assert proxy is None or [one for one in proxy.strays if one != "/favicon.ico"] == []


def look_at_all(page: Page, base: str, run: str) -> None:
    page.goto(f"{base}/lab?preset=fashion-fast")  # the Lab by its name: a redirect
    expect(page.get_by_test_id("film")).to_be_visible(timeout=60_000)
    assert urlsplit(page.url).path == f"{urlsplit(base).path}/"
    page.wait_for_function(INTER)
    page.wait_for_function(
        "() => { const c = document.querySelector('[data-testid=film]'); return c && c.width > 1 }"
    )
    page.goto(f"{base}/?run={run}")
    expect(page.get_by_test_id("film-step")).to_have_text(re.compile("step 12"))
    page.get_by_test_id("chart-losses").scroll_into_view_if_needed()
    page.wait_for_selector(".js-plotly-plot .scatterlayer")
    page.goto(f"{base}/explore/?model=run:{run}")  # with a slash too many: another redirect
    page.wait_for_function("() => document.querySelector('.gx-explore')?.explorer.point")
    page.goto(f"{base}/compare")
    row = page.get_by_test_id("run-row")
    expect(row).to_have_count(1, timeout=60_000)
    page.wait_for_function(LOADED)
    for name in ("Learn", "Data", "Failures"):  # by the page's own links, without loading it anew
        page.get_by_role("link", name=name).first.click()
        page.wait_for_function(LOADED)
        page.wait_for_function(INTER)
    page.goto(f"{base}/compare")
    expect(row).to_have_count(1)
    page.get_by_role("button", name="Below", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as one file").click()
    assert download.value.failure() is None
    page.locator("a[href*='?run=']").first.click()
    expect(page.get_by_test_id("film-step")).to_have_text(re.compile("step 12"))
    assert page.url.startswith(f"{base}/?run=")
