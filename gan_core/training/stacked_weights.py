"""The weights and moments of one player of many members, a row a member, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import Parameter

from gan_core.nets.base import ImageShape
from gan_core.training.dense_step import activations
from gan_core.training.optimizers import Moments
from gan_core.training.run_config import RunConfig
from gan_core.training.stacked_layers import StackedLayers

ROW_MULTIPLE = 16  # of float32: 64 bytes


class Member(Protocol):
    """What is known here of a trainer."""

    config: RunConfig
    shape: ImageShape
    g_weights: list[Parameter]
    d_weights: list[Parameter]

    def moments(self, player: int) -> Moments: ...


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
            moments.weights = [w.detach() for w in weights]
            for name, old in moments.kept.items():
                rows = self._kept[name][row]
                whole = torch.cat([part.flatten() for part in old])
                rows[: len(whole)].copy_(whole)
                moments.kept[name] = _parts(rows, weights)
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
        moments = Moments(_rows(self.flat, rows), ())
        moments.kept = {name: _rows(self._kept[name], rows) for name in self._moments[rows[0]].kept}
        moments.count.fill_(count)
        optimizer.update(moments, _rows(grads, rows), lr, None)
        for row in rows:
            self._counts[row] += 1

    def share(self) -> None:
        """Tell the members' moments how many updates there were."""
        for moments, count in zip(self._moments, self._counts, strict=True):
            moments.count.fill_(count)


def lay_together(networks: Sequence[Sequence[Tensor]]) -> Tensor:
    """[M, P]: the weights of each network in a row, which from now on is where they are.

    Rows end with zeros, so that every one begins at a whole vector of the processor's: else the last bits of a
    member would depend on how many others there are.
    """
    rows = [torch.cat([w.detach().flatten() for w in weights]) for weights in networks]
    flat = torch.nn.functional.pad(torch.stack(rows), (0, -len(rows[0]) % ROW_MULTIPLE))
    for row, weights in zip(flat, networks, strict=True):
        for weight, part in zip(weights, _parts(row, weights), strict=True):
            weight.data = part
    return flat


def _parts(row: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    """Views of a row [P] in the shapes of these weights."""
    sizes = [w.numel() for w in weights]
    pieces = torch.split(row[: sum(sizes)], sizes)
    return [piece.view(w.shape) for piece, w in zip(pieces, weights, strict=True)]


def _rows(matrix: Tensor, rows: list[int]) -> list[Tensor]:
    """These rows, in as few tensors as can be: one where they follow each other."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return [matrix[rows[0] : rows[-1] + 1]]
    return [matrix[row] for row in rows]
