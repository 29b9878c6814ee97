"""A run's backend is chosen when it is made, is written into its configuration, and stays through stops and kills."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gan_core.config.codec import apply_sets, from_dict, replace_at
from gan_core.data import Ring, Shapes
from gan_core.data.base import Dataset
from gan_core.runs import RunManager
from gan_core.runs.commands import Change, StepOnce
from gan_core.runs.engine import compiled_cache
from gan_core.runs.engine.compiled_cache import BEING_MADE, NO_COMPILER, CompiledStepCache
from gan_core.runs.storage.run_folder import open_run
from gan_core.runs.storage.weights.checkpoints import newest_sound
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.backends import choice
from gan_core.training.configuration.run_config import InstanceNoise
from gan_core.training.digest import state_digest
from tests.runs.helpers import at_rest, edit_config_json, folder_of, until, until_state

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None, reason="there is no C++ compiler on this machine"
)

RING = replace(PRESETS["ring"].config, precision="float32", batch_size=32)
SMALL = replace_at(replace_at(RING, "generator.hidden", "8"), "discriminator.hidden", "8")


@pytest.fixture(autouse=True)
def short_runs_are_compiled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "WORTH_STEPS", 1)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the library of SMALL: each is compiled once."""
    place = tmp_path_factory.mktemp("data")
    manager = RunManager(place / "runs", place, device="cpu", threads=1)
    manager.prepare(replace(SMALL, backend="compiled"))
    manager.close()
    assert len(list((place / "compiled").glob("*.so"))) == 1
    return place


def long(steps: int, **changes: Any) -> RunConfig:
    config = replace(SMALL, total_images=steps * SMALL.batch_size)
    for path, value in changes.items():
        config = replace_at(config, path.replace("__", "."), value)
    return config


@contextmanager
def manager_at(folder: Path, data_dir: Path) -> Iterator[RunManager]:
    manager = RunManager(folder, data_dir, device="cpu", threads=1)
    try:
        yield manager
    finally:
        manager.close()


def left(manager: RunManager, run: str) -> dict[str, Any]:
    found, _ = newest_sound(open_run(manager.runs_dir, run))
    assert found is not None
    return dict(found[1])


def digest(manager: RunManager, run: str) -> str:
    state = left(manager, run)
    state.pop("window")
    return state_digest(state)


def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cache, "find_compiler", lambda: None)


