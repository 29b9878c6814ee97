"""The curves of many runs laid over one another."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import streamlit as st

from gan_core.runs.evaluation.final_measures import evaluation_key
from pages.compare.measures import OF_POINTS, OF_TRAINING, of_evaluation
from pages.compare.picker import described, pick_runs, signature
from pages.compare.web.compare import compare_curves
from pages.server.app_state import app_state
from pages.ui.session import Tab, manager

_CURVES = frozenset(measure["name"] for measure in OF_POINTS)  # evaluations of points say what the curves say


def evaluated(runs: list[str]) -> tuple[list[dict[str, Any]], dict[str, dict[str, list[Any]]]]:
    """The measures that any of the runs was evaluated by, and the columns of each run.

    A column for each measure on the same features and as many samples: others are not comparable. Those of points are
    left out, which their curves hold.
    """
    measures: dict[str, dict[str, Any]] = {}
    floors: dict[str, set[float]] = defaultdict(set)
    columns: dict[str, dict[str, list[Any]]] = {}
    for run in runs:
        rows = manager().evaluations(run)
        table: dict[str, list[Any]] = {"step": [], "images": [], "elapsed_seconds": []}
        for row in rows:
            for name, value in row.values.items():
                if name in _CURVES:
                    continue
                key = evaluation_key(name, row)
                measures.setdefault(key, of_evaluation(key))
                if math.isfinite(floor := row.floor.get(name, math.nan)):
                    floors[key].add(float(f"{floor:.3g}"))
                table.setdefault(key, [None] * len(table["step"])).append(value if math.isfinite(value) else None)
            for name in ("step", "images", "elapsed_seconds"):
                table[name].append(getattr(row, name))
            for cells in table.values():
                cells.extend([None] * (len(table["step"]) - len(cells)))
        columns[run] = table
    for key, found in floors.items():
        if len(found) == 1:  # of one dataset
            (floor,) = found
            measures[key] |= {
                "guide": floor,
                "about": f"{measures[key]['about']} Dotted: real against real, {floor:g}.",
            }
    return list(measures.values()), columns


def tensorboard_zip(runs: list[str]) -> bytes:
    from gan_core.runs.catalog.tensorboard_log import (
        log_archive,  # only who takes it waits for TensorBoard's packages
    )

    return log_archive(manager(), runs)


def draw(state: Tab) -> None:
    with st.container(key="compare-curves-top", horizontal=True):
        views = pick_runs("curves")
        if not views:
            return
        runs = [view.id for view in views]
        st.download_button(
            "TensorBoard", lambda: tensorboard_zip(runs), "ganscope-tensorboard.zip", "application/zip",
            key="compare-tensorboard", icon=":material/download:", on_click="ignore",
            help="Curves, sample grids and settings of these runs: unpack it, then tensorboard --logdir FOLDER.",
        )  # fmt: skip
    measures, columns = evaluated(runs)
    compare_curves(
        token=app_state().token,
        runs=described(views),
        signature=signature(views),
        measures=[*measures, *OF_POINTS, *OF_TRAINING],
        evaluations=columns,
        projector=state.projector,
        on_moved=lambda: None,
    )
