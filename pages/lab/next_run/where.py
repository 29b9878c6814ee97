"""Where the next run trains: by this server, or by a job on another machine, where the server was told of a way."""

from __future__ import annotations

import streamlit as st

from pages.ui.choices import show
from pages.ui.session import Tab, manager

_WORDS = {False: "Here", True: "Cluster"}


def goes_elsewhere(state: Tab) -> bool:
    return state.elsewhere and manager().elsewhere.command is not None


def draw_where(state: Tab) -> None:
    """Nothing where there is only one place."""
    if manager().elsewhere.command is None:
        return
    show("where", state.elsewhere)

    def turned() -> None:
        state.elsewhere = bool(st.session_state["where"])

    st.segmented_control(
        "Where",
        (False, True),
        format_func=lambda elsewhere: _WORDS[elsewhere],
        key="where",
        required=True,
        on_change=turned,
        label_visibility="collapsed",
        help="Runs on the cluster wait in its own line, and are watched and steered from here.",
    )
