"""What a form holds: it comes back after another page, stands in the address, and a strange address does no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.server.app_state import AppState
from tests.pages.opening import opened

PAGE = Path(__file__).parents[3] / "pages" / "apply" / "page.py"
USUAL = {"workshop": "augmentation"}


def workshop(**query: str) -> AppTest:
    return opened("apply", **(USUAL | query))


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def query(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_what_was_set_is_there_again_after_another_workshop(home: AppState) -> None:
    app = workshop()
    assert query(app) == USUAL
    app.number_input(key="augment-seeds").set_value(5)
    app.slider(key="augment-confidence").set_value(0.5)
    app.button_group(key="augment-ways").set_value(["real", "both"])
    run(app)
    said = {"seeds": "5", "confidence": "0.5", "ways": "real,both"}
    assert query(app) == USUAL | said
    app.button_group(key="apply-workshop").set_value("tables")
    run(app)
    assert not [one for one in app.number_input if one.key == "augment-seeds"]
    assert query(app) == {"workshop": "tables"}
    app.button_group(key="apply-workshop").set_value("augmentation")
    run(app)
    assert app.number_input(key="augment-seeds").value == 5
    assert query(app) == USUAL | said


def test_an_address_says_what_the_form_holds(home: AppState) -> None:
    app = workshop(seeds="7", images="shapes", flips="yes", ways="synthetic", spread="1.5")
    assert app.number_input(key="augment-seeds").value == 7
    assert app.selectbox(key="augment-data").value == "shapes"
    assert app.selectbox(key="augment-flips").value == "yes"
    assert app.button_group(key="augment-ways").value == ["synthetic"]
    assert app.slider(key="augment-spread").value == 1.5
    fill = workshop(workshop="pictures", iterations="60", restarts="8", seed="3", blend="no", missing="detail")
    assert [fill.number_input(key=f"fill-{name}").value for name in ("iterations", "restarts", "seed")] == [60, 8, 3]
    assert fill.checkbox(key="fill-blend").value is False
    assert fill.button_group(key="fill-kind").value == "detail"


def test_an_address_waits_for_what_is_drawn_later(home: AppState) -> None:
    app = workshop(workshop="rows", rows="60", seed="4")
    app.file_uploader(key="table-upload").set_value(("t.csv", b"a,b\n" + b"1,x\n2,y\n" * 20, "text/csv"))
    run(app)
    assert app.number_input(key="rows-count").value == 60
    app.number_input(key="rows-count").set_value(70)
    run(app)
    assert query(app) == {"workshop": "rows", "rows": "70", "seed": "4"}
    app = workshop(workshop="rows", seed="4")
    app.button_group(key="apply-workshop").set_value("pictures")
    run(app)
    assert app.number_input(key="fill-seed").value == 0  # that was another form's


@pytest.mark.parametrize("value", ["", "1e9", "-1", "99999999999999999999", "nan", "<b>", "3.5", "x" * 5000])
def test_a_strange_address_opens_the_usual_form(home: AppState, value: str) -> None:
    app = workshop(seeds=value, spread=value, images=value, ways=f"real,{value}?", run=value)
    assert app.number_input(key="augment-seeds").value == 3
    assert app.selectbox(key="augment-data").value == "fashion-mnist"
    assert query(app).keys() <= {"workshop", "spread"}
