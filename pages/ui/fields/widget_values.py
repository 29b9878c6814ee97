"""The values of widgets: set before they are drawn, and taken only where a person has moved one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.ui.choices import show

Changed = Callable[[str, object], None]
"""Called with the dotted path and the new value when a person has moved a widget."""

_DRAWN = "ganscope.drawn"  # key of the values that widgets were last drawn with
_FRESH = "ganscope.fresh"  # key of how often something else than its widget set a value of the run
_REPLACED = "ganscope.replaced"  # key of what they showed before something else set them, and when that was
STALE_SECONDS = 2.0  # so long a browser may still send what it showed before


def seed(scope: str, path: str, value: object, *, of_run: bool) -> str:
    """Give a widget the configuration's value before it is drawn; returns its key.

    of_run: the value is a run's, which others set too.
    """
    key = f"{scope}:{path}"
    if of_run:
        key = fresh_key(key, value)
    before = st.session_state.get(key, value)
    if before != value:  # set by a preset, say: this tab's browser still says what was there before
        st.session_state.setdefault(_REPLACED, {})[key] = (before, time.monotonic())
    show(key, value)
    st.session_state.setdefault(_DRAWN, {})[key] = value
    return key


def fresh_key(name: str, value: object) -> str:
    """The key of a widget for something of a run, which other tabs and the run itself set too.

    Where they have set it, it is another widget from then on. This tab's browser may say what the one before showed
    for as long as it likes, until it hears of that: nobody listens. Taken for a move of the hand it would go to the
    run, the other tab would follow, and the two would undo each other for ever.
    """
    counts = st.session_state.setdefault(_FRESH, {})
    key = f"{name}:{counts[name]}" if name in counts else name
    if st.session_state.get(key, value) != value:
        counts[name] = counts.get(name, 0) + 1
        key = f"{name}:{counts[name]}"
    return key


def is_fresh(name: str, key: str) -> bool:
    """Whether `key` is what `fresh_key` said last."""
    count = st.session_state.get(_FRESH, {}).get(name)
    return key == (name if count is None else f"{name}:{count}")


def take(key: str, path: str, changed: Changed) -> None:
    """A widget was moved.

    Or it only came back: where a rerun was cut short before the widget was drawn, Streamlit calls this too, and where
    the browser spoke before it heard that the value is another now.
    """
    value, name = st.session_state[key], f"{key.partition(':')[0]}:{path}"
    if is_fresh(name, key) and value not in (None, st.session_state.get(_DRAWN, {}).get(key), lately(key)):
        changed(path, value)


def lately(key: str) -> Any:
    """What a widget showed until a moment ago, when something else than it set its value; None where nothing did."""
    value, when = st.session_state.get(_REPLACED, {}).get(key, (None, -math.inf))
    return value if time.monotonic() - when < STALE_SECONDS else None
