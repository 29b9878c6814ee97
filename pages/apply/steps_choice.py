"""Which steps are to be carried over: those that stand in the workshop Edit, or a saved file's."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from gan_core.apply.completion.results import png
from gan_core.apply.editing.edits import Edit, Stack, edits, stack_from_json, stack_to_json
from gan_core.apply.editing.regions import Picture
from gan_core.apply.editing.starting import PICTURE, encode_pixels
from gan_core.runs.catalog.entries import ModelEntry
from pages.apply.edited import held, pixels_of, read_made
from pages.apply.kept import kept, turn_to
from pages.server.security.public import public
from pages.ui.literal import literal

FROM = {"edit": "The steps in Edit", "file": "A saved file"}
FILE = "ganscope.steps-file"  # in the session: the text of the file
TUNING = 100  # steps
_SAID = ("along", "factor", "amount", "points", "label", "units")


@dataclass(frozen=True)
class Steps:
    """stack: with a step that is on. picture: a PNG that it begins with, or None; brought: the same as pixels."""

    stack: Stack
    picture: bytes | None = None
    brought: str = ""

    def text(self, tuning: int = 0) -> str:
        """As JSON. tuning: where that is asked for beside what the stack says itself."""
        start = replace(self.stack.start, tuning=max(tuning, self.stack.start.tuning))
        return stack_to_json(replace(self.stack, start=start))

    def shown(self, model: str) -> dict[str, Any]:
        """As the browser asks the server for its pictures."""
        return {"model": model, "stack": json.loads(self.text()), "brought": self.brought}


def choose_steps(model: ModelEntry) -> Steps | None:
    """None where there are none, which the page then says, with a way to some."""
    source = st.segmented_control(
        "Steps", list(FROM), key=kept("steps-from", "edit", list(FROM), link="steps"), required=True,
        format_func=FROM.__getitem__,
    )  # fmt: skip
    found = _of_file() if source == "file" else _of_edit(model)
    if found is None:
        return None
    on = [each for each in found.stack.edits if each.on]
    if not on:
        with st.container(horizontal=True, vertical_alignment="center", key="steps-none"):
            st.markdown("There are no steps yet." if source == "edit" else "The file has no steps that are on.")
            if source == "edit":
                st.button("Make some in Edit", key="steps-edit", icon=":material/gesture:", on_click=turn_to,
                          args=("editing",))  # fmt: skip
        return None
    st.caption(literal(f"{len(on)} {'step' if len(on) == 1 else 'steps'}: {'; '.join(map(words_of, on))}"))
    return found


def words_of(edit: Edit) -> str:
    """A step in a few words."""
    said = [str(getattr(edit, name)) for name in _SAID if getattr(edit, name, "") != ""]
    return " ".join([edits.get(edits.name_of(edit)).label, *said])[:80]


def _of_edit(model: ModelEntry) -> Steps | None:
    text = held(model.id)["text"]
    made = read_made(text)
    if made is None:
        return Steps(Stack())
    stack, picture = made[0], pixels_of(text, model.size)
    if stack.start.source == PICTURE and picture is None:
        return Steps(replace(stack, start=replace(stack.start, source="seed:1")))
    if picture is None or stack.start.source != PICTURE:
        return Steps(stack)
    return Steps(stack, _png(picture), encode_pixels(picture))


def _of_file() -> Steps | None:
    file = st.file_uploader(
        "Saved steps", type=["json"], key="steps-file", label_visibility="collapsed", max_upload_size=1,
        help="What Save in Edit, or edit --save, wrote.",
    )  # fmt: skip
    if file is not None:
        st.session_state[FILE] = file.getvalue()
    content: bytes | None = st.session_state.get(FILE)
    if content is None:
        return None
    try:
        stack = stack_from_json(content)
    except ValueError as problem:
        st.error(literal(public(problem)))
        return None
    if stack.start.source == PICTURE:  # which is not in the file
        stack = replace(stack, start=replace(stack.start, source="seed:1"))
    return Steps(stack)


def _png(picture: Picture) -> bytes:
    return png(np.ascontiguousarray(picture))
