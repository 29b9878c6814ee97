"""The family tree of runs: a row each, with lines from branch to parent and between twins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pages.ui.web.component import component
from pages.ui.web.wishes import hear, heard

_KEY = "compare-family-view"

_mount = component("ganscope_family", "compare/web/family/family.js", "compare/web/family/family.css")


def family_view(
    *,
    families: Sequence[Sequence[dict[str, Any]]],
    alone: int,
    on_open: Callable[[str], None],
    on_chosen: Callable[[str], None],
) -> None:
    """families: rows from above, of each: id, name, state, step, begins, branched (-1: no branch), parent_row and
    twin_row (-1: none), orphan (its parent is gone), words (what is different), letter and colour (of a chosen one).
    alone: how many runs have no family. on_open and on_chosen are called with a run's id.
    """

    def asked(wish: list[object]) -> None:
        run = wish[1] if len(wish) == 2 else None
        if isinstance(run, str) and wish[0] in ("open", "chosen"):
            (on_open if wish[0] == "open" else on_chosen)(run)

    _mount(
        key=_KEY,
        data=[
            {"families": [list(rows) for rows in families], "alone": alone, "heard": heard(_KEY)}
        ],  # see component.py
        on_asked_change=hear(_KEY, asked),
    )
