"""How weights move: optimizers and learning-rate schedules.

Learning rates and betas are read anew before every update, so a live change takes effect at the next step and the
moments stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_core.config.fields import integer, number
from gan_core.config.registry import Registry
from gan_core.training.flat import parts_like, whole_of


class OptimizerState:
    """What an optimizer remembers of its weights: lists of tensors like them, by name, and the count of updates.

    Where the weights lie one after another in memory (`flat.lay_together`), so does what is remembered of them.
    """

    def __init__(self, weights: list[Tensor], names: tuple[str, ...]) -> None:
        self.count = torch.zeros((), device=weights[0].device)
        self._one = torch.ones_like(self.count)
        whole = whole_of(weights)

        def zeros() -> list[Tensor]:
            return (
                [torch.zeros_like(w) for w in weights]
                if whole is None
                else parts_like(torch.zeros_like(whole), weights)
            )

        self.move_to(weights, {name: zeros() for name in names})

    def move_to(self, weights: list[Tensor], kept: dict[str, list[Tensor]]) -> None:
        """From now on these are the weights and what is remembered of them."""
        self.weights, self.kept = weights, kept
        self._at_once: OptimizerState | None = None

    def count_up(self) -> None:
        self.count.add_(self._one)  # a plain 1 would be made a tensor first, which takes longer than to add it

    def at_once(self) -> OptimizerState:
        """The same memory and count with all weights as one tensor, where they lie so; else these themselves."""
        if self._at_once is None:
            self._at_once = self
            lists = {name: whole_of(tensors) for name, tensors in self.kept.items()}
            found = {name: [whole] for name, whole in lists.items() if whole is not None}
            weights = whole_of(self.weights)
            if weights is not None and len(found) == len(lists):
                self._at_once = OptimizerState([weights], ())
                self._at_once.move_to([weights], found)
                self._at_once.count = self.count
        return self._at_once

    def state(self) -> dict[str, Any]:
        return {"count": self.count, **self.kept}

    def fits(self, state: dict[str, Any]) -> bool:
        """Whether a state is that of this kind of optimizer."""
        return state.keys() == {"count", *self.kept}

    def load_state(self, state: dict[str, Any]) -> None:
        """Raises ValueError where the state is that of another kind of optimizer or of other weights."""
        if not self.fits(state):
            raise ValueError("The checkpoint holds the moments of another kind of optimizer.")
        for name, tensors in self.kept.items():
            kept = state[name]
            if not isinstance(kept, list) or [t.shape for t in kept] != [t.shape for t in tensors]:
                raise ValueError("The checkpoint's moments belong to other networks.")
            torch._foreach_copy_(tensors, list(state[name]))
        self.count.copy_(state["count"])


class Optimizer:
    """A member of the optimizer family. `lr` is the rate before the schedule.

    The updates call torch's fused kernels directly: torch.optim's own bookkeeping costs more than the arithmetic of
    a small network, and its first use imports the whole compiler (4 s).

    honours_veto: the kernel itself leaves weights alone where `veto` (a scalar on the device) is 1.
    """

    lr: float
    honours_veto: ClassVar[bool] = True

    def start(self, weights: list[Tensor]) -> OptimizerState:
        """Fresh moments for these weights."""
        raise NotImplementedError

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        """Move the weights in place, at the learning rate `lr` (the schedule already in it).

        Each number by itself: the weights may come in other shapes than a network's, many of them as one.
        """
        raise NotImplementedError


optimizers: Registry[Optimizer] = Registry("optimizer", "optimizer")

EPS = 1e-8


def _lr(default: float) -> Any:
    return number(
        default, low=0.0, high=10.0, smallest=1e-6, scale="log", live=True,
        label="Learning rate",
        help="How far the weights move at each update. Too high: the losses jump about. Too low: nothing happens.",
    )  # fmt: skip


def _beta(default: float, label: str, help: str) -> Any:
    return number(default, low=0.0, high=0.9999, live=True, label=label, help=help)


_BETA1 = "Momentum: how much of the last direction is kept. GANs like little of it: 0 to 0.5."
_BETA2 = "How slowly the memory of each gradient's size fades; lower adapts sooner."


def _adam_like(
    kernel: Any, options: Adam | AdamW, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None
) -> None:
    moments.count_up()
    kernel(
        moments.weights, grads, moments.kept["mean"], moments.kept["square"], [], [moments.count] * len(grads),
        lr=lr, beta1=options.beta1, beta2=options.beta2, eps=EPS, amsgrad=False, maximize=False,
        weight_decay=getattr(options, "weight_decay", 0.0), grad_scale=None, found_inf=veto,
    )  # fmt: skip


@optimizers.register("adam", label="Adam", source="Kingma & Ba 2015, algorithm 1")
@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps scaled by each weight's recent gradients. The usual choice."""

    lr: float = _lr(5e-4)
    beta1: float = _beta(0.5, "Beta 1", _BETA1)
    beta2: float = _beta(0.99, "Beta 2", _BETA2)

    def start(self, weights: list[Tensor]) -> OptimizerState:
        return OptimizerState(weights, ("mean", "square"))

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        _adam_like(torch._fused_adam_, self, moments, grads, lr, veto)


