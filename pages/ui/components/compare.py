"""The Compare page's components: curves, sample grids and hyperparameters of many runs, fed by the live channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.routes import PLOTLY_PATH
from pages.ui.wire import COLUMNS

_FOLDER = Path(__file__).parent / "compare"
_LIVE = Path(__file__).parent / "live"
CURVES = (
    "wire.js", "words.js", "series.js", "plotly.js", "feeds.js", "runs.js", "curves_line.js", "curves_draw.js",
    "curves.js",
)  # fmt: skip
SAMPLES = (
    "wire.js", "words.js", "series.js", "stage_scene.js", "stage_plane.js", "stage_layers.js", "stage.js",
    "stage_points.js", "stage_moment.js", "frames.js", "feeds.js", "runs.js", "samples_card.js", "samples.js",
)  # fmt: skip
SETTINGS = ("words.js", "runs.js", "settings.js")
PARALLEL = ("words.js", "runs.js", "parallel_axis.js", "parallel.js")


def script(names: Sequence[str]) -> str:
    """One module of files of this component and, before `feeds.js` or `runs.js`, of the live view."""
    shared = min(names.index(name) for name in ("feeds.js", "runs.js") if name in names)
    paths = [(_LIVE if i < shared else _FOLDER) / name for i, name in enumerate(names)]
    return "\n".join(path.read_text("utf-8") for path in paths)


def style(*names: str) -> str:
    """The live view's colours and buttons, files of it, then what is the comparison's own."""
    paths = (_LIVE / "live.css", *(_LIVE / name for name in names), _FOLDER / "compare.css")
    return "\n".join(path.read_text("utf-8") for path in paths)


# Not isolated: Plotly puts its style sheet into the document, which a shadow root would not see.
_curves = st.components.v2.component("ganscope_compare_curves", js=script(CURVES), css=style(), isolate_styles=False)
_samples = st.components.v2.component(
    "ganscope_compare_samples", js=script(SAMPLES), css=style("stage.css"), isolate_styles=False
)
_settings = st.components.v2.component(
    "ganscope_compare_settings", js=script(SETTINGS), css=style(), isolate_styles=False
)
_parallel = st.components.v2.component(
    "ganscope_compare_parallel", js=script(PARALLEL), css=style(), isolate_styles=False
)


def compare_curves(
    *,
    token: str,
    runs: Sequence[dict[str, Any]],
    signature: str,
    measures: Sequence[dict[str, Any]],
    evaluations: dict[str, dict[str, list[Any]]],
    projector: bool,
    on_moved: Callable[[], None],
) -> None:
    """Curves of the runs laid over one another.

    runs: id, name, letter, place (0, 1, ...), state and points (or images) of each. signature: the states that the
    page was drawn for; when they are others, `on_moved` is called. measures: name, label, unit and about of each,
    with `first` for those shown at first. evaluations: of a run, columns `step`, `images`, `elapsed_seconds` and the
    measures evaluated.
    """
    data = {
        "token": token,
        "runs": list(runs),
        "signature": signature,
        "measures": list(measures),
        "evaluations": evaluations,
        "projector": projector,
        "plotly": PLOTLY_PATH,
        "columns": list(COLUMNS),
    }
    _curves(key="compare-curves-view", data=[data], on_moved_change=on_moved)  # in a list, see copy.py


def compare_samples(
    *, token: str, runs: Sequence[dict[str, Any]], signature: str, projector: bool, on_moved: Callable[[], None]
) -> None:
    """Sample grids of the runs side by side.

    runs: as for the curves, and of each: probability, threshold, classes (of a conditional one), checkpoints
    (steps), latents (equal where the kept grids show the same ones) and space (equal where they could be the same).
    """
    data = {
        "token": token,
        "runs": list(runs),
        "signature": signature,
        "projector": projector,
        "columns": list(COLUMNS),
    }
    _samples(key="compare-samples-view", data=[data], on_moved_change=on_moved)


def compare_settings(*, runs: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> None:
    """The configurations as a table, a column a run; the rows in which they differ first of all.

    runs: as for the curves, and of each: preset, note, and command, which trains the same again. rows: as
    `pages.compare.differences.rows_of` makes them.
    """
    _settings(key="compare-settings-view", data=[{"runs": list(runs), "rows": list(rows)}])


def compare_parallel(
    *, runs: Sequence[dict[str, Any]], axes: Sequence[dict[str, Any]], metrics: Sequence[dict[str, Any]],
    projector: bool, on_chosen: Callable[[list[str]], None],
) -> None:  # fmt: skip
    """A line for each run through an axis for each setting, to what a measure came to.

    runs: id, name, values (of the metrics by name), letter and place of those chosen, None of others. axes: as
    `pages.compare.differences.axes_of` makes them. metrics: as the measures of the curves. `on_chosen` is called with
    the ids of the runs that the person wants to compare: from a browser, so check them.
    """
    key = "compare-parallel-view"

    def picked() -> None:
        given = st.session_state[key].get("chosen")
        if isinstance(given, list) and all(isinstance(run, str) for run in given):
            on_chosen(given)

    data = {"runs": list(runs), "axes": list(axes), "metrics": list(metrics), "projector": projector}
    _parallel(key=key, data=[data], on_chosen_change=picked)
