"""A conditional tabular GAN (CTGAN, Xu et al. 2019, arXiv:1907.00503): trained on a table, and whole rows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from gan_core.apply.tables.encoded import Encoded, Record, Tell
from gan_core.apply.tables.synthetic.calibrating import DRAWN, Calibration, quantiles_of, shift_of
from gan_core.apply.tables.synthetic.conditions import Asked, Conditions
from gan_core.apply.tables.synthetic.modes import NUMBERS, Layout
from gan_core.apply.tables.synthetic.networks import RowCritic, RowGenerator, as_rows
from gan_core.config.fields import choice, flag, integer, number

GRADIENT_PENALTY = 10.0
RECORD_STEPS = 10


@dataclass(frozen=True)
class TableGan:
    """Options. Unlike the paper's: narrower networks, a faster learning rate, no dropout, no packs, numbers by rank,
    and columns set right after training (docs/log.md says what each is worth).
    """

    steps: int = integer(2000, low=1, high=100_000, scale="log", label="Steps", help="Of both networks.")
    batch: int = integer(200, low=20, high=5000, scale="log", label="Batch", help="Rows in a step.")
    width: int = integer(128, low=8, high=1024, scale="log", label="Width", help="Units in each hidden layer.")
    latent: int = integer(64, low=2, high=512, scale="log", label="Latent", help="Dimensions of the noise.")
    pac: int = integer(1, low=1, high=20, label="Pack", help="Rows that the critic sees at once.", advanced=True)
    lr: float = number(1e-3, low=1e-6, high=0.1, scale="log", label="Learning rate", help="Of both networks.")
    numbers: str = choice(
        "ranks", NUMBERS, label="Numbers as", help="Normal scores of their ranks, or the paper's modes of a mixture.",
        advanced=True,
    )  # fmt: skip
    dropout: float = number(
        0.0, low=0.0, high=0.9, label="Dropout", help="In the critic; the paper has 0.5.", advanced=True
    )
    calibrate: bool = flag(
        True, label="Set columns right", help="After training each column gets its real distribution: numbers by "
        "rank, categories by a constant. The GAN then answers for how columns hang together.",
    )  # fmt: skip

    def fit(self, data: Encoded, seed: int, tell: Tell, record: Record) -> FittedTableGan:
        """Raises ValueError for a table without rows; Cancelled through `tell`."""
        if not len(data.values):
            raise ValueError("A table without rows cannot be learned from.")
        training = _Training(self, data, seed)
        for step in range(1, self.steps + 1):
            values = training.step()
            if step % RECORD_STEPS == 0 or step == self.steps:
                record("losses", {"step": step, **{key: float(value) for key, value in values.items()}})
                tell(step / self.steps, f"step {step:,} of {self.steps:,}")
        fitted = FittedTableGan(training.layout, training.conditions, training.generator.eval(), self.latent)
        if self.calibrate:
            tell(1.0, "setting columns right")
            fitted.calibrate(data, training.vectors, seed)
        return fitted


class FittedTableGan:
    """A generator of rows."""

    def __init__(self, layout: Layout, conditions: Conditions, generator: RowGenerator, latent: int) -> None:
        self.layout, self.conditions, self.generator, self.latent = layout, conditions, generator, latent
        self.calibration = Calibration.none(layout)

    @torch.no_grad()
    def calibrate(self, data: Encoded, vectors: Tensor, seed: int) -> None:
        """Set every column's own distribution right; vectors: (rows, width) of `data`."""
        rng, chance = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        out, asked = self._drawn(DRAWN, rng, chance)
        shift = shift_of(out, self.layout, vectors)
        cells = self._cells(out + shift, asked, rng)
        self.calibration = Calibration(shift, *quantiles_of(cells, data.values, self.layout))

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> NDArray[np.float64]:
        """(count, d) cells. Each row is asked for one category, drawn as often as it occurs, and has it."""
        rng, chance = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        parts = [np.empty((0, len(self.layout.columns)))]
        for i in range(0, count, 2000):
            out, asked = self._drawn(min(2000, count - i), rng, chance)
            cells = self._cells(out + self.calibration.shift, asked, rng)
            parts.append(self.calibration.mapped(cells, self.layout, chance))
        return np.concatenate(parts)

    def _drawn(self, n: int, rng: torch.Generator, chance: np.random.Generator) -> tuple[Tensor, Asked | None]:
        """The generator's output for n conditions, and these."""
        z = torch.randn(n, self.latent, generator=rng)
        if not self.conditions.width:
            return self.generator(z), None
        asked = self.conditions.draw(n, chance, even=False)
        return self.generator(torch.cat([z, torch.from_numpy(self.conditions.vectors(*asked))], dim=1)), asked

    def _cells(self, out: Tensor, asked: Asked | None, rng: torch.Generator) -> NDArray[np.float64]:
        made = as_rows(out, self.layout, rng).double().numpy()
        if asked is not None:
            self.conditions.impose(made, *asked)
        return self.layout.decode(made)


