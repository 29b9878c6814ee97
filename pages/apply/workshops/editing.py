"""Edit a picture: drag it, move it along directions, repaint a region; the same steps for many other pictures."""

from __future__ import annotations

import streamlit as st

from gan_core.apply.editing.task import MOST_PICTURES, EditPictures
from pages.apply.edited import draw_outcome, held, hold, input_names, keep_link, open_link, read_made
from pages.apply.job_list import start_job
from pages.apply.kept import turn_to
from pages.apply.subjects import choose_model
from pages.apply.web.editing.mount import edit_view
from pages.apply.workshop import Workshop
from pages.server.app_state import app_state
from pages.ui.session import tab, why_not, why_not_start

TASK = "edit-pictures"
FIRST = "asset:shapes"
MOST_UPLOAD_MB = 20


def draw() -> None:
    model = choose_model("edit-model", FIRST, labelled=False)
    if model is None:
        st.info("There is no generator of pictures yet; train one in the Lab.")
        return
    open_link(model.id)
    made = held(model.id)
    edit_view(
        "edit-view", token=app_state().token, model=model.id, kept=made["text"], turn=made["turn"],
        projector=tab().projector, on_kept=_kept,
    )  # fmt: skip
    keep_link(model.id)
    st.button(
        "Use them on a clip or a film", key="edit-to-video", icon=":material/movie:", on_click=turn_to,
        args=("video",), help="The steps are carried over; so is the generator.",
    )  # fmt: skip
    _draw_others(model.id)


def _kept(text: str) -> None:
    made = read_made(text)
    if made is not None and made[0].model:
        hold(made[0].model, text)


def _draw_others(model: str) -> None:
    """The same steps for other pictures, as a job."""
    made = read_made(held(model)["text"])
    with st.expander("Apply these steps to other pictures", key="edit-others"):
        st.caption(
            f"Up to {MOST_PICTURES:,} pictures. Each is looked for among what the generator can draw, and edited; "
            "they stay on this machine."
        )
        files = st.file_uploader(
            "Pictures", accept_multiple_files=True, key="edit-files", label_visibility="collapsed",
            max_upload_size=MOST_UPLOAD_MB, disabled=bool(why_not("bring", "")),
        )  # fmt: skip
        ready = made is not None and any(each.on for each in made[0].edits)
        if not ready:
            st.caption("The stack has no steps yet.")
        st.button(
            "Edit them", key="edit-start", icon=":material/photo_library:",
            disabled=not files or not ready or bool(why_not_start()),
            on_click=_start, args=(model,),
        )  # fmt: skip


def _start(model: str) -> None:
    made, files = read_made(held(model)["text"]), st.session_state.get("edit-files") or []
    if made is None or not files:
        return
    names = input_names([file.name for file in files])
    start_job(
        EditPictures(model=model, stack=made[1]),
        {name: file.getvalue() for name, file in zip(names, files, strict=True)},
    )


WORKSHOP = Workshop(
    "editing", "Edit", "gesture", 35,
    "Take hold of a picture and pull: a trained generator draws what follows, as far as it can, and says how far.",
    draw, (TASK,), draw_outcome,
)  # fmt: skip
