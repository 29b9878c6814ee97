"""What came of filling a table, and of comparing ways to do so."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.apply.tables.encoded import imputers
from gan_core.runs.jobs import JobFolder
from pages.apply.results.tables_comparison import draw_comparison
from pages.ui.literal import literal
from pages.ui.words import count

MARK = "◂"  # behind a cell that was filled


def draw_outcome(folder: JobFolder, outcome: dict[str, Any]) -> None:
    """Of a job of the tasks "impute" and "impute-compare"."""
    if "winner" in outcome:
        draw_comparison(outcome, f"comparison-{folder.id}")
        return
    method = outcome["method"]
    label = imputers.get(method).label if method in imputers else method
    filled = {name: n for name, n in outcome["filled_by_column"].items() if n}
    cells = "1 cell was" if outcome["filled"] == 1 else f"{count(outcome['filled'])} cells were"
    st.markdown(
        f"**{cells} filled** in {count(outcome['rows'])} rows and "
        f"{len(filled)} of {count(outcome['columns'])} columns: {literal(label)}."
    )
    for note in outcome["notes"]:
        st.info(literal(note))
    rows = preview_rows(outcome["preview"])
    if rows:
        st.dataframe(rows, hide_index=True, key=f"preview-{folder.id}")
        st.caption(f"The first {len(rows)} rows in which something was filled; {MARK} marks what was.")


def preview_rows(preview: dict[str, Any]) -> list[dict[str, Any]]:
    """A row of the file each, with its number, and a mark behind what was filled."""
    names = ["Row", *preview["names"]]
    if "Row" in preview["names"]:
        names[0] = "Row in the file"
    return [
        dict(
            zip(
                names,
                [row["row"], *(f"{c} {MARK}" if f else c for c, f in zip(row["cells"], row["filled"], strict=True))],
                strict=True,
            )
        )
        for row in preview["rows"]
    ]
