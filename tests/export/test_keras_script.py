"""The Keras twin of a training script: with the same first weights it plays the same game."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import pytest
import torch
from torch import nn

from gan_core.config.codec import replace_at
from gan_core.data.base import ImageSet
from gan_core.export.scripts.keras_layers import why_no_twin
from gan_core.export.scripts.train import train_script
from gan_core.nets import DcganDiscriminator, DcganGenerator, MlpDiscriminator, MlpGenerator
from gan_core.training import PRESETS, RunConfig, Trainer
from tests.export.made_scripts import SMALL, alive, run_alone
from tests.export.test_train_script import TOLD

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within Keras
TWINS = [name for name, preset in PRESETS.items() if not why_no_twin(preset.config)]


def torch_weights(net: nn.Module) -> list[np.ndarray[Any, Any]]:
    """Its weights in the order and shapes that Keras has for such layers: kernel, bias; then running statistics."""
    found: list[np.ndarray[Any, Any]] = []
    for module in net.modules():
        if isinstance(module, nn.Linear):
            found.append(module.weight.detach().numpy().T)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            found.append(module.weight.detach().numpy().transpose(2, 3, 1, 0))
        elif isinstance(module, nn.Embedding | nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
            found.append(module.weight.detach().numpy())
        if getattr(module, "bias", None) is not None:
            found.append(module.bias.detach().numpy())
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            found += [module.running_mean.numpy(), module.running_var.numpy()]  # type: ignore[union-attr]
    return found


def with_weights(make: Callable[[], keras.Model], net: nn.Module) -> keras.Model:
    """The twin's model with the network's weights; those of one shape keep their order."""
    made, ours = make(), torch_weights(net)
    for place in made.weights:
        at = next(i for i, one in enumerate(ours) if one.shape == tuple(place.shape))
        place.assign(ours.pop(at))
    assert not ours
    return made


def trained(
    config: RunConfig, data: ImageSet, out: Path, told: Callable[[], str], steps: int
) -> np.ndarray[Any, Any]:
    """The losses of each step, [steps, 2], as the twin prints them when it begins with the run's weights."""
    text = train_script(config, run="", channels=data.channels, classes=data.classes, keras=True)
    script = alive(text)
    start = Trainer(config, data, torch.device("cpu"))
    generator, discriminator = script.make_generator, script.make_discriminator
    script.make_generator = lambda: with_weights(generator, start.generator)
    script.make_discriminator = lambda: with_weights(discriminator, start.discriminator)
    script.load_data = lambda path: (data.images, data.labels) if config.conditional else data.images
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py", "--steps", str(steps), "--every", "1", "--out", str(out)])
        script.main()
    return np.array([(float(d), float(g)) for _, _, d, g in TOLD.findall(told())])


def ours(config: RunConfig, data: ImageSet, steps: int) -> np.ndarray[Any, Any]:
    trainer, losses = Trainer(config, data, torch.device("cpu")), []
    for _ in range(steps):
        trainer.step()
        losses.append((float(trainer.window.d_loss[-1]), float(trainer.window.g_loss[-1])))
    return np.array(losses)


def data_of(config: RunConfig, folder: Path) -> ImageSet:
    """Some of the preset's own images; all of its points."""
    data = config.data.load(1 if config.data.info(folder).channels == 2 else config.size, folder)
    labels = None if data.labels is None else data.labels[:2_000]
    return data if data.channels == 2 else replace(data, images=data.images[:2_000], labels=labels)


LONGEST = pytest.param("few-images", marks=pytest.mark.long)  # each choice that it makes has its own test below


