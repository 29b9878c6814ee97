"""What sets the chosen runs apart in their settings, and what the settings of many runs did to a measure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan_core.config.codec import from_dict
from gan_core.runs.evaluation.final_measures import final_values
from gan_core.runs.evaluation_record import CRITERIA
from gan_core.runs.storage.data_identity import content_of_run
from gan_core.training import PRESETS, RunConfig, preset
from pages.compare.chosen import choose
from pages.compare.differences import NOTHING, axes_of, command_of, rows_of
from pages.compare.measures import OF_POINTS, OF_TRAINING, of_evaluation
from pages.compare.picker import described, pick_runs, run_name
from pages.compare.web.compare import compare_parallel, compare_settings
from pages.ui.session import Tab, manager
from pages.ui.words import count, preset_label

if TYPE_CHECKING:
    from gan_core.runs.snapshot import RunView

_FINALS = "compare_finals"
LEAST_RUNS = 3  # with two the table says more than lines do
MOST_RUNS = 200


def finals_of(view: RunView) -> dict[str, float]:
    """`final_values` of a run, read again only where it has gone on."""
    known: dict[str, tuple[tuple[object, ...], dict[str, float]]] = st.session_state.setdefault(_FINALS, {})
    evaluations = manager().evaluations(view.id)
    key = view.step, view.state, len(evaluations)
    if view.id not in known or known[view.id][0] != key:
        known[view.id] = key, final_values(manager().records(view.id), evaluations)
    return known[view.id][1]


def metrics_of(finals: list[dict[str, float]]) -> list[dict[str, Any]]:
    """What the runs may be compared by: first what most of them have, measures of the result before the curves."""
    counts = Counter(name for of_run in finals for name in of_run)
    named = {metric["name"]: metric for metric in (*OF_POINTS, *OF_TRAINING)}
    quality = [of_evaluation(name) for name in counts if "|" in name]
    ends = [metric | {"unit": f"{metric['unit']} at the best checkpoint".strip()} for metric in quality]
    found = [*ends, *(metric for name, metric in named.items() if name in counts)]
    criteria = [metric for metric in found if metric["name"].split("|")[0] in CRITERIA]
    others = [metric for metric in found if metric not in criteria]
    return sorted([*criteria, *others], key=lambda metric: -counts[metric["name"]])


def draw_table(views: list[RunView]) -> None:
    configs = [from_dict(RunConfig, view.config) for view in views]
    columns = described(views)
    for column, view, config in zip(columns, views, configs, strict=True):
        column["command"] = command_of(config, view.preset)
        column["preset"] = preset_label(view.preset)
        column["note"] = f"from {view.parent} at step {view.parent_step}" if view.parent else ""
    changes = [manager().changes(view.id) for view in views]
    if len(views) == 1 and views[0].preset in PRESETS:  # alone: against what it began from
        name = preset_label(views[0].preset)
        columns.append({"id": "", "name": f"Preset {name}", "letter": "", "place": 1, "state": "", "command": ""})
        configs.append(preset(views[0].preset).config)
        changes.append([])
    rows = rows_of(configs, changes)
    if row := content_row(views, len(configs)):
        place = max((i for i, known in enumerate(rows) if known["path"].startswith("data.")), default=len(rows) - 1)
        rows.insert(place + 1, row)
    compare_settings(runs=columns, rows=rows)


def content_row(views: list[RunView], columns: int) -> dict[str, Any] | None:
    """What own images held when each run learned from them; None where none of the runs did."""
    found = [content_of_run(manager().manifest(view.id), from_dict(RunConfig, view.config)) for view in views]
    if not any(known and known.pictures for known in found):
        return None
    cells = [f"{count(known.count)} pictures ({known.digest[:6]})" if known else NOTHING for known in found]
    cells += [NOTHING] * (columns - len(cells))
    return {
        "path": "data.content", "label": "What it held", "cells": cells, "notes": [""] * columns, "group": "data",
        "help": "How many pictures the set had, and a word that is another one where any of them was.",
        "differs": len(set(cells[: len(found)])) > 1,
    }  # fmt: skip


def draw_parallel(state: Tab, chosen_views: list[RunView]) -> None:
    st.subheader("Settings against a measure", anchor=False)
    every = [view for view in manager().views()[:MOST_RUNS] if view.step > 0]
    if len(every) < LEAST_RUNS:
        st.markdown("With three runs that have trained, lines from their settings to a measure stand here.")
        return
    enough = len(chosen_views) >= LEAST_RUNS
    options = ["The chosen runs", "All runs"]
    which = st.segmented_control(
        "Of which runs", options, default=options[0 if enough else 1], key="compare-parallel-of", disabled=not enough,
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    views = chosen_views if enough and which == options[0] else every
    finals = [finals_of(view) for view in views]
    letters = {run["id"]: run for run in described(chosen_views)}
    runs = [
        {"id": view.id, "name": run_name(view), "values": values}
        | {key: letters.get(view.id, {}).get(key) for key in ("letter", "place")}
        for view, values in zip(views, finals, strict=True)
    ]
    axes = axes_of([from_dict(RunConfig, view.config) for view in views])
    metrics = metrics_of(finals)
    if not axes or not metrics:
        st.markdown("These runs have the same settings, so there is no line to draw.")
        return
    compare_parallel(runs=runs, axes=axes, metrics=metrics, projector=state.projector, on_chosen=choose_known)


def choose_known(runs: list[str]) -> None:
    """Compare these; they came from a browser."""
    there = {view.id for view in manager().views()}
    choose(run for run in runs if run in there)


def draw(state: Tab) -> None:
    views = pick_runs("settings")
    if views:
        draw_table(views)
    draw_parallel(state, views)
