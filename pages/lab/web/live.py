"""The live view of a run: status, film and curves, fed by the live channel and not by reruns of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.server.http.routes import PLOTLY_PATH
from pages.server.live.wire import COLUMNS
from pages.server.security.public import public
from pages.ui.web.component import component

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

ENTRY = "lab/web/main.js"
STYLES = (
    "ui/web/live.css", "ui/web/plane/stage.css", "lab/web/microscope/microscope.css", "lab/web/quality/quality.css",
    "lab/web/drawing/drawing.css", "lab/web/recording/recording.css",
)  # fmt: skip

_mount = component("ganscope_live", ENTRY, *STYLES)


def live_view(
    *,
    token: str,
    run: str,
    signature: str,
    name: str,
    probability: bool,
    threshold: float | None,
    epoch_images: int,
    class_names: Sequence[str],
    preview: dict[str, Any] | None,
    missing: str,
    recording: str = "",
    projector: bool,
    full: bool = True,
    drawing: dict[str, Any] | None = None,
    on_moved: Callable[[], None],
    on_branch: Callable[[object], None] | None = None,
    on_looking: Callable[[object], None] | None = None,
    networks: dict[str, Any] | None = None,
    networks_stay: bool = False,
    pace: float = 0.0,
    refused: str = "",
    elsewhere: str = "",
    on_layers: Callable[[object], None] = lambda told: None,
    on_drawn: Callable[[str], None] | None = None,
    on_train: Callable[[], None] = lambda: None,
    key: str = "live",
    twin: str = "",
) -> None:
    """Show a run, or with `run` empty the `preview` of what it would learn from, or `missing`: why there is none.

    signature: what the page's buttons were drawn for; when the run has another, `on_moved` is called and the
    page drawn again. name: what the run is called. threshold: the score above which D says
    real; None: half-way between its two means. class_names: of a class-conditional run, a column of samples each.
    on_branch: is told the step of the moment that is looked at when somebody wants to branch from it; None: there is
    nothing to branch. on_looking: is told the step that is looked at when Branch in the row of buttons opens.
    networks: the dense networks of the run or the panel (see `planned_networks`); networks_stay: they are not to be
    changed in their drawing; on_layers: is told
    {"player": "g" or "d", "hidden": "64,64"} when layers are changed in their drawing. pace: the least seconds from
    one step of the run to the next, 0: full speed. elsewhere: why none of its steps can be
    taken apart here. refused: why who looks at the run may not command it,
    "" where they may.
    full: with every measure and curve. drawing: what is drawn on the stage before a run, see `page.drawing_of`;
    on_drawn is told the text of every new drawing, which came from a browser: check it. recording: with `run` empty,
    the address of a recorded training that plays; on_train: Train was pressed over it. key: one for each view on a
    page. twin: the run whose film moves with this one's.
    """

    def asked() -> None:
        if on_branch is not None:
            on_branch(st.session_state[key]["branch"])

    def opening() -> None:
        told = st.session_state[key]["looking"]
        if on_looking is not None and isinstance(told, dict) and told.get("run") == run:
            on_looking(told.get("step"))

    def drawn() -> None:
        given = st.session_state[key].get("drawing")
        if on_drawn is not None and isinstance(given, list) and len(given) == 2 and isinstance(given[1], str):
            on_drawn(given[1])

    data = {
        "token": token,
        "run": run,
        "signature": signature,
        "name": name,
        "probability": probability,
        "threshold": threshold,
        "epoch_images": epoch_images,
        "class_names": list(class_names),
        "preview": preview,
        "missing": missing,
        "recording": recording,
        "projector": projector,
        "networks": networks,
        "networks_stay": networks_stay,
        "pace": pace,
        "refused": refused,
        "elsewhere": elsewhere,
        "full": full,
        "drawing": drawing,
        "plotly": PLOTLY_PATH,
        "columns": list(COLUMNS),
        "can_branch": on_branch is not None,
        "twin": twin,
    }
    _mount(
        key=key,
        data=[data],  # in a list, see component.py
        on_moved_change=on_moved,
        on_branch_change=asked,
        on_looking_change=opening,
        on_layers_change=lambda: on_layers(st.session_state[key]["layers"]),
        on_drawing_change=drawn,
        on_train_change=on_train,
    )


def signature(view: RunView, changes: int) -> str:
    """What the page's buttons depend on; the component builds the same text from the channel."""
    return "|".join(map(str, (view.state, view.queue_place, len(view.checkpoints), public(view.error), changes)))
