"""Which runs are compared, and under which tab: kept for one browser tab and in its address."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

from gan_core.runs.storage.run_folder import ID_PATTERN
from pages.ui.history import write

CHOSEN = "compare_chosen"  # in the session: the runs' ids, in the order in which they were chosen
OPEN = "compare_tab"
WIDGET = "compare-tabs"  # of the tabs themselves: the label of the open one
MOST_CHOSEN = 24
COLOURS = ("#0072B2", "#E69F00", "#00805F", "#7B5EA7", "#D55E00", "#2B9CB8", "#B3568C", "#8C7A00")
"""Of the runs by their place among the chosen, from the beginning again after the last; the dash changes then."""


def chosen() -> list[str]:
    """The ids of the runs that are compared; the first time those of the address."""
    if CHOSEN not in st.session_state:
        named = st.query_params.get("runs", "").split(",")
        st.session_state[CHOSEN] = _sound(name for name in named if re.fullmatch(ID_PATTERN, name))
    found: list[str] = st.session_state[CHOSEN]
    return list(found)


def choose(runs: Iterable[str]) -> None:
    """Compare these, at most MOST_CHOSEN of them."""
    st.session_state[CHOSEN] = _sound(runs)


def _sound(runs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(runs))[:MOST_CHOSEN]


def colour_of(place: int) -> str:
    """The colour of the chosen run at this place, on every tab."""
    return COLOURS[place % len(COLOURS)]


def opened(names: Iterable[str]) -> str:
    """The tab that the address names, "" where it names none of these."""
    asked = st.session_state.get(OPEN) or st.query_params.get("tab", "")
    return asked if asked in names else ""


def write_address(tab: str, *, projector: bool) -> None:
    """Tab and runs, so that the view can be sent to somebody."""
    runs = ",".join(chosen())
    query = {"tab": tab} | ({"runs": runs} if runs else {}) | ({"projector": "1"} if projector else {})
    write("compare", query, {"tab": "runs"})


def reread() -> None:
    """The browser went back or forward: the view is what the address says."""
    for name in (CHOSEN, OPEN, WIDGET):
        st.session_state.pop(name, None)
