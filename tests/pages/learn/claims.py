"""What lessons claim, measured: a scene trained from its seed, and the measurements that no column of a run holds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gan_core.config.codec import apply_sets
from gan_core.config.places import data_dir
from gan_core.data import FashionMnist
from gan_core.measure.modes import count_modes
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.training import RunConfig, Trainer, preset
from gan_core.training.configuration.gallery import GALLERY
from pages.learn.directives import Condition
from tests.runs.helpers import open_manager

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b,
    ">": lambda a, b: a > b, "<": lambda a, b: a < b,
}  # fmt: skip


def trainer_of(config: RunConfig) -> Trainer:
    """Steps worked out by hand in numpy's order: quick, and no compiler is waited for."""
    config = replace(config, backend="dense", precision="float32")
    return Trainer(config, config.data.load(config.size, data_dir()), torch.device("cpu"))


def trained(config: RunConfig, steps: int, every: int = 20) -> list[dict[str, float]]:
    """The records of a run, a row every so many steps, with modes covered in the last one."""
    trainer, rows = trainer_of(config), []
    while trainer.step_count < steps:
        trainer.step()
        if trainer.step_count % every == 0:
            rows.append(trainer.point())
    centres = getattr(config.data, "modes", lambda: None)()
    if centres is not None:
        rows[-1]["modes_covered"] = count_modes(trainer.plane_points(), centres).covered
    return rows


def holds(condition: Condition, rows: Sequence[dict[str, float]]) -> bool:
    values = [row[condition.name] for row in rows if condition.name in row]
    value = {"max": max, "min": min}.get(condition.over, lambda v: v[-1])(values)
    return SIGNS[condition.sign](value, float(condition.value))


# --- what no column says


def one_player_moves() -> bool:
    """The points stand still to the last bit while D moves alone, and not while G does."""
    trainer = trainer_of(replace(preset("ring").config, ema=replace(preset("ring").config.ema, half_life_images=0)))
    for _ in range(20):
        trainer.step()
    before = trainer.plane_points()
    trainer.step("discriminator")
    still = trainer.plane_points()
    trainer.step("generator")
    return bool((before == still).all() and (still != trainer.plane_points()).any())


def weights_of(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def one_layer_counts() -> bool:
    trainer = trainer_of(replace(preset("first-gan").config, data=FashionMnist(count=200)))
    return (weights_of(trainer.generator), weights_of(trainer.discriminator)) == (79_184, 785)


def convolution_counts() -> bool:
    dense, window = torch.nn.Linear(784, 784), torch.nn.Conv2d(1, 32, 4)
    return (weights_of(dense), weights_of(window)) == (615_440, 544)


def latents_in_a_shell() -> bool:
    norms = np.linalg.norm(np.random.default_rng(0).normal(size=(10_000, 16)), axis=1)
    return float(np.mean((norms > 2.5) & (norms < 5.5))) > 0.95


def swing(config: RunConfig) -> float:
    """How far the cloud's centre swings between steps 1000 and 2000, as a standard deviation."""
    trainer, centres = trainer_of(config), []
    while trainer.step_count < 2000:
        trainer.step()
        if trainer.step_count >= 1000 and trainer.step_count % 10 == 0:
            centres.append(trainer.plane_points().mean(axis=0))
    return float(np.std(centres, axis=0).max())


def momentum_swings() -> bool:
    scene = GALLERY["oscillation"]
    return swing(scene.config) > 2 * swing(scene.fixed)


def gradient_of_g(loss: str) -> float:
    config = apply_sets(preset("ring").config, {"loss": loss, "k_d": "8", "g_optimizer.lr": "0.001"})
    return float(np.mean([row["g_grad_norm"] for row in trained(config, 200)]))


def saturation() -> bool:
    return gradient_of_g("non-saturating") > 10 * gradient_of_g("minimax")


def losses_differ() -> bool:
    last = {
        loss: trained(apply_sets(preset("ring").config, {"loss": loss}), 500)[-1]["d_loss"]
        for loss in ("non-saturating", "hinge", "least-squares")
    }
    return last["non-saturating"] > 0.8 and last["hinge"] > 0.8 and last["least-squares"] < 0.5


def fashion_does_not_copy() -> bool:
    """Mean pixel distance of 200 samples to the nearest training image, over that of 200 held-out images."""
    images = FashionMnist().load(28, data_dir())
    with tempfile.TemporaryDirectory() as folder, closing(open_manager(Path(folder))) as manager, torch.no_grad():
        generator = ModelCatalog(manager).open("asset:fashion").generator
        made = generator(torch.randn(200, 16, generator=torch.Generator().manual_seed(1)), None)
    train = images.images.flatten(1).float() / 127.5 - 1

    def nearest(pictures: torch.Tensor) -> float:
        return float(torch.cdist(pictures.flatten(1).float(), train).min(dim=1).values.mean())

    return nearest(made) >= 0.8 * nearest(images.held_out[:200].float() / 127.5 - 1)


MEASUREMENTS: dict[str, Callable[[], bool]] = {
    found.__name__: found
    for found in (
        one_player_moves, one_layer_counts, convolution_counts, latents_in_a_shell, momentum_swings, saturation,
        losses_differ, fashion_does_not_copy,
    )
}  # fmt: skip
