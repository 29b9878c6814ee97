"""What came of a comparison of ways to fill a table: the sentence, scores with intervals, a chart for each score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gan_core.apply.tables.comparing import SCORES
from pages.ui.literal import literal

BEST, OTHER = "#2a9d8f", "#8d99ae"


def draw_comparison(outcome: Mapping[str, Any], key: str = "comparison") -> None:
    """outcome: of the task "impute-compare". key: of its parts, one for each job that is drawn."""
    methods, winner = outcome["methods"], outcome["winner"]
    shown = [name for name in SCORES if name in winner]
    st.markdown(f"**{literal(outcome['verdict'])}**")
    st.caption(literal(about(outcome)))
    for note in outcome["notes"]:
        st.info(literal(note))
    st.dataframe(rows(outcome), hide_index=True, key=f"{key}-scores")
    st.caption("★ the best by this score. " + _intervals(outcome))
    for left, right in zip(shown[::2], [*shown[1::2], None], strict=False):
        for column, name in zip(st.columns(2), (left, right), strict=True):
            if name is not None:
                with column:
                    st.plotly_chart(chart(outcome, name), key=f"{key}-{name}", config={"displayModeBar": False})
    columns = column_rows(outcome)
    if len(columns) > 1:
        with st.expander("Column by column", key=f"{key}-columns"):
            st.dataframe(columns, hide_index=True, key=f"{key}-by-column")
    with st.expander("What the scores say", key=f"{key}-words"):
        st.markdown("\n".join(f"- **{SCORES[name].label}**: {SCORES[name].words}" for name in shown))
    if "gain" in methods and outcome["seeds"] > 0:
        st.caption("The curves below are GAIN's while it learned, for each seed.")


def about(outcome: Mapping[str, Any]) -> str:
    """What was compared on, in one sentence."""
    how = {
        "mcar": "completely at random", "mar": "depending on another column", "mnar": "depending on the cell itself"
    }  # fmt: skip
    predicted = f"; a model predicts {outcome['target']}" if outcome["target"] else ""
    return (
        f"{outcome['rows']:,} rows of {outcome['columns']} columns; {outcome['missing']:.0%} of the known cells were "
        f"hidden, {how[outcome['mechanism']]}, {outcome['seeds']} times{predicted}."
    )


def rows(outcome: Mapping[str, Any]) -> list[dict[str, str]]:
    """The table: a row for each method, a column for each score that could be taken, and the time."""
    made = []
    for method, found in outcome["methods"].items():
        row = {"Method": str(found["label"])}
        for name, best in ((name, outcome["winner"].get(name)) for name in SCORES):
            if best is not None:
                row[SCORES[name].label] = cell(found[name]) + (" ★" if best == method else "")
        made.append({**row, "Seconds": f"{found['seconds']['mean']:.1f}"})
    return made


def column_rows(outcome: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row for each column of the table, a column for each method: RMSE of numbers, accuracy of categories."""
    methods = outcome["methods"]
    made = []
    for name, first in next(iter(methods.values()))["columns"].items():
        row = {"Column": name, "Score": SCORES[first["score"]].label}
        means = {m: f["columns"][name]["mean"] for m, f in methods.items() if f["columns"].get(name)}
        score = SCORES[first["score"]]
        best = min(means, key=lambda m: score.distance(means[m]))  # used at once
        made.append(
            row | {str(methods[m]["label"]): f"{v:.4f}" + (" ★" if m == best else "") for m, v in means.items()}
        )
    return made


def cell(found: Mapping[str, float | None]) -> str:
    """A mean with its interval."""
    mean, low, high = (found[key] for key in ("mean", "low", "high"))
    if mean is None:
        return "–"
    return f"{mean:.3f}" if low is None or high is None else f"{mean:.3f} ({low:.3f} to {high:.3f})"


def chart(outcome: Mapping[str, Any], name: str) -> go.Figure:
    """Means and intervals of one score, the best in another colour, and what is aimed at."""
    score, methods = SCORES[name], outcome["methods"]
    drawn = {m: found for m, found in methods.items() if found[name]["mean"] is not None}
    means = [found[name]["mean"] for found in drawn.values()]
    halves = [(found[name]["high"] or found[name]["mean"]) - found[name]["mean"] for found in drawn.values()]
    figure = go.Figure(
        go.Scatter(
            x=means, y=[str(found["label"]) for found in drawn.values()], mode="markers",
            error_x={"array": halves, "thickness": 1.5},
            marker={"size": 11, "color": [BEST if m == outcome["winner"][name] else OTHER for m in drawn]},
            hovertemplate="%{y}: %{x:.4f}<extra></extra>",
        )
    )  # fmt: skip
    better = {"lower": "lower is better", "higher": "higher is better", "near": f"{score.aim:.0%} is right"}
    figure.update_layout(
        height=240, margin={"l": 10, "r": 10, "t": 34, "b": 30}, showlegend=False,
        title={"text": f"{score.label}: {better[score.better]}", "font": {"size": 14}},
        yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    if score.better == "near":
        figure.add_vline(x=score.aim, line={"dash": "dot", "color": OTHER})
    return figure


def _intervals(outcome: Mapping[str, Any]) -> str:
    return "In brackets: 95% intervals over seeds." if outcome["seeds"] > 1 else "One seed gives no intervals."
