"""The Lab's panel where a scene shows only some controls: those, and a quiet way to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.lab.next_run.choosing import draw_kind, draw_thumbnails
from pages.ui.fields.panel import draw_some
from pages.ui.fields.widget_values import Changed
from pages.ui.literal import literal

if TYPE_CHECKING:
    from gan_core.training import RunConfig
    from pages.ui.session import Tab


def draw_only(state: Tab, config: RunConfig, changed: Changed, *, steering: bool) -> None:
    """steering: the panel sets the run that trains."""
    if state.title:
        st.markdown(f"**{literal(state.title)}**")
    if state.shows("data") and not steering:
        draw_kind(state, "kind")
        draw_thumbnails(state)
    paths = [name for name in state.only if name != "data"]
    draw_some(config, paths, "steer" if steering else "next", changed, running=steering)


def draw_way_out(state: Tab) -> None:
    """To every control there is, unless the scene says otherwise."""
    if state.locked:
        return

    def opened() -> None:
        state.only, state.full = (), True

    st.button(
        "All settings", key="all-controls", type="tertiary", icon=":material/tune:", on_click=opened,
        help="This scene shows only some; here are all of them.",
    )  # fmt: skip
