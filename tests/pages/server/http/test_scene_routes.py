"""Scenes over the wire: made, kept, opened by a short link, read from files; odd input is a sentence, never a 500."""

from __future__ import annotations

import json
import re
from http.client import HTTPConnection
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from gan_core.training.scenes.scene import fingerprint
from gan_core.training.scenes.scene_file import from_dict
from gan_core.training.scenes.scene_link import from_query
from pages.server.app_state import AppState
from pages.server.http.scene_routes import MOST_BYTES, qr_svg
from pages.ui.session import from_url
from tests.pages.fake_manager import FakeManager
from tests.pages.server.serving import Answer, Client

JSON = {"Content-Type": "application/json"}
RING = {"preset": "ring", "seed": "7", "view": "simple", "speed": "slow", "only": "k_d,loss", "zoom": "2,0,0.5"}


def ask(client: Client, home: AppState, path: str, body: object) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, raw, params={"token": home.token}, headers=JSON)


def follow(client: Client, short: str) -> tuple[int, str]:
    """Status and Location of a short link, which is not followed any further."""
    connection = HTTPConnection(client.host)
    connection.request("GET", f"/{short}")
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.headers.get("location", "")


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))


def test_a_short_link_opens_what_was_kept(client: Client, home: AppState, manager: FakeManager) -> None:
    made = ask(client, home, "/scenes", {"page": "lab", "query": RING, "keep": True}).json()
    again = ask(client, home, "/scenes", {"page": "lab", "query": RING, "keep": True}).json()
    assert made == again
    assert follow(client, made["short"]) == (303, f"../{made['link']}")
    scene = from_query("lab", query_of(made["link"]))
    assert scene == from_dict(made["scene"])
    assert (scene.config.seed, scene.config.precision) == (7, "float32")  # which each machine would choose by itself
    assert scene.same == fingerprint(scene.config)
    state = from_url(query_of(made["link"]))
    assert (state.notice, state.config, state.only, state.speed, state.full) == (
        "",
        scene.config,
        ("k_d", "loss"),
        0.2,
        False,
    )
    assert len(list((manager.runs_dir / "scenes").iterdir())) == 1


def test_nothing_is_kept_that_was_not_asked_for(client: Client, home: AppState, manager: FakeManager) -> None:
    assert (
        ask(client, home, "/scenes", {"page": "explore", "query": {"model": "asset:fashion"}}).json()["short"] == ""
    )
    assert not (manager.runs_dir / "scenes").exists()


def test_a_file_is_read_and_a_mistake_in_it_is_named(client: Client, home: AppState) -> None:
    scene = ask(client, home, "/scenes", {"page": "lab", "query": RING}).json()
    read = ask(client, home, "/scenes/open", scene["scene"])
    assert read.json()["link"] == scene["link"]
    wrong = ask(client, home, "/scenes/open", scene["scene"] | {"speed": "fast"})
    assert (wrong.status_code, wrong.text) == (409, 'speed is "fast"; it must be one of step, slow, normal, full.')


def test_only_a_page_of_this_server_may_ask_but_anybody_may_follow_a_link(client: Client, home: AppState) -> None:
    code = ask(client, home, "/scenes", {"page": "lab", "query": RING, "keep": True}).json()["short"]
    for path in ("/scenes", "/scenes/open"):
        body = json.dumps({"page": "lab", "query": RING, "keep": True}).encode()
        assert client.post(path, body, params={"token": "guessed"}, headers=JSON).status_code == 403
        foreign = {**JSON, "Origin": "http://evil.example"}
        assert client.post(path, body, params={"token": home.token}, headers=foreign).status_code == 403
    assert client.get("/scenes/qr.svg", params={"text": "x"}).status_code == 403
    assert follow(client, code)[0] == 303


@pytest.mark.parametrize("code", ["zzzzzz", "a", "..%2f..%2fx", "%00%00%00%00%00%00", "a" * 3000])
def test_a_code_that_there_is_not(client: Client, code: str) -> None:
    answer = client.get(f"/s/{code}")
    assert (answer.status_code, "Traceback" in answer.text) == (404, False)
    assert "no scene" in answer.text.casefold() or "not found" in answer.text.casefold()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(("/scenes", "/scenes/open")),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: st.dictionaries(
            st.sampled_from(("page", "query", "keep", "format", "version", "seed", "run")), inner
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_whatever_is_sent_the_answer_is_a_sentence(client: Client, home: AppState, path: str, body: bytes) -> None:
    answer = ask(client, home, path, body)
    assert answer.status_code in (200, 409)
    assert "Traceback" not in answer.text


def test_too_much_is_refused(client: Client, home: AppState) -> None:
    answer = ask(client, home, "/scenes", b" " * (MOST_BYTES + 1))
    assert (answer.status_code, answer.text) == (409, "A scene has at most 64 kB.")


def drawn(svg: bytes) -> NDArray[np.uint8]:
    """The modules of a QR code as its drawing strokes them, a pixel each, with the white around them."""
    text = svg.decode()
    (side,), (path,) = re.findall(r'viewBox="0 0 (\d+)', text), re.findall(r'class="qrline"[^>]* d="([^"]+)"', text)
    sheet, x, y = np.full((int(side), int(side)), 255, np.uint8), 0.0, 0.0
    for kind, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if kind == "h":
            sheet[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
        else:
            x, y = (float(first), float(second)) if kind == "M" else (x + float(first), y + float(second))
    return sheet


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8501/s/4z9eyv", "https://lab.org/?" + urlencode({"data.strokes": "x" * 900})]
)
def test_a_qr_code_is_read_back(text: str) -> None:
    sheet = drawn(qr_svg(text))
    (found,) = zxingcpp.read_barcodes(Image.fromarray(sheet).resize([4 * side for side in sheet.shape], 0))
    assert found.text == text


def test_a_link_too_long_for_a_qr_code_is_said(client: Client, home: AppState) -> None:
    answer = client.get("/scenes/qr.svg", params={"text": "x" * 3000, "token": home.token})
    assert (answer.status_code, answer.text) == (409, "This link is too long for a QR code; its short form fits.")
    good = client.get("/scenes/qr.svg", params={"text": "http://lab.org/s/abc123", "token": home.token})
    assert good.headers["content-type"].startswith("image/svg+xml")
