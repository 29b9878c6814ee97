"""GAIN as one of the ways to fill a table, and what is left of it once it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.apply.tables.encoded import Encoded, FittedImputer, LongImputer, Memory, Record, Tell, imputers, settled
from gan_core.apply.tables.gain.features import Features
from gan_core.apply.tables.gain.networks import StackedDense
from gan_core.apply.tables.gain.residuals import Residuals
from gan_core.apply.tables.gain.training import Players, noise, train
from gan_core.config.fields import choice, integer, number

Floats = NDArray[np.float64]
ROWS_AT_ONCE = 2048
FILL_SEED = 0  # of the noise that a single best guess is averaged over


class FittedGain(FittedImputer):
    """Generators that have seen a table."""

    def __init__(
        self, players: Players, residuals: Residuals, noise_scale: float, averaged: int, spread: str
    ) -> None:
        self.players, self.residuals = players, residuals
        self.noise_scale, self.averaged, self.spread = noise_scale, averaged, spread

    def fill(self, data: Encoded) -> Floats:
        """The mean over all members and `averaged` draws of noise; the likeliest category."""
        return settled(self.players.features.decode(self._mean(data)), data)

    def probabilities(self, data: Encoded, column: int) -> Floats:
        start, stop = next((a, b) for j, a, b in self.players.features.groups if j == column)
        p = self._mean(data)[:, start:stop]
        p = p / p.sum(axis=1, keepdims=True)
        cells = data.values[:, column : column + 1]
        told: Floats = np.where(np.isnan(cells), p, cells == np.arange(stop - start))
        return told

    def draws(self, data: Encoded, count: int, seed: int) -> Floats:
        """Each draw is a member's, in turn from one drawn at random, with noise and residuals of its own."""
        rng, chance = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        found, members = np.empty((count, *data.values.shape)), self.players.members
        first = int(chance.integers(members))
        for i in range(0, count, members):
            made = self._made(data, rng)
            for c in range(i, min(i + members, count)):
                found[c] = self._drawn(made[(first + c) % members], chance)
        return settled(found, data)

    def _drawn(self, made: Floats, chance: np.random.Generator) -> Floats:
        features = self.players.features
        made = made.copy()
        if self.spread == "residuals":
            self.residuals.add(made, features.numeric, chance)
        for _, start, stop in features.groups:
            p = made[:, start:stop]
            least = chance.random((len(p), 1)) * p.sum(axis=1, keepdims=True)
            code = np.minimum((p.cumsum(axis=1) <= least).sum(axis=1), stop - start - 1)
            made[:, start:stop] = code[:, None] == np.arange(stop - start)
        return features.decode(made)

    def _mean(self, data: Encoded) -> Floats:
        """(n, F): numbers on the scale of 0 to 1, categories as probabilities."""
        rng = torch.Generator().manual_seed(FILL_SEED)
        total: Floats = np.zeros((len(data.values), self.players.features.count))
        for _ in range(self.averaged):
            total += self._made(data, rng).mean(axis=0)
        return total / self.averaged

    def _made(self, data: Encoded, rng: torch.Generator) -> Floats:
        """(members, n, F): one draw of noise through every member."""
        features, members = self.players.features, self.players.members
        if data.categories != features.categories:
            raise ValueError("This table has other columns than the one that the method was fitted to.")
        x = torch.from_numpy(features.encode(data.values)).float()
        m = torch.from_numpy(data.observed).float()
        parts = []
        with torch.no_grad():
            for i in range(0, max(len(x), 1), ROWS_AT_ONCE):
                rows = slice(i, i + ROWS_AT_ONCE)
                one, seen = x[rows].expand(members, -1, -1), m[rows].expand(members, -1, -1)
                made = self.players.guess(one, seen, noise(one.shape, self.noise_scale, rng))
                parts.append(self.players.shown(made).double().numpy())
        return np.concatenate(parts, axis=1)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        plain, arrays = self.players.features.state()
        network = {key: value.numpy() for key, value in self.players.generator.state_dict().items()}
        arrays = {f"features.{key}": value for key, value in arrays.items()} | {
            f"generator.{key}": value for key, value in network.items()
        }
        arrays |= {f"residuals.{key}": value for key, value in self.residuals.arrays().items()}
        options = {"noise": self.noise_scale, "averaged": self.averaged, "spread": self.spread}
        return {**plain, **options}, arrays

    @classmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> FittedGain:
        features = Features.from_state(state, _below("features.", arrays))
        weights = {key: torch.from_numpy(np.asarray(a)) for key, a in _below("generator.", arrays).items()}
        try:
            first = weights["weights.0"]
            members, _, width = first.shape
            generator = StackedDense.empty(members, features.count + len(features.categories), width, features.count)
            generator.load_state_dict(weights)
            options = (float(state["noise"]), int(state["averaged"]), str(state["spread"]))
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise ValueError("The saved networks of this method do not fit its columns.") from None
        if not 1 <= options[1] <= 1000 or not 0 <= options[0] <= 100:
            raise ValueError("The saved options of this method are out of range.")
        residuals = Residuals.from_arrays(_below("residuals.", arrays), len(features.numeric))
        return cls(Players(generator.requires_grad_(False), features), residuals, *options)


