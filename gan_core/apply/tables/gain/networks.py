"""Dense networks, several of a shape at once: their weights are stacked, and one product serves them all."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu


class StackedDense(nn.Module):
    """`members` networks of two hidden layers each, (members, rows, inputs) to (members, rows, outputs).

    No batch norm, weights from a normal distribution of variance 2 / inputs, biases 0: as GAIN's reference
    implementation has it. SiLU takes the place of its ReLU (docs/log.md says what it gains).
    """

    def __init__(self, members: int, inputs: int, width: int, outputs: int, rng: torch.Generator) -> None:
        super().__init__()
        sizes = [(inputs, width), (width, width), (width, outputs)]
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(members, a, b, generator=rng, device=rng.device) * (2 / a) ** 0.5)
            for a, b in sizes
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(members, 1, b, device=rng.device)) for _, b in sizes)

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, silu(h) if i else h, weight)
        return h

    @classmethod
    def empty(cls, members: int, inputs: int, width: int, outputs: int) -> StackedDense:
        """Of a shape, for weights that are loaded."""
        return cls(members, inputs, width, outputs, torch.Generator())
