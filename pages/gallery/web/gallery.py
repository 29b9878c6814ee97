"""The failure gallery's view: a run that fails beside the same run with what helps, fed by the live channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pages.server.live.wire import COLUMNS
from pages.ui.web.component import component

_mount = component(
    "ganscope_gallery", "gallery/web/main.js",
    "ui/web/live.css", "ui/web/plane/stage.css", "gallery/web/gallery.css",
)  # fmt: skip


def gallery_view(
    *,
    token: str,
    scene: dict[str, Any],
    failing: str,
    fixed: str,
    projector: bool,
    on_fix: Callable[[], None],
    on_again: Callable[[], None],
) -> None:
    """Show the run `failing` and, once there is one, the run `fixed` at the same step.

    scene: name, points, probability and threshold as for the live view; button, changes ([label, before, after]) and
    cured: what is offered; gauge: the number under each picture; picture: how samples
    are shown, and known: the training images that they are held against, where there are such.
    on_fix: what helps was asked for; on_again: the scene is to start anew.
    """
    data = {
        "token": token,
        "scene": scene,
        "failing": failing,
        "fixed": fixed,
        "projector": projector,
        "columns": list(COLUMNS),
    }
    _mount(
        key="gallery-view",
        data=[data],  # in a list, see component.py
        on_fix_change=on_fix,
        on_again_change=on_again,
        on_stale_change=lambda: None,
    )
