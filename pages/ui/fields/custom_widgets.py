"""Fields whose text nobody types: a picture's darkness, with what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gan_core.data import darkness_text
from gan_core.data.sets.ink import LEVELS, decode_levels
from pages.server.security.people import here
from pages.server.security.public import public
from pages.server.security.rights import demand, may
from pages.ui.literal import literal

if TYPE_CHECKING:
    from gan_core.data.sets.drawn import FromPicture

MOST_MEGABYTES = 20
_ENLARGED = 4


def draw_ink(member: FromPicture, key: str, changed: Callable[[str], None]) -> None:
    """A picture in, and the density that was made of it. What a file is, its content decides, not its name."""
    uploader, trouble = f"{key}:file", f"{key}:trouble"

    def uploaded() -> None:
        st.session_state.pop(trouble, None)
        file = st.session_state[uploader]
        if file is None:
            return
        try:
            demand(here(), "bring", what=file.name)
            changed(darkness_text(file.getvalue()))
        except ValueError as problem:
            st.session_state[trouble] = public(problem)

    st.file_uploader(
        "Picture", key=uploader, on_change=uploaded, max_upload_size=MOST_MEGABYTES,
        disabled=bool(may(here(), "bring")),
        help="PNG, JPEG, HEIC, AVIF, WebP, TIFF, BMP or GIF. Its dark parts become dense. "
        "Only the 48 x 48 cells below are kept.",
    )  # fmt: skip
    if found := st.session_state.get(trouble):
        st.error(literal(found), icon=":material/block:")
    try:
        levels = decode_levels(member.ink)
    except ValueError:
        return  # the panel says what is wrong with it
    paper = 255 - np.kron(levels, np.ones((_ENLARGED, _ENLARGED), np.uint8)) * (255 // (LEVELS - 1))
    st.image(paper.astype(np.uint8), caption="The darker, the more points", width=192)


CUSTOM_WIDGETS: dict[tuple[str, str], Callable[[Any, str, Callable[[str], None]], None]] = {
    ("FromPicture", "ink"): draw_ink,
}
"""By class and field: what is drawn instead of a widget for text. Called with the member, a key, and whom to tell."""
