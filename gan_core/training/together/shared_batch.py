"""A batch of which each of several processes has a part: what is taken over all of it, and random numbers for it.

Networks, penalties and augmentations are written for a batch that is here as a whole and know nothing of this: the
few modules that take something over a batch are given another `forward`, and draws are led here while they are made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gan_core.nets.layers import MinibatchStd, full_precision
from gan_core.nets.style import StyleGeneratorNet
from gan_core.objectives.base import Critic, Penalty

if TYPE_CHECKING:
    from gan_core.training.together.ranks import Ranks


# --- networks


def share_batch(net: nn.Module, ranks: Ranks) -> None:
    """In training, whatever in the network takes something over its batch takes it over those of all ranks."""
    for module in net.modules():
        others: dict[str, Callable[..., Tensor]] = {}
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            others = {"forward": partial(_normalise, module, ranks)}
        elif isinstance(module, MinibatchStd):
            others = {"forward": partial(_add_deviation, ranks)}
        elif isinstance(module, StyleGeneratorNet):
            others = {"batch_mean": partial(_mean, ranks), "previous": partial(_previous, ranks)}
        for name, other in others.items():
            object.__setattr__(module, name, _WhileShared(ranks, getattr(module, name), other))


class _WhileShared:
    """A method's other one, where the batch is not here as a whole."""

    def __init__(self, ranks: Ranks, alone: Callable[..., Tensor], shared: Callable[..., Tensor]) -> None:
        self._ranks, self._alone, self._shared = ranks, alone, shared

    def __call__(self, x: Tensor) -> Tensor:
        return (self._alone if self._ranks.is_alone else self._shared)(x)


def _normalise(norm: nn.BatchNorm1d | nn.BatchNorm2d, ranks: Ranks, x: Tensor) -> Tensor:
    """As torch's batch normalisation in training, with the statistics of the whole batch; twice differentiable."""
    if not norm.training:
        return type(norm).forward(norm, x)
    if x.dtype == torch.float32:
        made: Tensor
        made, mean, variance, count = _Normalised.apply(x, norm.weight, norm.bias, norm.eps, ranks)
    else:
        exact = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        mean, variance, count = _moments(ranks, exact, _dims(x))
        made = _scaled(exact, mean, variance, norm.weight, norm.bias, norm.eps).to(x.dtype)
    if norm.running_mean is not None and norm.running_var is not None:
        with torch.no_grad():
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.add_(1)
            norm.running_mean.lerp_(mean, norm.momentum or 0.1)
            norm.running_var.lerp_(variance * (count / max(1, count - 1)), norm.momentum or 0.1)
    return made


class _Normalised(torch.autograd.Function):
    """Batch normalisation of float32 [N, C, ...] by torch's own kernels, with sums over all ranks between them.

    Backward, with M numbers a channel, s the standard deviation, n = (x - mean) / s and sums over all ranks:
    dx = w / s (dy - sum(dy) / M - n sum(dy n) / M); its first term is what torch has for statistics that stand still.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, ranks: Ranks
    ) -> tuple[Tensor, Tensor, Tensor, int]:
        # Twenty times as fast as var_mean.
        own_mean, own_variance = torch.ops.aten.batch_norm_update_stats(x, None, None, 0.0)
        mean, variance, count = _pooled(ranks, own_mean, own_variance, x.numel())
        ctx.save_for_backward(x, weight, bias, mean, variance)
        ctx.eps, ctx.ranks, ctx.count = eps, ranks, count
        ctx.mark_non_differentiable(mean, variance)
        return nn.functional.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps), mean, variance, count

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        x, weight, bias, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():  # to be differentiated again
            return _slopes((x, weight, bias), grads[0], ctx.eps, ctx.ranks, ctx.needs_input_grad)
        dx, dw, db = torch.ops.aten.native_batch_norm_backward(
            grads[0], x, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        sums = torch.stack((db, dw))
        ctx.ranks.sum_up(sums)
        scale = torch.rsqrt(variance + ctx.eps)
        per_mean, per_norm = sums / ctx.count * (scale if weight is None else scale * weight)
        per_norm = per_norm * scale
        shape = (1, -1, *[1] * (x.dim() - 2))
        dx.addcmul_(x, per_norm.view(shape), value=-1.0).sub_((per_mean - per_norm * mean).view(shape))
        return dx, None if weight is None else dw, None if bias is None else db, None, None


def _slopes(
    inputs: tuple[Tensor | None, ...], grad: Tensor, eps: float, ranks: Ranks, wanted: Sequence[bool]
) -> tuple[Tensor | None, ...]:
    """The gradients of `_Normalised`'s inputs, differentiable themselves."""
    x, weight, bias = inputs
    assert x is not None
    mean, variance, _ = _moments(ranks, x, _dims(x))
    made = _scaled(x, mean, variance, weight, bias, eps)
    asked = [i for i, each in enumerate(inputs) if each is not None and wanted[i]]
    found = torch.autograd.grad(made, [inputs[i] for i in asked], grad, create_graph=True)  # type: ignore[arg-type]
    slopes = dict(zip(asked, found, strict=True))
    return (*(slopes.get(i) for i in range(3)), None, None)