def _below(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


@imputers.register("gain", label="GAIN", source="Yoon, Jordon and van der Schaar 2018, arXiv:1806.02920")
@dataclass(frozen=True)
class Gain(LongImputer):
    """A generator fills the holes, a discriminator guesses which cells were filled; several pairs at once."""

    fitted: ClassVar[type[FittedImputer]] = FittedGain

    steps: int = integer(1000, low=1, high=100_000, scale="log", label="Steps", help="At most so many.")
    batch: int = integer(128, low=2, high=4096, scale="log", label="Batch", help="Rows in a step.")
    width: int = integer(64, low=4, high=1024, scale="log", label="Width", help="Units in each hidden layer.")
    members: int = integer(
        6, low=1, high=64, label="Members", help="Pairs of networks, whose fills are averaged; the paper has 1."
    )
    lr: float = number(8e-3, low=1e-6, high=0.1, scale="log", label="Learning rate", help="Falls to 0 at the end.")
    beta1: float = number(0.9, low=0.0, high=0.99, label="Adam beta1", help="Memory of the gradient.", advanced=True)
    hint: float = number(0.9, low=0.0, high=1.0, label="Hint rate", help="Share of the mask that D is told.")
    alpha: float = number(
        100.0, low=0.0, high=10_000.0, label="Alpha", help="Weight of the squared error of observed cells."
    )
    alpha_categories: float = number(
        2.0, low=0.0, high=1000.0, label="Alpha of categories", help="Weight of their cross-entropy.", advanced=True
    )
    hide: float = number(
        0.3, low=0.0, high=0.9, label="Hidden from G",
        help="Share of observed cells that G does not see in a step and is scored on; 0 is the paper's way.",
    )  # fmt: skip
    aside: float = number(
        0.05, low=0.0, high=0.5, label="Set aside", help="Share of observed cells kept for stopping early."
    )
    noise: float = number(0.1, low=0.0, high=10.0, label="Noise", help="Standard deviation of what fills the holes.")
    average: float = number(0.98, low=0.0, high=0.9999, label="Averaging", help="Of G's weights.", advanced=True)
    patience: int = integer(
        500, low=50, high=100_000, label="Patience", help="Steps without a better fill, then it stops."
    )
    averaged: int = integer(
        4, low=1, high=100, label="Draws averaged", help="For the single best fill.", advanced=True
    )
    spread: str = choice(
        "residuals", ("residuals", "noise"), label="Spread of draws",
        help="What makes draws differ: errors on cells set aside, or the paper's noise alone.",
    )  # fmt: skip

    def fit_on(self, data: Encoded, seed: int, tell: Tell, record: Record, memory: Memory) -> FittedGain:
        players, aside = train(self, data, seed, tell, record, memory)
        return FittedGain(
            players, self._residuals(data, players, aside, seed), self.noise, self.averaged, str(self.spread)
        )

    def _residuals(self, data: Encoded, players: Players, aside: Tensor, seed: int) -> Residuals:
        """What each member was off by on the cells that it had set aside."""
        features = players.features
        fitted = FittedGain(players, Residuals.none(len(features.numeric)), self.noise, 1, "noise")
        rng = torch.Generator().manual_seed(seed)
        x, columns = features.encode(data.values), features.column[features.numeric]
        off: list[list[Floats]] = [[] for _ in columns]
        at: list[list[Floats]] = [[] for _ in columns]
        for k in range(players.members):
            mask = aside[k].numpy()
            made = fitted._made(data.hidden(mask), rng)[k]
            for i, (f, j) in enumerate(zip(features.numeric, columns, strict=True)):
                rows = mask[:, j]
                at[i].append(made[rows, f])
                off[i].append(x[rows, f] - made[rows, f])
        return Residuals.of([np.concatenate(a) for a in at], [np.concatenate(a) for a in off])
