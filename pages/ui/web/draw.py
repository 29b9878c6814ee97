"""A pad to draw strokes on, with mouse, pen, finger or keys; they come back as the text that a dataset keeps."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from gan_core.data.drawn import HALF
from gan_core.data.ink import MOST_STROKE_SIGNS, PLACES
from pages.ui.web.component import component

_mount = component("ganscope_draw", "ui/web/draw/draw.js", "ui/web/draw/draw.css")


def drawing_pad(key: str, strokes: str, std: float, on_drawn: Callable[[str], None]) -> None:
    """Show `strokes` with a pen of this standard deviation; `on_drawn` is called with the text of every new drawing.

    What it is called with came from a browser: check it.
    """

    def drawn() -> None:
        given = st.session_state[key].get("drawing")
        if isinstance(given, list) and len(given) == 2 and isinstance(given[1], str):
            on_drawn(given[1])

    pad = {"strokes": strokes, "std": std, "places": PLACES, "half": HALF, "most": MOST_STROKE_SIGNS}
    _mount(key=key, data=[pad], on_drawing_change=drawn)  # in a list, see copy.py
