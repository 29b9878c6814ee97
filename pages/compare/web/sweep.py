"""A sweep's small multiples and what its fields do to a measure, fed by polling while it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pages.ui.web.component import component

_mount = component(
    "ganscope_sweep", "compare/web/sweep/sweep.js",
    "ui/web/live.css", "compare/web/compare.css", "compare/web/sweep/sweep.css",
)  # fmt: skip


def sweep_view(
    *,
    token: str,
    sweep: str,
    axes: Sequence[dict[str, Any]],
    members: Sequence[dict[str, Any]],
    measures: Sequence[dict[str, Any]],
    real: str,
    signature: str,
    projector: bool,
    on_moved: Callable[[], None],
    on_open: Callable[[], None],
) -> None:
    """Every member of a sweep.

    axes: path, label, `short`, unit and `log` of each swept field. members: run, `values` (text by path), `numbers`
    (by path, None where it is none) and `words`. measures: name, label, unit and better ("high", "low", "") of each,
    the one to show in front. real: of points, the real ones as `sweep_routes.packed` has them. signature: the states
    that the page was drawn for; `on_moved` is called when they are others. on_open: a member is to be opened; its
    run's id is the component's `open`.
    """
    data = {
        "token": token,
        "sweep": sweep,
        "axes": list(axes),
        "members": list(members),
        "measures": list(measures),
        "real": real,
        "signature": signature,
        "projector": projector,
    }
    _mount(
        key="sweep-view", data=[data], on_moved_change=on_moved, on_open_change=on_open
    )  # in a list, see component.py
