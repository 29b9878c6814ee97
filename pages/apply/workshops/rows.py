"""The workshop of synthetic rows: a table is brought, rows like it are made, and it is said how like they are."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from gan_core.apply.tables.synthetic import Synthesise, TableGan
from gan_core.config.codec import ConfigError, from_dict
from gan_core.runs.jobs import JobFolder
from pages.apply.job_list import start_job
from pages.apply.kept import kept
from pages.apply.table_upload import HeldTable, draw_understood, held_table, problems_of
from pages.apply.workshop import Workshop
from pages.server.security.public import public
from pages.ui.literal import literal
from pages.ui.session import tab, why_not_start

MOST_ROWS, MOST_STEPS, MOST_SEED = 1_000_000, 100_000, 2**31 - 1


def draw() -> None:
    held = held_table()
    if held is not None and held.table is not None:
        draw_understood(held)
        asked = _draw_asked(held)
        st.button(
            "Make rows", key="rows-start", type="primary", icon=":material/table_rows:",
            disabled=bool(problems_of(held) or why_not_start()), on_click=_start, args=(held, asked),
        )  # fmt: skip


def _draw_asked(held: HeldTable) -> dict[str, Any]:
    assert held.table is not None
    asked: dict[str, Any] = {"kinds": held.kinds_text, "markers": held.markers}
    with st.container(horizontal=True, key="rows-numbers"):
        rows = kept("rows-count", Synthesise.rows, low=1, high=MOST_ROWS, link="rows")
        asked["rows"] = int(st.number_input("Rows to make", 1, MOST_ROWS, key=rows))
        steps = kept("rows-steps", TableGan().steps, low=1, high=MOST_STEPS, link="steps")
        asked["gan"] = {"steps": int(st.number_input("Training steps", 1, MOST_STEPS, key=steps))}
        seed = kept("rows-seed", 0, low=0, high=MOST_SEED, link="seed")
        asked["seed"] = int(st.number_input("Seed", 0, MOST_SEED, key=seed))
    names = ["", *held.table.names]
    asked["target"] = st.selectbox(
        "Column to predict", names, key=kept(f"rows-target-{held.digest}", "", names),
        format_func=lambda name: literal(name) if name else "none",
        help="A model learns it from made rows and is tried on real ones.",
    )  # fmt: skip
    return asked


def _start(held: HeldTable, asked: dict[str, Any]) -> None:
    try:
        task = from_dict(Synthesise, asked)
    except ConfigError as problem:
        tab().notice = public(problem)
        return
    start_job(task, {held.file: held.content})


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    st.markdown(f"**{literal(outcome['verdict'])}**")
    st.markdown(literal(outcome["privacy"]))
    for note in outcome["notes"]:
        st.info(literal(note))
    st.dataframe(rows(outcome), hide_index=True, key=f"rows-{folder.id}")
    st.caption(
        "Column shapes: 1 - Kolmogorov-Smirnov distance, or total variation for categories. Pair trends: how alike "
        "columns hang together. Model: on held-out rows. Nearest record: distance to a training row (0: a copy)."
    )
    st.plotly_chart(by_column(outcome), key=f"rows-chart-{folder.id}", config={"displayModeBar": False})


def rows(outcome: dict[str, Any]) -> list[dict[str, str]]:
    """A row for each way of having rows."""
    return [
        {
            "Rows": str(way["label"]),
            "Column shapes": number(way["shapes"]),
            "Pair trends": number(way["trends"]),
            "Model": number(way["model"]),
            "Categories kept": f"{way['categories']['kept']} of {way['categories']['of']}",
            "Nearest record": number(way["privacy"]["median"]),
            "Copies": f"{way['privacy']['copies']:.1%}",
        }
        for way in outcome["ways"].values()
    ]


def by_column(outcome: dict[str, Any]) -> go.Figure:
    """How like the real one each column is, made and held out."""
    figure = go.Figure(
        [
            go.Bar(x=list(way["columns"]), y=list(way["columns"].values()), name=str(way["label"]))
            for name, way in outcome["ways"].items()
            if name != "independent"
        ]
    )
    figure.update_layout(
        height=300, margin={"l": 40, "r": 10, "t": 30, "b": 30}, yaxis={"range": [0, 1]}, title="Column shapes"
    )
    return figure


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


WORKSHOP = Workshop(
    "rows", "Synthetic rows", "table_rows", 40,
    "Learn a table and make whole rows like it; a fifth of the real rows is held out to judge them by.", draw,
    ("synthesise",), draw_outcome,
)  # fmt: skip