@pytest.mark.parametrize("name", [LONGEST if name == "few-images" else name for name in TWINS])
def test_every_dense_or_convolutional_preset_has_a_twin_with_its_losses(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rounding grows at every step, as Adam divides small numbers by small numbers; the game stays the same one."""
    config = replace(PRESETS[name].config, batch_size=32, precision="float32")
    data = data_of(config, tmp_path)
    wanted = ours(config, data, 12)
    found = trained(config, data, tmp_path, lambda: capsys.readouterr().out, 12)
    np.testing.assert_allclose(found[0, 0], wanted[0, 0], rtol=1e-4, atol=1e-4)
    # G's comes after D's first step of Adam, which divides slopes of rounding alone by themselves.
    np.testing.assert_allclose(found[0, 1], wanted[0, 1], rtol=2e-3)
    np.testing.assert_allclose(found[:4], wanted[:4], rtol=0.1, atol=0.02)
    np.testing.assert_allclose(found.mean(axis=0), wanted.mean(axis=0), rtol=0.25)


def test_the_twins_are_of_these_presets() -> None:
    assert {"first-gan", "fashion-fast", "fashion-best", "conditional-fashion", "emoji", "wgan-gp", "ring"} <= set(
        TWINS
    )


ODD: dict[str, dict[str, Any]] = {
    "kernel 3 and nearest": {"generator.kernel": 3, "generator.upsample": "nearest", "discriminator.kernel": 5},
    "kernel 5": {"generator.kernel": 5, "discriminator.kernel": 3, "generator.norm": "layer"},
    "instance norm, xavier": {
        "generator.norm": "instance",
        "discriminator.norm": "layer",
        "generator.init": "xavier",
    },
    "no average": {"ema.half_life_images": 0},
    "noise": {"instance_noise.sigma": 0.4, "augmentation": "diffaugment"},
    "penalty": {"penalty": "r1", "k_d": 2},
    "mixed precision": {"precision": "bfloat16"},
    "adamw": {"g_optimizer": "adamw", "d_optimizer": "sgd"},
}


@pytest.mark.parametrize("name", list(ODD))
def test_every_choice_that_a_twin_has(
    name: str, random_images: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = SMALL
    for path, value in ODD[name].items():
        config = replace_at(config, path, value)
    near = 3e-2 if config.precision == "bfloat16" else 2e-3
    wanted = ours(config, random_images, 2)
    found = trained(config, random_images, tmp_path, lambda: capsys.readouterr().out, 2)
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "silu", "gelu"])
def test_every_activation_of_dense_layers(
    activation: str, random_images: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nets = {
        "generator": MlpGenerator(hidden="24", activation=activation, norm="layer"),
        "discriminator": MlpDiscriminator(hidden="24", activation=activation),
    }
    config = replace(SMALL, **nets)
    found = trained(config, random_images, tmp_path, lambda: capsys.readouterr().out, 2)
    np.testing.assert_allclose(found, ours(config, random_images, 2), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("generator", "resnet", "dense and DCGAN"),
        ("discriminator.spectral_norm", True, "spectral"),
        ("discriminator.minibatch_std", True, "minibatch"),
        ("pack", 2, "pack"),
        ("penalty", "weight-clipping", "clips"),
    ],
)
def test_what_has_no_twin_says_why(path: str, value: object, words: str) -> None:
    config = replace_at(RunConfig(generator=DcganGenerator(), discriminator=DcganDiscriminator()), path, value)
    assert words in why_no_twin(config)
    with pytest.raises(ValueError, match=words):
        train_script(config, run="", channels=1, keras=True)


def test_it_runs_by_itself_in_at_most_180_lines(tmp_path: Path) -> None:
    config = replace(PRESETS["first-gan"].config, batch_size=8)
    fast = train_script(PRESETS["fashion-fast"].config, run="", channels=1, keras=True)
    assert len(fast.splitlines()) <= 180
    images = np.random.default_rng(0).integers(0, 256, (32, 1, config.size, config.size), np.uint8)
    np.savez(tmp_path / "train.npz", images=images)
    (tmp_path / "train.py").write_text(train_script(config, run="", channels=1, keras=True, with_data=True))
    done = run_alone(tmp_path / "train.py", "--steps", "2", "--every", "1", warnings="ignore::DeprecationWarning")
    assert len(TOLD.findall(done.stdout)) == 2
    assert keras.saving.load_model(tmp_path / "trained" / "generator.keras").output_shape == (None, 1, 28, 28)
