"""Pictures of a set, a page of them, each to be chosen; one action on those that were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pages.ui.web.component import component
from pages.ui.web.wishes import hear, heard

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

    def asked(indices: list[object]) -> None:
        found = [index for index in indices if type(index) is int]
        if len(found) == len(indices):
            on_asked(found)

    data = {
        "picture": picture, "across": across, "tiles": list(tiles), "action": action, "mark": mark, "hint": hint,
        "heard": heard(key),
    }  # fmt: skip
    _mount(key=key, data=[data], on_asked_change=hear(key, asked))  # in a list, see component.py
