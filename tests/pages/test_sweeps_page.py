"""The Sweeps tab: what its form makes of what people type, and what its route tells of the members."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from gan_core.config.codec import replace_at
from gan_core.config.fields import spec_of
from gan_core.runs import LIVE, RunManager
from gan_core.runs.cluster.making import make_sweep
from gan_core.runs.groups.sweep_beginning import read_beginning
from gan_core.runs.groups.sweep_driver import DriverPlace
from gan_core.runs.groups.sweep_file import OnCluster
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.training import PRESETS, RunConfig
from gan_core.training.observe.scene import decode_scene
from pages.compare.sweep.sweep_form import first_values, plan_of, sweepable
from pages.compare.sweep.sweeps import measures_of
from pages.server.app_state import AppState, install_app_state
from pages.server.http.routes import routes
from pages.server.http.sweep_routes import packed
from tests.pages.server.serving import Client, served
from tests.pages.shown import shown
from tests.runs.helpers import until

RING = PRESETS["ring"].config


@pytest.fixture
def real(tmp_path: Path) -> Iterator[AppState]:
    """A home whose manager trains."""
    before = getattr(sys, "_ganscope_app_state", None)
    manager = RunManager(tmp_path / "runs", tmp_path / "data", device="cpu", threads=1)
    yield install_app_state(AppState(manager))
    manager.close()
    sys._ganscope_app_state = before  # type: ignore[attr-defined]


def tiny() -> RunConfig:
    config = replace(RING, batch_size=16, total_images=16 * 12)
    for path, value in {"generator.hidden": "8", "discriminator.hidden": "8", "record.every_steps": 2}.items():
        config = replace_at(config, path, value)
    return config


def script() -> None:
    from pages.compare.sweep.sweeps import draw
    from pages.ui.session import tab

    draw(tab())


def opened() -> AppTest:
    app = AppTest.from_function(script, default_timeout=180).run()
    assert not app.exception, app.exception
    return app


def wait(manager: RunManager, sweep: str) -> list[str]:
    runs = [member.run for member in Sweeps(manager).sweep(sweep).members]
    until(lambda: all(manager.view(run).state not in LIVE and manager.launcher.worker(run) is None for run in runs))
    return runs


def test_what_is_typed_becomes_a_sweep_of_runs(real: AppState) -> None:
    app = opened()
    assert "6 runs" in "".join(m.value for m in app.markdown)
    assert "trained together in one step" in "".join(m.value for m in app.markdown)
    app.text_input[0].set_value("0.001, 0.002").run()
    steps = next(n for n in app.number_input if n.label == "Steps of each run")
    steps.set_value(4).run()
    app.button(key="sweep-start").click().run()
    assert not app.exception, app.exception
    (sweep,) = Sweeps(real.manager()).all()
    assert [axis.values for axis in sweep.axes] == [("0.001", "0.002")]
    assert sweep.seeds == (1, 2)
    assert sweep.together == 4
    for run in wait(real.manager(), sweep.id):
        view = real.manager().view(run)
        assert (view.state, view.step, view.config["generator"]["hidden"]) == ("finished", 4, "64,64")
    app.run()
    assert {b.key for b in app.button} >= {"sweep-compare", "sweep-forget"}
    app.button(key="sweep-compare").click().run()
    assert app.session_state["compare_chosen"] == [member.run for member in sweep.members]
    app.button(key="sweep-forget").click().run()
    assert not Sweeps(real.manager()).all()


def test_what_is_typed_wrongly_is_said_and_starts_nothing(real: AppState) -> None:
    app = opened()
    app.text_input[0].set_value("fast, slow").run()
    assert any("d_optimizer.lr" in shown(error.value) for error in app.error)
    assert app.button(key="sweep-start").disabled
    app.text_input[0].set_value("0.001..0.01").run()
    assert any("a grid needs its values" in shown(error.value) for error in app.error)


def test_a_sweep_on_ray_is_asked_for_awaited_and_found(real: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that would drive it is not started here: what it would write is."""
    started: list[str] = []
    monkeypatch.setattr("pages.compare.sweep.cluster_form.importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(DriverPlace, "start", lambda place, *folders: started.append(place.root.name))
    app = opened()
    app.segmented_control(key="sweep-where").set_value("ray").run()
    app.text_input(key="sweep-address").set_value("http://host").run()
    assert "it must be ray or ray://HOST:PORT" in shown(app.error[0].value)
    app.text_input(key="sweep-address").set_value("ray://host:10001").run()
    app.toggle(key="sweep-asha").set_value(True).run()
    assert "each on 1 processor of the Ray cluster, bad ones stopped early" in "".join(m.value for m in app.markdown)
    app.button(key="sweep-start").click().run()
    assert not app.exception, app.exception
    assert any("Connecting" in one.value for one in app.caption)
    (asked,) = started
    sweeps = Sweeps(real.manager())
    meant = read_beginning(sweeps.driver(asked).plan)
    assert meant.cluster == OnCluster("ray://host:10001", 1, 0.0, "sliced_wasserstein", 3, 333)
    assert (meant.preset, len(meant.plan.members())) == ("ring", 6)

    sweeps.driver(asked).say("The Ray cluster at host:10001 cannot be reached.")
    app.run()
    assert "cannot be reached" in shown(app.error[0].value)
    assert "Connecting" not in "".join(one.value for one in app.caption)

    app.button(key="sweep-start").click().run()
    made = make_sweep(real.manager(), meant, started[-1])
    app.run()
    assert not app.exception, app.exception
    assert "of a Ray cluster, bad ones stopped early" in "".join(m.value for m in app.markdown)
    sweeps.driver(made.id).say("No Ray cluster runs on this machine.")
    app.run()
    assert "No Ray cluster" in shown(app.error[0].value)
    app.button(key="sweep-on").click().run()
    assert started[-2:] == [made.id, made.id], "a driver was asked to go on"


@pytest.mark.parametrize(("preset", "batch"), [("first-gan", 4), ("ring", 1024)])
def test_no_length_is_longer_than_a_run_may_be(real: AppState, preset: str, batch: int) -> None:
    app = AppTest.from_function(script, default_timeout=180)
    query = {"preset": preset, "batch_size": str(batch), "total_images": "1000000000"}
    for name, text in query.items():
        app.query_params[name] = text
    app.run()
    app.selectbox(key="sweep-base").set_value("").run()
    assert not app.exception, app.exception
    steps = next(n for n in app.number_input if n.label == "Steps of each run")
    steps.set_value(int(steps.max)).run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    assert int(steps.max) * batch <= 1_000_000_000


def test_the_route_tells_of_every_member(real: AppState) -> None:
    manager = real.manager()
    base = tiny()
    sweep = Sweeps(manager).start(Plan(base, (read_axis(base, "g_optimizer.lr=0.001,0.004"),)))
    runs = wait(manager, sweep)
    with served(Starlette(routes=routes(real))) as client:
        members = ask(client, real, sweep).json()["members"]
        assert [m["run"] for m in members] == runs
        for member in members:
            assert (member["state"], member["live"], member["step"]) == ("finished", False, 12)
            step = manager.grids(member["run"])[-1][0]
            assert member["grid"] == step
            fakes = decode_scene(manager.grid(member["run"], step).png).fakes[:400]
            x0, x1, y0, y1 = base.data.extent  # type: ignore[attr-defined]
            share = np.frombuffer(base64.b64decode(member["points"]), "<u2").reshape(-1, 2) / 65535
            inside = (fakes > [x0, y0]).all(1) & (fakes < [x1, y1]).all(1)
            found = share * [x1 - x0, y1 - y0] + [x0, y0]
            np.testing.assert_allclose(found[inside], fakes[inside], atol=2e-3)
            last = manager.evaluations(member["run"])[-1]
            assert last.step == 12  # its end, which no point of the curves measures
            assert member["values"]["sliced_wasserstein"] == pytest.approx(last.values["sliced_wasserstein"])
        known = ",".join(str(m["grid"]) for m in members)
        again = ask(client, real, sweep, shown=known).json()["members"]
        assert all("points" not in m for m in again)
        (manager.runs_dir / runs[0] / "config.json").unlink()
        assert [m["state"] for m in ask(client, real, sweep).json()["members"]] == ["gone", "finished"]
        assert ask(client, real, "20260101-000000000-sweep-abcd").status_code == 404
        assert client.get(f"/sweeps/{sweep}", params={"token": "another"}).status_code == 403


def ask(client: Client, home: AppState, sweep: str, **more: str) -> Any:
    return client.get(f"/sweeps/{sweep}", params={"token": home.token, **more})


def test_points_beyond_the_extent_lie_at_its_edge() -> None:
    points = np.array([[-9.0, 0.0], [1.0, 9.0], [np.nan, 1.0]])
    found = np.frombuffer(base64.b64decode(packed(points, (-1.0, 1.0, -1.0, 1.0))), "<u2").reshape(-1, 2)
    assert found.tolist() == [[0, 32768], [65535, 65535], [32768, 65535]]


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_offers_values_that_can_be_tried(name: str) -> None:
    config = PRESETS[name].config
    fields = sweepable(config)
    assert "seed" not in fields
    assert "g_optimizer.lr" in fields
    for path, spec in fields.items():
        if spec.kind in ("float", "int", "text"):
            owner = config
            *heads, last = path.split(".")
            for head in heads:
                owner = getattr(owner, head)
            assert spec_of(type(owner).__dataclass_fields__[last]) == spec
            text = first_values(spec, getattr(owner, last))
            assert read_axis(config, f"{path}={text}").values, path
            assert plan_of(config, [f"{path}={text}"], 2, 0).configs()


def test_measures_are_those_of_what_is_made() -> None:
    points, pictures = measures_of(RING), measures_of(PRESETS["fashion-fast"].config)
    assert points[0]["name"] == "sliced_wasserstein"
    assert {m["name"]: m["better"] for m in points}["modes_covered"] == "high"
    assert pictures[0]["name"] == "fid"
    assert not {m["name"] for m in points} & {m["name"] for m in pictures}


def test_each_run_takes_as_many_steps_whatever_a_step_of_it_sees() -> None:
    base = replace(PRESETS["ring"].config, batch_size=32, total_images=32 * 500)
    plan = plan_of(base, ["k_d=1,2", "batch_size=32,64"], 1, 0)
    assert [c.total_images // (c.batch_size * c.k_d) for c in plan.configs()] == [500] * 4
