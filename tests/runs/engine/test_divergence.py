"""A number that becomes infinite or undefined: caught, told, and the last good weights kept."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch

from gan_core.runs import Event, Recorded, RunManager, Stop
from gan_core.runs.storage.run_folder import UnreadableRun
from gan_core.runs.storage.weights.checkpoints import read_checkpoint
from gan_core.training import RunConfig, Trainer
from tests.runs.helpers import at_rest, folder_of, quick


def poisoned(manager: RunManager, config: RunConfig, step: int, poison: Callable[[Trainer], None]) -> str:
    """A run whose trainer is tampered with after a step that is a point of the curves."""
    blocker = manager.start(quick(steps=10_000_000))
    run = manager.start(config)

    def listen(event: Event) -> None:
        if isinstance(event, Recorded) and event.values["step"] == step:
            trainer = manager.launcher.worker(run)._trainer
            assert trainer is not None
            poison(trainer)

    manager.subscribe(run, listen)
    manager.send(blocker, Stop())
    return run


def check_kept_weights(manager: RunManager, run: str) -> None:
    """The checkpoint at the end loads, is finite, and a branch with a gentle setting trains on from it."""
    folder = folder_of(manager, run)
    state = read_checkpoint(folder, folder.checkpoints()[-1])
    for part in ("generator", "discriminator", "average"):
        assert all(bool(torch.isfinite(t).all()) for t in state[part].values())
    gentle = {"g_optimizer.lr": 1e-4, "d_optimizer.lr": 1e-4, "total_images": int(state["images"]) + 160}
    branch = manager.branch(run, None, gentle)
    assert at_rest(manager, branch).state == "finished"


def fill(player: str, value: float) -> Callable[[Trainer], None]:
    def poison(trainer: Trainer) -> None:
        weights = trainer.g_weights if player == "generator" else trainer.d_weights
        with torch.no_grad():
            weights[-1].fill_(value)

    return poison


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_poisoned_weight_is_caught_by_the_next_point(manager: RunManager, player: str, value: float) -> None:
    run = poisoned(manager, quick(steps=100), 20, fill(player, value))
    view = at_rest(manager, run)
    assert view.state == "diverged"
    # A bias of the generator that is infinite only saturates its tanh: the loss stays finite, the look at the
    # weights that comes with every point finds it.
    step, what = (24, "generator's weights") if (player, value) == ("generator", float("inf")) else (21, "loss")
    assert f"{what} became infinite or undefined at step {step}; the last good weights are kept." in view.error
    assert any("learning rate" in tip for tip in view.advice)
    assert view.checkpoints[-1] == view.step == step
    check_kept_weights(manager, run)


def test_rates_that_are_far_too_high(manager: RunManager) -> None:
    config = quick(
        steps=20_000, g_optimizer="sgd", d_optimizer="sgd", loss="wasserstein", g_optimizer__lr=10.0,
        d_optimizer__lr=10.0,
    )  # fmt: skip
    run = manager.start(config)
    view = at_rest(manager, run)
    assert view.state == "diverged"
    assert f"at step {view.step}; the last good weights are kept." in view.error
    assert "d_optimizer.lr is 10" in " ".join(view.advice) or "g_optimizer.lr is 10" in " ".join(view.advice)
    assert manager.records(run)["step"][-1] == view.step  # how the curves went to the end
    check_kept_weights(manager, run)


def test_a_checkpoint_is_never_made_of_bad_weights(manager: RunManager) -> None:
    """Here they go bad right before the checkpoint that is due at step 64, which is a point of the curves."""
    run = poisoned(manager, quick(steps=200, every=1), 63, fill("generator", float("inf")))
    view = at_rest(manager, run)
    assert (view.state, view.checkpoints) == ("diverged", (63,))
    assert view.error.startswith("The generator's weights became infinite or undefined at step 63")
    check_kept_weights(manager, run)


def test_a_run_does_not_finish_on_bad_weights(manager: RunManager) -> None:
    run = poisoned(manager, quick(steps=40), 40, fill("discriminator", float("nan")))
    view = at_rest(manager, run)
    assert view.state == "diverged"
    check_kept_weights(manager, run)


def test_a_diverged_run_cannot_go_on_and_says_what_to_do(manager: RunManager) -> None:
    run = poisoned(manager, quick(steps=100), 20, fill("generator", float("nan")))
    at_rest(manager, run)
    with pytest.raises(ValueError, match="A diverged run cannot go on; branch from an earlier checkpoint"):
        manager.resume(run)
    assert manager.view(run).state == "diverged"


@pytest.mark.parametrize(
    ("error", "words", "advice"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "The device ran out of memory", "Lower batch_size"),
        (MemoryError(), "The machine ran out of memory", "Lower batch_size"),
        (OSError(28, "No space left on device"), "The disk is full", "Free some space, then press Resume."),
        (OSError(30, "Read-only file system"), "cannot be written \\(Read-only file system\\)", "then press Resume"),
        (UnreadableRun("Something is wrong."), "^Something is wrong\\.$", ""),
        (ZeroDivisionError(), "An unexpected ZeroDivisionError ended the run", "log"),
    ],
)
def test_an_error_ends_the_run_with_a_sentence_and_gives_the_device_back(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str, advice: str
) -> None:
    def fail(trainer: Trainer, players: str = "both") -> None:
        if trainer.config.seed == 77:
            raise error
        step(trainer)

    step = Trainer.step_in_parts
    monkeypatch.setattr(Trainer, "step_in_parts", fail)
    run, other = manager.start(quick(steps=20, seed=77)), manager.start(quick(steps=20))
    view = at_rest(manager, run)
    assert view.state == "failed"
    assert re.search(words, view.error)
    assert advice in " ".join(view.advice)
    assert at_rest(manager, other).state == "finished"
    monkeypatch.undo()
    manager.resume(run)
    assert at_rest(manager, run).state == "finished"
    assert manager.view(run).error == ""
