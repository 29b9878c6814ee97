"""Many runs of small dense networks trained together in one step: products of stacks of matrices.

The step of a small network is mostly the calling of kernels, so that sixteen in one call cost little more than a few
alone. Each member stays a `Trainer` with random streams, batches, moments and statistics of its own; only its weights
and moments lie beside those of the others in one tensor. Members may differ in whatever leaves the shapes alone:
seeds, losses, optimizers, rates, schedules, noise, data. A member's results are those of the same run alone but for
rounding.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gan_core.data.base import ImageSet
from gan_core.data.sets.points import PointDataset
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.objectives import add_instance_noise
from gan_core.training.backends.dense import is_plain
from gan_core.training.backends.stacked_layers import d_judgement, g_judgement, loss_rows
from gan_core.training.backends.stacked_weights import StackedPlayer
from gan_core.training.batches import to_unit
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.ema import ema_decay
from gan_core.training.flat import lay_together
from gan_core.training.optimizers import Optimizer, OptimizerState
from gan_core.training.statistics import Window
from gan_core.training.trainer import Trainer

Numbers = list[float] | Tensor
"""One for each member: plain ones on the CPU, on the device elsewhere."""


def unstackable_reason(config: RunConfig) -> str:
    """Why runs of this configuration do not train in one step with others, in a sentence; "" where they do."""
    if config.precision != "bfloat16":
        config = replace(config, precision="float32")  # which "auto" is for dense networks
    if config.conditional:
        return "Class-conditional networks do not train together in one step."
    if not is_plain(config):
        return "Only dense networks in float32 without normalisation and augmentation train together in one step."
    if config.backend in ("compiled", "inductor"):
        return "A compiled run has a step of its own."
    if config.penalty.active:
        return "A penalty needs second derivatives, which are worked out for one run at a time."
    return ""


def stack_key(config: RunConfig) -> tuple[Any, ...]:
    """Equal for configurations that train in one step, where `unstackable_reason` has nothing against them."""
    g, d = config.generator, config.discriminator
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    looks = "points" if isinstance(config.data, PointDataset) else (config.data, config.size)
    layers = (replace(g, init="default"), replace(d, init="default"))
    return layers, config.latent.dim, config.batch_size, config.k_d, config.pack, looks


class StackedTrainer(Trainer):
    """A trainer that may stand in a `TrainerStack`; alone it is a `Trainer` as any other."""

    def __init__(self, config: RunConfig, data: ImageSet, device: torch.device) -> None:
        self.stack: TrainerStack | None = None
        super().__init__(config, data, device)

    @property
    def window(self) -> Window:
        """With the steps that the stack made."""
        if self.stack is not None:
            self.stack.share()
        return self._window

    @window.setter
    def window(self, window: Window) -> None:
        self._window = window

    def state(self) -> dict[str, Any]:
        """As a `Trainer`'s, in memory of its own: a file of it must not hold the others' weights too."""
        if self.stack is not None:
            self.stack.share()
        return {name: _own(value) for name, value in super().state().items()}

    def own_window(self) -> Window:
        """What it has itself, without what waits in the stack."""
        return self._window

    def latents(self) -> Tensor:
        """The next batch's z [N, dim]."""
        return draw_latents(self.config.latent, self.config.batch_size, self.latents_rng)

    def noisy(self, images: Tensor) -> Tensor:
        """Images as D sees them."""
        return add_instance_noise(images, self.instance_noise_sigma(), self._noise_rng)

    def moments(self, player: int) -> OptimizerState:
        return self.g_moments if player else self.d_moments

    def moved(self) -> None:
        """To be called once the weights lie elsewhere: whoever holds them takes them anew."""
        self.average.relink()
        self.renew_backend()