class _Training:
    """WGAN-GP on packs of rows, with the conditional loss of section 4.3."""

    def __init__(self, config: TableGan, data: Encoded, seed: int) -> None:
        self.config, self.rng, self.chance = config, torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        self.layout = Layout.of(data, seed, config.numbers)
        vectors = self.layout.encode(data.values, self.chance)
        self.vectors, self.conditions = torch.from_numpy(vectors), Conditions(self.layout, vectors)
        self.batch = max(1, config.batch // config.pac) * config.pac
        inputs, width = self.conditions.width, self.layout.width
        self.generator = RowGenerator(config.latent + inputs, config.width, width, self.rng)
        self.critic = RowCritic(width + inputs, config.width, config.pac, config.dropout, self.rng)
        self.g_opt = torch.optim.Adam(self.generator.parameters(), config.lr, betas=(0.5, 0.9), weight_decay=1e-6)
        self.c_opt = torch.optim.Adam(self.critic.parameters(), config.lr, betas=(0.5, 0.9))

    def step(self) -> dict[str, Tensor]:
        real, condition, made, _, _ = self._pair()
        judged_real, judged_made = self.critic(torch.cat([real, condition], 1)), self._judge(made.detach(), condition)
        gap = judged_made.mean() - judged_real.mean()
        critic_loss = gap + GRADIENT_PENALTY * self._penalty(real, made.detach(), condition)
        self.c_opt.zero_grad(set_to_none=True)
        critic_loss.backward()
        self.c_opt.step()
        _, condition, made, out, asked = self._pair()
        missed = self._missed(out, asked)
        g_loss = -self._judge(made, condition).mean() + missed
        self.g_opt.zero_grad(set_to_none=True)
        g_loss.backward()  # type: ignore[no-untyped-call]
        self.g_opt.step()
        return {"critic's gap": -gap.detach(), "condition missed": missed.detach()}

    def _pair(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Asked | None]:
        """Real rows and made ones that were asked for the same categories."""
        n = self.batch
        z = torch.randn(n, self.config.latent, generator=self.rng)
        if not self.conditions.width:
            rows, condition, asked = self.chance.integers(len(self.vectors), size=n), torch.zeros(n, 0), None
        else:
            asked = self.conditions.draw(n, self.chance, even=True)
            rows = self.conditions.matching(*asked, self.chance)
            condition = torch.from_numpy(self.conditions.vectors(*asked))
        out = self.generator(torch.cat([z, condition], 1))
        return self.vectors[torch.from_numpy(rows)], condition, as_rows(out, self.layout, self.rng), out, asked

    def _judge(self, rows: Tensor, condition: Tensor) -> Tensor:
        judged: Tensor = self.critic(torch.cat([rows, condition], 1))
        return judged

    def _missed(self, out: Tensor, asked: Asked | None) -> Tensor:
        """Cross-entropy of the category that was asked for, a mean over rows."""
        total = out.new_zeros(())
        if asked is None:
            return total
        columns, chosen = (torch.from_numpy(a) for a in asked)
        for j, (begin, end) in enumerate(self.conditions.spans):
            rows = torch.nonzero(columns == j)[:, 0]
            if len(rows):
                total = total + cross_entropy(out[rows, begin:end], chosen[rows], reduction="sum")
        return total / len(out)

    def _penalty(self, real: Tensor, made: Tensor, condition: Tensor) -> Tensor:
        """(|gradient| - 1)² between packs of real and of made rows (Gulrajani et al. 2017)."""
        pac = self.config.pac
        mix = torch.rand(len(real) // pac, 1, generator=self.rng).repeat_interleave(pac, 0)
        between = (mix * real + (1 - mix) * made).requires_grad_(True)
        judged = self._judge(between, condition)
        (grad,) = torch.autograd.grad(judged.sum(), between, create_graph=True)
        penalty: Tensor = ((grad.reshape(len(judged), -1).norm(dim=1) - 1) ** 2).mean()
        return penalty
