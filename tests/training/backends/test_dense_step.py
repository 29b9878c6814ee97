"""The written-out step of dense networks against autograd's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.config.codec import replace_at
from gan_core.data import Shapes
from gan_core.nets.layers import ACTIVATIONS
from gan_core.objectives import DiffAugment, losses
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training import step as autograd_step
from gan_core.training.backends.dense import DenseLayers, DenseStep
from gan_core.training.trainer import Players
from tests.training.made_data import random_data_like

CPU = torch.device("cpu")
RING = replace(PRESETS["ring"].config, batch_size=32, precision="float32")
SMALL = replace_at(replace_at(RING, "generator.hidden", "24,16"), "discriminator.hidden", "24,16")


def changed(config: RunConfig, **changes: Any) -> RunConfig:
    for path, value in changes.items():
        config = replace_at(config, path.replace("__", "."), value)
    return config


def pair(config: RunConfig, folder: Path) -> tuple[Trainer, Trainer]:
    """The same run twice: as it comes, and with autograd."""
    data = random_data_like(config, folder, count=300)
    ours, plain = Trainer(config, data, CPU), Trainer(replace(config, backend="reference"), data, CPU)
    assert isinstance(ours.backend.parts, DenseStep)
    assert plain.backend.parts is autograd_step
    return ours, plain


def assert_alike(ours: Trainer, plain: Trainer, *, rtol: float = 1e-3, atol: float = 3e-5) -> None:
    """Weights, moments, averages, curves and random states."""
    left, right = ours.state(), plain.state()
    for name in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
        torch.testing.assert_close(left[name], right[name], rtol=rtol, atol=atol)
    for name in ("latents_rng", "noise_rng"):
        assert torch.equal(left[name], right[name])
    assert ours.point() == pytest.approx(plain.point(), rel=rtol, abs=atol, nan_ok=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 64, 64, 1), (3, 5), (20, 7, 20), (1, 30, 1)])
def test_slopes_are_those_of_autograd_in_double_precision(activation: str, sizes: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(5)
    weights: list[Tensor] = []
    for into, out in pairwise(sizes):
        weights += [torch.randn(out, into, generator=rng, dtype=torch.float64) / into**0.5,
                    torch.randn(out, generator=rng, dtype=torch.float64)]  # fmt: skip
    x, slope = (torch.randn(33, size, generator=rng, dtype=torch.float64) for size in (sizes[0], sizes[-1]))
    for tanh_at_end in (False, True):
        layers = DenseLayers(weights, activation, tanh_at_end=tanh_at_end)
        leaves = [w.clone().requires_grad_() for w in (x, *weights)]
        y = leaves[0]
        for i in range(1, len(leaves), 2):
            y = y @ leaves[i].t() + leaves[i + 1]
            y = y if i == len(leaves) - 2 else ACTIVATIONS[activation]()(y)
        y = torch.tanh(y) if tanh_at_end else y
        expected = torch.autograd.grad(y, leaves, slope)
        torch.testing.assert_close(layers.forward(x), y.detach(), rtol=1e-12, atol=1e-12)
        of_input = layers.backward(slope, of_input=True)
        torch.testing.assert_close([of_input, *layers.slopes], list(expected), rtol=1e-11, atol=1e-11)
        assert torch.equal(layers.all_slopes, torch.cat([one.flatten() for one in layers.slopes]))
        layers.all_slopes.fill_(7.0)
        alone = layers.backward(slope, of_weights=False, of_input=True)
        torch.testing.assert_close(alone, of_input, rtol=1e-11, atol=1e-11)
        assert (layers.all_slopes == 7.0).all()


@pytest.mark.parametrize("loss", losses.names())
def test_twenty_steps_end_where_autograd_ends(loss: str, tmp_path: Path) -> None:
    """With the plain gradient: Adam makes whole steps of the rounding error of a gradient that is 0."""
    config = changed(SMALL, loss=loss, instance_noise__sigma=0.3, g_optimizer="sgd", d_optimizer="sgd")
    config = changed(config, g_optimizer__lr=0.1, d_optimizer__lr=0.1)
    if any(f == "label_smoothing" for f in vars(config.loss)):
        config = changed(config, loss__label_smoothing=0.1)
    ours, plain = pair(config, tmp_path)
    for _ in range(20):
        ours.step()
        plain.step()
    assert_alike(ours, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        *({"generator__activation": name, "discriminator__activation": name} for name in ACTIVATIONS),
        {"generator__hidden": "", "discriminator__hidden": ""},
        {"pack": 4, "loss": "relativistic", "g_optimizer": "sgd", "d_optimizer": "sgd"},
        {"penalty": "r1", "penalty__interval": 3},
        {"penalty": "weight-clipping"},
        {"k_d": 3},
        {"latent__dim": 1, "latent__distribution": "uniform"},
        {"g_optimizer": "rmsprop", "d_optimizer": "sgd"},
        {"data": "shapes", "size": 28},
    ],
    ids=str,
)
def test_every_option_it_serves(changes: dict[str, Any], tmp_path: Path) -> None:
    ours, plain = pair(changed(SMALL, **changes), tmp_path)
    for _ in range(8):
        ours.step()
        plain.step()
    assert_alike(ours, plain)


@pytest.mark.parametrize("players", ["discriminator", "generator"])
def test_one_player_moves_alone(players: Players, tmp_path: Path) -> None:
    ours, plain = pair(SMALL, tmp_path)
    for who in ("both", players, players):
        ours.step(who)
        plain.step(who)
    assert_alike(ours, plain)


def test_a_live_change_takes_effect_at_the_next_step(tmp_path: Path) -> None:
    ours, plain = pair(SMALL, tmp_path)
    for path, value in {"d_optimizer.lr": 0.02, "g_optimizer.beta1": 0.7, "loss.label_smoothing": 0.3}.items():
        for trainer in (ours, plain):
            trainer.step()
            trainer.change(path, value)
    for _ in range(3):
        ours.step()
        plain.step()
    assert_alike(ours, plain)


@pytest.mark.parametrize("whose", ["generator", "discriminator"])
def test_the_guard_forbids_a_move_on_what_is_not_finite(whose: str, tmp_path: Path) -> None:
    ours, plain = pair(SMALL, tmp_path)
    for trainer in (ours, plain):
        trainer.step()
        with torch.no_grad():
            next(iter(getattr(trainer, whose).parameters()))[0, 0] = float("nan")
        before = [w.detach().clone() for w in trainer.g_weights + trainer.d_weights]
        trainer.step()
        after = [w.detach() for w in trainer.g_weights + trainer.d_weights]
        for a, b in zip(before, after, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)
    assert ours.trouble is not None
    assert ours.trouble == plain.trouble


def test_a_loaded_state_is_what_it_goes_on_from(tmp_path: Path) -> None:
    ours, plain = pair(SMALL, tmp_path)
    for _ in range(3):
        plain.step()
    ours.load_state(plain.state())
    ours.step()
    plain.step()
    assert_alike(ours, plain)


@pytest.mark.parametrize(
    "changes",
    [
        {"generator__norm": "batch"},
        {"generator__norm": "layer"},
        {"discriminator__norm": "layer"},
        {"discriminator__spectral_norm": True},
        {"discriminator__minibatch_std": True},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_what_it_does_not_serve_is_left_to_autograd(changes: dict[str, Any], tmp_path: Path) -> None:
    config = changed(SMALL, **changes)
    trainer = Trainer(config, random_data_like(config, tmp_path), CPU)
    assert trainer.backend.parts is autograd_step
    trainer.step()
    assert trainer.trouble is None


def test_augmented_and_labelled_pictures_are_left_to_autograd(tmp_path: Path) -> None:
    pictures = replace(SMALL, data=Shapes(count=40), size=28)
    for config in (replace(pictures, augmentation=DiffAugment()), replace(pictures, conditional=True)):
        trainer = Trainer(config, random_data_like(config, tmp_path), CPU)
        assert trainer.backend.parts is autograd_step
