"""The picture that is edited under the hand, and its tools; fed by Explore's channel."""

from __future__ import annotations

from collections.abc import Callable

from pages.ui.web.component import component, told_text

_mount = component(
    "ganscope_edit", "apply/web/editing/editing.js", "ui/web/live.css", "apply/web/painting.css",
    "apply/web/editing/editing.css",
)  # fmt: skip


def edit_view(
    key: str, *, token: str, model: str, kept: str, turn: int, projector: bool, on_kept: Callable[[str], None]
) -> None:
    """kept: what was made with this model before, as `on_kept` was told it, or ""; turn: another number makes the
    view take it for its own. `on_kept` is told every change, which came from a browser: see `pages.apply.edited`."""

    data = {"token": token, "model": model, "kept": kept, "turn": turn, "projector": projector}
    _mount(key=key, data=[data], on_kept_change=told_text(key, "kept", on_kept))  # in a list, see component.py
