"""The Compare page's own tabs without a browser: the choice of runs, and what is handed to the components."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from gan_core.runs.evaluation.final_measures import final_values
from gan_core.runs.evaluation_record import Evaluation
from gan_core.training import preset
from pages.compare import curves, settings
from pages.server.app_state import AppState
from pages.ui.choices import distinct
from tests.pages.fake_manager import FakeManager
from tests.pages.opening import opened
from tests.pages.server.serving import Client

PAGE = Path(__file__).parents[2] / "pages" / "compare" / "page.py"
FEATURES = "Fashion-MNIST classifier features"


def finished(manager: FakeManager, count: int) -> list[str]:
    runs = [manager.start(preset("first-gan").config, preset="first-gan") for _ in range(count)]
    for run in runs:
        manager.put(run, state="finished")
    return runs


def chosen(app: AppTest) -> list[str]:
    found: list[str] = app.session_state["compare_chosen"]
    return found


def test_without_a_run_the_tab_says_what_to_do(home: AppState) -> None:
    app = opened("compare", tab="curves")
    assert "train one in the Lab" in app.info[0].value


def test_one_click_compares_the_newest_runs(home: AppState, manager: FakeManager) -> None:
    runs = finished(manager, 6)
    app = opened("compare", tab="curves")
    app.button(key="compare-pick-curves-newest").click().run()
    assert not app.exception
    assert chosen(app) == list(reversed(runs))[:4]
    address = app.query_params["runs"]
    assert (address if isinstance(address, str) else address[0]).split(",") == chosen(app)


def test_runs_are_chosen_on_the_tab_itself_and_unknown_ones_dropped(home: AppState, manager: FakeManager) -> None:
    runs = finished(manager, 3)
    app = opened("compare", tab="curves", runs=f"{runs[0]},never-was,{runs[1]}")
    assert chosen(app) == runs[:2]
    app.multiselect(key="compare-pick-curves").set_value([runs[2], runs[0]]).run()
    assert not app.exception
    assert chosen(app) == [runs[2], runs[0]]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.text("0123", min_size=6, max_size=6)), unique_by=lambda pair: pair[1]
    )
)
def test_no_two_runs_are_offered_under_one_name(pairs: list[tuple[str, str]]) -> None:
    names = distinct({run: name for name, run in pairs})
    assert len(set(names.values())) == len(pairs)
    assert all(names[run].startswith(name) for name, run in pairs)
    often = [name for name, _ in pairs]
    assert all(names[run] == name for name, run in pairs if often.count(name) == 1)


class Evaluated:
    """A manager that only knows evaluations."""

    def __init__(self, runs: dict[str, list[Evaluation]]) -> None:
        self.runs = runs

    def evaluations(self, run: str) -> list[Evaluation]:
        return self.runs[run]


def evaluation(step: int, fid: float, samples: int = 500, floor: float = 4.0, **more: float) -> Evaluation:
    values = {"fid": fid, **more}
    return Evaluation(step, 64 * step, step / 10, FEATURES, samples, values, {"fid": floor}, best=step > 0)


def test_evaluations_on_other_features_or_counts_are_never_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "a": [evaluation(0, 900.0), evaluation(10, math.nan), evaluation(10, 55.0, 2000)],
        "b": [evaluation(5, 70.0, recall=0.5)],
    }
    monkeypatch.setattr(curves, "manager", lambda: Evaluated(known))
    measures, columns = curves.evaluated(["a", "b"])
    few, many = f"fid|{FEATURES}|500", f"fid|{FEATURES}|2000"
    assert {m["name"] for m in measures} == {few, many, f"recall|{FEATURES}|500"}
    assert columns["a"][few] == [900.0, None, None]
    assert columns["a"][many] == [None, None, 55.0]
    assert columns["b"][few] == [70.0]
    assert columns["a"]["step"] == [0, 10, 10]
    by_name = {m["name"]: m for m in measures}
    assert by_name[few]["unit"] == f"{FEATURES}, 500 samples"
    assert by_name[few]["label"] == "Fréchet distance"  # FID is what it is called in Inception's features
    assert by_name[few]["guide"] == 4.0


def test_floors_of_several_datasets_are_not_drawn_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"a": [evaluation(5, 70.0)], "b": [evaluation(5, 70.0, floor=9.0)]}
    monkeypatch.setattr(curves, "manager", lambda: Evaluated(known))
    measures, _ = curves.evaluated(["a", "b"])
    assert "guide" not in measures[0]


def test_what_most_runs_have_and_measures_the_result_is_offered_first() -> None:
    import numpy as np

    records: dict[str, Any] = {"g_loss": np.array([1.0]), "d_loss": np.array([1.0])}
    with_fid = final_values(records, [evaluation(5, 70.0, recall=0.5)])
    names = [metric["name"] for metric in settings.metrics_of([with_fid, with_fid])]
    assert names[0] == f"fid|{FEATURES}|500"
    assert set(names) == set(with_fid)
    names = [metric["name"] for metric in settings.metrics_of([with_fid, final_values(records)])]
    assert names[0] == "g_loss"  # a line for one of two runs would say nothing


def test_drawing_anew_asks_for_the_token_and_a_seed(client: Client, home: AppState, manager: FakeManager) -> None:
    (run,) = finished(manager, 1)
    path, key = f"/live/{run}/drawn/0", {"token": home.token}
    assert client.get(path, params={"seed": "1"}).status_code == 403
    for seed in ("", "-1", "1e3", "9" * 30):
        answer = client.get(path, params={**key, "seed": seed})
        assert answer.status_code == 404
        assert "seed" in answer.text
    assert client.get(path, params={**key, "seed": "1"}).status_code == 404  # there is no such run on the disk
