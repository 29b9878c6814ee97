"""How fast a run may go: one switch, chosen before Train and turned while it trains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui.fields.widget_values import fresh_key, is_fresh
from pages.ui.literal import literal
from pages.ui.session import Tab, pace_in_force, send_pace

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

SPEEDS = {1.0: "Step by step", 0.2: "Slow", 0.02: "Normal", 0.0: "Full"}
"""Least seconds from one step to the next -> in words."""

HELP = (
    "Step by step: one step a second. Slow: five. Normal: at most fifty, which the eye can follow. "
    "Full: as fast as this machine goes. It changes nothing in what the run becomes."
)


def draw_speed(state: Tab, view: RunView | None, refused: str = "") -> None:
    """view: the run that can be told now, None: the next one is meant. refused: why who looks at it may not."""
    now = pace_in_force(state, view) if view is not None else state.speed
    key = fresh_key("pace", now)
    st.session_state[key] = now if now in SPEEDS else None

    def turned() -> None:
        chosen = st.session_state[key]
        if not is_fresh("pace", key) or chosen is None or chosen == now:
            return
        state.speed = chosen
        if view is not None:
            send_pace(state, chosen)

    with st.container(key="speed", width="content"):
        st.segmented_control(
            "Speed", list(SPEEDS), format_func=SPEEDS.__getitem__, key=key, required=now in SPEEDS, on_change=turned,
            label_visibility="collapsed", help=literal(refused) or HELP, disabled=bool(refused),
        )  # fmt: skip


def paced(state: Tab) -> None:
    """A run has just been started at the speed that was chosen: shown as in force until the run says so itself."""
    state.pace = state.speed, time.monotonic()
