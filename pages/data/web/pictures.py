"""Pictures of a set, a page of them, each to be chosen; one action on those that were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.web.component import component

_mount = component("ganscope_pictures", "data/web/pictures.js", "data/web/pictures.css")


def picture_grid(
    key: str,
    *,
    picture: str,
    across: int,
    tiles: Sequence[dict[str, Any]],
    action: str,
    mark: str,
    hint: str,
    on_asked: Callable[[list[int]], None],
) -> None:
    """picture: the address of their atlas, `across` in a row. tiles: index, words and note of each, in its order.

    `on_asked` is called with the indices that were chosen, whole numbers; they came from a browser: check them.
    """

    def asked() -> None:
        given = st.session_state[key].get("asked")
        if isinstance(given, list) and len(given) > 1 and all(type(index) is int for index in given):
            on_asked(given[1:])  # the first makes two equal wishes different

    data = {
        "picture": picture, "across": across, "tiles": list(tiles), "action": action, "mark": mark, "hint": hint,
    }  # fmt: skip
    _mount(key=key, data=[data], on_asked_change=asked)  # in a list, see copy.py
