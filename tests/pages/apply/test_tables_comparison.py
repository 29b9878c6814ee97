"""The comparison on the page: scores with intervals, winners marked, a chart each, words from outside as text."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.apply.tables.comparing import summarise
from pages.apply.results.tables_comparison import cell, chart, column_rows, rows


def outcome() -> dict[str, Any]:
    def seeds(rmse: float, cover: float) -> list[dict[str, Any]]:
        none = dict.fromkeys(("accuracy", "log_loss", "energy", "correlation", "target"))
        columns = {"**a**": {"score": "rmse", "value": rmse}, "b": {"score": "accuracy", "value": 1 - rmse}}
        return [
            {"rmse": rmse + i / 1000, "coverage": cover, **none, "columns": columns, "seconds": 1.0} for i in range(3)
        ]

    about = {"rows": 20, "columns": 2, "missing": 0.2, "mechanism": "mar", "seeds": 3, "target": "", "notes": ["*x*"]}
    return summarise({"mean": seeds(0.2, 0.99), "gain": seeds(0.1, 0.8), "knn": seeds(0.05, 0.88)}) | about


def draw() -> None:
    from pages.apply.results.tables_comparison import draw_comparison
    from tests.pages.apply.test_tables_comparison import outcome

    draw_comparison(outcome())


def test_it_is_drawn_with_its_sentence_first() -> None:
    page = AppTest.from_function(draw, default_timeout=180).run()
    assert not page.exception
    assert page.markdown[0].value.startswith("**GAIN is behind by RMSE of numbers: 0.101")
    assert "no other score" in page.markdown[0].value
    assert page.caption[0].value.startswith("20 rows of 2 columns; 20% of the known cells were hidden, depending on")
    assert page.info[0].value == "\\*x\\*"
    assert len(page.get("plotly_chart")) == 2
    table = page.dataframe[0].value
    assert list(table["Method"]) == ["Mean or most frequent", "Nearest neighbours", "GAIN"]
    assert list(table.columns) == ["Method", "RMSE of numbers", "Coverage of 90% intervals", "Seconds"]


def test_winners_are_marked() -> None:
    found = outcome()
    marked = [(row["Method"], score) for row in rows(found) for score, text in row.items() if "★" in text]
    assert marked == [("Nearest neighbours", "RMSE of numbers"), ("Nearest neighbours", "Coverage of 90% intervals")]
    by_column = column_rows(found)
    assert [row["Column"] for row in by_column] == ["**a**", "b"]
    assert all("★" in row["Nearest neighbours"] and "★" not in row["GAIN"] for row in by_column)
    figure = chart(found, "coverage")
    assert list(figure.data[0].x) == pytest.approx([0.99, 0.88, 0.8])
    assert len(set(figure.data[0].marker.color)) == 2
    assert figure.layout.shapes[0].x0 == 0.9
    assert cell({"mean": None, "low": None, "high": None}) == "–"
    assert cell({"mean": 0.5, "low": None, "high": None}) == "0.500"
