"""A clip that was brought to the page: its files, its first frame, and where the box is; kept in the session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from gan_core.apply.clips.box import Box, fitting, read_box
from gan_core.apply.clips.intake import clip_inputs, glance
from pages.apply.web.video.mount import shown_frame
from pages.server.security.public import public
from pages.ui.literal import literal

HELD = "ganscope.clip"  # in the session: the Brought
MOST_UPLOAD_MB = 200
MOST_KEPT = 50_000_000  # bytes that stay in the session while another page is looked at


@dataclass(frozen=True)
class Brought:
    """inputs: of `EditClip`; frame: the first one as an address; box: "X,Y,WIDTH,HEIGHT"; turn: of the clip."""

    key: str
    name: str
    inputs: dict[str, bytes]
    frame: str
    width: int
    height: int
    box: str
    turn: int


def bring_clip() -> Brought | None:
    """The uploader, and what it holds or held; what is no clip is said."""
    files = st.file_uploader(
        "Clip", accept_multiple_files=True, key="clip-files", label_visibility="collapsed",
        max_upload_size=MOST_UPLOAD_MB,
        help="MP4, WebM, MOV, GIF, animated WebP or PNG, a zip of frames, or the frames themselves. It stays on this "
        "machine.",
    )  # fmt: skip
    held: Brought | None = st.session_state.get(HELD)
    if not files:
        if held is not None and sum(map(len, held.inputs.values())) > MOST_KEPT:
            held = st.session_state[HELD] = None
        return held
    key = " ".join(file.file_id for file in files)
    if held is None or held.key != key:
        try:
            with st.spinner("Looking at the first frame"):
                contents = [(file.name, file.getvalue()) for file in files]
                held = _read(key, contents, 0 if held is None else held.turn)
        except (ValueError, OSError) as problem:
            st.error(literal(public(problem)))
            return None
        st.session_state[HELD] = held
    return held


def set_box(text: str) -> None:
    """Keep a box, "TURN:X,Y,WIDTH,HEIGHT", that came from a browser; one that is not of this clip is left."""
    held: Brought | None = st.session_state.get(HELD)
    turn, _, box = text.partition(":")
    if held is not None and turn == str(held.turn):
        try:
            held = replace(held, box=fitting(read_box(box), held.width, held.height).words())
        except ValueError:
            return
        st.session_state[HELD] = held


def _read(key: str, contents: Sequence[tuple[str, bytes]], turn: int) -> Brought:
    """Raises ValueError, OSError."""
    inputs = clip_inputs(contents)
    frame, told = glance(inputs)
    box: Box = fitting(None, told.width, told.height)
    name = contents[0][0] if len(contents) == 1 else f"{len(contents)} frames"
    return Brought(key, name, inputs, shown_frame(frame), told.width, told.height, box.words(), turn + 1)
