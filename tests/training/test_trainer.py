"""The step against a plain PyTorch loop; live changes; trouble; grids."""

from __future__ import annotations

import copy
import math
import shutil
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from gan_core.config.codec import ConfigError, replace_at, walk
from gan_core.data.base import ImageSet
from gan_core.nets import MlpDiscriminator, MlpGenerator
from gan_core.objectives import R1, DiffAugment, NonSaturating, Relativistic
from gan_core.training import PRESETS, RunConfig, Trainer, state_digest
from gan_core.training.batches import to_unit
from gan_core.training.configuration.run_config import Ema
from gan_core.training.optimizers import SGD, Adam
from gan_core.training.seeds import stream_generator
from tests.training.made_data import random_data_like

CPU = torch.device("cpu")


def _digest(trainer: Trainer) -> str:
    return state_digest(trainer.state())


def test_step_is_the_textbook_loop(tiny: RunConfig, random_images: ImageSet) -> None:
    """Against a loop written from the paper with torch.optim, `backward` and separate forwards."""
    config = replace(
        tiny,
        penalty=R1(gamma=2.0, interval=2),
        g_optimizer=Adam(1e-3, 0.5, 0.9),
        d_optimizer=Adam(2e-3, 0.5, 0.9),
        k_d=2,
    )
    trainer = Trainer(config, random_images, CPU)
    g, d = copy.deepcopy(trainer.generator), copy.deepcopy(trainer.discriminator)
    g_opt = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.9))
    d_opt = torch.optim.Adam(d.parameters(), 2e-3, (0.5, 0.9))
    data_rng, latents_rng = (stream_generator(config.seed, s, CPU) for s in ("data", "latents"))
    order = torch.randperm(40, generator=data_rng)
    place = 0
    for step in range(1, 5):
        trainer.step()
        for _ in range(2):
            if place + 8 > 40:
                order, place = torch.randperm(40, generator=data_rng), 0
            real = to_unit(random_images.images[order[place : place + 8]])
            place += 8
            fake = g(torch.randn(8, config.latent.dim, generator=latents_rng), None)
            ones, zeros = torch.ones(8), torch.zeros(8)
            bce = functional.binary_cross_entropy_with_logits
            loss = bce(d(real, None), ones) + bce(d(fake.detach(), None), zeros)
            if step % 2 == 1:
                x = real.clone().requires_grad_()
                grad = torch.autograd.grad(d(x, None).sum(), x, create_graph=True)[0]
                loss = loss + 2 * (2.0 / 2) * grad.square().sum((1, 2, 3)).mean()
            d_opt.zero_grad()
            loss.backward()
            d_opt.step()
        g_loss = bce(d(fake, None), ones)
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()
    for ours, theirs in zip(trainer.generator.parameters(), g.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-5)
    for ours, theirs in zip(trainer.discriminator.parameters(), d.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-5)
    assert trainer.images == 4 * 2 * 8


def test_same_seed_same_run_and_another_another(tiny: RunConfig, random_images: ImageSet) -> None:
    digests = []
    for seed in (1, 1, 2):
        trainer = Trainer(replace(tiny, seed=seed), random_images, CPU)
        torch.randn(100)  # whatever others draw from the global state changes nothing
        for _ in range(3):
            trainer.step()
        digests.append(_digest(trainer))
    assert digests[0] == digests[1] != digests[2]


def test_looking_changes_nothing(tiny: RunConfig, random_images: ImageSet) -> None:
    looked, left = (Trainer(tiny, random_images, CPU) for _ in range(2))
    for _ in range(4):
        looked.step()
        looked.grid()
        looked.examine()
        left.step()
    assert _digest(looked) == _digest(left)


