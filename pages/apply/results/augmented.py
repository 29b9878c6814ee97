"""What came of an augmentation: the sentence, the ways beside each other, classes, confusions, what to know."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gan_core.runs.jobs import JobFolder
from pages.ui.literal import literal

REAL, OTHERS = "#64748b", "#0f766e"
MOST_CLASSES = 40  # with more, a matrix is a blur
PLAIN: dict[str, Any] = {"displayModeBar": False}


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    st.markdown(f"**{literal(outcome['verdict'])}**")
    st.plotly_chart(ways_figure(outcome), key=f"ways-{folder.id}", config=PLAIN)
    seeds = len(outcome["seeds"])
    st.caption(f"Accuracy on {outcome['held_out']:,} held-out images; mean of {seeds} seeds and its 95% interval.")
    for note in outcome["notes"]:
        st.caption(literal(note))
    if outcome["filter_effects"]:
        st.markdown("What the filter does")
        st.table(filter_rows(outcome))
    _draw_samples(folder, outcome)
    if len(outcome["class_names"]) <= MOST_CLASSES:
        _draw_classes(folder, outcome)


def _draw_samples(folder: JobFolder, outcome: dict[str, Any]) -> None:
    sheet = folder.result / f"samples-seed-{outcome['seeds'][0]}.png"
    if sheet.is_file():
        st.image(sheet.read_bytes(), caption="Synthetic images of the first seed, a column for each class")


def _draw_classes(folder: JobFolder, outcome: dict[str, Any]) -> None:
    ways = list(outcome["ways"])
    way = st.segmented_control(
        "Look closer at", ways, default=ways[-1], required=True, key=f"way-{folder.id}",
        format_func=lambda name: outcome["ways"][name]["label"],
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        if way != "real":
            st.plotly_chart(changes_figure(outcome, way), key=f"changes-{folder.id}", config=PLAIN)
            st.caption("Of many classes some change by chance alone.")
    with right:
        st.plotly_chart(confusion_figure(outcome, way), key=f"confusion-{folder.id}", config=PLAIN)


def _errors(found: list[dict[str, Any]], times: float) -> dict[str, Any] | None:
    if any(one["low"] is None for one in found):
        return None
    return {
        "type": "data", "symmetric": False, "array": [times * (one["high"] - one["mean"]) for one in found],
        "arrayminus": [times * (one["mean"] - one["low"]) for one in found],
    }  # fmt: skip


def ways_figure(outcome: dict[str, Any]) -> go.Figure:
    """A bar for each way, in percent, with its interval."""
    ways = list(outcome["ways"].values())
    bars = go.Bar(
        x=[100 * way["mean"] for way in ways], y=[escape(way["label"]) for way in ways], orientation="h",
        error_x=_errors(ways, 100), marker_color=[REAL, *[OTHERS] * (len(ways) - 1)],
        text=[f"{100 * way['mean']:.1f}" for way in ways], textposition="inside", insidetextanchor="start",
    )  # fmt: skip
    return go.Figure(bars, {
        "height": 70 + 42 * len(ways), "margin": {"l": 10, "r": 10, "t": 10, "b": 40},
        "xaxis": {"title": "accuracy, %", "range": [0, 100]}, "yaxis": {"autorange": "reversed", "automargin": True},
    })  # fmt: skip


def changes_figure(outcome: dict[str, Any], way: str) -> go.Figure:
    """How each class changes against real images alone, in points, with its interval."""
    changes = [one["change"] for one in outcome["classes"][way]]
    points = go.Scatter(
        x=[one["mean"] for one in changes], y=[escape(name) for name in outcome["class_names"]], mode="markers",
        error_x=_errors(changes, 1), marker={"color": OTHERS, "size": 9},
    )  # fmt: skip
    return go.Figure(points, {
        "height": 120 + 26 * len(changes), "margin": {"l": 10, "r": 10, "t": 30, "b": 40},
        "title": {"text": "Change of each class"}, "xaxis": {"title": "points against real alone", "zeroline": True},
        "yaxis": {"autorange": "reversed", "automargin": True},
    })  # fmt: skip


def confusion_figure(outcome: dict[str, Any], way: str) -> go.Figure:
    """What share of each class (a row) is taken for which (a column), in percent."""
    shares = [[100 * cell / max(1, sum(row)) for cell in row] for row in outcome["confusion"][way]]
    names = [escape(name) for name in outcome["class_names"]]
    cells = go.Heatmap(
        z=shares, x=names, y=names, zmin=0, zmax=100, colorscale="Teal", showscale=False, texttemplate="%{z:.0f}",
        hovertemplate="%{y} taken for %{x}: %{z:.1f}%<extra></extra>",
    )  # fmt: skip
    return go.Figure(cells, {
        "height": 160 + 26 * len(names), "margin": {"l": 10, "r": 10, "t": 30, "b": 40},
        "title": {"text": "Taken for, %"}, "yaxis": {"autorange": "reversed", "automargin": True},
        "xaxis": {"automargin": True},
    })  # fmt: skip


def filter_rows(outcome: dict[str, Any]) -> list[dict[str, str]]:
    """A row for each filtered way: the difference that the filter makes."""
    return [
        {"Way": outcome["ways"][name]["label"], "Against the same unfiltered, points": _between(effect)}
        for name, effect in outcome["filter_effects"].items()
    ]


def _between(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return f"{found['mean']:+.1f}, of one seed"
    return f"{found['mean']:+.1f} ({found['low']:.1f} to {found['high']:.1f})"
