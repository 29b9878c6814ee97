"""Each column's own distribution set right after training, so that the GAN answers for what hangs together.

Categories, modes and gaps get a constant added to each logit, which leaves all odds ratios between rows as they are;
numbers are then mapped by rank (quantile matching), which leaves their copula, and so rank correlations, as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.apply.tables.synthetic.modes import Layout

Floats = NDArray[np.float64]
DRAWN = 10_000  # rows that a calibration is worked out from
LEVELS = 1001  # of quantiles
ROUNDS, CLOSE = 200, 1e-4  # at most; how near to the frequency each choice has to come
NEVER = 1e4  # is taken from a logit


@dataclass(frozen=True, eq=False)
class Calibration:
    """shift: (width,) is added to a generator's output. made, real: by column (levels,) quantiles of what it draws
    and of the table, both rising; None where nothing is mapped.
    """

    shift: Tensor
    made: tuple[Floats | None, ...]
    real: tuple[Floats | None, ...]

    @classmethod
    def none(cls, layout: Layout) -> Calibration:
        nothing = (None,) * len(layout.columns)
        return cls(torch.zeros(layout.width), nothing, nothing)

    def mapped(self, cells: Floats, layout: Layout, rng: np.random.Generator) -> Floats:
        """(n, d) cells with numbers at the real quantile of their rank; equal ones are spread over their ranks."""
        mapped = np.array(cells)
        for j, (made, real, column) in enumerate(zip(self.made, self.real, layout.columns, strict=True)):
            known = ~np.isnan(cells[:, j])
            if made is None or real is None or not known.any():
                continue
            x = cells[known, j]
            first, last = np.searchsorted(made, x, "left"), np.searchsorted(made, x, "right")
            among = first + rng.random(len(x)) * (last - 1 - first)  # of those that are equal to a level
            between = np.interp(x, made, np.arange(len(made)))
            rank = np.where(last - first > 1, among, between)
            value = np.interp(rank, np.arange(len(real)), real)
            mapped[known, j] = np.rint(value) if column.whole else value
        return mapped


def shift_of(out: Tensor, layout: Layout, vectors: Tensor) -> Tensor:
    """(width,): what is to be added so that each category, mode and gap is drawn as often as it occurs.

    out: (n, width) of a generator. vectors: (rows, width) of the table. A choice that never occurs is never drawn.
    """
    shift = torch.zeros(layout.width)
    for _, begin, end in layout.spans:
        goal, logits = vectors[:, begin:end].double().mean(0), out[:, begin:end].double()
        added = torch.where(goal > 0, 0.0, -NEVER).double()
        for _ in range(ROUNDS):
            drawn = (logits + added).softmax(1).mean(0)
            if (drawn - goal).abs().max() < CLOSE:
                break
            added = torch.where(goal > 0, added + (goal / drawn.clamp_min(1e-12)).log(), added)
        shift[begin:end] = added.float()
    return shift


def quantiles_of(
    drawn: Floats, table: Floats, layout: Layout
) -> tuple[tuple[Floats | None, ...], tuple[Floats | None, ...]]:
    """By column, of (n, d) drawn cells and of (rows, d) real ones."""
    levels = np.linspace(0, 1, LEVELS)
    made: list[Floats | None] = []
    real: list[Floats | None] = []
    for j, column in enumerate(layout.columns):
        sides = [values[~np.isnan(values[:, j]), j] for values in (drawn, table)]
        usable = column.numeric and all(len(side) for side in sides)
        made.append(np.quantile(sides[0], levels) if usable else None)
        real.append(np.quantile(sides[1], levels) if usable else None)
    return tuple(made), tuple(real)
