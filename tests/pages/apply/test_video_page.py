"""The workshop of clips and films without a browser: which steps it takes, what it starts, what it shows of a job."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gan_core.apply.clips.clip_task import EditClip
from gan_core.apply.clips.intake import clip_inputs
from gan_core.apply.clips.kept_clips import keep_clip
from gan_core.apply.editing.starting import encode_pixels
from pages.apply import strength
from pages.apply.clip_upload import HELD as CLIP
from pages.apply.clip_upload import Brought, set_box
from pages.apply.edited import HELD, link_of, of_link, pixels_of
from pages.apply.results.filmed import strip
from pages.server.app_state import AppState
from pages.ui.session import from_url
from tests.apply.clips.made_clips import film, moving

from .test_editing_page import made, run, workshop

MOVE = {"name": "move", "along": "pca-1"}
FRAME = "data:image/png;base64,iVBORw0KGgo="


def brought(turn: int = 3) -> Brought:
    return Brought("k", "a.mp4", None, clip_inputs([("a.mp4", film(moving(3)))]), FRAME, 24, 20, "2,0,20,20", turn)


def test_without_steps_it_leads_to_where_they_are_made(home: AppState) -> None:
    page = workshop(workshop="video", model="asset:shapes")
    assert "There are no steps yet." in [each.value for each in page.markdown]
    assert page.button(key="clip-start").disabled
    run(page, page.button(key="steps-edit").click())
    assert page.session_state["ganscope.workshop"] == "editing"
    page.session_state[HELD] = {"asset:shapes": {"text": made(MOVE), "turn": 0}}
    run(page)
    run(page, page.button(key="edit-to-video").click())
    assert page.session_state["ganscope.workshop"] == "video"
    assert any("1 step: Move pca-1 1.0" in each.value for each in page.caption)
    assert page.button(key="clip-start").disabled  # there is no clip


def test_a_clip_is_started_with_its_box_and_what_the_form_says(home: AppState) -> None:
    page = workshop(workshop="video", model="asset:shapes", put="change", iterations="5", file="gif")
    page.session_state[HELD] = {"asset:shapes": {"text": made(MOVE), "turn": 0}}
    page.session_state[CLIP] = brought()
    run(page)
    page.checkbox(key="clip-tune").check()
    run(page, page.button(key="clip-start").click())
    jobs = home.job_manager()
    (view,) = jobs.views("edit-clip")
    task = jobs.folder(view.id).task()
    assert isinstance(task, EditClip)
    assert (task.box, task.put, task.iterations, task.kind) == ("2,0,20,20", "change", 5, "gif")
    assert json.loads(task.stack)["start"]["tuning"] == 100
    assert json.loads(task.stack)["edits"][0]["name"] == "move"
    jobs.cancel(view.id)
    jobs.wait(view.id, 180)
    assert list(jobs.folder(view.id).files()) == []


@pytest.mark.parametrize("sent", ["2:0,0,10,10", "3:0,0,99,99", "3:0,0,1,1", "<b>", "", "3:", "3:-1,0,9,9"])
def test_a_box_of_another_clip_or_none_is_left(home: AppState, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {CLIP: brought()}
    monkeypatch.setattr("pages.apply.clip_upload.st.session_state", state)
    set_box(sent)
    assert state[CLIP].box == "2,0,20,20"
    set_box("3:1,2,10,10")
    assert state[CLIP].box == "1,2,10,10"


def test_a_clip_is_there_again_after_a_reload_until_it_is_put_away(home: AppState) -> None:
    content = clip_inputs([("a.mp4", film(moving(3)))])
    kept = keep_clip(home.job_manager().runs_dir, "", "a.mp4", content)
    kept.say("a.mp4", "2,0,20,20")
    page = workshop(workshop="video", model="asset:shapes")
    held = page.session_state[CLIP]
    assert (held.name, held.box, held.files()) == ("a.mp4", "2,0,20,20", content)
    assert any("a.mp4 is here from before" in each.value for each in page.markdown)
    run(page, page.button(key="clip-forget").click())
    assert page.session_state[CLIP] is None
    assert not kept.there
    assert workshop(workshop="video").session_state[CLIP] is None


def test_keys_that_the_timeline_tells_are_the_forms_and_those_of_before_are_left(home: AppState) -> None:
    page = workshop(workshop="video", what="film", model="asset:shapes", seconds="2")
    assert page.selectbox(key="film-strength").value == "grow"
    (text, turn) = page.session_state["ganscope.strength"]["film"]
    assert text == "0:0 2:1"
    state: dict[str, Any] = {"ganscope.strength": {"film": (text, turn)}, "film-strength": "grow"}
    for told in (f"{turn}:0:0 1:7", f"{turn + 1}:0:1", f"{turn}:", "x"):  # no strength, of another turn, none
        _tell(state, told)
        assert state["film-strength"] == "grow"
    _tell(state, f"{turn}:0:0.2 1:1")
    assert (state["film-strength"], state["film-keys"]) == ("keys", "0:0.2 1:1")
    page.session_state["film-strength"], page.session_state["film-keys"] = "keys", "0:0.2 1:1"
    run(page)
    assert page.text_input(key="film-keys").value == "0:0.2 1:1"
    assert page.session_state["ganscope.strength"]["film"] == (
        "0:0.2 1:1",
        turn + 1,
    )  # the page's own words are given


def _tell(state: dict[str, Any], told: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pages.apply.strength.st.session_state", state)
        strength._told("film", told)


def test_a_point_of_explore_is_where_the_steps_begin_then(home: AppState) -> None:
    page = workshop(workshop="video", what="film", model="asset:shapes", start="seed:12")
    assert "There are no steps yet." in [each.value for each in page.markdown]
    again = workshop(workshop="video", what="film", model="asset:shapes", start="seed:13", edit=link_of(made(MOVE)))
    stack = json.loads(again.session_state[HELD]["asset:shapes"]["text"])["stack"]
    assert (stack["start"]["source"], stack["edits"][0]["name"]) == ("seed:13", "move")
    link = again.query_params["edit"]
    assert of_link(link if isinstance(link, str) else link[0])  # a reload brings it back
    for wrong in ("pixels:AAAA", "seed:1 2", "<b>"):
        assert not workshop(workshop="video", model="asset:shapes", start=wrong).session_state[HELD]


def test_a_film_of_the_edit_is_made_and_shown(home: AppState) -> None:
    page = workshop(workshop="video", what="film", model="asset:shapes", seconds="0.5", rate="4", strength="back")
    page.session_state[HELD] = {"asset:shapes": {"text": made(MOVE), "turn": 0}}
    run(page)
    run(page, page.button(key="film-start").click())
    jobs = home.job_manager()
    (view,) = jobs.views("film-of-edit")
    assert jobs.wait(view.id, 120).state == "done"
    asked = jobs.folder(view.id).asked()["task"]
    assert asked["strength"] == "0:0 0.25:1 0.5:0"
    run(page)
    assert any("2 frames, 4 a second" in each.value for each in page.markdown)


def test_keyframes_that_are_none_are_said(home: AppState) -> None:
    page = workshop(workshop="video", what="film", model="asset:shapes", strength="keys", keys="0:0 1:7")
    assert any("must be from 0 to 1" in each.value for each in page.error)


def test_previews_stand_beside_each_other_in_order(home: AppState) -> None:
    jobs = home.job_manager()
    job = jobs.start(EditClip(model="asset:none", stack=json.dumps(json.loads(made(MOVE))["stack"])),
                     clip_inputs([("a.mp4", film(moving(3)))]))  # fmt: skip
    assert jobs.wait(job, 180).state == "failed"
    folder = jobs.folder(job)
    assert strip(folder, 6) == ""
    for index in (20, 0, 10):
        (folder.root / "parts" / f"preview-{index:04}.png").write_bytes(b"png %d" % index)
    words = strip(folder, 2)
    assert [words.count(f">Frame {i}<") for i in (1, 11, 21)] == [0, 1, 1]
    assert words.index("Frame 11") < words.index("Frame 21")
    page = workshop(workshop="video", job=job)
    assert any("Every tenth frame" in each.value for each in page.caption)


def test_the_picture_that_was_brought_is_had_back() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).astype(np.uint8)
    text = json.loads(made(MOVE, source="picture")) | {"brought": encode_pixels(pixels.reshape(32, 32, 3))}
    found = pixels_of(json.dumps(text), 32)
    assert found is not None
    np.testing.assert_array_equal(found.ravel(), pixels)
    assert pixels_of(json.dumps(text), 28) is None
    assert pixels_of(made(MOVE), 32) is None


def test_what_a_workshops_form_says_in_the_address_is_no_setting_of_a_run() -> None:
    found = from_url({"workshop": "video", "what": "film", "seconds": "3", "run": "?", "projector": "1"})
    assert (found.notice, found.projector) == ("", True)
    assert from_url({"what": "film"}).notice
