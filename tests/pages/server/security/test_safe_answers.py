"""What every answer says to a browser, and by which names the server is asked."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import streamlit as st
from starlette.datastructures import MutableHeaders
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from benchmarks.serving import Server
from pages.server.security.guard import answers_to
from pages.server.security.safe_answers import _make_safe, policy
from pages.ui.addresses import address, base_path, relative
from tests.browser.forked import server

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("answers"), environment={"GANSCOPE_TOKEN": TOKEN}) as at:
        yield at


def ask(
    served: Server, path: str, *, cookie: str = "", host: str = "", method: str = "GET"
) -> tuple[int, dict[str, str]]:
    headers = {name: value for name, value in (("Cookie", cookie), ("Host", host)) if value}
    request = urllib.request.Request(served.url + path, headers=headers, method=method)

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: object) -> None:
            return None

    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay).open(request, timeout=180) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}


@pytest.fixture(scope="module")
def cookie(served: Server) -> str:
    status, headers = ask(served, f"/explore?access={TOKEN}&x=1")
    assert (status, headers["location"]) == (303, "./explore?x=1")
    return headers["set-cookie"].partition(";")[0]


def test_every_answer_has_the_policy_whoever_made_it(served: Server, cookie: str) -> None:
    seen = set()
    for path in ("/", "/explore", "/explore/", "/_stcore/health", "/_stcore/metrics", "/_stcore/host-config",
                 "/favicon.png", "/asset/inter-latin.woff2", "/asset/nothing",
                 "/module/0/ui/web/words.js",
                 "/runs/rows", "/lab", "/media/x.png", "/..%2f..%2fetc",
                 "/static/nothing.js", "/component/x", "/nowhere"):  # fmt: skip
        for worn in (cookie, ""):
            status, headers = ask(served, path, cookie=worn)
            seen.add(status)
            assert status < 500
            assert "frame-ancestors 'self'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] == "same-origin", path
            assert headers["x-frame-options"] == "SAMEORIGIN", path
    assert {200, 301, 307, 400, 401, 403, 404} <= seen


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/metrics", "/_stcore/host-config", "/asset/inter-latin.woff2", "/live"]
)
def test_another_name_is_refused_on_every_path_but_health(served: Server, cookie: str, path: str) -> None:
    assert ask(served, path, cookie=cookie, host="evil.example")[0] == 421
    assert ask(served, "/_stcore/health", host="evil.example")[0] == 200


def test_a_right_name_in_another_writing_is_answered(served: Server, cookie: str) -> None:
    for host in ("LOCALHOST", "localhost.:8501", "127.0.0.1:1", "[::1]:8501", "[::1]"):
        assert ask(served, "/_stcore/metrics", cookie=cookie, host=host)[0] == 200


def test_streamlits_own_socket_does_not_break_at_an_origin_that_is_none(served: Server, cookie: str) -> None:
    for origin in ("http://[", "http://[::1", "http://evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            connect(
                f"ws://{urlsplit(served.url).netloc}/_stcore/stream", origin=origin, proxy=None,  # type: ignore[arg-type]
                additional_headers={"Cookie": cookie},
            )  # fmt: skip
        assert refused.value.response.status_code == 403


def test_the_scripts_of_streamlits_own_page_are_the_only_ones_in_line() -> None:
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    (scripts,) = [part for part in policy("localhost").split("; ") if part.startswith("script-src")]
    assert scripts.count("'sha256-") == len(inline)
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts


def test_a_host_cannot_write_into_the_policy() -> None:
    for host in ("x; script-src *", "a b", "a\r\nb", "*"):
        assert host not in policy(host)
    assert "connect-src 'self' data: blob: ws://lab:8501 wss://lab:8501;" in policy("lab:8501")
    # A policy has no way to name an IPv6 address: a browser ignores one, with a complaint on every page.
    assert "connect-src 'self' data: blob:;" in policy("[::1]:8501")


@pytest.mark.parametrize(
    ("host", "allowed", "right"),
    [
        ("lab.example", [], True),
        (None, [], True),
        (None, ["localhost"], False),
        ("", ["localhost"], False),
        ("localhost:99999", ["localhost"], False),
        ("a@localhost", ["localhost"], False),
        ("localhost/x", ["localhost"], False),
        ("notlocalhost", ["localhost"], False),
        ("lab.example.", ["LAB.example"], True),
        ("a.lab.example:80", ["*.lab.example"], True),
        ("lab.example", ["*.lab.example"], False),
        ("evil-lab.example", ["*.lab.example"], False),
        ("[::1]:8501", ["::1"], True),
        ("[::1]", ["[::1]"], True),
        ("[::1", ["::1"], False),
        ("anything", ["*"], True),
    ],
)
def test_names(monkeypatch: pytest.MonkeyPatch, host: str | None, allowed: list[str], right: bool) -> None:
    monkeypatch.setattr(st, "get_option", {"server.allowedHosts": allowed}.__getitem__)
    assert answers_to(host) is right


@pytest.mark.parametrize(
    ("asked", "target", "seen"),
    [
        ("/explore/", "/explore", "https://h/p/explore"),
        ("/lab", "/?x=1", "https://h/p/?x=1"),
        ("/a/b/lab", "./?x=1", "https://h/p/a/b/?x=1"),
        ("/a/b/lab", "/a/b/?x=1", "https://h/p/a/b/?x=1"),
        ("/a/b/explore/", "/a/b/explore", "https://h/p/a/b/explore"),
        ("/live/", "http://other:8501/live", "https://h/p/live"),
        ("/a/b/", "/a/b", "https://h/p/a/b"),
        ("/a/b", "//evil.example/x", "https://h/p/x"),
        ("/x", "/javascript:alert(1)", "https://h/p/javascript:alert(1)"),
    ],
)
def test_a_redirect_stays_below_what_a_proxy_put_in_front(asked: str, target: str, seen: str) -> None:
    assert urljoin(f"https://h/p{asked}", relative(target, asked)) == seen
    headers = MutableHeaders({"location": target})
    _make_safe(headers, asked, "h")
    assert headers["location"] == relative(target, asked)


@pytest.mark.parametrize(
    ("set_to", "base"), [("", ""), ("lab", "/lab"), ("/lab/", "/lab"), ("a//b/", "/a/b"), (None, "")]
)
def test_the_base_path_however_it_is_written(monkeypatch: pytest.MonkeyPatch, set_to: str | None, base: str) -> None:
    monkeypatch.setattr(st, "get_option", {"server.baseUrlPath": set_to}.__getitem__)
    assert base_path() == base


def test_addresses_are_relative_and_quoted() -> None:
    assert address("preview/a b.png", token="x&y") == "preview/a%20b.png?token=x%26y"
    assert not address("preview/a.png").startswith("/")


def test_no_address_of_ours_is_written_by_hand() -> None:
    """Only the two places that build them know where the server stands."""
    root = Path(__file__).parents[4] / "pages"
    builders = {root / "ui" / "addresses.py", root / "ui" / "web" / "addresses.js", root / "server" / "routes.py"}
    for path in {*root.rglob("*.py"), *root.rglob("*.js")} - builders - {root / "server" / "access.py"}:
        text = path.read_text("utf-8")
        quotes = "[\"'`=]" if path.suffix == ".js" else "[\"'=]"
        assert not re.search(quotes + r"""/(live|preview|runs|sweeps|asset|explore|lab|\?)[/?"'`]""", text), path
        assert "location.host" not in text, path
