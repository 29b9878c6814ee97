"""A clip that was brought to the page: kept on disk, with its first frame and its box; there again after a reload."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from gan_core.apply.clips.box import fitting, read_box
from gan_core.apply.clips.intake import clip_inputs, glance
from gan_core.apply.clips.kept_clips import MOST_DAYS, KeptClip, keep_clip, newest_clip
from pages.apply.web.video.mount import shown_frame
from pages.server.security.people import here
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import job_manager, why_not

HELD = "ganscope.clip"  # in the session: the Brought, or None once it was put away
MOST_UPLOAD_MB = 200


@dataclass(frozen=True)
class Brought:
    """key: of the upload, "" of one from before. clip: on disk; inputs: where it could not be kept there.

    frame: the first one as an address; box: "X,Y,WIDTH,HEIGHT"; turn: of the clip.
    """

    key: str
    name: str
    clip: KeptClip | None
    inputs: dict[str, bytes] | None
    frame: str
    width: int
    height: int
    box: str
    turn: int

    def files(self) -> dict[str, bytes]:
        """As `EditClip` takes them. Raises OSError where it is gone from the disk."""
        return self.inputs or (self.clip.inputs() if self.clip else {})

    @property
    def there(self) -> bool:
        return self.inputs is not None or (self.clip is not None and self.clip.there)


def bring_clip() -> Brought | None:
    """The uploader, and what it holds or held; what is no clip is said."""
    files = st.file_uploader(
        "Clip", accept_multiple_files=True, key="clip-files", label_visibility="collapsed",
        max_upload_size=MOST_UPLOAD_MB, disabled=bool(why_not("bring", "")),
        help="MP4, WebM, MOV, GIF, animated WebP or PNG, a zip of frames, or the frames themselves. It stays on this "
        "machine.",
    )  # fmt: skip
    if not files:
        return _from_before()
    held: Brought | None = st.session_state.get(HELD)
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


def _from_before() -> Brought | None:
    """What was brought before another page was looked at, or before a reload."""
    if HELD not in st.session_state:
        st.session_state[HELD] = _opened()
    held: Brought | None = st.session_state[HELD]
    if held is None:
        return None
    if not held.there:
        st.session_state[HELD] = None
        st.info("The clip that you brought is kept no longer; bring it again.")
        return None
    with st.container(horizontal=True, vertical_alignment="center", key="clip-held"):
        days = f" It is kept for {MOST_DAYS} days." if held.clip else ""
        st.markdown(f"{literal(held.name)} is here from before.{days}")
        st.button("Put it away", key="clip-forget", icon=":material/close:", on_click=_put_away)
    return held


def _opened() -> Brought | None:
    """The newest that is kept for whoever looks at the page."""
    clip = newest_clip(job_manager().runs_dir, here().id)
    if clip is None:
        return None
    name, box = clip.about()
    try:
        frame, told = glance(clip.inputs())
        fits = fitting(read_box(box) if box else None, told.width, told.height)
    except (ValueError, OSError):  # damaged, or put away in another tab meanwhile
        return None
    return Brought("", name or "The clip", clip, None, shown_frame(frame), told.width, told.height, fits.words(), 1)


def _put_away() -> None:
    held: Brought | None = st.session_state.get(HELD)
    st.session_state[HELD] = None
    if held is not None and held.clip is not None:
        held.clip.remove()


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
        if held.clip is not None and held.clip.there:
            with contextlib.suppress(OSError):  # it is in the session all the same
                held.clip.say(held.name, held.box)


def _read(key: str, contents: Sequence[tuple[str, bytes]], turn: int) -> Brought:
    """Raises ValueError, OSError."""
    inputs = clip_inputs(contents)
    frame, told = glance(inputs)
    box = fitting(None, told.width, told.height).words()
    name = contents[0][0] if len(contents) == 1 else f"{len(contents)} frames"
    clip: KeptClip | None = None
    with contextlib.suppress(OSError):  # a full disk: the session keeps it for as long as the tab is open
        clip = keep_clip(job_manager().runs_dir, here().id, name, inputs)
    held = None if clip else inputs
    return Brought(key, name, clip, held, shown_frame(frame), told.width, told.height, box, turn + 1)