def test_every_live_field_changes_between_two_steps_and_keeps_the_moments(
    tiny: RunConfig, random_images: ImageSet
) -> None:
    config = replace(tiny, penalty=R1(interval=1), augmentation=DiffAugment(strength=0.5))
    trainer = Trainer(config, random_images, CPU)
    trainer.step()
    live = [(path, spec, value) for path, spec, value in walk(config) if spec.live]
    names = {path for path, _, _ in live}
    assert {
        "g_optimizer.lr", "d_optimizer.lr", "g_optimizer.beta1", "d_optimizer.beta2", "k_d", "penalty.gamma",
        "ema.half_life_images", "augmentation.strength", "instance_noise.sigma",
    } <= names  # fmt: skip
    for path, spec, value in live:
        moments = [t.clone() for t in trainer.d_moments.kept["mean"]]
        assert spec.low is not None
        assert spec.high is not None
        other = value + 1 if spec.kind == "int" and value < spec.high else 0.5 * (value + spec.low)
        other = other if other != value else min(spec.high, 0.3)
        before, after = trainer.change(path, other)
        assert (before, after) == (value, other)
        assert all(torch.equal(a, b) for a, b in zip(moments, trainer.d_moments.kept["mean"], strict=True))
        trainer.step()
        trainer.change(path, value)


