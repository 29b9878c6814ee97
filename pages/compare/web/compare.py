"""The Compare page's components: curves, sample grids and hyperparameters of many runs, fed by the live channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.server.http.routes import PLOTLY_PATH
from pages.server.live.wire import COLUMNS
from pages.ui.web.component import component

_STYLES = ("ui/web/live.css", "compare/web/compare.css")

_curves = component("ganscope_compare_curves", "compare/web/curves/curves.js", *_STYLES)
_samples = component(
    "ganscope_compare_samples", "compare/web/samples/samples.js",
    "ui/web/live.css", "ui/web/plane/stage.css", "compare/web/compare.css",
)  # fmt: skip
_settings = component("ganscope_compare_settings", "compare/web/settings.js", *_STYLES)
_parallel = component("ganscope_compare_parallel", "compare/web/parallel/parallel.js", *_STYLES)


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
    _curves(key="compare-curves-view", data=[data], on_moved_change=on_moved)  # in a list, see component.py


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
