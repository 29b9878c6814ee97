"""The step of two plain dense networks with its backward written out: the same mathematics for less time.

Small networks spend more on autograd's bookkeeping than on arithmetic, and a compiler wants seconds and a compiler.
Nothing is approximated; last bits differ from `step`'s, because sums are taken in another order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.training import step as autograd_step
from gan_core.training.backends.loss_gradients import d_loss_and_grad, g_loss_and_grad
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.flat import lay_together, whole_of
from gan_core.training.statistics import Window
from gan_core.training.step import StepContext, keep_discriminator, keep_generator, move_weights

THIN = 16
"""Products of a matrix with fewer columns than this depend on the operands' order: up to sixfold in time."""

_aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """An activation y = f(h). slope(g, kept): g * f'(h), perhaps in g's place; from y, or from h if `keeps_input`."""

    apply: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    keeps_input: bool = False


TANH = Activation(torch.tanh_, lambda g, y: _aten.tanh_backward(g, y))
BENDS = {
    "relu": Activation(torch.relu_, lambda g, y: _aten.threshold_backward.grad_input(g, y, 0, grad_input=g)),
    "leaky_relu": Activation(
        lambda h: torch.nn.functional.leaky_relu_(h, 0.2),
        lambda g, y: _aten.leaky_relu_backward.grad_input(g, y, 0.2, True, grad_input=g),
    ),
    "tanh": TANH,
    "silu": Activation(torch.nn.functional.silu, lambda g, h: _aten.silu_backward(g, h), keeps_input=True),
    "gelu": Activation(torch.nn.functional.gelu, lambda g, h: _aten.gelu_backward(g, h), keeps_input=True),
}


def bends_of(activation: str, layers: int, *, tanh_at_end: bool = False) -> list[Activation | None]:
    """What follows each of so many layers."""
    return [*[BENDS[activation]] * (layers - 1), TANH if tanh_at_end else None]


