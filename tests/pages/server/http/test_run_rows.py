"""The table of runs: what a row says, its routes, and what the page does when it is asked."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from starlette.applications import Starlette

from gan_core.measure.image_measures import IMAGE_MEASURES
from gan_core.runs import RunManager
from gan_core.runs.catalog.thumbnails import SIDE
from gan_core.runs.evaluation_record import Evaluation
from gan_core.runs.storage.labels import label, read_labels
from gan_core.runs.storage.run_folder import RunFolder, run_ids
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import preset
from pages.compare import table
from pages.compare.chosen import CHOSEN, WIDGET
from pages.server.app_state import AppState, install_app_state
from pages.server.http.routes import routes
from pages.server.http.run_rows import rows
from pages.ui.session import Tab
from tests.pages.server.serving import Client, served
from tests.runs.helpers import at_rest, open_manager, quick


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunManager]:
    made = open_manager(tmp_path_factory.mktemp("rows"))
    before = getattr(sys, "_ganscope_app_state", None)
    install_app_state(AppState(made))
    yield made
    made.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def run(manager: RunManager) -> str:
    made = manager.start(quick(steps=40), preset="first-gan", title="The first")
    at_rest(manager, made)
    return made


@pytest.fixture(scope="module")
def branch(manager: RunManager, run: str) -> str:
    changes = {"g_optimizer.lr": 0.0123, "total_images": 2000}
    made = manager.branch(run, None, changes, title="A branch")
    at_rest(manager, made)
    return made


@pytest.fixture
def client(manager: RunManager) -> Iterator[Client]:
    with served(Starlette(routes=routes(sys._ganscope_app_state))) as made:  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Tab:
    monkeypatch.setattr(st, "session_state", {})
    return Tab("ring", preset("ring").config)


def row_of(manager: RunManager, run: str) -> dict[str, Any]:
    (found,) = rows(manager, {run})
    return found


def test_a_row_says_what_a_run_is(manager: RunManager, run: str) -> None:
    row = row_of(manager, run)
    root = manager.runs_dir / run
    assert (row["id"], row["name"], row["state"], row["live"]) == (run, "The first", "finished", False)
    assert (row["step"], row["images"], row["checkpoints"]) == (40, 640, len(manager.view(run).checkpoints))
    assert row["bytes"] == sum(p.stat().st_size for p in root.rglob("*") if p.is_file())
    assert row["thumb"] == manager.grids(run)[-1][0]
    assert row["metrics"]["g_loss"][0] == pytest.approx(float(manager.records(run)["g_loss"][-1]))
    json.dumps(rows(manager), allow_nan=False)


def test_what_differs_is_told_against_the_preset_and_against_the_parent(
    manager: RunManager, run: str, branch: str
) -> None:
    row = row_of(manager, run)
    assert row["against"] == f"the preset {preset('first-gan').label}"
    labels = {name: (value, before) for name, value, before in row["differs"]}
    assert labels["Batch size"] == ("16 images", f"{preset('first-gan').config.batch_size} images")
    row = row_of(manager, branch)
    assert (row["parent"], row["parent_name"], row["against"]) == (run, "The first", "The first at step 40")
    assert {(name.split(": ")[-1], value) for name, value, _ in row["differs"]} == {
        ("Learning rate", "0.0123"), ("Length", "2,000 images"),
    }  # fmt: skip


def test_what_only_costs_time_is_no_difference(manager: RunManager) -> None:
    """Members of a sweep are not compiled, and nobody chose that."""
    base = preset("ring").config
    config = replace(base, backend="reference", batch_size=32)
    made = manager.start(config, preset="ring", stop_at_step=2)
    at_rest(manager, made)
    assert [name for name, _, _ in row_of(manager, made)["differs"]] == ["Batch size"]


def test_a_row_is_read_anew_where_something_changed(manager: RunManager, run: str) -> None:
    assert row_of(manager, run)["tags"] == []
    label(manager.runs_dir, run, tags=["seen"], notes="Look.")
    assert (row_of(manager, run)["tags"], row_of(manager, run)["notes"]) == (["seen"], "Look.")
    label(manager.runs_dir, run, tags=[], notes="")


def test_a_run_s_last_value_stands_with_its_best_and_the_steps_of_both(manager: RunManager, branch: str) -> None:
    writer = RunWriter(RunFolder(manager.runs_dir / branch))
    for step, fid in ((0, 300.0), (50, 20.0), (60, 30.0)):
        values = {"fid": fid, "kid": float("nan")}
        writer.add_evaluation(Evaluation(step, step, 1.0, "pixel features", 60, values, {"fid": 1.5}))
    writer.close()
    metrics = row_of(manager, branch)["metrics"]
    assert metrics["fid"] == [30.0, "pixel features, 60 samples", 1.5, 300.0, 60, 20.0, 50]
    assert "kid" not in metrics
    assert {m["name"] for m in table.measures()} >= {m.name for m in IMAGE_MEASURES}


def test_the_routes_serve_rows_pictures_and_the_run_itself(client: Client, manager: RunManager, run: str) -> None:
    token = {"token": sys._ganscope_app_state.token}  # type: ignore[attr-defined]
    for path in ("/runs/rows", f"/runs/{run}/thumb/40.png", f"/runs/{run}/archive.zip"):
        assert client.get(path, params={"token": "wrong"}).status_code == 403
        assert client.get(path, params=token, headers={"Origin": "http://evil.example"}).status_code == 403
    answer = client.get("/runs/rows", params={**token, "runs": f"{run},nobody"}).json()
    assert answer == {"rows": rows(manager, {run}), "count": len(run_ids(manager.runs_dir))}
    step = manager.grids(run)[-1][0]
    png = client.get(f"/runs/{run}/thumb/{step}.png", params=token)
    with Image.open(io.BytesIO(png.content)) as image:
        assert max(image.size) <= SIDE
        assert min(image.size) >= 96
    data = client.get(f"/runs/{run}/archive.zip", params={**token, "checkpoints": "none"}).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "metrics.db" in archive.namelist()
        assert not [name for name in archive.namelist() if name.startswith("checkpoints/")]
    for path in ("/runs/nobody/archive.zip", f"/runs/{run}/thumb/41.png"):
        assert client.get(path, params=token).status_code == 404
    assert client.get(f"/runs/{run}/archive.zip", params={**token, "checkpoints": "x"}).status_code == 404


def test_what_the_table_asks_for_is_done(manager: RunManager, run: str, state: Tab) -> None:
    copy = manager.branch(run, None, {"total_images": 700}, title="To be deleted")
    at_rest(manager, copy)
    table.carry_out(state, ["choose", [copy, "nobody", run, copy]])
    assert st.session_state[CHOSEN] == [copy, run]
    table.carry_out(state, ["tags", copy, ["a", "b"]])
    table.carry_out(state, ["notes", copy, "text"])
    assert asdict(read_labels(manager.runs_dir / copy)) == {"tags": ("a", "b"), "notes": "text"}
    table.carry_out(state, ["delete", [copy, "20260101-nobody"]])
    assert copy not in run_ids(manager.runs_dir)
    assert "nobody" in state.notice
    table.carry_out(state, ["undelete", ["gone", *st.session_state[table.LAST]]])  # as many as can be
    assert copy in run_ids(manager.runs_dir)
    assert "trash was emptied" in state.notice
    state.notice = ""
    table.carry_out(state, ["delete", [copy]])
    table.carry_out(state, ["empty"])
    table.carry_out(state, ["undelete", ["gone"]])
    assert "trash was emptied" in state.notice
    table.carry_out(state, ["tab", "curves"])
    assert st.session_state[WIDGET] == "Curves"


@pytest.mark.parametrize("asked", [
    ["no-such"], [5], [None, "x"], ["delete"], ["delete", "x", "y"], ["delete", [5]], ["choose", {"a": 1}],
    ["tags", "../x", ["a"]], ["tags", "x", "a"], ["notes", ["x"], "y"], ["lab", "nobody"], ["undelete", ["../.."]],
])  # fmt: skip
def test_what_no_table_sends_does_nothing(manager: RunManager, run: str, state: Tab, asked: list[Any]) -> None:
    before = sorted(p.name for p in manager.runs_dir.iterdir())
    table.carry_out(state, asked)
    assert sorted(p.name for p in manager.runs_dir.iterdir()) == before


def test_a_run_that_is_deleted_while_the_rows_are_made_is_left_out(
    manager: RunManager, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(manager.view(run), id="20200101-000000-gone-abcd")
    monkeypatch.setattr(manager, "views", lambda: [gone, manager.view(run)])
    assert [row["id"] for row in rows(manager)] == [run]