def count_compiled_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The list grows with every call of a library."""
    calls: list[int] = []
    take: Callable[..., Any] = compiled_cache.CompiledStep.__call__

    def counted(self: Any, *given: Any) -> Any:
        taken = take(self, *given)
        calls.append(len(taken))
        return taken

    monkeypatch.setattr(compiled_cache.CompiledStep, "__call__", counted)
    return calls


def test_with_its_library_there_a_run_is_compiled_from_its_first_step(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_compiled_steps(monkeypatch)
    with manager_at(tmp_path, data_dir) as manager:
        run = manager.start(long(200))
        view = at_rest(manager, run)
        assert sum(calls) == view.step == 200
        assert (view.backend, view.warnings) == ("compiled", ())
        assert manager.manifest(run).config["backend"] == "compiled"
        assert "library" not in left(manager, run)
        assert manager.changes(run) == []


def test_a_run_never_waits_and_never_goes_over(tmp_path: Path) -> None:
    """The first one begins at once with what is there; what it would have liked is there for the next."""
    with manager_at(tmp_path / "runs", tmp_path / "data") as manager:
        first = manager.start(replace(SMALL, total_images=10**9))
        asked = manager.start(long(40, backend="compiled"))
        until_state(manager, first, "running")
        made = tmp_path / "data" / "compiled"
        until(lambda: bool(list(made.glob("*.so"))))
        step = manager.view(first).step
        until(lambda: manager.view(first).step > step + 300)
        assert manager.view(first).backend == "dense"
        assert manager.view(asked).warnings == (BEING_MADE,)
        manager.cancel(asked)
        second = manager.start(long(40))
        assert manager.view(second).backend == "compiled"


def test_looking_at_a_preset_prepares_it_and_a_command_waits_for_it(tmp_path: Path) -> None:
    with manager_at(tmp_path / "runs", tmp_path / "data") as manager:
        hopeful = manager.estimate(SMALL)
        until(lambda: bool(list((tmp_path / "data" / "compiled").glob("*.so"))))
        assert manager.resolved(SMALL).backend == "compiled"
        assert manager.estimate(SMALL).seconds_total == pytest.approx(hopeful.seconds_total, rel=0.01)
        other = replace_at(SMALL, "discriminator.hidden", "9")
        manager.prepare(other)
        assert manager.resolved(other).backend == "compiled"


def test_stopped_and_resumed_it_is_the_same_run(tmp_path: Path, data_dir: Path) -> None:
    with manager_at(tmp_path / "straight", data_dir) as manager:
        straight = manager.start(long(400))
        at_rest(manager, straight)
        wanted = digest(manager, straight)
    run = ""
    for stop in (60, 100, 123, 124, None):
        with manager_at(tmp_path / "pieces", data_dir) as manager:
            if run:
                manager.resume(run, stop_at_step=stop)
            else:
                run = manager.start(long(400), stop_at_step=stop)
            at_rest(manager, run)
            assert manager.view(run).backend == "compiled"
    assert manager.view(run).step == 400
    assert digest(manager, run) == wanted


def test_a_resume_makes_a_library_that_has_gone(tmp_path: Path, data_dir: Path) -> None:
    with manager_at(tmp_path / "here", data_dir) as manager:
        straight = manager.start(long(300))
        at_rest(manager, straight)
        wanted = digest(manager, straight)
        run = manager.start(long(300), stop_at_step=100)
        at_rest(manager, run)
    with manager_at(tmp_path / "here", tmp_path / "new-data") as manager:
        manager.resume(run)
        view = at_rest(manager, run)
        assert (view.state, view.step, view.backend, view.warnings) == ("finished", 300, "compiled", ())
        assert digest(manager, run) == wanted


def test_a_compiled_run_without_a_compiler_says_so_and_records_what_it_goes_on_with(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with manager_at(tmp_path / "runs", data_dir) as manager:
        run = manager.start(long(400), stop_at_step=150)
        at_rest(manager, run)
    with monkeypatch.context() as patch:
        no_compiler(patch)
        with manager_at(tmp_path / "runs", tmp_path / "data") as elsewhere:
            elsewhere.resume(run, stop_at_step=300)
            view = at_rest(elsewhere, run)
            assert (view.state, view.step, view.backend) == ("finished", 300, "dense")
            assert view.warnings == (
                "The backend compiled, with which this run was trained, cannot be had here; it goes on with dense.",
            )
            (change,) = elsewhere.changes(run)
            assert (change.step, change.path, change.before, change.after) == (150, "backend", "compiled", "dense")
    calls = count_compiled_steps(monkeypatch)
    with manager_at(tmp_path / "runs", data_dir) as manager:  # where there is a library again
        manager.resume(run, stop_at_step=350)
        assert at_rest(manager, run).backend == "dense"
        assert calls == []
        branch = manager.branch(run, 120)
        assert at_rest(manager, branch).backend == "compiled"
        assert sum(calls) == 350  # its parent's steps as they were, and its own


@pytest.mark.parametrize(("path", "value"), [("loss.label_smoothing", 0.1), ("k_d", 2)])
def test_a_changed_setting_leaves_the_backend_as_it_is(
    tmp_path: Path, data_dir: Path, path: str, value: float
) -> None:
    with manager_at(tmp_path, data_dir) as manager:
        run = manager.start(replace(SMALL, total_images=10**9), stop_at_step=110)
        at_rest(manager, run)
        manager.resume(run, stop_at_step=10**6)
        manager.send(run, Change(path, value))
        manager.send(run, StepOnce())
        view = until_state(manager, run, "paused")
        assert (view.backend, view.warnings) == ("compiled", ())
        assert [change.path for change in manager.changes(run)] == [path]


def test_steps_with_noise_on_what_d_sees_are_worked_out_by_hand(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_compiled_steps(monkeypatch)
    with manager_at(tmp_path, data_dir) as manager:
        noise = InstanceNoise(sigma=0.1, decay_images=150 * SMALL.batch_size)
        run = manager.start(replace(long(250), instance_noise=noise))
        assert at_rest(manager, run).backend == "compiled"
    assert sum(calls) == 100


@pytest.mark.parametrize("backend", ["auto", "compiled"])
@pytest.mark.parametrize("data", [Ring(), Shapes(count=60)], ids=["points", "pictures"])
def test_without_a_compiler_it_is_the_written_out_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Dataset, backend: str
) -> None:
    """Which is said to whoever asked for the compiled one by name."""
    no_compiler(monkeypatch)
    with manager_at(tmp_path / "runs", tmp_path / "data") as manager:
        run = manager.start(replace(long(30), data=data, backend=backend))
        view = at_rest(manager, run)
        assert view.backend == "dense"
        assert view.warnings == (() if backend == "auto" else (NO_COMPILER,))
        assert not (tmp_path / "data" / "compiled").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"k_d": 2}, "dense"),
        ({"generator__norm": "batch"}, "reference"),
        ({"backend": "reference"}, "reference"),
        ({"backend": "dense"}, "dense"),
        ({"backend": "compiled", "g_optimizer": "sgd"}, "dense"),
    ],
)
def test_what_is_recorded_is_what_trains(
    tmp_path: Path, data_dir: Path, changes: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_compiled_steps(monkeypatch)
    with manager_at(tmp_path, data_dir) as manager:
        run = manager.start(long(30, **changes))
        assert at_rest(manager, run).backend == expected
    assert calls == []


def test_a_library_that_cannot_be_loaded_is_made_no_more(tmp_path: Path, data_dir: Path) -> None:
    copied = tmp_path / "data"
    shutil.copytree(data_dir / "compiled", copied / "compiled")
    (library,) = (copied / "compiled").glob("*.so")
    library.write_bytes(b"nothing of the kind")
    with manager_at(tmp_path / "runs", copied) as manager:
        run = manager.start(long(30))
        view = at_rest(manager, run)
        assert (view.state, view.backend, len(view.warnings)) == ("finished", "dense", 1)
        assert manager.resolved(SMALL).backend == "dense"
        assert not library.exists()


def test_closing_while_a_library_is_made_for_a_resume_changes_nothing(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with manager_at(tmp_path / "runs", data_dir) as manager:
        run = manager.start(long(300), stop_at_step=100)
        at_rest(manager, run)
    begun: list[str] = []

    def never(part: Path, text: str, track: Any) -> None:
        begun.append(text)
        until(lambda: manager.launcher.context.compiled_steps.closed)
        raise RuntimeError("it was cut short")

    with monkeypatch.context() as patch:
        patch.setattr(compiled_cache, "_compile", never)
        with manager_at(tmp_path / "runs", tmp_path / "data") as manager:
            manager.resume(run)
            until(lambda: bool(begun))
    assert manager.view(run).step == 100
    assert manager.view(run).backend == "compiled"
    assert manager.changes(run) == []


# --- runs of earlier versions, which began without a library and went over to one on the way


def earlier(manager: RunManager, run: str, *, compiled: bool, compiled_from: int) -> None:
    """Turn a run's folder into one as it was written before backends were recorded."""
    folder = folder_of(manager, run)
    with closing(RunWriter(folder)) as writer:
        writer.write_status(replace(folder.status(), compiled_from_step=compiled_from))
    config = json.loads((folder.root / "config.json").read_text())["config"]
    config.pop("backend")
    edit_config_json(folder, config={**config, "compiled": compiled})