def test_a_learning_rate_of_zero_stops_a_player_at_once(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(tiny, random_images, CPU)
    trainer.step()
    trainer.change("d_optimizer.lr", 0.0)
    d, g = ([w.detach().clone() for w in ws] for ws in (trainer.d_weights, trainer.g_weights))
    trainer.step()
    assert all(torch.equal(a, b) for a, b in zip(d, trainer.d_weights, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(g, trainer.g_weights, strict=True))


def test_a_field_that_is_not_live_stays(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(tiny, random_images, CPU)
    with pytest.raises(ValueError, match="batch_size cannot change while a run trains"):
        trainer.change("batch_size", 16)
    with pytest.raises(ConfigError, match=r"d_optimizer.lr is -1.*from 0 to 10"):
        trainer.change("d_optimizer.lr", -1.0)


def _finite(trainer: Trainer) -> bool:
    tensors = [t for t in trainer._sound.tensors() if t.is_floating_point()]
    return all(bool(torch.isfinite(t).all()) for t in tensors)


def test_a_bad_number_in_the_data_moves_no_weight(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(tiny, random_images, CPU)
    for _ in range(3):
        trainer.step()
    trainer.point()
    before = [w.detach().clone() for w in (*trainer.d_weights, *trainer.g_weights)]
    next_batch = trainer.batches.next
    trainer.batches.next = lambda: (next_batch()[0] * math.nan, None)  # type: ignore[method-assign]
    trainer.step()
    assert trainer.trouble is not None
    assert "discriminator's loss" in trainer.trouble.sentence()
    assert "step 4" in trainer.trouble.sentence()
    assert all(torch.equal(a, b) for a, b in zip(before, (*trainer.d_weights, *trainer.g_weights), strict=True))
    trainer.examine()
    assert _finite(trainer)


def test_weights_that_overflow_come_back(tiny: RunConfig, random_images: ImageSet) -> None:
    """A learning rate of 1e30 is beyond any field's range; weights overflow in one update of finite gradients."""
    trainer = Trainer(replace(tiny, d_optimizer=SGD(0.01), g_optimizer=SGD(0.01)), random_images, CPU)
    trainer.step()
    trainer.point()
    kept = [w.detach().clone() for w in trainer.d_weights]
    trainer.config = replace(trainer.config, d_optimizer=SGD(lr=1e38), g_optimizer=SGD(lr=1e38))
    while trainer.trouble is None and trainer.step_count < 10:
        trainer.step()
    assert trainer.examine() is not None
    assert _finite(trainer)
    assert all(torch.equal(a, b) for a, b in zip(kept, trainer.d_weights, strict=True))
    assert np.isfinite(trainer.grid().scores).all()


def test_grid_shows_the_same_latents_and_is_dense_at_first(tiny: RunConfig, random_images: ImageSet) -> None:
    config = replace_at(replace_at(tiny, "record.grid_growth", 0.5), "record.every_steps", 1)
    trainer = Trainer(config, random_images, CPU)
    kept = []
    for _ in range(40):
        trainer.step()
        if trainer.due.point and trainer.due.grid:
            kept.append(trainer.images)
            trainer.keep_grid()
    assert kept[:3] == [16, 32, 48]
    assert all(b / a >= 1.5 for a, b in pairwise(kept[2:]))
    first, again = trainer.grid(), trainer.grid()
    assert first.pixels.shape == (224, 224, 1)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.scores.shape == (64,)
    assert ((first.scores > 0) & (first.scores < 1)).all()  # a probability for this loss


def test_conditional_grid_has_a_class_a_column(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(replace(tiny, conditional=True), random_images, CPU)
    trainer.step()
    grid = trainer.grid()
    assert grid.columns == 4
    assert trainer._grid.labels is not None
    assert trainer._grid.labels.view(grid.rows, 4).tolist() == [[0, 1, 2, 3]] * grid.rows
    rows = trainer._grid.z.view(grid.rows, 4, -1)
    assert torch.equal(rows[:, 0], rows[:, 3])


def test_without_average_samples_come_from_the_generator_itself(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(replace(tiny, ema=Ema(half_life_images=0)), random_images, CPU)
    trainer.step()
    pairs = zip(trainer.sampler().parameters(), trainer.generator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_instance_noise_and_augmentation_reach_the_discriminator(tiny: RunConfig, random_images: ImageSet) -> None:
    plain = Trainer(tiny, random_images, CPU)
    plain.step()
    for changed in (
        replace_at(tiny, "instance_noise.sigma", 0.5),
        replace(tiny, augmentation=DiffAugment(strength=1.0)),
        replace(tiny, pack=2),
        replace(tiny, loss=NonSaturating(label_smoothing=0.2)),
        replace(tiny, loss=Relativistic()),
    ):
        other = Trainer(changed, random_images, CPU)
        other.step()
        assert float(other.window.d_loss[0]) != float(plain.window.d_loss[0])


def test_instance_noise_fades(tiny: RunConfig, random_images: ImageSet) -> None:
    config = replace_at(replace_at(tiny, "instance_noise.sigma", 0.4), "instance_noise.decay_images", 32)
    trainer = Trainer(config, random_images, CPU)
    sigmas = []
    for _ in range(5):
        sigmas.append(trainer.instance_noise_sigma())
        trainer.step()
    assert sigmas == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0])


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_step_on_cuda_as_on_the_cpu(name: str, precision: str, tmp_path: Path) -> None:
    """The first step's losses agree with the CPU's: same weights and same data, in another order of rounding."""
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device on this machine")
    config = replace(PRESETS[name].config, batch_size=16, precision=precision)
    data = random_data_like(config, tmp_path)
    losses = []
    for device in (CPU, torch.device("cuda")):
        trainer = Trainer(config, data, device)
        trainer.step()
        losses.append(trainer.point()["d_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.2, abs=0.2)


def test_compiled_agrees_with_eager(tiny: RunConfig, random_images: ImageSet) -> None:
    """Two steps with a penalty, whose second derivatives go around the compiled forward."""
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("there is no C++ compiler on this machine")
    small = replace(tiny, generator=MlpGenerator(hidden="16"), discriminator=MlpDiscriminator(hidden="16"))
    config = replace(small, penalty=R1(interval=1), g_optimizer=SGD(0.01), d_optimizer=SGD(0.01))
    eager, compiled = (
        Trainer(replace(config, backend=backend), random_images, CPU) for backend in ("reference", "inductor")
    )
    assert (eager.backend.name, compiled.backend.name) == ("reference", "inductor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler's own modules
        for _ in range(2):
            eager.step()
            compiled.step()
    for a, b in zip(eager.g_weights + eager.d_weights, compiled.g_weights + compiled.d_weights, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)
