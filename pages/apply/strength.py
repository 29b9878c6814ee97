"""How strong an edit is over time: a usual course, or keys on a timeline, which can be typed too."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.apply.clips.strength import read_strength
from pages.apply.kept import MOST_TEXT, kept
from pages.apply.web.video.mount import strength_view
from pages.server.app_state import app_state
from pages.server.security.public import public
from pages.ui.literal import literal

WAYS = {
    "all": "The whole time", "grow": "Grows", "back": "Grows and goes back", "pulse": "Comes and goes twice",
    "keys": "Keyframes of my own",
}  # fmt: skip
_SHARES = {"grow": ((0, 0), (1, 1)), "back": ((0, 0), (0.5, 1), (1, 0)),
           "pulse": ((0, 0), (0.25, 1), (0.5, 0), (0.75, 1), (1, 0))}  # fmt: skip
_GIVEN = "ganscope.strength"  # in the session: by name what the view was given, (keys, turn)


def choose_strength(name: str, seconds: float | None, edit: dict[str, Any] | None = None) -> str:
    """The keys as text; "" for what the task does by itself.

    seconds: of a film; None: a clip's are not known yet. edit: as `strength_view` shows it.
    """
    ways = ["all", "keys"] if seconds is None else ["grow", "back", "pulse", "keys"]
    way = st.selectbox("Strength over time", ways, key=kept(f"{name}-strength", ways[0], ways, link="strength"),
                       format_func=WAYS.__getitem__)  # fmt: skip
    if way == "all":
        return ""
    if way == "keys":
        text = st.text_input(
            "Keyframes", max_chars=MOST_TEXT, key=kept(f"{name}-keys", "0:0 1:1", link="keys"),
            help="SECONDS:STRENGTH with spaces between, strength from 0 to 1; as 0:0 2:1 3.5:1 5:0. The timeline "
            "below shows the same.",
        )  # fmt: skip
    else:
        text = " ".join(f"{share * (seconds or 0):g}:{strength:g}" for share, strength in _SHARES[way])
    try:
        read_strength(text)
    except ValueError as problem:
        st.error(literal(public(problem)))
        return text
    strength_view(
        f"{name}-timeline", token=app_state().token, text=text, turn=_turn(name, text), seconds=seconds, edit=edit,
        on_keys=lambda told: _told(name, told),
    )  # fmt: skip
    return text


def _turn(name: str, text: str) -> int:
    """Another number where the keys are not those that the view has."""
    given: dict[str, tuple[str, int]] = st.session_state.setdefault(_GIVEN, {})
    known, turn = given.get(name, ("", 0))
    if text != known:
        given[name] = text, turn + 1
    return given[name][1]


def _told(name: str, told: str) -> None:
    """Keys that came from a browser, "TURN:KEYS"; what is none, or was overtaken, is left."""
    given: dict[str, tuple[str, int]] = st.session_state.setdefault(_GIVEN, {})
    turn, _, text = told.partition(":")
    if name not in given or turn != str(given[name][1]) or len(text) > MOST_TEXT:
        return
    try:
        read_strength(text)
    except ValueError:
        return
    given[name] = text, given[name][1]
    st.session_state[f"{name}-strength"], st.session_state[f"{name}-keys"] = "keys", text
