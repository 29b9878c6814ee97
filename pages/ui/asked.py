"""What a press begins: done once every choice of the same moment is made, however Streamlit tells of them.

Of events that have waited together it calls buttons first and components later, however they were pressed: Train
would start what the panel showed before the scene that was chosen just then.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_ASKED = "ganscope.asked"


def ask(what: Callable[[], None]) -> None:
    """For callbacks. what: does a thing once, however often it is called: a newer event may cut it off."""
    st.session_state[_ASKED] = what


def carry_out() -> None:
    """Before a page is drawn: what was asked for, if anything was."""
    what: Callable[[], None] | None = st.session_state.get(_ASKED)
    if what is None:
        return
    try:
        what()
    except Exception:
        del st.session_state[_ASKED]
        raise
    del st.session_state[_ASKED]
