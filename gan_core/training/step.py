"""The algorithm and nothing else: k_d discriminator updates, then one generator update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import Parameter

from gan_core.nets.base import DiscriminatorNet
from gan_core.objectives.base import Critic, Loss, Penalty
from gan_core.training.guard import Guard, Scalar
from gan_core.training.optimizers import Optimizer, OptimizerState
from gan_core.training.statistics import Window
from gan_core.training.together.ranks import Ranks


@dataclass(frozen=True)
class OptimizerStep:
    """How one player's weights move at this step."""

    optimizer: Optimizer
    moments: OptimizerState
    lr: float


class StepObserver(Protocol):
    """Is shown the parts of a step as they happen, and must change nothing; of several updates of D it sees each.

    player: 0 is D, 1 is G.
    """

    def drew(self, real: Tensor, labels: Tensor | None, z: Tensor, fake: Tensor) -> None:
        """A batch, and what G makes; before D's update."""

    def judged(
        self, player: int, real: Tensor, fake: Tensor, real_logits: Tensor | None, fake_logits: Tensor, loss: Tensor,
        penalty: Tensor | None,
    ) -> None:  # fmt: skip
        """real, fake: as D saw them. Before any gradient; penalty: where this update has one, without `interval`."""

    def pulled(self, player: int, grads: list[Tensor]) -> None:
        """The gradients of the player's weights, in their order; before they move."""


