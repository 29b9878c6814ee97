"""A run that goes from its first step to a compiled one, and stays the run it is through stops and kills."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config.codec import replace_at
from gan_core.data import Ring, Shapes
from gan_core.data.base import Dataset
from gan_core.runs import RunManager
from gan_core.runs.commands import Change, StepOnce
from gan_core.runs.engine import backend_switch as swap_module
from gan_core.runs.engine.compiled_cache import CompiledStepCache
from gan_core.runs.storage.checkpoints import newest_sound
from gan_core.runs.storage.run_folder import open_run
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.compiled_step import CompiledStep
from gan_core.training.digest import state_digest
from gan_core.training.run_config import InstanceNoise

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None, reason="there is no C++ compiler on this machine"
)


@pytest.fixture(autouse=True)
def swap_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap_module, "SWAP_EVERY_STEPS", 100)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here, so that each step is compiled once."""
    return tmp_path_factory.mktemp("data")


def compiled(total_images: int) -> RunConfig:
    ring = PRESETS["ring"].config
    nets = replace_at(replace_at(ring, "generator.hidden", "8"), "discriminator.hidden", "8")
    return replace(nets, compiled=True, precision="float32", total_images=total_images)


def at_rest(manager: RunManager, run: str, seconds: float = 560.0) -> None:
    until = time.monotonic() + seconds
    while manager.trains_here(run):
        assert time.monotonic() < until, manager.view(run)
        time.sleep(0.05)


def digest(manager: RunManager, run: str) -> str:
    found, _ = newest_sound(open_run(manager.runs_dir, run))
    assert found is not None
    state = dict(found[1])
    state.pop("window")
    return state_digest(state)


def library_of(manager: RunManager, run: str) -> str:
    found, _ = newest_sound(open_run(manager.runs_dir, run))
    assert found is not None
    return str(found[1]["library"])


def manager_at(folder: Path, data_dir: Path) -> RunManager:
    return RunManager(folder, data_dir, device="cpu", threads=1)


def test_it_starts_at_once_and_swaps_when_the_library_is_there(tmp_path: Path, data_dir: Path) -> None:
    manager = manager_at(tmp_path, data_dir)
    try:
        run = manager.start(compiled(total_images=200_000_000))
        while manager.view(run).state == "queued":
            time.sleep(0.05)
        until = time.monotonic() + 560
        while not manager.view(run).checkpoints or not library_of(manager, run):
            assert time.monotonic() < until
            assert manager.view(run).state == "running", manager.view(run)
            time.sleep(0.2)
        assert manager.view(run).checkpoints[0] == 100
        assert manager.view(run).compiled_from_step == 100
        assert open_run(tmp_path, run).standing().compiled_from_step == 100  # also after a kill
        assert manager.view(run).warnings == ()
        assert len(list((data_dir / "compiled").glob("*.so"))) == 1
    finally:
        manager.close()


def test_what_was_compiled_is_the_step_that_it_stands_for(data_dir: Path) -> None:
    config = compiled(total_images=10_000)
    drawn = config.data.load(config.size, data_dir)
    ours, plain = Trainer(config, drawn, torch.device("cpu")), Trainer(config, drawn, torch.device("cpu"))
    recipe = ours.recipe()
    assert recipe is not None
    path = CompiledStepCache(data_dir / "compiled").ready(recipe)
    assert path is not None
    ours.use_library(CompiledStep(path, recipe), recipe.key)
    for _ in range(10):
        ours.step()
        plain.step()
    for name in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
        torch.testing.assert_close(ours.state()[name], plain.state()[name], rtol=2e-3, atol=1e-4)
    assert ours.point() == pytest.approx(plain.point(), rel=1e-3, abs=1e-4, nan_ok=True)


def test_stopped_and_resumed_it_is_the_same_run(tmp_path: Path, data_dir: Path) -> None:
    """With the library there from the start: straight through, and in five pieces, cut also where it swaps."""
    manager = manager_at(tmp_path / "straight", data_dir)
    try:
        straight = manager.start(compiled(total_images=400 * 256))
        at_rest(manager, straight)
        assert 100 in manager.view(straight).checkpoints
        wanted = digest(manager, straight)
    finally:
        manager.close()
    run = ""
    for stop in (60, 100, 123, 124, None):
        manager = manager_at(tmp_path / "pieces", data_dir)
        try:
            if run:
                manager.resume(run, stop_at_step=stop)
            else:
                run = manager.start(compiled(total_images=400 * 256), stop_at_step=stop)
            at_rest(manager, run)
        finally:
            manager.close()
    assert manager.view(run).step == 400
    assert digest(manager, run) == wanted


def test_the_same_seed_is_the_same_run_whether_its_library_was_there_or_not(tmp_path: Path, data_dir: Path) -> None:
    found = []
    for place in (tmp_path / "new", data_dir):
        manager = manager_at(place / "runs", place)
        try:
            run = manager.start(compiled(total_images=250 * 256))
            at_rest(manager, run)
            assert library_of(manager, run) != ""
            found.append(digest(manager, run))
        finally:
            manager.close()
    assert found[0] == found[1]


