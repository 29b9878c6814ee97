"""Clips and films: an edit over every frame of a clip, growing in a film, a way between pictures, and the camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core.apply.clips.box import WAYS as PUT
from gan_core.apply.clips.clip_task import EditClip
from gan_core.apply.clips.film_tasks import FEWEST, MOST, FilmOfEdit, FilmOfPictures
from gan_core.apply.clips.intake import natural
from gan_core.apply.editing.starting import PICTURE
from gan_core.config.codec import ConfigError, from_dict
from gan_core.latent.walks import WAYS as PATHS
from gan_core.runs.catalog.entries import ModelEntry
from pages.apply.clip_upload import bring_clip, set_box
from pages.apply.edited import keep_link, open_link
from pages.apply.job_list import start_job
from pages.apply.kept import kept
from pages.apply.results.filmed import draw_outcome, draw_work
from pages.apply.steps_choice import TUNING, choose_steps
from pages.apply.strength import choose_strength
from pages.apply.subjects import choose_model
from pages.apply.web.video.mount import box_view, camera_view
from pages.apply.workshop import Workshop
from pages.server.app_state import app_state
from pages.ui.literal import literal
from pages.ui.session import tab

TASKS = ("edit-clip", "film-of-edit", "film-of-pictures")
FIRST = "asset:shapes"
MOST_PICTURE_MB = 20
KINDS = {"auto": "as the clip", "mp4": "MP4", "gif": "GIF"}
PUT_WORDS = {"picture": "The generator's picture", "change": "Only what the edit changes"}
PATH_WORDS = {"spline": "smooth through all", "slerp": "from one to the next", "lerp": "straight to the next"}
assert set(PUT_WORDS) == set(PUT)
assert set(PATH_WORDS) == set(PATHS)


def draw() -> None:
    model = choose_model("edit-model", FIRST, labelled=False)
    if model is None:
        st.info("There is no generator of pictures yet; train one in the Lab.")
        return
    open_link(model.id)
    keep_link(model.id)
    what = st.segmented_control(
        "What", list(KINDS_OF_WORK), key=kept("video-what", "clip", list(KINDS_OF_WORK), link="what"), required=True,
        label_visibility="collapsed", format_func=lambda key: KINDS_OF_WORK[key][0],
    )  # fmt: skip
    words, form = KINDS_OF_WORK[what or "clip"][1:]
    st.caption(words)
    form(model)


# --- a clip


def _draw_clip(model: ModelEntry) -> None:
    brought = bring_clip()
    if brought is not None:
        box_view(
            "clip-box-view", frame=brought.frame, width=brought.width, height=brought.height, box=brought.box,
            turn=brought.turn, size=model.size, on_box=set_box,
        )  # fmt: skip
    steps = choose_steps(model)
    asked: dict[str, Any] = {"model": model.id}
    with st.container(horizontal=True, vertical_alignment="bottom", key="clip-row"):
        asked["put"] = st.selectbox(
            "Put into the frame", PUT, key=kept("clip-put", "picture", PUT, link="put"),
            format_func=PUT_WORDS.__getitem__,
            help="The generator's picture is sharp only as far as it can draw; what the edit changes keeps the "
            "frame's own detail, and suits small changes.",
        )  # fmt: skip
        asked["kind"] = st.selectbox("File", list(KINDS), key=kept("clip-kind", "auto", list(KINDS), link="file"),
                                     format_func=KINDS.__getitem__, width=130)  # fmt: skip
    tune = st.checkbox(
        "Tune a copy of the generator to the first frame", key=kept("clip-tune", False, link="tune"),
        help="Where the subject is far from what the generator can draw: pivotal tuning, some seconds more.",
    )  # fmt: skip
    with st.expander("More", key="clip-more"):
        asked["strength"] = choose_strength("clip", None)
        asked |= _draw_search()
    ready = brought is not None and steps is not None
    if _pressed("Edit the clip", "clip-start", ready) and brought is not None and steps is not None:
        stack = steps.text(TUNING if tune else 0)
        try:
            inputs = brought.files()
        except OSError:
            tab().notice = "The clip that you brought is kept no longer; bring it again."
            st.rerun()
        _start(EditClip, {**asked, "stack": stack, "box": brought.box}, inputs)


def _draw_search() -> dict[str, object]:
    left, right = st.columns(2)
    with left:
        soft = st.slider("Soft border, % of the box", 0, 50, key=kept("clip-soft", 10, low=0, high=50, link="soft"))
        rate = st.number_input(
            "Frames a second of a folder's or zip's", 1, 60, key=kept("clip-rate", 25, low=1, high=60, link="rate")
        )
    with right:
        iterations = st.slider(
            "Iterations a frame", 5, 200, step=5, key=kept("clip-iterations", 40, low=5, high=200, link="iterations")
        )
        smoothing = st.slider(
            "Smoothing, frames", 0.0, 5.0, step=0.5, key=kept("clip-smoothing", 1.0, low=0, high=5, link="smoothing"),
            help="Against flicker; more makes quick movements slower.",
        )  # fmt: skip
    return {"soft": soft / 100, "rate": int(rate), "iterations": int(iterations), "smoothing": float(smoothing)}


# --- a film of an edit


def _draw_film(model: ModelEntry) -> None:
    steps = choose_steps(model)
    asked: dict[str, Any] = {"model": model.id, **_draw_length("film", 4.0)}
    asked["strength"] = choose_strength("film", asked["seconds"], None if steps is None else steps.shown(model.id))
    if _pressed("Make the film", "film-start", steps is not None) and steps is not None:
        inputs = {} if steps.picture is None else {PICTURE: steps.picture}
        _start(FilmOfEdit, {**asked, "stack": steps.text()}, inputs)


# --- a film between pictures


def _draw_between(model: ModelEntry) -> None:
    files = st.file_uploader(
        "Pictures", accept_multiple_files=True, key="between-files", label_visibility="collapsed",
        max_upload_size=MOST_PICTURE_MB,
    )  # fmt: skip
    files = sorted(files or [], key=lambda file: natural(file.name))
    if files:
        st.caption(literal(f"In the order of their names: {', '.join(file.name for file in files[:MOST])}."))
    asked: dict[str, Any] = {"model": model.id, **_draw_length("between", 6.0)}
    with st.container(horizontal=True, vertical_alignment="bottom", key="between-row"):
        asked["way"] = st.selectbox("Way", PATHS, key=kept("between-way", "spline", PATHS, link="way"),
                                    format_func=PATH_WORDS.__getitem__)  # fmt: skip
        asked["loop"] = st.checkbox("Back to the first at the end", key=kept("between-loop", False, link="loop"))
    if _pressed("Make the film", "between-start", FEWEST <= len(files) <= MOST):
        inputs = {f"picture-{i:02}": file.getvalue() for i, file in enumerate(files, 1)}
        _start(FilmOfPictures, asked, inputs)
    if len(files) > MOST or len(files) == 1:
        st.caption(f"{'One picture is' if len(files) == 1 else f'{len(files)} pictures are'} here; "
                   f"{FEWEST} to {MOST} make a film.")  # fmt: skip


# --- the camera


def _draw_camera(model: ModelEntry) -> None:
    camera_view("camera-view", token=app_state().token, model=model.id, projector=tab().projector)


# --- what films share


def _pressed(words: str, key: str, ready: bool) -> bool:
    """In the page and not in a callback, which would get what the form held before the last change."""
    return st.button(words, key=key, type="primary", icon=":material/movie:", disabled=not ready)


def _draw_length(name: str, usual: float) -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{name}-length"):
        seconds = st.number_input("Seconds", 0.5, 60.0, step=0.5, width=130,
                                  key=kept(f"{name}-seconds", usual, low=0.5, high=60, link="seconds"))  # fmt: skip
        rate = st.number_input("Frames a second", 1, 60, width=150,
                               key=kept(f"{name}-rate", 25, low=1, high=60, link="rate"))  # fmt: skip
        kind = st.selectbox("File", ["mp4", "gif"], key=kept(f"{name}-kind", "mp4", ["mp4", "gif"], link="file"),
                            format_func=str.upper, width=110)  # fmt: skip
        size = st.select_slider("Size, pixels", [128, 256, 512, 1080], width=200,
                                key=kept(f"{name}-size", 512, [128, 256, 512, 1080], link="size"))  # fmt: skip
    return {"seconds": float(seconds), "rate": int(rate), "kind": kind, "size": int(size)}


def _start(task: type[Any], asked: dict[str, Any], inputs: dict[str, bytes]) -> None:
    try:
        made = from_dict(task, asked)
    except ConfigError as problem:
        tab().notice = str(problem)
    else:
        start_job(made, inputs)
    st.rerun()  # the results stand below what is drawn


KINDS_OF_WORK: dict[str, tuple[str, str, Callable[[ModelEntry], None]]] = {
    "clip": (
        ":material/movie_edit: Edit a clip",
        "Bring a film (MP4, WebM, GIF), a zip of frames, or frames: at most 30 s and 900 frames. What is in the box "
        "is looked for frame by frame among what the generator can draw, edited, and put back.",
        _draw_clip,
    ),
    "film": (":material/timeline: Film of an edit", "The edit grows before one's eyes.", _draw_film),
    "between": (
        ":material/linear_scale: Between pictures",
        f"Bring {FEWEST} to {MOST} pictures: the film goes from one to the next through what the generator can draw.",
        _draw_between,
    ),
    "camera": (
        ":material/videocam: Camera",
        "What the generator draws that is nearest to what the camera sees, as it happens.",
        _draw_camera,
    ),
}  # fmt: skip

WORKSHOP = Workshop(
    "video", "Clips and films", "movie", 37,
    "The same steps on what moves: over a clip, as a film that grows, from picture to picture, before the camera.",
    draw, TASKS, draw_outcome, draw_work,
)  # fmt: skip
