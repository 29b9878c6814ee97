"""A branch from any step: the way there is the parent's own, to the last bit, whatever happens on it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from gan_core.config.codec import replace_at
from gan_core.data.sets.shapes import Shapes
from gan_core.runs import Change, Pause, Resume, RunManager, StepOnce, Stop, UnreadableRun
from gan_core.runs.engine import recorder
from gan_core.runs.storage.manifest import Past, RunManifest
from gan_core.runs.storage.replay import ahead, leading_to, stages
from gan_core.training import Trainer
from gan_core.training.digest import state_digest
from tests.runs.engine.test_exact_resume import Nursery, nursery, one_nursery, start_waiting, when  # noqa: F401
from tests.runs.helpers import (
    at_rest,
    edit_config_json,
    fingerprint,
    folder_of,
    open_manager,
    quick,
    until,
    until_state,
)

CONFIG = quick(steps=150, loss="hinge", penalty="r1", instance_noise__sigma=0.1)  # checkpoints at 63, 126, 150
ON_THE_WAY = {
    20: Change("g_optimizer.lr", 0.01), 72: Change("k_d", 2), 84: Change("k_d", 1),
    112: Change("g_optimizer.lr", 0.0005),
}  # fmt: skip
"""A learning rate that is changed twice, and twice as many updates of D for a while."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunManager]:
    patch = pytest.MonkeyPatch()
    patch.setattr(recorder, "CHECKPOINT_PAUSE_SECONDS", 0.0)
    manager = open_manager(tmp_path_factory.mktemp("replay"))
    yield manager
    manager.close()
    patch.undo()


@pytest.fixture(scope="module")
def quiet(shared: RunManager) -> str:
    """A parent that nobody disturbed."""
    run = shared.start(CONFIG)
    assert at_rest(shared, run).state == "finished"
    return run


@pytest.fixture(scope="module")
def parent(shared: RunManager) -> str:
    """One that was changed on the way."""
    run = start_waiting(shared, CONFIG, ON_THE_WAY)
    assert at_rest(shared, run).state == "finished"
    return run


@pytest.mark.parametrize("step", [113, 126, 137])
def test_a_branch_without_a_change_ends_as_its_parent(shared: RunManager, parent: str, step: int) -> None:
    view = at_rest(shared, shared.branch(parent, step))
    assert (view.state, view.error, view.parent_step) == ("finished", "", step)
    assert view.config == shared.view(parent).config
    assert fingerprint(shared, view.id) == fingerprint(shared, parent)


@pytest.mark.parametrize("step", [0, 1, 63, 101])
def test_without_a_change_every_curve_and_bit_is_the_same(shared: RunManager, quiet: str, step: int) -> None:
    branch = shared.branch(quiet, step)
    assert at_rest(shared, branch).parent_step == step
    assert fingerprint(shared, branch) == fingerprint(shared, quiet)
    if step != 1:
        again = shared.branch(branch, step)  # from the checkpoint that the way has left
        at_rest(shared, again)
        assert fingerprint(shared, again) == fingerprint(shared, quiet)


def test_changes_before_the_step_are_gone_through_and_later_ones_are_not(shared: RunManager, parent: str) -> None:
    expected = start_waiting(shared, CONFIG, {step: ON_THE_WAY[step] for step in (20, 72)})
    at_rest(shared, expected)
    branch = shared.branch(parent, 80)
    assert at_rest(shared, branch).config == shared.view(expected).config
    assert fingerprint(shared, branch) == fingerprint(shared, expected)


def by_hand(manager: RunManager, at: int, changes: dict[str, Any]) -> str:
    """The digest of a run that changes at a step, from the trainer alone."""
    torch.set_num_threads(1)
    shapes = Shapes(count=60)
    data = replace(shapes.load(28, manager.data_dir), content=shapes.content(manager.data_dir).digest)
    first = Trainer(CONFIG, data, torch.device("cpu"))
    for _ in range(at):
        first.step()
        if first.due.point:
            first.point()
            if first.due.grid:
                first.keep_grid()
    config = CONFIG
    for path, value in changes.items():
        config = replace_at(config, path, value)
    second = Trainer(config, data, torch.device("cpu"))
    second.load_state(first.state(), branched=True)
    while not second.finished:
        second.step()
        if second.due.point:
            second.point()
            if second.due.grid:
                second.keep_grid()
    return state_digest(second.state())


