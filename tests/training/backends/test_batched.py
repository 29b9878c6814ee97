"""Members of a stack against the same runs alone, and of their slopes against autograd in double precision."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.config.codec import replace_at
from gan_core.data import Ring
from gan_core.nets.layers import ACTIVATIONS
from gan_core.objectives import losses, penalties
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.backends.batched import StackedTrainer, TrainerStack, stack_key, unstackable_reason
from gan_core.training.backends.stacked_layers import StackedLayers, d_judgement, g_judgement, loss_rows
from gan_core.training.optimizers import optimizers
from tests.training.made_data import random_data_like

from .test_dense_step import SMALL, assert_alike, changed

CPU = torch.device("cpu")
PLAIN = {player: {"name": "sgd", "lr": 0.05} for player in ("g_optimizer", "d_optimizer")}
"""Under Adam a gradient that is 0 but for rounding may make a whole step of difference."""
DENSE = changed(SMALL, total_images=32 * 400)


def both(configs: list[RunConfig], folder: Path) -> tuple[TrainerStack, list[Trainer]]:
    """The same runs in a stack, and each alone."""
    data = [random_data_like(c, folder, count=300) for c in configs]
    members = [StackedTrainer(c, d, CPU) for c, d in zip(configs, data, strict=True)]
    return TrainerStack(members), [Trainer(c, d, CPU) for c, d in zip(configs, data, strict=True)]


def on(stack: TrainerStack, alone: list[Trainer], steps: int) -> None:
    for _ in range(steps):
        stack.step()
        for trainer in alone:
            trainer.step()


def assert_all_alike(stack: TrainerStack, alone: list[Trainer], **tolerance: float) -> None:
    for member, trainer in zip(stack.members, alone, strict=True):
        assert (member.step_count, member.images) == (trainer.step_count, trainer.images)
        assert len(member.window) == len(trainer.window)
        assert_alike(member, trainer, **tolerance)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_are_those_of_autograd_in_double_precision(activation: str) -> None:
    rng = torch.Generator().manual_seed(3)
    shapes = [(out, into) for into, out in pairwise((2, 24, 24, 1))]
    flat = torch.randn(3, sum(o * i + o for o, i in shapes), generator=rng, dtype=torch.float64)
    x = torch.randn(3, 11, 2, generator=rng, dtype=torch.float64)
    slope = torch.randn(3, 11, 1, generator=rng, dtype=torch.float64)
    layers = StackedLayers(flat, shapes, activation)
    layers.forward(x)
    of_weights = layers.of_weights(slope.clone())
    layers.forward(x)
    of_input = layers.of_input(slope.clone())
    for i in range(3):
        weights, given = flat[i].clone().requires_grad_(), x[i].clone().requires_grad_()
        h, place = given, 0
        for n, (out, into) in enumerate(shapes):
            weight = weights[place : place + out * into].view(out, into)
            place += out * into
            h = h @ weight.t() + weights[place : place + out]
            place += out
            h = ACTIVATIONS[activation]()(h) if n < 2 else h
        expected = torch.autograd.grad((h * slope[i]).sum(), (weights, given))
        torch.testing.assert_close((of_weights[i], of_input[i]), expected, rtol=1e-9, atol=1e-9)


def test_losses_of_many_are_each_ones_own() -> None:
    kinds = [entry.cls() for entry in losses]
    rng = torch.Generator().manual_seed(8)
    members = [*kinds, *kinds[::-1]]
    real, fake = torch.randn(2, len(members), 20, generator=rng, dtype=torch.float64)
    groups = loss_rows(members, CPU)
    assert len(groups) == len(kinds)
    values, of_real, of_fake = d_judgement(groups, real, fake)
    g_values, of_g = g_judgement(groups, real, fake)
    for i, loss in enumerate(members):
        r, f = real[i].clone().requires_grad_(), fake[i].clone().requires_grad_()
        d_loss, g_loss = loss.d_loss(r, f), loss.g_loss(r, f)
        torch.testing.assert_close(values[i], d_loss)
        torch.testing.assert_close(g_values[i], g_loss)
        torch.testing.assert_close((of_real[i], of_fake[i]), torch.autograd.grad(d_loss, (r, f)))
        torch.testing.assert_close(of_g[i], torch.autograd.grad(g_loss, f)[0])


VARIED: dict[str, list[dict[str, Any]]] = {
    "seeds": [{"seed": i} for i in range(4)],
    "rates": [{"g_optimizer.lr": lr, "seed": seed} for lr in (1e-4, 1e-3) for seed in (1, 2)],
    "losses": [PLAIN | {"loss": {"name": entry.name}} for entry in losses],
    "optimizers": [
        {player: {"name": entry.name, "lr": 1e-3}}
        for entry in optimizers
        for player in ("g_optimizer", "d_optimizer")
    ],
    "schedules": [{"schedule": {"name": kind}} for kind in ("constant", "linear", "cosine")],
    "averages": [{"ema.half_life_images": n} for n in (0, 100, 1000)],
    "noise": [
        PLAIN | {"instance_noise.sigma": sigma, "loss": {"name": name}}
        for sigma in (0.0, 0.3)
        for name in ("relativistic", "hinge")
    ],
    "data": [{"data.std": std, "latent.distribution": kind} for std, kind in ((0.02, "normal"), (0.2, "uniform"))],
    "updates": [{"k_d": 3, "pack": 2, "seed": i} for i in range(3)],
    "initial weights": [{"generator.init": init} for init in ("default", "orthogonal")],
    "clipping": [{"penalty": {"name": kind}} for kind in ("none", "weight-clipping")],
}


def varied(name: str) -> list[RunConfig]:
    configs = []
    for changes in VARIED[name]:
        config = DENSE
        for path, value in changes.items():
            config = replace_at(config, path, value)
        configs.append(config)
    return configs


@pytest.mark.parametrize("name", VARIED)
def test_members_become_what_they_become_alone(name: str, tmp_path: Path) -> None:
    configs = varied(name)
    assert not any(map(unstackable_reason, configs))
    assert len({stack_key(c) for c in configs}) == 1
    stack, alone = both(configs, tmp_path)
    on(stack, alone, 6)
    assert_all_alike(stack, alone)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pictures_too(activation: str, tmp_path: Path) -> None:
    config = changed(
        PRESETS["first-gan"].config, generator__hidden="16", generator__activation=activation,
        discriminator__activation=activation, batch_size=8, precision="float32",
    )  # fmt: skip
    stack, alone = both([replace(config, seed=seed) for seed in (1, 2, 3)], tmp_path)
    on(stack, alone, 4)
    assert_all_alike(stack, alone, atol=2e-4)


def test_plain_gradients_agree_to_the_last_digits(tmp_path: Path) -> None:
    sgd = changed(DENSE, **PLAIN)
    stack, alone = both([replace(sgd, seed=seed) for seed in range(5)], tmp_path)
    on(stack, alone, 20)
    for member, trainer in zip(stack.members, alone, strict=True):
        for left, right in zip(
            member.g_weights + member.d_weights, trainer.g_weights + trainer.d_weights, strict=True
        ):
            torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)


def test_a_live_change_is_its_members_alone(tmp_path: Path) -> None:
    stack, alone = both([replace(DENSE, seed=seed) for seed in (1, 2, 3)], tmp_path)
    on(stack, alone, 2)
    for one in (stack.members[1], alone[1]):
        one.change("g_optimizer.lr", 0.0)
        one.change("loss.label_smoothing", 0.2)
    before = stack.members[1].g_weights[0].clone()
    on(stack, alone, 3)
    assert_all_alike(stack, alone)
    assert torch.equal(stack.members[1].g_weights[0], before)


def test_one_leaves_and_the_others_go_on_as_before(tmp_path: Path) -> None:
    stack, alone = both([replace(DENSE, seed=seed) for seed in (1, 2, 3)], tmp_path)
    on(stack, alone, 2)
    left = stack.members[1].state()
    rest = TrainerStack([stack.members[0], stack.members[2]])
    on(rest, [alone[0], alone[2]], 3)
    assert_all_alike(rest, [alone[0], alone[2]])
    torch.testing.assert_close(stack.members[1].state()["generator"], left["generator"], rtol=0, atol=0)


def test_members_at_different_steps_may_meet(tmp_path: Path) -> None:
    stack, alone = both([replace(DENSE, seed=seed) for seed in (1, 2)], tmp_path)
    late = TrainerStack([stack.members[1]])
    on(late, [alone[1]], 3)
    together = TrainerStack(stack.members)
    on(together, alone, 3)
    assert_all_alike(together, alone)


def test_a_members_bits_do_not_depend_on_the_others(tmp_path: Path) -> None:
    configs = [replace(DENSE, seed=seed) for seed in range(7)]
    data = random_data_like(DENSE, tmp_path, count=300)

    def weights(seeds: list[int]) -> dict[int, list[Tensor]]:
        stack = TrainerStack([StackedTrainer(configs[seed], data, CPU) for seed in seeds])
        for _ in range(30):
            stack.step()
        return {m.config.seed: [w.detach().clone() for w in m.g_weights + m.d_weights] for m in stack.members}

    whole = weights(list(range(7)))
    for some in ([5, 2], [6, 0, 3]):
        for seed, found in weights(some).items():
            for left, right in zip(found, whole[seed], strict=True):
                assert torch.equal(left, right)


def test_a_member_goes_on_alone_from_its_state_to_the_last_bit(tmp_path: Path) -> None:
    """What a stopped member is resumed from is what it was: from there on two lone trainers are one."""
    config = replace(DENSE, seed=2)
    stack, _ = both([replace(DENSE, seed=1), config], tmp_path)
    for _ in range(5):
        stack.step()
    member, data = stack.members[1], random_data_like(config, tmp_path, count=300)
    resumed = Trainer(config, data, CPU)
    resumed.load_state(member.state())
    member.stack = None  # out of the stack, it is a trainer like any other
    for _ in range(5):
        member.step()
        resumed.step()
    left, right = member.state(), resumed.state()
    for name in ("generator", "discriminator", "average", "g_optimizer", "d_optimizer"):
        torch.testing.assert_close(left[name], right[name], rtol=0, atol=0)


def test_a_state_holds_nothing_of_the_others(tmp_path: Path) -> None:
    stack, alone = both([replace(DENSE, seed=seed) for seed in range(8)], tmp_path)
    on(stack, alone, 1)

    def size(trainer: Trainer) -> int:
        buffer = io.BytesIO()
        torch.save(trainer.state(), buffer)
        return len(buffer.getvalue())

    assert size(stack.members[0]) < 1.2 * size(alone[0])


def test_trouble_of_one_is_not_the_others(tmp_path: Path) -> None:
    configs = [replace(DENSE, seed=seed) for seed in (1, 2, 3)]
    wild = changed(configs[1], loss={"name": "least-squares"}, d_optimizer={"name": "sgd", "lr": 10.0})
    stack, alone = both([configs[0], wild, configs[2]], tmp_path)
    on(stack, alone, 12)
    assert alone[1].trouble is not None, "the scenario no longer diverges"
    assert stack.members[1].trouble == alone[1].trouble
    assert all(torch.isfinite(w).all() for m in stack.members for w in m.g_weights + m.d_weights)
    assert_all_alike(TrainerStack([stack.members[0], stack.members[2]]), [alone[0], alone[2]])


@pytest.mark.parametrize(
    "changes",
    [
        {"generator.norm": "batch"}, {"discriminator.norm": "layer"}, {"discriminator.spectral_norm": True},
        {"discriminator.minibatch_std": True}, {"precision": "bfloat16"}, {"backend": "compiled"},
        *({"penalty": {"name": entry.name}} for entry in penalties if entry.cls.active),
    ],
)  # fmt: skip
def test_what_cannot_train_together_says_why(changes: dict[str, Any], tmp_path: Path) -> None:
    config = changed(DENSE, **changes)
    assert unstackable_reason(config).endswith(".")
    with pytest.raises(ValueError, match="do not train in one step"):
        TrainerStack([StackedTrainer(config, random_data_like(config, tmp_path, count=50), CPU)])
    assert unstackable_reason(PRESETS["fashion-fast"].config)
    assert not unstackable_reason(PRESETS["ring"].config)


@pytest.mark.parametrize(
    "changes", [{"generator.hidden": "24"}, {"discriminator.activation": "tanh"}, {"latent.dim": 3},
                {"batch_size": 16}, {"k_d": 2}, {"pack": 2}],
)  # fmt: skip
def test_other_shapes_are_no_kin(changes: dict[str, Any]) -> None:
    assert stack_key(changed(DENSE, **changes)) != stack_key(DENSE)
    assert stack_key(replace(DENSE, data=Ring(std=0.4))) == stack_key(DENSE)


def test_a_scene_is_the_lone_ones(tmp_path: Path) -> None:
    stack, alone = both([replace(DENSE, seed=seed) for seed in (1, 2)], tmp_path)
    on(stack, alone, 3)
    for member, trainer in zip(stack.members, alone, strict=True):
        ours, theirs = member.grid(), trainer.grid()
        for name in ("fakes", "scores", "heat", "manifold"):
            left, right = Tensor(getattr(ours, name)), Tensor(getattr(theirs, name))
            torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)