def _own(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {name: _own(part) for name, part in value.items()}
    return [_own(part) for part in value] if isinstance(value, list) else value


class TrainerStack:
    """Members of one stack key, one step on at a time.

    After the constructor the members' weights lie in the stack; a member may be looked at, changed (live fields) and
    saved as any trainer. A new stack takes them out of an old one.
    """

    def __init__(self, members: Sequence[StackedTrainer]) -> None:
        if not members:
            raise ValueError("A stack needs at least one member.")
        if any(unstackable_reason(m.config) for m in members) or len({stack_key(m.config) for m in members}) > 1:
            raise ValueError("These runs do not train in one step: their networks or batches differ.")
        for m in members:
            if m.stack is not None:
                m.stack.share()
        self.members = list(members)
        self.device = members[0].device
        self._sound = all(m.guard.known is None for m in members)
        self._looks = self.device.type == "cpu"  # at losses and norms, where that waits for nothing
        self._d, self._g = StackedPlayer(members, 0), StackedPlayer(members, 1)
        self._averages = lay_together([[*m.average.net.parameters()] for m in members])
        self._configs: list[RunConfig] = []
        self._d_kept: list[tuple[Tensor, Tensor, Numbers, Numbers]] = []  # logits of both, losses, norms
        self._g_kept: list[tuple[Numbers, Numbers]] = []
        for m in members:
            m.stack = self
            m.moved()

    # --- one step on

    @torch.no_grad()
    def step(self) -> None:
        """What `Trainer.step_in_parts` does for both players, for every member at once."""
        self._take_note()
        d_lrs, g_lrs = self._rates()
        for m in self.members:
            m.step_count += 1
        first = self.members[0].config
        for update in range(first.k_d):
            real = self._real()
            fake = self._g.layers.forward(torch.stack([m.latents() for m in self.members]))
            self._update_d(real, fake, d_lrs, keep=update == first.k_d - 1)
            for m in self.members:
                m.images += first.batch_size
        self._update_g(real, fake, g_lrs)
        self._average()

    def _real(self) -> Tensor:
        """Every member's next batch, [M, N, features]; one selection where they learn from the same images."""
        batches = [m.batches for m in self.members]
        if all(b.images is batches[0].images for b in batches):
            rows = torch.cat([b.next_rows() for b in batches])
            return to_unit(batches[0].images.index_select(0, rows)).view(len(batches), batches[0].batch_size, -1)
        return torch.stack([b.next()[0].flatten(1) for b in batches])

    def _take_note(self) -> None:
        """Of live changes since the last step."""
        configs = [m.config for m in self.members]
        if len(self._configs) == len(configs) and all(map(operator.is_, configs, self._configs)):
            return
        if len({c.k_d for c in configs}) > 1:
            raise ValueError("k_d differs between runs that train in one step.")
        self._configs = configs
        self._losses = loss_rows([c.loss for c in configs], self.device)
        self._optimizers = [_kinds([c.d_optimizer for c in configs]), _kinds([c.g_optimizer for c in configs])]
        self._relativistic = [c.loss.relativistic for c in configs]
        self._noise = any(c.instance_noise.sigma > 0 for c in configs)

    def _rates(self) -> tuple[list[float], list[float]]:
        """Of D and of G, the schedules in them."""
        factors = [m.config.schedule.factor(m.images, m.config.total_images) for m in self.members]
        pairs = list(zip(self._configs, factors, strict=True))
        return [c.d_optimizer.lr * f for c, f in pairs], [c.g_optimizer.lr * f for c, f in pairs]

    def _update_d(self, real: Tensor, fake: Tensor, lrs: list[float], *, keep: bool) -> None:
        seen = torch.cat((self._see(real), self._see(fake)), dim=1)
        real_logits, fake_logits = self._judge(seen).tensor_split(2, dim=1)
        losses, of_real, of_fake = d_judgement(self._losses, real_logits, fake_logits)
        grads = self._d.layers.of_weights(torch.cat((of_real, of_fake), dim=1).unsqueeze(2))
        kept = self._move(0, losses, grads, lrs)
        for m in self.members:
            m.config.penalty.after_update(m.discriminator)
        if keep:
            self._d_kept.append((real_logits, fake_logits, *kept))

    def _update_g(self, real: Tensor, fake: Tensor, lrs: list[float]) -> None:
        """fake: what `forward` made last, whose inner values still are there."""
        real_logits = None
        if any(self._relativistic):
            real_logits = self._judge(self._see(real, self._relativistic))
        fake_logits = self._judge(self._see(fake))
        losses, slopes = g_judgement(self._losses, real_logits, fake_logits)
        slope = self._d.layers.of_input(slopes.unsqueeze(2))
        grads = self._g.layers.of_weights(slope.reshape(fake.shape))
        self._g_kept.append(self._move(1, losses, grads, lrs))

    def _judge(self, images: Tensor) -> Tensor:
        """Logits [M, N / pack] of images [M, N, features]."""
        pack = self._configs[0].pack
        return self._d.layers.forward(images.reshape(len(images), images.shape[1] // pack, -1)).squeeze(2)

    def _see(self, images: Tensor, which: list[bool] | None = None) -> Tensor:
        """images [M, N, features] as each member's D sees them; of `which` alone, where the others need none."""
        if not self._noise:
            return images
        wanted = which or [True] * len(self.members)
        return torch.stack([m.noisy(x) if w else x for m, x, w in zip(self.members, images, wanted, strict=True)])

    def _move(self, player: int, losses: Tensor, grads: Tensor, lrs: list[float]) -> tuple[Numbers, Numbers]:
        """The guards' word, the optimizers' moves; losses and norms of the gradients.

        On a GPU nobody looks: what is not finite spoils that member's weights alone, whose last good ones come back
        at the next point.
        """
        norms: Tensor = torch.linalg.vector_norm(grads, dim=1)
        allowed = [True] * len(self.members)
        kept: tuple[Numbers, Numbers] = losses, norms
        if self._looks:
            kept = losses.tolist(), norms.tolist()
            if not self._sound or not math.isfinite(sum(kept[0]) + sum(kept[1])):
                allowed = [
                    m.guard.allows(m.step_count, player, loss, norm, on_device=True)
                    for m, loss, norm in zip(self.members, *kept, strict=True)
                ]
                self._sound = all(m.guard.known is None for m in self.members)
        (self._d, self._g)[player].move(self._optimizers[player], grads, lrs, allowed)
        return kept

    def _average(self) -> None:
        shares = []
        for m, c in zip(self.members, self._configs, strict=True):
            half_life = c.ema.half_life_images
            decay = ema_decay(half_life, c.ema.ramp_up, m.images, c.batch_size) if half_life else 1.0
            shares.append(1.0 - decay)
        if any(shares):
            self._averages.lerp_(self._g.flat, torch.tensor(shares, device=self.device)[:, None])

    # --- what waits for the members' windows

    def share(self) -> None:
        """Give every member its own numbers of the steps since the last sharing."""
        self._d.share()
        self._g.share()
        if self._d_kept:
            real, fake, losses, norms = zip(*self._d_kept, strict=True)
            self._d_kept = []
            parts = torch.stack(real).unbind(1), torch.stack(fake).unbind(1), _columns(losses), _columns(norms)
            for m, r, f, loss, norm in zip(self.members, *parts, strict=True):
                window = m.own_window()
                window.real_logits += r.unbind(0)
                window.fake_logits += f.unbind(0)
                window.d_loss += loss
                window.d_grad_norm += norm
        if self._g_kept:
            losses, norms = zip(*self._g_kept, strict=True)
            self._g_kept = []
            for m, loss, norm in zip(self.members, _columns(losses), _columns(norms), strict=True):
                window = m.own_window()
                window.g_loss += loss
                window.g_grad_norm += norm


def _kinds(options: list[Optimizer]) -> list[tuple[Optimizer, list[int]]]:
    """Equal optimizers, whatever their rates, with the rows of their members."""
    found: dict[Optimizer, list[int]] = {}
    for row, one in enumerate(options):
        found.setdefault(replace(one, lr=0.0), []).append(row)  # type: ignore[type-var]
    return list(found.items())


def _columns(rows: tuple[Numbers, ...]) -> list[list[Any]]:
    """Steps of members -> each member's steps."""
    if isinstance(rows[0], Tensor):
        return [list(column.unbind(0)) for column in torch.stack(rows).unbind(1)]  # type: ignore[arg-type]
    return [list(column) for column in zip(*rows, strict=True)]
