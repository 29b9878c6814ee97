"""Branches: what they carry along, what may be different, what not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gan_core.config.codec import ConfigError
from gan_core.runs import RunManager
from gan_core.runs.lineage import branches
from tests.runs.helpers import at_rest, edit_config_json, fingerprint, folder_of, quick, straight

CONFIG = quick(steps=150)  # checkpoints at 63, 126 and 150


@pytest.fixture
def parent(manager: RunManager) -> str:
    run = manager.start(CONFIG, preset="shapes", title="The parent")
    assert at_rest(manager, run).state == "finished"
    return run


def test_a_branch_without_a_change_is_the_run_itself(manager: RunManager, parent: str) -> None:
    longer = quick(steps=170)
    branch = manager.branch(parent, 150, {"total_images": longer.total_images})
    assert at_rest(manager, branch).state == "finished"
    expected = straight(manager.runs_dir.parent / "straight", longer)
    assert fingerprint(manager, branch) == expected
    points = manager.records(branch)
    before = points["step"] <= 150
    for name, column in manager.records(parent).items():
        assert points[name][before].tolist() == pytest.approx(column.tolist(), nan_ok=True)


def test_what_a_branch_is_and_carries(manager: RunManager, parent: str) -> None:
    branch = manager.branch(parent, 140, {"g_optimizer.lr": 0.01})
    view = at_rest(manager, branch)
    assert (view.state, view.step, view.parent, view.parent_step) == ("finished", 150, parent, 140)
    assert (view.title, view.preset, view.config["g_optimizer"]["lr"]) == ("The parent", "shapes", 0.01)
    assert view.checkpoints == (126, 140, 150)
    grids = [step for step, _ in manager.grids(parent) if step <= 126]
    assert [step for step, _ in manager.grids(branch)][: len(grids)] == grids
    assert manager.grid(branch, grids[1]).png == manager.grid(parent, grids[1]).png
    assert fingerprint(manager, branch).state != fingerprint(manager, parent).state
    shutil.rmtree(folder_of(manager, parent).root)  # it stands on its own
    assert manager.branch(branch, 126, title="Again") in {v.id for v in manager.views()}


@pytest.mark.parametrize(
    "changes",
    [
        {"g_optimizer": "sgd", "d_optimizer": "rmsprop"},
        {"batch_size": 40},
        {"batch_size": 8, "data": {"name": "shapes", "count": 30}},
        {"data": {"name": "shapes", "count": 10, "seed": 7}},
        {"loss": "wasserstein", "penalty": "wgan-gp", "record.grid_count": 36},
    ],
)  # fmt: skip
def test_a_branch_may_learn_otherwise(manager: RunManager, parent: str, changes: dict[str, object]) -> None:
    branch = manager.branch(parent, 126, {**changes, "total_images": 126 * 16 + 400})
    view = at_rest(manager, branch)
    assert (view.state, view.error) == ("finished", "")
    assert view.step > 126


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent.dim": 10}, "latent cannot change in a branch"),
        ({"generator.hidden": "8"}, "generator cannot change in a branch"),
        ({"data": "fashion-mnist"}, "The dataset has 1 channels, but the checkpoint's networks were built for 3"),
        ({"total_images": 2000}, "total_images is 2,000, but the checkpoint has seen 2,016 images already"),
        ({"batch_size": 2}, "batch_size is 2; it must be"),
        ({"no.such": 2}, "not a field"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    manager: RunManager, parent: str, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        manager.branch(parent, 126, changes)
    assert [p.name for p in manager.runs_dir.iterdir()] == [parent]


def test_a_dataset_with_other_classes_does_not_fit_a_conditional_run(manager: RunManager) -> None:
    run = manager.start(quick(steps=10, conditional=True))
    at_rest(manager, run)
    with pytest.raises(ConfigError, match="classes, but the checkpoint's networks know 6"):
        manager.branch(run, None, {"data": "emoji", "total_images": 1000})


def test_a_branch_keeps_the_changes_that_were_made_before_it(manager: RunManager, parent: str) -> None:
    manager.resume(parent, total_images=170 * 16)
    at_rest(manager, parent)
    assert at_rest(manager, manager.branch(parent, 150)).total_images == 170 * 16
    with pytest.raises(ConfigError, match="has seen 2,720 images already"):
        manager.branch(parent)


def test_a_branch_skips_a_damaged_checkpoint(manager: RunManager, parent: str) -> None:
    folder_of(manager, parent).checkpoint(126).write_bytes(b"")
    view = at_rest(manager, manager.branch(parent, 130))
    assert (view.state, view.parent_step, view.checkpoints[0]) == ("finished", 130, 63)
    assert fingerprint(manager, view.id).state == fingerprint(manager, parent).state


def test_a_full_disk_while_branching_leaves_nothing(
    manager: RunManager, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(branches, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        manager.branch(parent, 126)
    assert [p.name for p in manager.runs_dir.iterdir()] == [parent]


def test_another_kind_of_device_is_refused_in_a_sentence(manager: RunManager, parent: str) -> None:
    edit_config_json(folder_of(manager, parent), device="cuda")
    for act in (lambda: manager.resume(parent, total_images=10_000), lambda: manager.branch(parent)):
        with pytest.raises(ValueError, match="was trained on cuda, but this program trains on cpu"):
            act()
    assert manager.view(parent).state == "finished"
    edit_config_json(folder_of(manager, parent), device="cpu")
    manager.resume(parent, total_images=152 * 16)  # the refusal has not kept the lock
    assert at_rest(manager, parent).step == 152
