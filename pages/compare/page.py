"""Compare: every run in one table, and what sets the chosen ones apart."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.compare import curves, family, samples, settings, table
from pages.compare.chosen import OPEN, WIDGET, opened, reread, write_address
from pages.compare.sweep import sweeps
from pages.server.app_state import NotReady, app_state
from pages.ui.chrome import draw_notice, draw_projector
from pages.ui.history import browsed
from pages.ui.literal import literal
from pages.ui.session import Tab, manager, tab

Draw = Callable[[Tab], None]


TABS: dict[str, tuple[str, Draw]] = {
    "runs": ("Runs", table.draw),
    "curves": ("Curves", curves.draw),
    "samples": ("Samples", samples.draw),
    "settings": ("Settings", settings.draw),
    "family": ("Family", family.draw),
    "sweeps": ("Sweeps", sweeps.draw),
}
"""Name in the address -> what the tab is called, and what draws it: `draw(state)` in a module of its own."""


def draw_compare(state: Tab) -> None:
    if browsed():
        reread()
    draw_projector(state)
    with st.container(key="compare-page"):
        draw_notice(state)
        labels = [label for label, _ in TABS.values()]
        if st.session_state.get(WIDGET) not in labels:  # new here, or back from another page
            st.session_state[WIDGET] = TABS[opened(TABS) or "runs"][0]
        tabs = st.tabs(labels, key=WIDGET, on_change="rerun")
        for shown, name in zip(tabs, TABS, strict=True):
            if shown.open:  # only what is looked at costs anything
                st.session_state[OPEN] = name
                with shown, st.container(key=f"compare-{name}"):
                    TABS[name][1](state)
        write_address(st.session_state.get(OPEN, "runs"), projector=state.projector)


try:
    if not app_state().ready:
        with st.spinner("The engine is starting"):
            manager()
    draw_compare(tab())
except NotReady as problem:
    st.error(literal(problem))