def _scaled(
    x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    shape = (1, -1, *[1] * (x.dim() - 2))
    scale = torch.rsqrt(variance + eps)
    scale = scale if weight is None else scale * weight
    centred = x - mean.view(shape)
    if bias is None:
        return centred * scale.view(shape)
    return torch.addcmul(bias.view(shape), centred, scale.view(shape))


def _dims(x: Tensor) -> list[int]:
    """All but the channels."""
    return [0, *range(2, x.dim())]


def _add_deviation(ranks: Ranks, x: Tensor) -> Tensor:
    """As `MinibatchStd`."""
    variance = _moments(ranks, full_precision(x), [0])[1]
    spread = (variance + 1e-8).sqrt().mean().to(x.dtype)
    return torch.cat([x, spread.expand(x.shape[0], 1, *x.shape[2:])], dim=1)


def _mean(ranks: Ranks, x: Tensor) -> Tensor:
    return ranks.gather(x.mean(0)).mean(0)


def _previous(ranks: Ranks, x: Tensor) -> Tensor:
    last = ranks.gather(x[-1])[ranks.rank - 1]
    return torch.cat((last[None], x[:-1]))


def _moments(ranks: Ranks, x: Tensor, dims: Sequence[int]) -> tuple[Tensor, Tensor, int]:
    """Mean and biased variance over the whole batch and other dimensions, and how many numbers each is of."""
    variance, mean = torch.var_mean(x, list(dims), correction=0)
    return _pooled(ranks, mean, variance, x.numel())


def _pooled(ranks: Ranks, mean: Tensor, variance: Tensor, numbers: int) -> tuple[Tensor, Tensor, int]:
    """Of this rank's mean and biased variance, over `numbers` in all, those of all ranks; and of how many each is."""
    means, variances = ranks.gather(torch.stack((mean, variance))).unbind(1)  # [count, ...] each
    between, whole = torch.var_mean(means, 0, correction=0)
    return whole, variances.mean(0) + between, ranks.count * numbers // mean.numel()


# --- random numbers


class SharedStream(torch.Generator):
    """A random stream whose numbers are of a batch that several processes share.

    While draws are `led`, each process draws the numbers of all images and takes its own: the streams stay the same
    everywhere, and the numbers are those that one process with the whole batch would draw.
    """

    ranks: Ranks


class _Led(TorchFunctionMode):
    """Draws from a shared stream are those of the whole batch, of which this rank takes its part."""

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self._ranks = ranks

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.Tensor.std and len(args) == 1 and kwargs == {"unbiased": False}:  # of all numbers there are
            return self._ranks.deviation(args[0])
        if func not in _FIRST_SIZE or not isinstance(kwargs.get("generator"), SharedStream):
            return func(*args, **kwargs)
        limits, sizes = args[: _FIRST_SIZE[func]], args[_FIRST_SIZE[func] :]
        shape = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
        return self._ranks.part(func(*limits, [self._ranks.count * shape[0], *shape[1:]], **kwargs))


_FIRST_SIZE = {torch.rand: 0, torch.randn: 0, torch.randint: 2}
"""A function that draws -> at which of its arguments the shape [N, ...] begins, N images."""


def led(ranks: Ranks | None) -> contextlib.AbstractContextManager[object]:
    """In the block draws for images are made as of the whole batch; nothing else happens with one process."""
    return contextlib.nullcontext() if ranks is None or ranks.is_alone else _Led(ranks)


class SharedPenalty:
    """A penalty on a batch that is shared."""

    def __init__(self, penalty: Penalty, ranks: Ranks) -> None:
        self._penalty, self._ranks = penalty, ranks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._penalty, name)

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        with led(self._ranks):
            return self._penalty.penalty(critic, real, fake, rng)