def test_a_resume_waits_for_a_library_that_has_gone(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = manager_at(tmp_path, data_dir)
    try:
        straight = manager.start(compiled(total_images=300 * 256))
        at_rest(manager, straight)
        wanted = digest(manager, straight)
        run = manager.start(compiled(total_images=300 * 256), stop_at_step=100)
        at_rest(manager, run)
        (library,) = (data_dir / "compiled").glob("*.so")
        kept = library.rename(tmp_path / "elsewhere.so")
        asked, let_go = threading.Event(), threading.Event()
        monkeypatch.setattr(CompiledStepCache, "_make", lambda self, key, text: (asked.set(), let_go.wait(60)))
        manager.resume(run)
        assert asked.wait(60)
        until_running = time.monotonic() + 60
        while manager.view(run).state != "running":
            assert time.monotonic() < until_running, manager.view(run)
            time.sleep(0.02)
        time.sleep(0.5)
        assert manager.view(run).step == 100  # any other step would be another run's
        kept.rename(library)
        let_go.set()
        at_rest(manager, run)
        assert digest(manager, run) == wanted
    finally:
        manager.close()


def test_a_step_by_hand_and_a_changed_setting_stay_in_the_run(tmp_path: Path, data_dir: Path) -> None:
    """Label smoothing is part of what was compiled: the old library is given up at that very step."""
    manager = manager_at(tmp_path, data_dir)
    try:
        run = manager.start(compiled(total_images=200_000_000), stop_at_step=510)
        at_rest(manager, run)
        old = library_of(manager, run)
        assert old != ""
        manager.resume(run, stop_at_step=2_000)
        manager.send(run, Change("loss.label_smoothing", 0.1))
        manager.send(run, StepOnce())
        until = time.monotonic() + 60
        while manager.view(run).state != "paused":
            assert time.monotonic() < until
            time.sleep(0.02)
        manager.checkpoint_now(run)
        while manager.view(run).checkpoints[-1] <= 510:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert library_of(manager, run) != old
    finally:
        manager.close()


def test_while_there_is_noise_on_what_d_sees_it_is_not_compiled(tmp_path: Path, data_dir: Path) -> None:
    noise = InstanceNoise(sigma=0.1, decay_images=150 * 256)
    manager = manager_at(tmp_path, data_dir)
    try:
        run = manager.start(replace(compiled(total_images=250 * 256), instance_noise=noise))
        at_rest(manager, run)
        assert manager.view(run).compiled_from_step == 200
        assert 100 not in manager.view(run).checkpoints
    finally:
        manager.close()


@pytest.mark.parametrize(("data", "said"), [(Ring(), ()), (Shapes(count=60), ("There is no C++ compiler.",))])
def test_without_a_compiler_it_stays_as_it_is_and_pictures_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Dataset, said: tuple[str, ...]
) -> None:
    """For points it is a preset's choice, for pictures a person's."""
    monkeypatch.setattr(swap_module, "missing_compiler", lambda device: "There is no C++ compiler.")
    manager = manager_at(tmp_path / "runs", tmp_path / "data")
    try:
        run = manager.start(replace(compiled(total_images=150 * 256), data=data))
        at_rest(manager, run)
        assert manager.view(run).warnings == said
        assert manager.view(run).compiled_from_step == 0
        assert library_of(manager, run) == ""
        assert not (tmp_path / "data" / "compiled").exists()
    finally:
        manager.close()


def test_a_compiled_run_that_goes_on_without_its_compiler_says_so(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = manager_at(tmp_path / "runs", data_dir)
    try:
        run = manager.start(compiled(total_images=300 * 256), stop_at_step=150)
        at_rest(manager, run)
        assert manager.view(run).compiled_from_step == 100
    finally:
        manager.close()
    monkeypatch.setattr(swap_module, "missing_compiler", lambda device: "There is no C++ compiler.")
    elsewhere = manager_at(tmp_path / "runs", tmp_path / "data")
    try:
        elsewhere.resume(run)
        at_rest(elsewhere, run)
        view = elsewhere.view(run)
        assert (view.state, view.step, view.compiled_from_step) == ("finished", 300, 0)
        assert view.warnings == ("There is no C++ compiler.",)
    finally:
        elsewhere.close()


@pytest.mark.parametrize("change", [{"k_d": 2}, {"generator.norm": "batch"}])
def test_what_cannot_be_compiled_of_points_trains_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """And nobody waits for torch.compile, half a minute that such small networks never win back."""
    monkeypatch.setattr(Trainer, "compile", lambda self: pytest.fail("it was compiled"))
    manager = manager_at(tmp_path / "runs", tmp_path / "data")
    config = compiled(total_images=240 * 256)
    for path, value in change.items():
        config = replace_at(config, path, value)
    try:
        run = manager.start(config)
        at_rest(manager, run)
        view = manager.view(run)
        assert (view.state, view.warnings, view.compiled_from_step) == ("finished", (), 0)
    finally:
        manager.close()
