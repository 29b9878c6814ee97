"""GAIN's hint and losses, in the letters of Yoon, Jordon and van der Schaar 2018, arXiv:1806.02920, section 4.

m is 1 where a cell is observed, b is 1 where the hint tells it, x̄ is what G puts out.
All means are over cells, so that one learning rate serves narrow and wide tables.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus


def hint(m: Tensor, b: Tensor) -> Tensor:
    """h = b m + 0.5 (1 - b), section 4.3: D is told the mask where b is 1, and 0.5 elsewhere. All (..., d)."""
    return b * m + 0.5 * (1 - b)


def discriminator_loss(logits: Tensor, m: Tensor, b: Tensor) -> Tensor:
    """Cross-entropy of the mask where it was not told, equation 4; a number for each of the leading members.

    logits, m, b: (members, rows, d).
    """
    unknown = 1 - b
    each = binary_cross_entropy_with_logits(logits, m, reduction="none") * unknown
    return each.sum((-2, -1)) / unknown.sum((-2, -1)).clamp_min(1)


def generator_loss(logits: Tensor, m: Tensor, b: Tensor) -> Tensor:
    """-(1 - m) log m̂ where the mask was not told, equation 5: filled cells shall pass for observed; (members,)."""
    counted = (1 - b) * (1 - m)
    return (softplus(-logits) * counted).sum((-2, -1)) / counted.sum((-2, -1)).clamp_min(1)


def reconstruction_loss(
    x: Tensor, made: Tensor, m: Tensor, numeric: Tensor, groups: tuple[tuple[int, int, int], ...]
) -> tuple[Tensor, Tensor]:
    """L_M of equation 6 on observed cells: squared error of numbers, cross-entropy of categories; (members,) each.

    x: (members, rows, F) with one-hot categories. made: the same shape, numbers as they are and categories as logits:
    softmax over a category's features takes the place of the paper's one sigmoid for a binary column.
    m: (members, rows, d) what counts. numeric: features that are numbers, of columns in the same order.
    """
    nothing = made.new_zeros(made.shape[0])
    kept = torch.ones(m.shape[-1], dtype=torch.bool, device=m.device)
    kept[[j for j, _, _ in groups]] = False
    squared = nothing
    if len(numeric):
        known = m[..., kept]
        error = (x[..., numeric] - made[..., numeric]) ** 2 * known
        squared = error.sum((-2, -1)) / known.sum((-2, -1)).clamp_min(1)
    entropy, counted = nothing, nothing
    for j, start, stop in groups:
        log_p = made[..., start:stop].log_softmax(-1)
        entropy = entropy - ((x[..., start:stop] * log_p).sum(-1) * m[..., j]).sum(-1)
        counted = counted + m[..., j].sum(-1)
    return squared, entropy / counted.clamp_min(1)
