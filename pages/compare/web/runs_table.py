"""The table of all runs: pictures, states, measures, tags and notes; sorted and filtered in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pages.ui.web.component import component
from pages.ui.web.wishes import hear, heard

KEY = "runs-table"

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
    """rows: of `pages.server.http.run_rows`. count: of all runs. chosen: at most `most` ids, in their order.

    measures: name, label, unit, about of each, with `first` for those shown at first. deleted: token, run, name,
    bytes and when of what lies in the trash; last: tokens of what was deleted just now. `on_asked` is called with
    what the person asks for, a list that begins with its name; it came from a browser: check it.
    """
    data = {
        "token": token, "rows": list(rows), "count": count, "chosen": list(chosen), "most": most,
        "measures": list(measures), "deleted": list(deleted), "last": list(last), "projector": projector,
        "heard": heard(KEY),
    }  # fmt: skip
    _mount(
        key=KEY, data=[data], on_asked_change=hear(KEY, on_asked), on_moved_change=lambda: None
    )  # in a list, see component.py