class DenseLayers:
    """The layers of one network, on the network's own weights: weight [out, in] and bias [out] in turn.

    Holds what the newest `forward` left for `backward`, and what the newest `backward` found: `slopes`, like the
    weights and in their order, which lie one after another in `all_slopes`. The next one overwrites them.
    """

    def __init__(self, weights: list[Tensor], activation: str, *, tanh_at_end: bool = False) -> None:
        plain = [w.detach() for w in weights]
        self._layers = list(zip(plain[::2], plain[1::2], strict=True))
        self._transposed = [weight.t() for weight, _ in self._layers]  # views of the same numbers
        self._bends = bends_of(activation, len(self._layers), tanh_at_end=tanh_at_end)
        self.all_slopes = torch.zeros(sum(w.numel() for w in plain), dtype=plain[0].dtype)
        parts = torch.split(self.all_slopes, [w.numel() for w in plain])
        self.slopes = [part.view_as(w) for part, w in zip(parts, plain, strict=True)]
        self._inputs: list[Tensor] = []
        self._kept: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in] -> [N, out]."""
        self._inputs, self._kept = [], []
        for (_, bias), transposed, bend in zip(self._layers, self._transposed, self._bends, strict=True):
            self._inputs.append(x)
            h = torch.addmm(bias, x, transposed)
            x = bend.apply(h) if bend else h
            self._kept.append(h if bend and bend.keeps_input else x)
        return x

    def backward(self, slope: Tensor, *, of_weights: bool = True, of_input: bool = False) -> Tensor:
        """From the slope of a loss with respect to the output [N, out] that of the input [N, in]; of every weight
        in `slopes`.

        What is not asked for is not worked out: `slopes` stay, or it returns the slope of the first layer's output.
        """
        for i in reversed(range(len(self._layers))):
            bend = self._bends[i]
            slope = bend.slope(slope, self._kept[i]) if bend else slope
            if of_weights:
                torch.sum(slope, 0, out=self.slopes[2 * i + 1])
                _find_weight_slope(slope, self._inputs[i], self.slopes[2 * i])
            if i or of_input:
                slope = _input_slope(slope, self._layers[i][0])
        return slope


def _find_weight_slope(slope: Tensor, x: Tensor, found: Tensor) -> None:
    """slope^T x: [N, out], [N, in] -> [out, in]."""
    if x.shape[1] < min(THIN, slope.shape[1]):
        found.copy_(torch.mm(x.t(), slope).t())  # as `out` it would be the slow order again
    else:
        torch.mm(slope.t(), x, out=found)


def _input_slope(slope: Tensor, weight: Tensor) -> Tensor:
    """slope W: [N, out], [out, in] -> [N, in]."""
    if slope.shape[1] == 1:
        return slope * weight
    return torch.mm(slope, weight.t().contiguous().t() if weight.shape[1] < THIN else weight)


class DenseStep:
    """What `gan_core.training.step` offers, for two plain dense networks without classes in float32 on the CPU.

    Nothing that comes in or lies here asks for gradients, so that autograd has nothing to note.
    """

    def __init__(self, generator: DenseLayers, discriminator: DenseLayers, shape: tuple[int, ...]) -> None:
        self._g, self._d, self._shape = generator, discriminator, shape

    def generate(self, game: StepContext, z: Tensor, labels: Tensor | None, *, graph: bool) -> Tensor:
        """float32 images [N, C, H, W] of latents z [N, latent_dim]."""
        fake = self._g.forward(z).view(-1, *self._shape)
        return fake if game.watch is None else _audible(fake)

    def update_discriminator(
        self, game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window | None
    ) -> None:
        """As in `step`; a step with a penalty, which needs second derivatives, is left to autograd."""
        if game.penalty_is_due(step):
            autograd_step.update_discriminator(game, step, real, fake, labels, window)
            return
        fake = _silent(game, fake)
        real, fake = game.see(real), game.see(fake)
        logits = self._judge(game, torch.cat((real, fake)))
        loss, slopes = d_loss_and_grad(game.loss, logits)
        if game.watch is not None:
            real_logits, fake_logits = (_audible(part) for part in logits.tensor_split(2))
            game.watch.judged(0, real, fake, real_logits, fake_logits, loss, None)
            torch.autograd.backward((real_logits, fake_logits), slopes.tensor_split(2))
        self._d.backward(slopes.unsqueeze(1))
        look = game.guard.look(loss)
        norm = move_weights(game, 0, step, look, self._d.slopes, self._d.all_slopes)
        game.penalty.after_update(game.critic)
        if window is not None:
            real_logits, fake_logits = logits.tensor_split(2)
            keep_discriminator(game, window, look, real_logits, fake_logits, norm)

    def update_generator(
        self, game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window
    ) -> None:
        """As in `step`; `fake` is what `generate` made last."""
        real_logits = None
        if game.loss.relativistic:
            real = game.see(real)
            real_logits = self._judge(game, real)
        seen = game.see(_silent(game, fake))
        fake_logits = self._judge(game, seen)
        loss, slopes = g_loss_and_grad(game.loss, real_logits, fake_logits)
        if game.watch is not None:
            fake_logits = _audible(fake_logits)
            game.watch.judged(1, real, seen, real_logits, fake_logits, loss, None)
            torch.autograd.backward(fake_logits, slopes)
        slope = self._d.backward(slopes.unsqueeze(1), of_weights=False, of_input=True)
        if game.watch is not None:  # instance noise is added, so the slope passes through it as it is
            torch.autograd.backward(fake, slope.view(fake.shape))
        self._g.backward(slope.view(fake.shape[0], -1))
        look = game.guard.look(loss)
        norm = move_weights(game, 1, step, look, self._g.slopes, self._g.all_slopes)
        keep_generator(game, window, look, norm)

    def _judge(self, game: StepContext, images: Tensor) -> Tensor:
        """Logits [N / pack] of images [N, C, H, W]."""
        return self._d.forward(images.reshape(images.shape[0] // game.pack, -1)).squeeze(1)


def _audible(tensor: Tensor) -> Tensor:
    """The same numbers, as a tensor on which a watcher's hooks hear of the slope."""
    return tensor.detach().requires_grad_()


def _silent(game: StepContext, fake: Tensor) -> Tensor:
    """What `generate` made, as a tensor that nobody listens to."""
    return fake if game.watch is None else fake.detach()


def dense_step(
    config: RunConfig, g_weights: list[Tensor], d_weights: list[Tensor], shape: tuple[int, ...]
) -> DenseStep:  # fmt: skip
    """The step for a configuration that `unsupported` has nothing against. shape: of one image, [C, H, W].

    From then on the weights of each network lie one after another, as optimizers and averages like them.
    """
    for weights in (g_weights, d_weights):
        if whole_of(weights) is None:
            lay_together([weights])
    of_g, of_d = activations(config)
    return DenseStep(DenseLayers(g_weights, of_g, tanh_at_end=shape[1] > 1), DenseLayers(d_weights, of_d), shape)


def is_plain(config: RunConfig) -> bool:
    """Dense networks in float32 with nothing between the layers but activations, and nothing before D but noise."""
    g, d = config.generator, config.discriminator
    if not isinstance(g, MlpGenerator) or not isinstance(d, MlpDiscriminator):
        return False
    plain = g.norm == d.norm == "none" and not d.spectral_norm and not d.minibatch_std
    return plain and not config.augmentation.active and not config.conditional and config.precision == "float32"


def unsupported(config: RunConfig, device: torch.device) -> str | None:
    """Why the written-out step does not serve this configuration, in a sentence; None where it does."""
    if device.type != "cpu":
        return f"The written-out step is for the CPU, not for {device.type}."
    if not is_plain(config):
        return (
            "The written-out step takes dense networks in float32 without classes, normalisation, minibatch "
            "deviation and augmentation."
        )
    return None


def activations(config: RunConfig) -> tuple[str, str]:
    """The generator's and the discriminator's, of a plain configuration."""
    g, d = config.generator, config.discriminator
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    return g.activation, d.activation
