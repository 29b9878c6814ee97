"""The table of all runs."""

from __future__ import annotations

import streamlit as st

from pages.compare.chosen import choose, chosen
from pages.ui.session import Tab, manager
from pages.ui.words import preset_label


def draw(state: Tab) -> None:
    views = {view.id: view for view in manager().views()}
    picked = st.multiselect(
        "Runs to compare", list(views), [run for run in chosen() if run in views],
        format_func=lambda run: f"{views[run].title or preset_label(views[run].preset)} · {run}",
    )  # fmt: skip
    choose(picked)
