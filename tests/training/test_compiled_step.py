"""The compiled step's arithmetic, run without a compiler: against the step that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.nets.layers import ACTIVATIONS
from gan_core.objectives import losses
from gan_core.training import RunConfig, Trainer
from gan_core.training.compiled_step import Recipe, Step
from gan_core.training.make_library import order, ordered

from .made_data import random_data_like
from .test_dense_step import CPU, SMALL, assert_alike, changed


def recipe_of(trainer: Trainer) -> Recipe:
    found = trainer.recipe()
    assert found is not None
    return found


def pair(config: RunConfig, folder: Path) -> tuple[Trainer, Trainer]:
    """The same run twice: the first with what would be compiled."""
    data = random_data_like(config, folder, count=300)
    ours, plain = Trainer(config, data, CPU), Trainer(config, data, CPU)
    give(ours)
    return ours, plain


def give(trainer: Trainer) -> list[int]:
    """The function itself in the place of a library; the list grows with every call."""
    recipe, calls = recipe_of(trainer), []
    step = Step(recipe)

    @torch.no_grad()
    def run(tensors: list[Tensor]) -> Sequence[Tensor]:
        calls.append(len(tensors))
        found: Sequence[Tensor] = step(*(t.detach() for t in tensors))
        return found

    trainer.use_library(run, recipe.key)
    return calls


@pytest.mark.parametrize(
    "changes",
    [
        *({"loss": name} for name in losses.names()),
        {"loss__label_smoothing": 0.2},
        *({"generator__activation": name, "discriminator__activation": name} for name in ACTIVATIONS),
        {"generator__hidden": "", "discriminator__hidden": ""},
        {"pack": 4},
        {"penalty": "r1", "penalty__interval": 3},
        {"g_optimizer": "adamw", "d_optimizer": "adamw", "d_optimizer__weight_decay": 0.3},
        {"g_optimizer__lr": 0.003, "d_optimizer__beta1": 0.0, "schedule": "linear", "schedule__warm_up_images": 1000},
        {"instance_noise__sigma": 0.3, "instance_noise__decay_images": 1000},
        {"latent__dim": 1, "latent__distribution": "uniform"},
        {"data": "shapes", "size": 28},
    ],
    ids=str,
)
def test_it_is_the_step_that_it_stands_for(changes: dict[str, Any], tmp_path: Path) -> None:
    """Weights, moments, averages, curves and random streams after eight steps."""
    ours, plain = pair(changed(SMALL, **changes), tmp_path)
    for _ in range(8):
        ours.step()
        plain.step()
    # Slopes of these losses cancel in D's last bias but for rounding, of which Adam makes whole steps.
    cancels = changes.get("loss") in ("wasserstein", "hinge")
    assert_alike(ours, plain, rtol=2e-3, atol=8 * ours.config.d_optimizer.lr if cancels else 1e-4)


def test_what_is_compiled_stands_for_most_steps(tmp_path: Path) -> None:
    """Not for those with a penalty, those of one player alone, or while there is noise on D's input."""
    config = changed(SMALL, penalty="r1", penalty__interval=3, instance_noise__sigma=0.3)
    config = changed(config, instance_noise__decay_images=1_000)
    trainer = Trainer(config, random_data_like(config, tmp_path, count=300), CPU)
    calls = give(trainer)
    taken = []
    while trainer.images < 2_000:
        before = len(calls)
        trainer.step()
        taken.append(len(calls) > before)
    assert taken == [images >= 1_000 and i % 3 != 0 for i, images in enumerate(range(0, 32 * len(taken), 32))]
    before = len(calls)
    trainer.step("discriminator")
    trainer.step("generator")
    assert len(calls) == before


@pytest.mark.parametrize("bad", ["generator", "discriminator"])
def test_nothing_moves_from_the_first_bad_number_on(bad: str, tmp_path: Path) -> None:
    ours, _ = pair(SMALL, tmp_path)
    ours.step()
    with torch.no_grad():
        (ours.g_weights if bad == "generator" else ours.d_weights)[-1].fill_(float("nan"))
    before = [w.clone() for w in (*ours.g_weights[:-1], *ours.d_weights[:-1])]
    ours.step()
    trouble = ours.trouble
    assert trouble is not None
    assert (trouble.step, trouble.quantity) == (2, "loss")
    for kept, now in zip(before, (*ours.g_weights[:-1], *ours.d_weights[:-1]), strict=True):
        assert torch.equal(kept, now)


def test_the_state_names_it_and_a_change_of_what_was_compiled_drops_it(tmp_path: Path) -> None:
    ours, other = pair(SMALL, tmp_path)
    ours.step()
    key = recipe_of(ours).key
    assert ours.state()["library"] == key
    other.load_state(ours.state())
    assert other.wants_library
    ours.change("g_optimizer.lr", 0.0001)  # comes in at every step
    assert ours.library_key == key
    ours.change("loss.label_smoothing", 0.1)
    assert ours.library_key == ""
    assert not ours.wants_library


@pytest.mark.parametrize(
    "changes", [{"k_d": 2}, {"g_optimizer": "sgd"}, {"penalty": "weight-clipping"}, {"augmentation": "diffaugment"}]
)
def test_what_cannot_be_one_function_has_no_recipe(changes: dict[str, Any], tmp_path: Path) -> None:
    config = changed(SMALL, **changes)
    assert Trainer(config, random_data_like(config, tmp_path, count=300), CPU).recipe() is None


def test_an_order_names_the_same_library_in_another_process(tmp_path: Path) -> None:
    config = changed(SMALL, loss="hinge")
    trainer = Trainer(config, random_data_like(config, tmp_path, count=300), CPU)
    recipe = recipe_of(trainer)
    assert ordered(order(config, recipe)).key == recipe.key
    others = [
        changed(SMALL, loss="hinge", **c) for c in ({"batch_size": 16}, {"d_optimizer__beta1": 0.1}, {"pack": 2})
    ]
    keys = {recipe_of(Trainer(c, random_data_like(c, tmp_path, count=300), CPU)).key for c in (*others, SMALL)}
    assert len(keys | {recipe.key}) == 5