@pytest.mark.parametrize(
    "changes", [{"g_optimizer.lr": 0.01}, {"loss": "wasserstein", "batch_size": 20, "d_optimizer": "rmsprop"}]
)
def test_with_a_change_it_is_the_parent_up_to_the_step_and_then_changed(
    shared: RunManager, quiet: str, changes: dict[str, Any]
) -> None:
    branch = shared.branch(quiet, 90, changes)
    at_rest(shared, branch)
    assert fingerprint(shared, branch).state == by_hand(shared, 90, changes)


def test_branches_of_branches_from_before_and_after_their_own_beginning(shared: RunManager, quiet: str) -> None:
    child = shared.branch(quiet, 100, {"g_optimizer.lr": 0.01})
    at_rest(shared, child)
    before, after = shared.branch(child, 80), shared.branch(child, 120)
    at_rest(shared, before)
    at_rest(shared, after)
    assert shared.config(before) == shared.config(quiet)  # at that step it was its grandparent still
    assert fingerprint(shared, before) == fingerprint(shared, quiet)
    assert fingerprint(shared, after) == fingerprint(shared, child) != fingerprint(shared, quiet)
    folder_of(shared, child).checkpoint(100).write_bytes(b"")  # then the way leads over both lives
    twice = shared.branch(child, 120)
    assert [part.until for part in folder_of(shared, twice).manifest().past] == [100, 120]
    at_rest(shared, twice)
    assert fingerprint(shared, twice) == fingerprint(shared, child)


def test_a_parent_that_still_trains(manager: RunManager) -> None:
    undisturbed = manager.start(quick(steps=120))
    at_rest(manager, undisturbed)
    parent = manager.start(quick(steps=10_000_000))
    until(lambda: manager.view(parent).step >= 120)
    branch = manager.branch(parent, 90, {"total_images": 120 * 16})
    manager.send(parent, Stop())
    at_rest(manager, parent)
    at_rest(manager, branch)
    assert fingerprint(manager, branch).state == fingerprint(manager, undisturbed).state


def test_steps_of_one_player_alone_are_never_gone_through_again(manager: RunManager) -> None:
    """What the other would have done in them is written nowhere: each leaves a checkpoint that stays."""
    config = quick(steps=80, data="ring", latent__dim=2, generator__norm="none")
    parent = manager.start(config)
    when(manager, parent, 20, lambda: manager.send(parent, Pause()))
    here = until_state(manager, parent, "paused").step
    for more in (1, 2):
        manager.send(parent, StepOnce("discriminator"))
        until(lambda more=more: manager.view(parent).step == here + more)
    manager.send(parent, Resume())
    view = at_rest(manager, parent)
    assert {here + 1, here + 2} <= set(view.checkpoints)
    for step in (here + 2, 70):
        branch = manager.branch(parent, step)
        at_rest(manager, branch)
        assert fingerprint(manager, branch).state == fingerprint(manager, parent).state
    before = manager.branch(parent, here)
    at_rest(manager, before)
    assert fingerprint(manager, before).state != fingerprint(manager, parent).state  # both played all of its steps


def test_a_change_on_the_way_waits_for_the_branchs_own_first_step(shared: RunManager, parent: str) -> None:
    manager = shared
    blocker = manager.start(quick(steps=10_000_000))
    branch = manager.branch(parent, 60)
    when(manager, branch, 40, lambda: manager.send(branch, Change("d_optimizer.lr", 0.005)))
    manager.send(blocker, Stop())
    at_rest(manager, branch)
    assert [(c.step, c.path, c.after) for c in manager.changes(branch)] == [(60, "d_optimizer.lr", 0.005)]
    assert manager.config(branch).d_optimizer.lr == 0.005
    whole = manager.branch(parent, 60, {"d_optimizer.lr": 0.005})
    at_rest(manager, whole)
    assert fingerprint(manager, whole).state == fingerprint(manager, branch).state