@optimizers.register("adamw", label="AdamW", source="Loshchilov & Hutter 2019, algorithm 2")
@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with weight decay kept apart from the gradient."""

    lr: float = _lr(5e-4)
    beta1: float = _beta(0.5, "Beta 1", _BETA1)
    beta2: float = _beta(0.99, "Beta 2", _BETA2)
    weight_decay: float = number(
        0.01, low=0.0, high=1.0, smallest=1e-5, scale="log", live=True,
        label="Weight decay", help="Pulls all weights towards zero at every update.",
    )  # fmt: skip

    def start(self, weights: list[Tensor]) -> OptimizerState:
        return OptimizerState(weights, ("mean", "square"))

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        _adam_like(torch._fused_adamw_, self, moments, grads, lr, veto)


@optimizers.register("rmsprop", label="RMSprop", source="Hinton 2012, lecture 6e; used by Arjovsky et al. 2017")
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Adam without momentum; what the first Wasserstein GAN was trained with."""

    lr: float = _lr(5e-5)
    alpha: float = _beta(0.99, "Alpha", _BETA2)
    honours_veto: ClassVar[bool] = False

    def start(self, weights: list[Tensor]) -> OptimizerState:
        return OptimizerState(weights, ("square",))

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        moments.count_up()
        square = moments.kept["square"]
        torch._foreach_mul_(square, self.alpha)
        torch._foreach_addcmul_(square, grads, grads, 1.0 - self.alpha)
        scale = torch._foreach_sqrt(square)
        torch._foreach_add_(scale, EPS)
        torch._foreach_addcdiv_(moments.weights, grads, scale, -lr)


@optimizers.register("sgd", label="SGD", source="Robbins & Monro 1951; momentum: Polyak 1964")
@dataclass(frozen=True)
class SGD(Optimizer):
    """The plain gradient, with momentum if wanted: what the theory talks about."""

    lr: float = _lr(0.01)
    momentum: float = _beta(0.0, "Momentum", "How much of the last direction is kept.")

    def start(self, weights: list[Tensor]) -> OptimizerState:
        return OptimizerState(weights, ("velocity",))

    def update(self, moments: OptimizerState, grads: list[Tensor], lr: float, veto: Tensor | None) -> None:
        moments.count_up()
        velocity = moments.kept["velocity"] if self.momentum else []  # the kernel wants none without momentum
        torch._fused_sgd_(
            moments.weights, grads, velocity, weight_decay=0.0, momentum=self.momentum, lr=lr,
            dampening=0.0, nesterov=False, maximize=False, is_first_step=False, grad_scale=None, found_inf=veto,
        )  # fmt: skip


class Schedule:
    """A member of the schedule family: the factor on both learning rates, from images seen and the run's length."""

    def factor(self, images: int, total_images: int) -> float:
        raise NotImplementedError


schedules: Registry[Schedule] = Registry("schedule", "learning-rate schedule")


def _warm_up() -> Any:
    return integer(
        0, low=0, high=10_000_000, smallest=1_000, scale="log", unit="images",
        label="Warm-up", help="The learning rates rise in a straight line over so many images; 0 is off.",
    )  # fmt: skip


def _final_factor() -> Any:
    return number(0.1, low=0.0, high=1.0, label="Ends at", help="The share of the learning rates left at the end.")


def _risen(images: int, warm_up_images: int) -> float:
    return min(1.0, (images + 1) / warm_up_images)


def _progress(images: int, start: float, total_images: int) -> float:
    """How much of the stretch from the share `start` of the run to its end is behind us, 0 to 1."""
    begin = start * total_images
    return min(1.0, max(0.0, (images - begin) / max(1.0, total_images - begin)))


def _decay_start(default: float) -> Any:
    return number(
        default, low=0.0, high=1.0,
        label="Falls from", help="The share of the run after which the learning rates begin to fall.",
    )  # fmt: skip


@schedules.register("constant", label="Constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rates stay as they are, after a warm-up if wanted."""

    warm_up_images: int = _warm_up()

    def factor(self, images: int, total_images: int) -> float:
        if self.warm_up_images:
            return _risen(images, self.warm_up_images)
        return 1.0


@schedules.register("linear", label="Linear decay", source="Miyato et al. 2018, section 4")
@dataclass(frozen=True)
class Linear(Schedule):
    """The learning rates fall in a straight line towards the end of the run."""

    start: float = _decay_start(0.5)
    final_factor: float = _final_factor()
    warm_up_images: int = _warm_up()

    def factor(self, images: int, total_images: int) -> float:
        done = _progress(images, self.start, total_images)
        factor = 1 - done * (1 - self.final_factor)
        if self.warm_up_images:
            factor *= _risen(images, self.warm_up_images)
        return factor


@schedules.register("cosine", label="Cosine decay", source="Loshchilov & Hutter 2017, equation 5")
@dataclass(frozen=True)
class Cosine(Schedule):
    """The learning rates fall along half a cosine: slowly, then fast, then slowly."""

    start: float = _decay_start(0.0)
    final_factor: float = _final_factor()
    warm_up_images: int = _warm_up()

    def factor(self, images: int, total_images: int) -> float:
        done = _progress(images, self.start, total_images) if self.start else min(1.0, images / total_images)
        fall = 0.5 * (1 + math.cos(math.pi * done))
        factor = self.final_factor + (1 - self.final_factor) * fall
        if self.warm_up_images:
            factor *= _risen(images, self.warm_up_images)
        return factor
