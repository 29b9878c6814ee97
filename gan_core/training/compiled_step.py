"""The step of two plain dense networks as one compiled function, with its backward written out.

A small network's step is a hundred operations of a few microseconds each, of which most is the way to them.
Compiled ahead of time into one library they take half the time. That wants a C++ compiler and some twenty seconds, so
a run starts with `dense_step` and is handed the library when it is there. It computes the same; last bits differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.config.codec import to_dict
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.objectives.base import Loss, Penalty
from gan_core.training.optimizers import EPS, Adam, AdamW, Moments
from gan_core.training.run_config import RunConfig

VERSION = 1
"""Of what is compiled: raise it with every change to `Step`, so that libraries made before are not taken."""

Run = Callable[[list[Tensor]], Sequence[Tensor]]
"""A loaded library: real [N, C, H, W], z [N, latent_dim], rates [2] (the learning rates of G and D, the schedule in
them) and `Moving.tensors()` -> scalars [4] (losses of D and G, norms of both gradients), real logits and fake logits
[N / pack]."""


@dataclass(frozen=True)
class Recipe:
    """What the compiled code depends on. Everything else, the learning rates too, comes in at every step.

    Hidden activations by name; shapes: of weights and biases in turn, [out, in] and [out].
    """

    loss: Loss
    g_optimizer: Adam | AdamW
    d_optimizer: Adam | AdamW
    g_activation: str
    d_activation: str
    g_shapes: tuple[tuple[int, ...], ...]
    d_shapes: tuple[tuple[int, ...], ...]
    batch_size: int
    latent_dim: int
    image: tuple[int, ...]
    tanh_at_end: bool
    pack: int

    @property
    def key(self) -> str:
        """A name for the library: 32 hexadecimal digits; another with another torch or kind of processor."""
        optimizers = [{**to_dict(o), "lr": 0.0} for o in (self.g_optimizer, self.d_optimizer)]
        told = [
            VERSION, torch.__version__, torch.backends.cpu.get_cpu_capability(), to_dict(self.loss), *optimizers,
            self.g_activation, self.d_activation, self.g_shapes, self.d_shapes, self.batch_size, self.latent_dim,
            self.image, self.tanh_at_end, self.pack,
        ]  # fmt: skip
        kinds = [type(part).__name__ for part in (self.loss, self.g_optimizer, self.d_optimizer)]
        return hashlib.sha256(json.dumps([kinds, told]).encode()).hexdigest()[:32]


def recipe(
    config: RunConfig, g_weights: list[Tensor], d_weights: list[Tensor], image: tuple[int, ...]
) -> Recipe | None:
    """For networks that `dense_step` serves; None where the whole step cannot be one function."""
    g, d = config.generator, config.discriminator
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    movers = config.g_optimizer, config.d_optimizer
    clips = type(config.penalty).after_update is not Penalty.after_update
    if clips or config.k_d != 1 or not all(isinstance(mover, Adam | AdamW) for mover in movers):
        return None
    g_optimizer, d_optimizer = movers
    assert isinstance(g_optimizer, Adam | AdamW)
    assert isinstance(d_optimizer, Adam | AdamW)
    return Recipe(
        config.loss, g_optimizer, d_optimizer, g.activation, d.activation,
        tuple(tuple(w.shape) for w in g_weights), tuple(tuple(w.shape) for w in d_weights),
        config.batch_size, config.latent.dim, image, image[1] > 1, config.pack,
    )  # fmt: skip


@dataclass(frozen=True)
class Moving:
    """What a library moves in place, in its order: the weights, then what both optimizers remember."""

    g_weights: list[Tensor]
    d_weights: list[Tensor]
    g_moments: Moments
    d_moments: Moments

    def tensors(self) -> list[Tensor]:
        moments = []
        for kept in (self.g_moments, self.d_moments):
            moments += [kept.count, *kept.kept["mean"], *kept.kept["square"]]
        return [*self.g_weights, *self.d_weights, *moments]


class Step(nn.Module):
    """One step in plain operations, for the compiler alone: out of place, but for weights and moments."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r = self.recipe
        real, z, rates, *rest = given
        g, d, g_moments, d_moments = _split(rest, len(r.g_shapes), len(r.d_shapes))
        generator = _Layers(g, r.g_activation, r.tanh_at_end)
        fake = generator.forward(z)
        real = real.reshape(real.shape[0], -1)

        judge = _Layers(d, r.d_activation)
        packed = torch.cat((real, fake)).reshape(2 * r.batch_size // r.pack, -1)
        real_logits, fake_logits = judge.forward(packed).squeeze(1).tensor_split(2)
        d_loss = r.loss.d_loss(real_logits, fake_logits)
        slopes = r.loss.d_slopes(real_logits, fake_logits)
        d_grads, _ = judge.backward(torch.cat(slopes).unsqueeze(1))
        d_norm = _move(d, d_grads, d_moments, rates[1], r.d_optimizer, d_loss)

        judge = _Layers(d, r.d_activation)
        of_real = judge.forward(real.reshape(r.batch_size // r.pack, -1)).squeeze(1) if r.loss.relativistic else None
        logits = judge.forward(fake.reshape(r.batch_size // r.pack, -1)).squeeze(1)
        g_loss = r.loss.g_loss(of_real, logits)
        _, slope = judge.backward(r.loss.g_slopes(of_real, logits).unsqueeze(1), of_input=True)
        g_grads, _ = generator.backward(slope.reshape(r.batch_size, -1))
        # Where D was not allowed to move, G is not either.
        g_norm = _move(g, g_grads, g_moments, rates[0], r.g_optimizer, g_loss + 0 * (d_loss + d_norm))
        scalars = torch.stack((d_loss, g_loss, d_norm, g_norm))
        return scalars, real_logits.clone(), fake_logits.clone()


_Kept = tuple[Tensor, list[Tensor], list[Tensor]]  # count, means, squares


def _split(rest: list[Tensor], g: int, d: int) -> tuple[list[Tensor], list[Tensor], _Kept, _Kept]:
    weights_g, weights_d, rest = rest[:g], rest[g : g + d], rest[g + d :]
    of_g, of_d = rest[: 1 + 2 * g], rest[1 + 2 * g :]
    return weights_g, weights_d, (of_g[0], of_g[1 : 1 + g], of_g[1 + g :]), (of_d[0], of_d[1 : 1 + d], of_d[1 + d :])


class _Layers:
    """As `dense_step.DenseLayers`, in operations that leave their operands alone."""

    def __init__(self, weights: list[Tensor], activation: str, tanh_at_end: bool = False) -> None:
        self._layers = list(zip(weights[::2], weights[1::2], strict=True))
        self._bends = [activation] * (len(self._layers) - 1) + ["tanh" if tanh_at_end else ""]
        self._inputs: list[Tensor] = []
        self._sums: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self._inputs, self._sums = [], []
        for (weight, bias), bend in zip(self._layers, self._bends, strict=True):
            self._inputs.append(x)
            h = torch.addmm(bias, x, weight.t())
            self._sums.append(h)
            x = _BENDS[bend][0](h) if bend else h
        return x

    def backward(self, slope: Tensor, *, of_input: bool = False) -> tuple[list[Tensor], Tensor]:
        found: list[Tensor] = []
        for i in reversed(range(len(self._layers))):
            slope = _BENDS[self._bends[i]][1](slope, self._sums[i]) if self._bends[i] else slope
            found += [slope.sum(0), slope.t() @ self._inputs[i]]
            if i or of_input:
                slope = slope @ self._layers[i][0]
        return found[::-1], slope


_aten = torch.ops.aten
_BENDS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "relu": (torch.relu, lambda g, h: torch.where(h > 0, g, 0.0)),
    "leaky_relu": (lambda h: torch.where(h > 0, h, 0.2 * h), lambda g, h: torch.where(h > 0, g, 0.2 * g)),
    "tanh": (torch.tanh, lambda g, h: g * (1 - torch.tanh(h).square())),
    "silu": (torch.nn.functional.silu, lambda g, h: _aten.silu_backward(g, h)),
    "gelu": (torch.nn.functional.gelu, lambda g, h: _aten.gelu_backward(g, h)),
}
"""Activation f and the slope g * f'(h), by name."""


def _move(
    weights: list[Tensor], grads: list[Tensor], moments: _Kept, lr: Tensor, options: Adam | AdamW, loss: Tensor
) -> Tensor:
    """Adam in place (Kingma & Ba 2015, algorithm 1), but only where loss and gradient are finite; the norm."""
    count, means, squares = moments
    norm = torch.stack([grad.square().sum() for grad in grads]).sum().sqrt()
    sound = torch.isfinite(loss + norm)
    count.add_(sound.to(count.dtype))
    step_size = lr / (1 - options.beta1**count)
    root = (1 - options.beta2**count).sqrt()
    decay = 1 - lr * getattr(options, "weight_decay", 0.0)
    for weight, grad, mean, square in zip(weights, grads, means, squares, strict=True):
        new_mean = mean + (grad - mean) * (1 - options.beta1)
        new_square = options.beta2 * square + (1 - options.beta2) * grad.square()
        moved = weight * decay - step_size * new_mean / (new_square.sqrt() / root + EPS)
        mean.copy_(torch.where(sound, new_mean, mean))
        square.copy_(torch.where(sound, new_square, square))
        weight.copy_(torch.where(sound, moved, weight))
    return norm


def example(recipe: Recipe) -> list[Tensor]:
    """Inputs of the right shapes."""
    g, d = ([torch.randn(shape) * 0.1 for shape in shapes] for shapes in (recipe.g_shapes, recipe.d_shapes))
    g_moments, d_moments = (Moments(weights, ("mean", "square")) for weights in (g, d))
    real = torch.randn(recipe.batch_size, *recipe.image)
    z = torch.randn(recipe.batch_size, recipe.latent_dim)
    return [real, z, torch.full((2,), 1e-4), *Moving(g, d, g_moments, d_moments).tensors()]


def compile_to(recipe: Recipe, path: Path) -> None:
    """Make the library; some twenty seconds. For a process of its own: the compiler never leaves memory again."""
    from torch._inductor import aoti_compile_and_package

    with torch.no_grad():
        program = torch.export.export(Step(recipe).eval(), tuple(example(recipe)))
    aoti_compile_and_package(program, package_path=str(path))


def load_library(path: Path) -> Run:
    """Raises RuntimeError where the file is not a library for this torch and this machine."""
    # The loader itself: the Python around it would bring the whole compiler, five seconds of standing still.
    from torch._C._aoti import AOTIModelPackageLoader

    loader: Any = AOTIModelPackageLoader(str(path), "model", False, 1, -1)

    def run(tensors: list[Tensor]) -> Sequence[Tensor]:
        found: Sequence[Tensor] = loader.run(tensors)
        return found

    return run