@pytest.mark.long  # killed at random: test_exact_resume.py; stopped on the way: above
def test_killed_on_the_way_again_and_again(nursery: Nursery) -> None:  # noqa: F811
    manager = open_manager(nursery.folder)
    parent = manager.start(CONFIG)
    at_rest(manager, parent)
    expected = manager.branch(parent, 62, {"g_optimizer.lr": 0.01})
    at_rest(manager, expected)
    stopped = manager.branch(parent, 62, {"g_optimizer.lr": 0.01})
    manager.send(stopped, Stop())
    view = at_rest(manager, stopped)
    assert view.state == "stopped"
    reached = []
    for step in (8, 60, 64, 100):
        assert nursery.raise_child(resume=stopped, pause_at=step) == -signal.SIGKILL
        view = manager.view(stopped)
        assert view.state == "interrupted"
        reached.append((view.step, view.checkpoints[:1]))
    assert [step for step, _ in reached] == [8, 60, 64, 100]
    for act in (3, 31, 35, 40, 60):  # around the turn from the parent's life to its own
        assert nursery.raise_child(resume=stopped, kill_at=act) in (0, -signal.SIGKILL)
    if manager.view(stopped).state != "finished":
        manager.resume(stopped)
        at_rest(manager, stopped)
    assert fingerprint(manager, stopped) == fingerprint(manager, expected)
    manager.close()


def test_steps_that_there_are_not_are_refused_and_leave_nothing(shared: RunManager, quiet: str) -> None:
    before = set(shared.runs_dir.iterdir())
    for step in (-1, 151):
        with pytest.raises(ValueError, match="has 150 steps; it cannot be branched at step"):
            shared.branch(quiet, step)
    assert set(shared.runs_dir.iterdir()) == before


def test_what_config_json_says_of_the_past_is_not_taken_on_trust(shared: RunManager, parent: str) -> None:
    branch = shared.branch(parent, 80)
    at_rest(shared, branch)
    folder = folder_of(shared, branch)
    (part,) = asdict(folder.manifest())["past"]
    assert folder.manifest().past[0].until == 80
    assert len(json.loads((folder.root / "config.json").read_text())["past"][0]["changes"]) == 2
    spoiled: list[Any] = [
        7, [part, part], [{**part, "until": 10}], [{**part, "since": -1}], [{**part, "until": "80"}],
        [{**part, "config": []}], [{**part, "changes": [[1]]}], [{**part, "changes": [["1", "k_d", 2]]}],
        [{**part, "more": 1}], [{**part, "takes_over": 1}], [part] * 1000, [{}],
    ]  # fmt: skip
    for past in spoiled:
        edit_config_json(folder, past=past)
        with pytest.raises(UnreadableRun):
            folder.manifest()
    edit_config_json(folder, past=[part])
    assert folder.manifest().past[0].until == 80


def test_the_way_from_a_checkpoint_to_a_step() -> None:
    """A life of three stages: 0 to 10, 10 to 25, 25 on."""
    configs = [{"n": n} for n in range(3)]
    past = (Past(0, 10, False, configs[0], ((4, "a", 1),)), Past(10, 25, True, configs[1], ()))
    about = replace(EMPTY, past=past, parent="p", parent_step=25, config=configs[2])
    life = stages(about, [])
    assert [stage.config["n"] for stage in ahead(life, 9)] == [0, 1, 2]
    assert [stage.config["n"] for stage in ahead(life, 10)] == [1, 2]
    assert leading_to(life, None, 30) == (*past, Past(25, 30, True, configs[2], ()))
    assert leading_to(life, 4, 8) == (Past(4, 8, False, configs[0], ((4, "a", 1),)),)
    assert leading_to(life, 10, 25) == (past[1],)
    assert leading_to(life, 12, 24) == (Past(12, 24, False, configs[1], ()),)
    assert leading_to(life, 25, 25) == (Past(25, 25, False, configs[1], ()),)
    assert leading_to(stages(EMPTY, []), 0, 0) == ()
    assert leading_to(life, None, 0) == (Past(0, 0, False, configs[0], ()),)


EMPTY = RunManifest("r", "", "", "", {}, "cpu", 1, 1, ())