@dataclass(frozen=True)
class StepContext:
    """The two players and the rules, as they are for this step.

    generator, discriminator: the networks' forwards, compiled or not; critic: the discriminator itself, for
    penalties, whose second derivatives a compiled forward does not have.
    see: what the discriminator gets of an image (augmentation, instance noise), differentiable.
    forward: the context that networks run in (mixed precision); losses and penalties stay in float32.
    watch: None, unless somebody looks at this very step.
    ranks: None, unless other processes have the rest of every batch.
    """

    generator: Callable[[Tensor, Tensor | None], Tensor]
    discriminator: Callable[[Tensor, Tensor | None], Tensor]
    critic: DiscriminatorNet
    g_weights: list[Parameter]
    d_weights: list[Parameter]
    g_move: OptimizerStep
    d_move: OptimizerStep
    loss: Loss
    penalty: Penalty
    pack: int
    see: Callable[[Tensor], Tensor]
    forward: Callable[[], AbstractContextManager[object]]
    rng: torch.Generator
    guard: Guard
    watch: StepObserver | None = None
    ranks: Ranks | None = None

    def judge(self, images: Tensor, labels: Tensor | None, *, twice_differentiable: bool = False) -> Tensor:
        """Logits [N / pack] of images [N, C, H, W]."""
        packed = images if self.pack == 1 else images.reshape(images.shape[0] // self.pack, -1, *images.shape[2:])
        discriminator = self.critic if twice_differentiable else self.discriminator
        with self.forward():
            return discriminator(packed, labels).float()

    def penalty_is_due(self, step: int) -> bool:
        return self.penalty.active and (step - 1) % self.penalty.interval == 0

    def judge_both(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits of both; in one forward, unless an image's logit depends on the others in its batch."""
        if self.critic.batch_dependent:
            return self.judge(real, labels), self.judge(fake, labels)
        twice = None if labels is None else torch.cat((labels, labels))
        real_logits, fake_logits = self.judge(torch.cat((real, fake)), twice).tensor_split(2)
        return real_logits, fake_logits


class StepParts(Protocol):
    """What a step is made of: this module, or another that works out the same (`gan_core.training.backends`)."""

    def generate(self, game: StepContext, z: Tensor, labels: Tensor | None, *, graph: bool) -> Tensor: ...

    def update_discriminator(
        self, game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window | None
    ) -> None: ...

    def update_generator(
        self, game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window
    ) -> None: ...


def generate(game: StepContext, z: Tensor, labels: Tensor | None, *, graph: bool) -> Tensor:
    """float32 images [N, C, H, W] of latents z [N, latent_dim]. graph: G is to be updated through them."""
    with torch.set_grad_enabled(graph), game.forward():
        return game.generator(z, labels).float()


def update_discriminator(
    game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window | None
) -> None:
    """One update of D on real and fake [N, C, H, W]; with a `window`, its numbers are kept there."""
    real, fake = game.see(real), game.see(fake.detach())
    real_logits, fake_logits = game.judge_both(real, fake, labels)
    loss = game.loss.d_loss(real_logits, fake_logits)
    total, penalty = loss, None
    if game.penalty_is_due(step):
        critic: Critic = partial(game.judge, labels=labels, twice_differentiable=True)
        penalty = game.penalty.penalty(critic, real, fake, game.rng)
        total = loss + game.penalty.interval * penalty  # lazy: as strong on average (Karras et al. 2020)
    if game.watch is not None:
        game.watch.judged(0, real, fake, real_logits, fake_logits, loss, penalty)
    grads: Sequence[Tensor] = torch.autograd.grad(total, game.d_weights)
    if game.ranks is not None:
        numbers = [total, loss] if penalty is None else [total, loss, penalty]
        grads, (total, loss, *rest), logits = game.ranks.average(grads, numbers, [real_logits, fake_logits])
        penalty, (real_logits, fake_logits) = (rest[0] if rest else None), logits
    norm = move_weights(game, 0, step, total, grads)
    game.penalty.after_update(game.critic)
    if window is not None:
        keep_discriminator(game, window, loss, real_logits, fake_logits, norm)
        if penalty is not None:
            window.penalty.append(game.guard.look(penalty))


def update_generator(
    game: StepContext, step: int, real: Tensor, fake: Tensor, labels: Tensor | None, window: Window
) -> None:
    """One update of G through `fake`, which must carry the graph back to G's weights."""
    real_logits = None
    if game.loss.relativistic:
        with torch.no_grad():
            real = game.see(real)
            real_logits = game.judge(real, labels)
    seen = game.see(fake)
    fake_logits = game.judge(seen, labels)
    loss = game.loss.g_loss(real_logits, fake_logits)
    if game.watch is not None:
        game.watch.judged(1, real, seen, real_logits, fake_logits, loss, None)
    grads: Sequence[Tensor] = torch.autograd.grad(loss, game.g_weights)
    if game.ranks is not None:
        grads, (loss,), _ = game.ranks.average(grads, [loss], [])
    norm = move_weights(game, 1, step, loss, grads)
    keep_generator(game, window, loss, norm)


def keep_discriminator(
    game: StepContext, window: Window, loss: Scalar, real_logits: Tensor, fake_logits: Tensor, norm: Scalar
) -> None:
    """The numbers of an update of D."""
    window.d_loss.append(game.guard.look(loss))
    window.real_logits.append(real_logits.detach())
    window.fake_logits.append(fake_logits.detach())
    window.d_grad_norm.append(norm)


def keep_generator(game: StepContext, window: Window, loss: Scalar, norm: Scalar) -> None:
    """The numbers of an update of G."""
    window.g_loss.append(game.guard.look(loss))
    window.g_grad_norm.append(norm)


def move_weights(
    game: StepContext, player: int, step: int, loss: Scalar, gradient: Sequence[Tensor], whole: Tensor | None = None
) -> Scalar:
    """The guard's word on a loss and its gradient, then the player's move; returns the gradient's norm.

    whole: all numbers of `gradient`, where they lie one after another and each as its weight does.
    """
    weights, move = (game.g_weights, game.g_move) if player else (game.d_weights, game.d_move)
    grads, moments = list(gradient), move.moments
    if whole is None:
        grads = [_laid_out_like(w, g) for w, g in zip(weights, grads, strict=True)]
    if game.watch is not None:
        game.watch.pulled(player, grads)
    if whole is not None and (at_once := moments.at_once()) is not moments:
        moments, grads = at_once, [whole]
    norm = game.guard.norm(grads)
    allowed = game.guard.allows(step, player, game.guard.look(loss), norm, on_device=move.optimizer.honours_veto)
    if allowed:
        move.optimizer.update(moments, grads, move.lr, game.guard.veto)
    return norm


def _laid_out_like(weight: Tensor, grad: Tensor) -> Tensor:
    """The gradient in its weight's memory order, which the fused kernels take for granted.

    A double backward (every gradient penalty) and some products of matrices return it in another, and numbers would
    go to the wrong weights.
    """
    return grad if grad.stride() == weight.stride() else torch.empty_like(weight).copy_(grad)
