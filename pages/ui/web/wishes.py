"""What a component asks for by presses, each carried out once: the page's half of `wishes.js`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_HEARD = "ganscope.wishes"  # in the session: by key of the component, the numbers of what was carried out
MOST_HEARD = 200


def heard(key: str) -> list[float]:
    """The numbers of what was carried out, which the view is told: what it still has it asks for again."""
    found: list[float] = st.session_state.setdefault(_HEARD, {}).setdefault(key, [])
    return list(found)


def hear(key: str, on_asked: Callable[[list[object]], None]) -> Callable[[], None]:
    """What the event "asked" of the component calls; `on_asked` gets each new wish, which came from a browser.

    Of the events that wait Streamlit keeps the newest: each brings all wishes that were not answered yet, [number,
    …] each.
    """

    def asked() -> None:
        given = st.session_state[key].get("asked")
        known: list[float] = st.session_state.setdefault(_HEARD, {}).setdefault(key, [])
        for wish in given if isinstance(given, list) else []:
            if isinstance(wish, list) and len(wish) > 1 and isinstance(wish[0], int | float) and wish[0] not in known:
                known.append(wish[0])
                on_asked(wish[1:])
        del known[:-MOST_HEARD]

    return asked