@pytest.mark.parametrize("library", ["0123456789abcdef" * 2, ""])
def test_a_run_that_went_over_on_the_way_goes_on_compiled(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """library: what its newest checkpoint tells; "": it had not gone over yet, and never does now."""
    with monkeypatch.context() as patch, manager_at(tmp_path, data_dir) as manager:
        state = Trainer.state
        patch.setattr(Trainer, "state", lambda self: state(self) | {"library": library})
        run = manager.start(long(400, backend="dense"), stop_at_step=150)
        at_rest(manager, run)
    earlier(manager, run, compiled=True, compiled_from=100 if library else 0)
    calls = count_compiled_steps(monkeypatch)
    expected = "compiled" if library else "dense"
    with manager_at(tmp_path, data_dir) as manager:
        assert (manager.config(run).backend, manager.view(run).backend) == ("dense", expected)
        for stop, step in ((250, 250), (None, 400)):
            manager.resume(run, stop_at_step=stop)
            view = at_rest(manager, run)
            assert (view.state, view.step, view.backend, view.warnings) == ("finished", step, expected, ())
        changes = [(c.step, c.path, c.before, c.after) for c in manager.changes(run)]
        assert changes == ([(150, "backend", "dense", "compiled")] if library else [])
    assert sum(calls) == (250 if library else 0)


def test_a_run_that_went_over_and_has_no_compiler_now_is_not_called_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_compiler(monkeypatch)
    with monkeypatch.context() as patch, manager_at(tmp_path / "runs", tmp_path / "data") as manager:
        state = Trainer.state
        patch.setattr(Trainer, "state", lambda self: state(self) | {"library": "0" * 32})
        run = manager.start(long(200), stop_at_step=150)
        at_rest(manager, run)
        earlier(manager, run, compiled=True, compiled_from=100)
    with manager_at(tmp_path / "runs", tmp_path / "data") as manager:
        manager.resume(run)
        view = at_rest(manager, run)
        assert (view.state, view.step, view.backend, len(view.warnings)) == ("finished", 200, "dense", 1)


def test_settings_of_earlier_versions_are_understood() -> None:
    """`compiled` in a link, a file or on the command line."""
    assert from_dict(RunConfig, {"compiled": True}).backend == "inductor"
    assert from_dict(RunConfig, {"compiled": False}).backend == "auto"
    for given, expected in ((True, "auto"), (False, "dense")):
        assert from_dict(RunConfig, {"compiled": given, "generator": {"name": "mlp"}}).backend == expected
        assert from_dict(RunConfig, {"compiled": given, "generator": "mlp"}).backend == expected
        assert apply_sets(SMALL, {"compiled": str(given).lower()}).backend == expected
    with pytest.raises(ValueError, match="compiled is not a field"):
        from_dict(RunConfig, {"compiled": "perhaps"})


def test_libraries_are_made_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    running = 0

    def slow(part: Path, text: str, track: Any) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        part.write_bytes(b"")
        running -= 1

    monkeypatch.setattr(compiled_cache, "_compile", slow)
    cache = CompiledStepCache(tmp_path)
    shape = Trainer(SMALL, SMALL.data.load(1, tmp_path), choice.torch.device("cpu"))
    for hidden in ("8", "9", "10"):
        shape.config = replace_at(SMALL, "generator.hidden", hidden)
        spec = shape.compiled_spec()
        assert spec is not None
        cache.begin(spec)
    cache.join()
    assert at_once == [1, 1, 1]
    assert len(list(tmp_path.glob("*.so"))) == 3
