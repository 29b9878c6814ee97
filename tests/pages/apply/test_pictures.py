"""The workshop that completes pictures, without a browser: masks, choices, jobs, what is shown of a result."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.apply.completion.task import FillPicture
from pages.apply.subjects import CONTENT
from pages.apply.web.painting import mask_of, mask_text
from pages.apply.workshops.pictures import HELD
from pages.server.app_state import AppState
from tests.pages.opening import opened

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"


@pytest.fixture(autouse=True)
def _short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    options, short = FillPicture.options, {"iterations": 8, "restarts": 8, "pool": 128}
    monkeypatch.setattr(FillPicture, "options", lambda task, model: replace(options(task, model), **short))


@pytest.fixture
def page(home: AppState) -> AppTest:
    return opened("apply", workshop="pictures")


def run(page: AppTest, *_done: object) -> AppTest:
    page.run()
    assert [each.value for each in page.exception] == []
    return page


def mask(page: AppTest) -> np.ndarray:
    found = mask_of(page.session_state[HELD]["text"], page.session_state[HELD]["size"])
    assert found is not None
    return found


@given(st.integers(0, 2**32 - 1), st.sampled_from((8, 28, 32, 64, 5)))
def test_a_mask_goes_to_text_and_back(seed: int, size: int) -> None:
    made = np.random.default_rng(seed).random((size, size)) < 0.4
    back = mask_of(mask_text(made), size)
    assert back is not None
    np.testing.assert_array_equal(back, made)


@pytest.mark.parametrize("text", ["", "A", "%%%%", "AAAA", "ä" * 132, "A" * 5000])
def test_a_text_that_is_no_mask_is_none(text: str) -> None:
    assert mask_of(text, 28) is None


def test_a_generator_that_comes_along_and_a_held_out_picture_are_ready(page: AppTest) -> None:
    assert page.selectbox(key="fill-model").value == "asset:fashion"
    assert mask(page).sum() == 121  # a box to begin with
    before = page.session_state[HELD]["turn"]
    run(page, page.button(key="fill-way-half").click())
    assert mask(page)[:, 14:].all()
    assert mask(page).sum() == 392
    assert page.session_state[HELD]["turn"] == before + 1  # the painting takes it for its own
    run(page, page.selectbox(key="fill-side").select("top"))
    run(page, page.button(key="fill-way-half").click())
    assert mask(page)[:14].all()
    run(page, page.selectbox(key="fill-model").select("asset:emoji"))
    assert mask(page).shape == (32, 32)


def test_a_job_is_done_and_shown(page: AppTest, home: AppState) -> None:
    run(page, page.slider(key="fill-count").set_value(2))
    run(page, page.button(key="fill").click())
    jobs = home.job_manager()
    (view,) = jobs.views("fill-picture")
    assert jobs.wait(view.id, 120).state == "done"
    run(page)
    shown = " ".join(each.value for each in page.markdown)
    assert "On the known part the generator" in shown
    assert len(page.table) == 1
    assert list(page.table[0].value["Picture"])[:2] == ["Completion 1", "Completion 2"]
    strips = [each.proto.body for each in page.get("html")]
    assert sum(body.count("<img") for body in strips) == 2 + 2 + 3  # known and truth, completions, simple ways
    assert all('alt="' in body for body in strips if "<img" in body)


def test_everything_hidden_is_a_sentence_and_no_job(page: AppTest, home: AppState) -> None:
    page.session_state[HELD] = {"size": 28, "text": mask_text(np.ones((28, 28), bool)), "turn": 9}
    run(page)
    run(page, page.button(key="fill").click())
    said = " ".join(each.value for each in (*page.warning, *page.error, *page.info))
    assert "The mask hides everything" in said
    assert home.job_manager().views() == []


def test_a_picture_of_ones_own(page: AppTest, home: AppState) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), (200, 30, 30), np.uint8)).save(out, "PNG")
    page.session_state[CONTENT] = out.getvalue()
    page.session_state["fill-source"] = "upload"
    run(page)
    captions = " ".join(each.value for each in page.caption)
    assert "The picture is 60 x 40 pixels" in captions
    assert "made grey by brightness" in captions
    run(page, page.button(key="fill").click())
    jobs = home.job_manager()
    (view,) = jobs.views("fill-picture")
    assert jobs.wait(view.id, 120).state == "done"
    see_through = np.full((28, 28, 4), 200, np.uint8)
    see_through[3:9, 4:9, 3] = 0
    out = io.BytesIO()
    Image.fromarray(see_through).save(out, "PNG")
    page.session_state[CONTENT] = out.getvalue()
    run(page)
    run(page, page.button(key="fill-way-own").click())
    assert mask(page)[3:9, 4:9].all()
    assert mask(page).sum() == 30
    page.session_state[CONTENT] = b"no picture at all"
    run(page)
    assert any("The picture cannot be read" in each.value for each in page.error)
    assert not any(each.key == "fill" for each in page.button)


def test_low_resolution_is_shown_as_it_is_known(page: AppTest, home: AppState) -> None:
    page.session_state["fill-kind"] = "detail"
    run(page)
    assert [each.key for each in page.button if each.key and each.key.startswith("fill-way")] == []
    run(page, page.button(key="fill").click())
    jobs = home.job_manager()
    (view,) = jobs.views("fill-picture")
    assert jobs.wait(view.id, 120).state == "done"
    outcome = jobs.folder(view.id).outcome()
    assert outcome is not None
    assert outcome["hiding"] == "low-resolution"
