"""CTGAN's two networks (section 4.4), and how a generator's output becomes a row."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gan_core.apply.tables.synthetic.modes import Layout


def _linear(inputs: int, outputs: int, rng: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    bound = inputs**-0.5
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=rng)
    return layer


class RowGenerator(nn.Module):
    """(n, latent + condition) to (n, width): two residual blocks with batch norm, as h joined to what came in."""

    def __init__(self, inputs: int, width: int, outputs: int, rng: torch.Generator) -> None:
        super().__init__()
        sizes = [inputs, inputs + width]
        self.blocks = nn.ModuleList(_linear(size, width, rng) for size in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in sizes)
        self.out = _linear(inputs + 2 * width, outputs, rng)

    def forward(self, z: Tensor) -> Tensor:
        h = z
        for block, norm in zip(self.blocks, self.norms, strict=True):
            h = torch.cat([norm(block(h)).relu(), h], dim=1)
        made: Tensor = self.out(h)
        return made


class RowCritic(nn.Module):
    """`pac` rows with their conditions at once (PacGAN, Lin et al. 2018) to one number: (n / pac, 1)."""

    def __init__(self, inputs: int, width: int, pac: int, dropout: float, rng: torch.Generator) -> None:
        super().__init__()
        self.pac, self.dropout, self._rng = pac, dropout, rng
        self.first, self.second = _linear(inputs * pac, width, rng), _linear(width, width, rng)
        self.out = _linear(width, 1, rng)

    def forward(self, rows: Tensor) -> Tensor:
        h = rows.reshape(len(rows) // self.pac, -1)
        for layer in (self.first, self.second):
            h = leaky_relu(layer(h), 0.2)
            if self.dropout:
                h = h * (torch.rand(h.shape, generator=self._rng) >= self.dropout) / (1 - self.dropout)
        judged: Tensor = self.out(h)
        return judged


def as_rows(out: Tensor, layout: Layout, rng: torch.Generator, temperature: float = 0.2) -> Tensor:
    """tanh for distances, Gumbel softmax for choices."""
    parts = []
    for first, begin, end in layout.spans:
        if begin > first:
            parts.append(out[:, first:begin].tanh())
        uniform = torch.rand(out[:, begin:end].shape, generator=rng).clamp_(1e-9, 1 - 1e-7)
        parts.append(((out[:, begin:end] - (-uniform.log()).log()) / temperature).softmax(dim=1))
    return torch.cat(parts, dim=1)
