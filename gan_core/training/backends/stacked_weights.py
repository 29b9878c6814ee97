"""The weights and moments of one player of many members, a row a member, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import Parameter

from gan_core.nets.base import ImageShape
from gan_core.training.backends.dense import activations
from gan_core.training.backends.stacked_layers import StackedLayers
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.flat import lay_together, parts_like
from gan_core.training.optimizers import OptimizerState


class Member(Protocol):
    """What is known here of a trainer."""

    config: RunConfig
    shape: ImageShape
    g_weights: list[Parameter]
    d_weights: list[Parameter]

    def moments(self, player: int) -> OptimizerState: ...


class StackedPlayer:
    """One player of all members: weights and moments [M, P], a row a member."""

    def __init__(self, members: Sequence[Member], player: int) -> None:
        first = members[0]
        lists = [list(m.g_weights if player else m.d_weights) for m in members]
        self.flat = lay_together(lists)
        self._moments = [m.moments(player) for m in members]
        names = sorted({name for moments in self._moments for name in moments.kept})
        self._kept = {name: torch.zeros_like(self.flat) for name in names}
        for row, (moments, weights) in enumerate(zip(self._moments, lists, strict=True)):
            kept = {}
            for name, old in moments.kept.items():
                rows = self._kept[name][row]
                whole = torch.cat([part.flatten() for part in old])
                rows[: len(whole)].copy_(whole)
                kept[name] = parts_like(rows, weights)
            moments.move_to([w.detach() for w in weights], kept)
        self._counts = [int(moments.count) for moments in self._moments]
        activation = activations(first.config)[0 if player else 1]
        shapes = [(int(w.shape[0]), int(w.shape[1])) for w in lists[0][::2]]
        self.layers = StackedLayers(self.flat, shapes, activation, tanh_at_end=bool(player) and first.shape.size > 1)

    def move(self, kinds: list[tuple[Any, list[int]]], grads: Tensor, lrs: list[float], allowed: list[bool]) -> None:
        """The optimizers' update, once for all members that share kind, rate and count. kinds: optimizer -> rows."""
        for optimizer, rows in kinds:
            groups: dict[tuple[float, int], list[int]] = {}
            for row in rows:
                if allowed[row]:
                    groups.setdefault((lrs[row], self._counts[row]), []).append(row)
            for (lr, count), moved in groups.items():
                self._move_some(optimizer, moved, grads, lr, count)

    def _move_some(self, optimizer: Any, rows: list[int], grads: Tensor, lr: float, count: int) -> None:
        moments = OptimizerState(_rows(self.flat, rows), ())
        kept = {name: _rows(self._kept[name], rows) for name in self._moments[rows[0]].kept}
        moments.move_to(moments.weights, kept)
        moments.count.fill_(count)
        optimizer.update(moments, _rows(grads, rows), lr, None)
        for row in rows:
            self._counts[row] += 1

    def share(self) -> None:
        """Tell the members' moments how many updates there were."""
        for moments, count in zip(self._moments, self._counts, strict=True):
            moments.count.fill_(count)


def _rows(matrix: Tensor, rows: list[int]) -> list[Tensor]:
    """These rows, in as few tensors as can be: one where they follow each other."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return [matrix[rows[0] : rows[-1] + 1]]
    return [matrix[row] for row in rows]
