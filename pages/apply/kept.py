"""What a workshop's form holds: kept while another page is looked at, and in the address where it is not the usual.

Streamlit forgets a widget's value as soon as the page is drawn without it. A widget whose key comes from `kept` gets
it back, from the address where one has just been opened, otherwise from the session. What is brought or painted has
homes of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

_VALUES = "ganscope.apply-kept"  # in the session: by key of the widget
_LINKED = "ganscope.apply-linked"  # what the address is to say of the form that is drawn
_OPENED = "ganscope.apply-opened"  # whether an address has just been opened
_WAITING = "ganscope.apply-waiting"  # (workshop, what its address said of widgets that were not drawn yet)
MOST_TEXT = 400  # letters
CHOSEN = "ganscope.workshop"  # in the session, as a widget's own value is lost on another page


def turn_to(workshop: str) -> None:
    """From a callback: draw another workshop."""
    st.session_state[CHOSEN] = workshop


def begin_form(workshop: str, opened: bool) -> None:
    """Before a form is drawn. opened: whether an address has just been opened, by a link or by Back."""
    state = st.session_state
    state[_OPENED], state[_LINKED] = opened, {}
    if opened or state.get(_WAITING, ("", {}))[0] != workshop:
        state[_WAITING] = workshop, st.query_params.to_dict() if opened else {}


def linked() -> dict[str, str]:
    """What the address says of the form that was drawn."""
    return dict(st.session_state.get(_LINKED, {}))


def link(name: str, text: str) -> None:
    """Let the address say something that no widget holds; "" for nothing."""
    if text:
        st.session_state.setdefault(_LINKED, {})[name] = text


def opened_with(name: str) -> str:
    """What an address that has just been opened says under a name; "" otherwise."""
    return st.query_params.get(name, "") if st.session_state.get(_OPENED, False) else ""


def kept(
    key: str,
    usual: Any,
    options: Sequence[Any] | None = None,
    low: float = -math.inf,
    high: float = math.inf,
    link: str = "",
) -> str:
    """The key, for a widget that is given no value of its own; the session holds its value under it already.

    usual: what it holds at first. options: of what it, or each of a list, is one; low, high: between what it lies.
    link: its name in the address, "" where it is not in there.
    """
    state = st.session_state
    values = state.setdefault(_VALUES, {})
    waiting: dict[str, str] = state.get(_WAITING, ("", {}))[1]
    if link and (state.get(_OPENED, False) or link in waiting):
        state[key] = _read(waiting.pop(link, None), usual)
    elif key not in state:
        state[key] = values.get(key, usual)
    if not _fits(state[key], usual, options, low, high):
        state[key] = usual
    values[key] = state[key]
    if link and state[key] != usual:
        state.setdefault(_LINKED, {})[link] = _text(state[key])
    return key


def _read(text: str | None, usual: Any) -> Any:
    """What an address says of a widget; None where that is nothing of the kind that is usual."""
    if text is None:
        return usual
    try:
        if isinstance(usual, bool):
            return {"yes": True, "no": False}[text]
        if isinstance(usual, int | float):
            return type(usual)(text)
    except (KeyError, ValueError, OverflowError):
        return None
    if isinstance(usual, list):
        return [one for one in text.split(",") if one]
    return text if len(text) <= MOST_TEXT else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, list) else str(value)


def _fits(value: Any, usual: Any, options: Sequence[Any] | None, low: float, high: float) -> bool:
    if type(value) is not type(usual):
        return False
    if options is not None:
        return all(one in options for one in (value if isinstance(value, list) else [value]))
    return not isinstance(value, int | float) or low <= value <= high  # NaN is nowhere between
