"""What a job recorded while it works, as charts and as a file; and the settings that it works with."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from gan_core.config.codec import walk
from pages.ui.literal import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gan_core.runs.jobs import JobFolder

Points = dict[str, dict[str, list[tuple[float, float]]]]  # of each series each line's (step, value)
COLOURS = {"discriminator": "#7B5EA7", "generator": "#E69F00", "now": "#0072B2", "best": "#009E73"}
OTHERS = ("#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7")
DASHES = {"discriminator": "dash", "best": "dot"}  # never colour alone
WIDE = 30.0  # times the smallest value: beyond that an axis is logarithmic
_LONG = 60  # letters of a setting; what has more is no setting that one reads


def series(points: Iterable[tuple[str, dict[str, float]]]) -> Points:
    """Points as they were recorded; of a job that went on from an earlier step, what it did then."""
    found: Points = {}
    for name, values in points:
        step = values.get("step", 0.0)
        for key, value in values.items():
            if key == "step":
                continue
            line = found.setdefault(name, {}).setdefault(key, [])
            while line and line[-1][0] >= step:
                line.pop()
            line.append((step, value))
    return found


def draw_curves(folder: JobFolder, *, at_rest: bool = False) -> None:
    """A chart for each series, a line for each of its values; of one that works no longer they are a file too."""
    found = series(folder.live())
    for name, lines in found.items():
        st.plotly_chart(_figure(name, lines), key=f"curve-{folder.id}-{name}", config={"displayModeBar": False})
    if found and at_rest:
        st.download_button(
            "Curves as CSV", lambda: as_csv(found), file_name=f"{folder.id}-curves.csv", key=f"curves-{folder.id}",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _figure(name: str, lines: dict[str, list[tuple[float, float]]]) -> go.Figure:
    others = iter(OTHERS)
    traces = [
        go.Scatter(
            x=[x for x, _ in line], y=[y for _, y in line], name=key,
            line={"color": COLOURS.get(key) or next(others, OTHERS[-1]), "dash": DASHES.get(key, "solid")},
        )
        for key, line in lines.items()
    ]  # fmt: skip
    values = [y for line in lines.values() for _, y in line if math.isfinite(y)]
    wide = bool(values) and min(values) > 0 and max(values) > WIDE * min(values)
    return go.Figure(traces, {
        "height": 220, "margin": {"l": 50, "r": 10, "t": 34, "b": 36}, "title": {"text": name, "font": {"size": 14}},
        "xaxis": {"title": "step"}, "yaxis": {"type": "log" if wide else "linear"}, "showlegend": True,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "uirevision": name,
    })  # fmt: skip


def as_csv(found: Points) -> bytes:
    """A row for each point: series, step, name, value."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("series", "step", "name", "value"))
    for name, lines in found.items():
        for key, line in lines.items():
            writer.writerows((name, f"{step:g}", key, repr(value)) for step, value in line)
    return out.getvalue().encode()


def draw_settings(folder: JobFolder) -> None:
    """With what it was begun."""
    try:
        rows = settings(folder.task())
    except ValueError:  # of another version
        return
    with st.expander("Settings", key=f"settings-{folder.id}"):
        st.caption(literal(" · ".join(f"{label}: {value}" for label, value in rows)))


def settings(task: Any) -> Sequence[tuple[str, str]]:
    """Label and value of each field in their order; texts that one does not read are left out."""
    rows = []
    for path, spec, value in walk(task):
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        if isinstance(value, float):
            text = f"{value:g}"
        if spec.family is not None and value in spec.family:
            text = spec.family.get(value).label
        if text and len(text) <= _LONG:
            label = spec.label or path.rpartition(".")[2].replace("_", " ").capitalize()
            rows.append((label, f"{text} {spec.unit}".strip()))
    return rows
