"""The workshop Edit without a browser: what is kept, what a link holds, other pictures as a job."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.apply.editing.task import EditPictures
from pages.apply.edited import HELD, MOST_LINK, MOST_MODELS, input_names, link_of, of_link, read_made
from pages.server.app_state import AppState
from tests.pages.opening import opened

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"
DRAG = {"name": "drag", "points": "14,12:20,12", "steps": 2}


def made(*edits: dict[str, Any], model: str = "asset:shapes", source: str = "seed:1") -> str:
    start = {"source": source, "iterations": 2, "restarts": 1}
    stack = {"format": "ganscope-edit", "version": 1, "model": model, "size": 32, "start": start, "edits": [*edits]}
    return json.dumps({"stack": stack, "brought": "", "mask": ""})


def workshop(**query: str) -> AppTest:
    return opened("apply", **({"workshop": "editing"} | query))


def run(page: AppTest, *_done: object) -> AppTest:
    page.run()
    assert [each.value for each in page.exception] == []
    return page


def test_a_link_brings_its_stack_and_the_address_keeps_saying_it(home: AppState) -> None:
    link = link_of(made(DRAG))
    page = workshop(edit=link, model="asset:shapes")
    held = page.session_state[HELD]["asset:shapes"]
    assert json.loads(held["text"])["stack"]["edits"] == [DRAG]
    assert held["turn"] == 1  # so that the view takes it
    assert page.query_params["edit"] in (link, [link])
    run(page)
    assert page.session_state[HELD]["asset:shapes"]["turn"] == 1


def test_what_was_made_is_there_after_another_workshop(home: AppState) -> None:
    page = workshop()
    page.session_state[HELD] = {"asset:shapes": {"text": made(DRAG), "turn": 3}}
    run(page)
    for other in ("rows", "editing"):
        page.session_state["ganscope.workshop"] = other
        run(page)
    assert page.session_state[HELD]["asset:shapes"]["text"] == made(DRAG)
    assert page.query_params["edit"]


BOMB = base64.urlsafe_b64encode(zlib.compress(b"1" * 10**6, 9)).decode()


@pytest.mark.parametrize("link", ["", "A", "%%", "é" * 9, "A" * 9_000, BOMB])
def test_a_link_that_holds_nothing_is_empty(link: str) -> None:
    assert of_link(link) == ""


def test_a_page_with_such_a_link_opens_without_it(home: AppState) -> None:
    page = workshop(edit="A")
    assert page.session_state[HELD] == {}
    assert "edit" not in page.query_params


@given(st.lists(st.integers(0, 31), min_size=4, max_size=4), st.integers(0, 10**6))
def test_a_link_and_back(places: list[int], seed: int) -> None:
    text = made({"name": "drag", "points": "{},{}:{},{}".format(*places)}, source=f"seed:{seed}")
    found = of_link(link_of(text))
    assert json.loads(found)["stack"] == json.loads(text)["stack"]


def test_what_is_too_long_or_has_a_picture_is_in_no_link() -> None:
    noise = base64.b64encode(np.random.default_rng(0).bytes(4_000)).decode()
    assert link_of(made({"name": "move", "vector": noise})) == ""
    assert link_of(made(DRAG, source="picture")) == ""
    assert 0 < len(link_of(made(DRAG))) <= MOST_LINK


STRANGE = (', "brought": "<b>"}', ', "mask": 7}')


@pytest.mark.parametrize(
    "text",
    ["", "7", "[]", "{}", '{"stack": 7}', made({"name": "no-such"}), *(made(DRAG)[:-1] + end for end in STRANGE)],
)
def test_what_a_browser_may_send_instead(text: str) -> None:
    assert read_made(text) is None


@given(st.lists(st.text(max_size=40), max_size=12))
def test_input_names_are_plain_and_differ(names: list[str]) -> None:
    found = input_names(names)
    assert len(found) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", name) for name in found)
    assert len({name.rpartition(".")[0] or name for name in found}) == len(found)
    assert "mask" not in found


def test_at_most_so_many_models_are_kept(home: AppState) -> None:
    page = workshop()
    page.session_state[HELD] = {f"m{i}": {"text": made(DRAG), "turn": 0} for i in range(MOST_MODELS)}
    link = link_of(made(DRAG))
    page.query_params["edit"] = link
    del page.session_state["ganscope.workshop"]  # as an address that is opened anew
    run(page)
    assert len(page.session_state[HELD]) == MOST_MODELS
    assert "asset:shapes" in page.session_state[HELD]


def test_other_pictures_are_edited_and_shown(home: AppState) -> None:
    inputs = {}
    for name in input_names(["a photo.png", "a-photo.png", "<b>.png"]):
        out = io.BytesIO()
        Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(out, "PNG")
        inputs[name] = out.getvalue()
    inputs["broken.png"] = b"nothing"
    stack = json.dumps(json.loads(made({"name": "move", "along": "pca-1"}))["stack"])
    jobs = home.job_manager()
    job = jobs.start(EditPictures(model="asset:shapes", stack=stack), inputs)
    assert jobs.wait(job, 120).state == "done"
    page = workshop(job=job)
    assert "3 of 4 pictures were edited with Shapes." in [each.value for each in page.markdown]
    bodies = [each.proto.body for each in page.get("html")]
    assert sum(body.count("<img") for body in bodies) == 6
    assert not any("<b>.png" in body for body in bodies)
    assert any("broken" in each.value for each in page.caption)
