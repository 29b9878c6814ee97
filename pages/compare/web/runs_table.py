"""The table of all runs: pictures, states, measures, tags and notes; sorted and filtered in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.ui.web.component import component

KEY = "runs-table"
HEARD = "ganscope.runs-table.heard"  # in the session: the numbers of the wishes that were carried out
MOST_HEARD = 200

_mount = component(
    "ganscope_runs_table", "compare/web/runs_table/main.js",
    "ui/web/live.css", "compare/web/compare.css", "compare/web/runs_table/runs_table.css",
)  # fmt: skip


def runs_table(
    *,
    token: str,
    rows: Sequence[dict[str, Any]],
    count: int,
    chosen: Sequence[str],
    most: int,
    measures: Sequence[dict[str, Any]],
    deleted: Sequence[dict[str, Any]],
    last: Sequence[str],
    projector: bool,
    on_asked: Callable[[list[object]], None],
) -> None:
    """rows: of `pages.server.run_rows`. count: of all runs. chosen: at most `most` ids, in their order.

    measures: name, label, unit, about of each, with `first` for those shown at first. deleted: token, run, name,
    bytes and when of what lies in the trash; last: tokens of what was deleted just now. `on_asked` is called with
    what the person asks for, a list that begins with its name; it came from a browser: check it.

    Of the events that wait Streamlit keeps the newest: each brings all wishes that were not answered yet, [number,
    name, ...] each, and each is carried out once.
    """
    heard: list[float] = st.session_state.setdefault(HEARD, [])

    def asked() -> None:
        given = st.session_state[KEY].get("asked")
        for wish in given if isinstance(given, list) else []:
            if isinstance(wish, list) and len(wish) > 1 and isinstance(wish[0], int | float) and wish[0] not in heard:
                heard.append(wish[0])
                on_asked(wish[1:])
        del heard[:-MOST_HEARD]

    data = {
        "token": token, "rows": list(rows), "count": count, "chosen": list(chosen), "most": most,
        "measures": list(measures), "deleted": list(deleted), "last": list(last), "projector": projector,
        "heard": list(heard),
    }  # fmt: skip
    _mount(key=KEY, data=[data], on_asked_change=asked, on_moved_change=lambda: None)  # in a list, see copy.py
