"""How GAIN is trained: two players on rows drawn at random, stopped early by observed cells that were set aside."""

from __future__ import annotations

import copy
import io
import pickle
import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gan_core.apply.base import Cancelled
from gan_core.apply.tables.encoded import Encoded, Memory, Record, Tell
from gan_core.apply.tables.gain.features import Features
from gan_core.apply.tables.gain.losses import discriminator_loss, generator_loss, hint, reconstruction_loss
from gan_core.apply.tables.gain.networks import StackedDense

if TYPE_CHECKING:
    from gan_core.apply.tables.gain.imputer import Gain

CHECK_STEPS = 50  # so often are the cells that were set aside looked at
CHECK_ROWS = 2000  # at most, by so many rows
WRITE_SECONDS = 5.0  # so often is how far it is kept
LOSSES, SEEN, ASIDE = "losses", "error on cells it is scored on", "error on cells set aside"  # live curves
_SERIES = {LOSSES: ("discriminator", "generator"), SEEN: ("numbers", "categories")}


class Players:
    """`members` generators with what they need to fill a row."""

    def __init__(self, generator: StackedDense, features: Features) -> None:
        self.generator, self.features = generator, features
        self.mean = torch.from_numpy(features.mean).float()
        self.std = torch.from_numpy(features.std).float()
        self.column = torch.from_numpy(features.column)

    @property
    def members(self) -> int:
        return len(self.generator.weights[0])

    def standardised(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std

    def spread(self, m: Tensor) -> Tensor:
        """(..., d) of columns to (..., F) of their features."""
        return m[..., self.column]

    def guess(self, x: Tensor, m: Tensor, z: Tensor) -> Tensor:
        """What G puts out for every cell (x̄ of equation 2), categories as logits; all (members, rows, F or d).

        x: features, whatever in holes. m: (members, rows, d), 1 where G sees the cell. z: noise for the holes.
        """
        known = self.spread(m)
        seen = known * self.standardised(x) + (1 - known) * z
        out: Tensor = self.generator(torch.cat([seen, m], -1))
        return self.mean + self.std * out

    def shown(self, made: Tensor) -> Tensor:
        """Logits of categories as probabilities."""
        if not self.features.groups:
            return made
        parts, done = [], 0
        for _, start, stop in self.features.groups:
            parts += [made[..., done:start], made[..., start:stop].softmax(-1)]
            done = stop
        return torch.cat([*parts, made[..., done:]], -1)


def train(
    config: Gain, data: Encoded, seed: int, tell: Tell, record: Record, memory: Memory
) -> tuple[Players, Tensor]:
    """Train on the observed cells; the best generators, and which cells each set aside, (members, n, d) booleans.

    Goes on where `memory` says that it was; ends early where that has `enough`.
    """
    rng = torch.Generator().manual_seed(seed)
    features = Features.of(data)
    x = torch.from_numpy(features.encode(data.values)).float()
    known = torch.from_numpy(data.observed)
    n, d = known.shape
    aside = known & (torch.rand(config.members, n, d, generator=rng) < config.aside)
    seen = known & ~aside
    generator = StackedDense(config.members, features.count + d, config.width, features.count, rng)
    discriminator = StackedDense(config.members, features.count + d, config.width, d, rng)
    players = Players(generator, features)
    kept = _Kept(config, players, _Check(config, x, seen, aside, rng))
    stepper = _GainStepper(config, players, discriminator, x, seen, rng)
    done = _recall(memory.read(), stepper, kept)
    written = time.monotonic()
    for step in range(done + 1, config.steps + 1):
        losses = stepper.step(step)
        kept.average(step)
        if step % CHECK_STEPS and step != config.steps:
            continue
        error = kept.look()
        for series, names in _SERIES.items():
            values = {name: float(losses[name].mean()) for name in names if name in losses}
            record(series, {"step": step, **values})
        record(ASIDE, {"step": step, "now": float(error.mean()), "best": float(kept.lowest.mean())})
        try:
            tell(step / config.steps, f"step {step:,} of at most {config.steps:,}, {kept.words()}")
        except Cancelled:
            memory.write(_state(step, stepper, kept))
            raise
        if kept.over() or memory.enough():
            break
        if time.monotonic() - written >= WRITE_SECONDS:
            memory.write(_state(step, stepper, kept))
            written = time.monotonic()
    return kept.best, aside


def _state(step: int, stepper: _GainStepper, kept: _Kept) -> bytes:
    """All that the next step goes by, beside the table and the configuration."""
    state = {
        "step": step, "rng": stepper.rng.get_state(), "lowest": kept.lowest, "waited": kept.waited,
        **{name: part.state_dict() for name, part in _parts(stepper, kept).items()},
    }  # fmt: skip
    out = io.BytesIO()
    torch.save(state, out)
    return out.getvalue()


def _recall(raw: bytes | None, stepper: _GainStepper, kept: _Kept) -> int:
    """The step that was done; 0, and nothing changed, where nothing that fits was kept."""
    if raw is None:
        return 0
    begun = io.BytesIO(_state(0, stepper, kept))
    try:
        return _take(torch.load(io.BytesIO(raw), weights_only=True), stepper, kept)
    except (RuntimeError, ValueError, KeyError, TypeError, pickle.UnpicklingError, EOFError):
        return _take(torch.load(begun, weights_only=True), stepper, kept)


def _take(state: dict[str, Any], stepper: _GainStepper, kept: _Kept) -> int:
    for name, part in _parts(stepper, kept).items():
        part.load_state_dict(state[name])
    kept.lowest, kept.waited = state["lowest"], state["waited"]
    stepper.rng.set_state(state["rng"])
    return int(state["step"])


def _parts(stepper: _GainStepper, kept: _Kept) -> dict[str, Any]:
    return {
        "generator": stepper.players.generator, "discriminator": stepper.discriminator, "g_opt": stepper.g_opt,
        "d_opt": stepper.d_opt, "mean": kept.mean.generator, "best": kept.best.generator,
    }  # fmt: skip


class _Kept:
    """The moving average of each generator's weights, as it was when the cells set aside were filled best."""

    def __init__(self, config: Gain, players: Players, check: _Check) -> None:
        self.config, self.check, self.now = config, check, players
        self.mean = Players(copy.deepcopy(players.generator).requires_grad_(False), players.features)
        self.best = Players(copy.deepcopy(self.mean.generator), players.features)
        self.lowest = torch.full((config.members,), float("inf"))
        self.waited = torch.zeros(config.members)
        self.blind = check.aside.sum((-2, -1)) == 0  # nothing was set aside: the last weights are as good as any

    @torch.no_grad()
    def average(self, step: int) -> None:
        decay = min(self.config.average, step / (step + 10))
        for mean, now in zip(self.mean.generator.parameters(), self.now.generator.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)

    @torch.no_grad()
    def look(self) -> Tensor:
        """Keep the weights of those members that are better than ever; the error of each."""
        error = self.check.error(self.mean)
        better = (error < self.lowest) | self.blind
        self.lowest = torch.where(better, error, self.lowest)
        self.waited = torch.where(better, 0, self.waited + CHECK_STEPS)
        for kept, mean in zip(self.best.generator.parameters(), self.mean.generator.parameters(), strict=True):
            kept.copy_(torch.where(better.view(-1, 1, 1), mean, kept))
        return error

    def words(self) -> str:
        waited = int(self.waited.min())
        return f"{waited} without a better fill" if waited else "the fill still gets better"

    def over(self) -> bool:
        return bool((self.waited >= self.config.patience).all())


class _GainStepper:
    """One step of both players, equations 4 to 7."""

    def __init__(
        self,
        config: Gain,
        players: Players,
        discriminator: StackedDense,
        x: Tensor,
        seen: Tensor,
        rng: torch.Generator,
    ) -> None:
        self.config, self.players, self.discriminator, self.rng = config, players, discriminator, rng
        self.x, self.seen = x, seen
        self.numeric = torch.from_numpy(players.features.numeric)
        self.g_opt = torch.optim.Adam(players.generator.parameters(), lr=config.lr, betas=(config.beta1, 0.999))
        self.d_opt = torch.optim.Adam(discriminator.parameters(), lr=config.lr, betas=(config.beta1, 0.999))

    def step(self, number: int) -> dict[str, Tensor]:
        config, players, rng = self.config, self.players, self.rng
        for group in (*self.g_opt.param_groups, *self.d_opt.param_groups):
            group["lr"] = config.lr * (1 - (number - 1) / config.steps)
        members, n, d = self.seen.shape
        rows = torch.randint(n, (members, min(config.batch, n)), generator=rng)
        x = self.x[rows]
        known = self.seen.gather(1, rows.unsqueeze(-1).expand(-1, -1, d)).float()
        m = known * (torch.rand(known.shape, generator=rng) >= config.hide)
        z = noise(x.shape, config.noise, rng)
        b = (torch.rand(m.shape, generator=rng) < config.hint).float()
        made = players.guess(x, m, z)
        filled = players.spread(m)
        filled = filled * x + (1 - filled) * players.shown(made)
        h = hint(m, b)
        d_loss = discriminator_loss(self._judge(filled.detach(), h), m, b)
        self.d_opt.zero_grad(set_to_none=True)
        d_loss.sum().backward()  # type: ignore[no-untyped-call]
        self.d_opt.step()
        g_loss = generator_loss(self._judge(filled, h), m, b)
        squared, entropy = reconstruction_loss(x, made, known, self.numeric, players.features.groups)
        self.g_opt.zero_grad(set_to_none=True)
        (g_loss + config.alpha * squared + config.alpha_categories * entropy).sum().backward()  # type: ignore[no-untyped-call]
        self.g_opt.step()
        found = {"discriminator": d_loss, "generator": g_loss}
        if self.numeric.any():
            found["numbers"] = squared
        if players.features.groups:
            found["categories"] = entropy
        return {name: value.detach() for name, value in found.items()}

    def _judge(self, filled: Tensor, h: Tensor) -> Tensor:
        logits: Tensor = self.discriminator(torch.cat([self.players.standardised(filled), h], -1))
        return logits


class _Check:
    """The error on cells that were set aside, always by the same noise."""

    def __init__(self, config: Gain, x: Tensor, seen: Tensor, aside: Tensor, rng: torch.Generator) -> None:
        rows = torch.randperm(len(x), generator=rng)[:CHECK_ROWS]
        self.config = config
        self.x, self.seen, self.aside = x[rows].expand(config.members, -1, -1), seen[:, rows], aside[:, rows].float()
        self.seen = self.seen.float()
        self.z = noise(self.x.shape, config.noise, rng)

    @torch.no_grad()
    def error(self, players: Players) -> Tensor:
        """(members,) in the units of the generator's loss."""
        made = players.guess(self.x, self.seen, self.z)
        numeric = torch.from_numpy(players.features.numeric)
        squared, entropy = reconstruction_loss(self.x, made, self.aside, numeric, players.features.groups)
        return self.config.alpha * squared + self.config.alpha_categories * entropy


def noise(shape: torch.Size, scale: float, rng: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=rng) * scale
