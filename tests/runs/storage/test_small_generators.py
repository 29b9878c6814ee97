"""Small generators along the way: geometrically spaced, few enough, and wherever the run goes they go with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gan_core.data.sets.points import Ring
from gan_core.latent import Explorable, check_look, render
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.runs.catalog.trash import delete, disk_use, undelete
from gan_core.runs.groups.sweep_plan import Plan, read_axis
from gan_core.runs.groups.sweeps import Sweeps
from gan_core.runs.storage.archives.archive import export_run
from gan_core.runs.storage.archives.reading import NotARun, import_run
from gan_core.runs.storage.run_folder import RunFolder
from gan_core.runs.storage.weights import small_generators
from gan_core.runs.storage.weights.small_generators import GeneratorHistory
from gan_core.runs.storage.writer import RunWriter
from gan_core.training import Trainer
from tests.runs.exported import members, packed
from tests.runs.helpers import at_rest, folder_of, open_manager, quick

STEPS = [0, 1, 2, 3, 5, 8, 12, 18, 27, 41, 62, 93]  # each the first with half as many images again, at least


@pytest.fixture(autouse=True)
def _as_often_as_images_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_generators, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("gan_core.runs.engine.worker.LOOKS_A_POINT", 1_000)  # every step is looked at


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[RunManager]:
    made = open_manager(tmp_path)
    yield made
    made.close()


def trained(manager: RunManager, steps: int = 100, **changes: Any) -> RunFolder:
    run = manager.start(quick(steps=steps, **changes))
    assert at_rest(manager, run).state == "finished"
    return folder_of(manager, run)


def steps_of(folder: RunFolder) -> list[int]:
    return [row.step for row in folder.generators()]


def files_of(folder: RunFolder) -> list[int]:
    return sorted(int(path.stem) for path in (folder.root / "generators").iterdir())


def pictures(model: Explorable) -> np.ndarray[Any, Any]:
    return render(model, [check_look(model, {"where": {"seed": seed}}) for seed in range(4)]).astype(int)


# --- when


class AtOnce(Executor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.mark.parametrize("steps_per_second", [0.4, 1, 7, 40, 300, 3_000])
@pytest.mark.parametrize("seconds", [60, 3_600])
def test_any_run_of_a_minute_has_eight_and_no_run_has_more_than_the_bound(
    manager: RunManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps_per_second: float, seconds: int
) -> None:
    monkeypatch.undo()  # with the pause that runs have
    net = torch.nn.Linear(2, 2)
    folder = RunFolder(tmp_path / "of-its-own")
    (folder.root / "generators").mkdir(parents=True)
    writer = RunWriter(folder)
    history = GeneratorHistory(folder, AtOnce())
    history.begin()
    look = max(1, round(0.04 * steps_per_second))  # a run looks some 25 times a second, or at each step
    for step in range(0, round(steps_per_second * seconds) + 1, look):
        trainer = SimpleNamespace(
            step_count=step, images=64 * step, shape=ImageShape(1, 28), sampler=lambda: net
        )  # fmt: skip
        history.keep_if_due(trainer, step / steps_per_second)  # type: ignore[arg-type]
        history.list_durable(writer)
    writer.close()
    kept = steps_of(folder)
    assert 8 <= len(kept) <= small_generators.KEEP_AT_MOST
    assert kept == files_of(folder)
    assert kept[0] == 0
    ratios = np.array(kept[2:]) / np.array(kept[1:-1])
    assert ratios.max() < 4.1  # and no long gap, however much was thinned out


def test_a_run_keeps_its_averaged_generator_from_the_first_step_on(manager: RunManager) -> None:
    seen: dict[int, dict[str, torch.Tensor]] = {}
    advance = Trainer.advance

    def watched(trainer: Trainer, *arguments: Any, **options: Any) -> None:
        seen[trainer.step_count] = {k: v.clone() for k, v in trainer.sampler().state_dict().items()}
        advance(trainer, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "advance", watched)
        folder = trained(manager)
    assert steps_of(folder) == files_of(folder) == STEPS
    assert [row.images for row in folder.generators()] == [16 * step for step in STEPS]
    seconds = [row.elapsed_seconds for row in folder.generators()]
    assert seconds == sorted(seconds)
    for step in STEPS:
        kept = load_file(folder.small_generator(step))
        assert kept.keys() == seen[step].keys()
        for name, tensor in kept.items():
            assert tensor.dtype in (torch.float16, torch.int64)
            torch.testing.assert_close(tensor.float(), seen[step][name].float(), rtol=1e-3, atol=1e-6)


def test_what_half_precision_cannot_hold_stays_as_it_is_and_what_is_not_finite_is_not_kept(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    row = small_generators.GeneratorRow(7, 70, 1.0, "")
    large = {"large": torch.tensor([1e6, 1.0]), "none": torch.zeros(0), "count": torch.tensor(3)}
    assert small_generators._write(folder, row, large) is not None
    assert all(torch.equal(v, large[k]) for k, v in load_file(folder.small_generator(7)).items())
    assert small_generators._write(folder, replace(row, step=8), {"a": torch.tensor([float("nan")])}) is None
    assert files_of(folder) == [7]


def test_large_ones_are_fewer(manager: RunManager, monkeypatch: pytest.MonkeyPatch) -> None:
    size = trained(manager, 4).small_generator(0).stat().st_size
    monkeypatch.setattr(small_generators, "MOST_BYTES", 5 * size + 1)
    folder = trained(manager)
    folder_size = disk_use(folder.root / "generators")
    assert folder_size <= 5 * size + 1
    assert steps_of(folder) == files_of(folder)
    assert len(files_of(folder)) == 5
    assert (files_of(folder)[0], files_of(folder)[-1]) == (0, STEPS[-1])


def test_points_in_the_plane_keep_none(manager: RunManager) -> None:
    run = manager.start(replace(quick(steps=20), data=Ring()))
    at_rest(manager, run)
    assert steps_of(folder_of(manager, run)) == []


def test_training_is_not_changed_by_keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.runs.helpers import straight

    config = quick(steps=60, ema__half_life_images=0)  # without an average, samples are the weights as looked at
    kept = straight(tmp_path / "kept", config)
    monkeypatch.setattr(GeneratorHistory, "keep_if_due", lambda *_: None)
    assert straight(tmp_path / "bare", config) == kept


# --- where runs go


def test_a_run_that_goes_back_forgets_what_came_after(manager: RunManager) -> None:
    folder = trained(manager, 130)
    rows = folder.checkpoints()
    assert len(rows) > 1
    folder.checkpoint(rows[-1].step).write_bytes(b"damaged")
    before = rows[-2].step
    with pytest.MonkeyPatch.context() as patch:  # it is told to stop as soon as it has gone back
        patch.setattr(GeneratorHistory, "keep_if_due", lambda *_: None)
        manager.resume(folder.id, total_images=16 * 140)
        at_rest(manager, folder.id)
    assert steps_of(folder) == files_of(folder) == [step for step in STEPS if step <= before]
    manager.resume(folder.id, total_images=16 * 300)
    at_rest(manager, folder.id)
    assert max(steps_of(folder)) > 140  # and goes on with them
    assert steps_of(folder) == files_of(folder)


def test_a_run_of_an_earlier_version_shows_its_checkpoints_and_goes_on_with_both(manager: RunManager) -> None:
    folder = trained(manager, 130)
    shutil.rmtree(folder.root / "generators")
    writer = RunWriter(folder)
    for step in steps_of(folder):
        writer.forget_generator(step)
    writer.close()
    shelf, model_id = ModelCatalog(manager), f"run:{folder.id}"
    checkpoints = [row.step for row in folder.checkpoints()]
    assert shelf.moments(model_id) == shelf.steps(model_id) == checkpoints
    branch = manager.branch(folder.id, step=checkpoints[0])
    at_rest(manager, branch)
    assert steps_of(folder_of(manager, branch))
    manager.resume(folder.id, total_images=16 * 300)
    assert at_rest(manager, folder.id).state == "finished"
    assert steps_of(folder) == files_of(folder)
    assert min(steps_of(folder)) == checkpoints[-1]
    assert shelf.moments(model_id)[0] == checkpoints[0]


def test_a_branch_has_its_parents_up_to_its_checkpoint(manager: RunManager) -> None:
    folder = trained(manager, 130)
    row = folder.checkpoints()[-2]
    folder.small_generator(5).write_bytes(b"damaged")
    branch = manager.branch(folder.id, step=row.step, changes={"g_optimizer.lr": 0.001})
    at_rest(manager, branch)
    wanted = [step for step in STEPS if step <= row.step and step != 5]
    found = folder_of(manager, branch)
    assert steps_of(found)[: len(wanted)] == wanted
    assert steps_of(found) == files_of(found)
    for step in wanted:
        assert found.small_generator(step).read_bytes() == folder.small_generator(step).read_bytes()


def test_twins_and_members_of_a_sweep_keep_theirs(manager: RunManager) -> None:
    config = quick(steps=40, generator__norm="none")  # so that members of a sweep train in one step
    pair = manager.start_twins(config, {"g_optimizer.lr": 0.001})
    sweep = Sweeps(manager).start(Plan(config, (read_axis(config, "d_optimizer.lr=0.001,0.004"),), seeds=(1, 2)))
    together = Sweeps(manager).sweep(sweep)
    assert together.together == len(together.members) == 4
    for run in (*pair, *(member.run for member in together.members)):
        assert at_rest(manager, run).state == "finished"
        assert steps_of(folder_of(manager, run)) == files_of(folder_of(manager, run)) == STEPS[:9]


def test_deleted_and_had_back_it_has_them(manager: RunManager) -> None:
    folder = trained(manager)
    token = delete(manager, folder.id)
    assert disk_use(manager.runs_dir / ".trash" / token / "generators") > 0
    undelete(manager.runs_dir, token)
    assert steps_of(folder) == files_of(folder) == STEPS


# --- carried


def carried(folder: RunFolder, to: Path, **options: Any) -> tuple[RunFolder, tuple[str, ...]]:
    out = to / "run.zip"
    export_run(folder.root.parent, folder.id, out, **options)
    (to / "there").mkdir()
    with open(out, "rb") as file:
        imported = import_run(to / "there", file, "run.zip")
    assert not imported.notes
    return RunFolder(to / "there" / imported.run), imported.notes


@pytest.mark.parametrize("checkpoints", ["all", "newest"])
def test_they_come_along_with_an_exported_run(manager: RunManager, tmp_path: Path, checkpoints: Any) -> None:
    folder = trained(manager)
    found, _ = carried(folder, tmp_path, checkpoints=checkpoints)
    assert found.generators() == folder.generators()
    for step in STEPS:
        assert found.small_generator(step).read_bytes() == folder.small_generator(step).read_bytes()


def test_without_checkpoints_they_stay_behind_too(manager: RunManager, tmp_path: Path) -> None:
    found, _ = carried(trained(manager), tmp_path, checkpoints="none")
    assert steps_of(found) == files_of(found) == []


def test_a_hostile_archive_brings_none_that_is_not_what_it_says(manager: RunManager, tmp_path: Path) -> None:
    folder = trained(manager)
    out = tmp_path / "run.zip"
    export_run(manager.runs_dir, folder.id, out)
    files = members(out.read_bytes())
    name = "generators/00000005.safetensors"

    def bring(changed: dict[str, bytes]) -> tuple[RunFolder, tuple[str, ...]]:
        target = tmp_path / f"target-{len(list(tmp_path.iterdir()))}"
        target.mkdir()
        (tmp_path / "changed.zip").write_bytes(packed(changed))
        with open(tmp_path / "changed.zip", "rb") as file:
            imported = import_run(target, file, "changed.zip")
        return RunFolder(target / imported.run), imported.notes

    with pytest.raises(NotARun, match="of its generators"):
        bring({**files, name: b"no safetensors at all"})
    found, notes = bring({**files, name: files["generators/00000008.safetensors"]})  # sound, but another one
    assert notes == ("1 small generator had no sound file and was left out.",)
    assert steps_of(found) == files_of(found) == [step for step in STEPS if step != 5]
    found, notes = bring({**files, "generators/00000099.safetensors": files[name]})  # of which no row speaks
    assert not notes
    assert steps_of(found) == files_of(found) == STEPS
    with pytest.raises(NotARun, match="which no exported run has"):
        bring({**files, "generators/evil.pt": b""})


# --- looked at


def test_the_shelf_opens_each_moment_and_the_checkpoint_where_there_is_one(manager: RunManager) -> None:
    folder = trained(manager, 130)
    shelf, model_id = ModelCatalog(manager), f"run:{folder.id}"
    checkpoints = [row.step for row in folder.checkpoints()]
    moments = shelf.moments(model_id)
    assert moments == sorted({*STEPS, *checkpoints})
    assert shelf.steps(model_id) == checkpoints
    assert shelf.entry(model_id).moments == tuple(moments)
    assert shelf.entry(model_id).step == checkpoints[-1]  # the newest checkpoint is what one turns to
    for step in moments:
        model = shelf.open(model_id, step)
        assert (model.step, model.images) == (step, 16 * step)
        assert (model.discriminator is not None) == (step in checkpoints)
        assert all(t.dtype in (torch.float32, torch.int64) for t in model.generator.state_dict().values())
    grids = {step for step, _ in folder.grids()}
    assert 0 in grids
    assert np.abs(pictures(shelf.open(model_id, 0)) - pictures(shelf.open(model_id, 93))).max() > 3


def test_a_small_one_draws_what_the_large_one_draws(manager: RunManager) -> None:
    folder = trained(manager, 93)
    assert folder.checkpoints()[-1].step == STEPS[-1] == 93
    shelf, model_id = ModelCatalog(manager), f"run:{folder.id}"
    large = pictures(shelf.open(model_id, 93))
    folder.generator(93).unlink()
    small = ModelCatalog(manager).open(model_id, 93)
    assert small.discriminator is None
    np.testing.assert_allclose(pictures(small), large, atol=1)


def test_a_damaged_one_gives_way_to_the_checkpoint_before(manager: RunManager) -> None:
    folder = trained(manager, 130)
    first = folder.checkpoints()[0].step
    damaged = next(step for step in STEPS if step > first)
    folder.small_generator(damaged).write_bytes(b"damaged")
    assert ModelCatalog(manager).open(f"run:{folder.id}", damaged).step == first
