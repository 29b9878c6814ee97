"""Dense layers and losses of many networks of one shape at once; M is how many there are."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from gan_core.objectives.base import Loss
from gan_core.training.backends.dense import THIN, bends_of
from gan_core.training.backends.loss_gradients import WRITTEN_OUT


class StackedLayers:
    """The layers of M networks on `flat` [M, P], in which each row holds a network's weights and biases in turn.

    A row may be longer than that; what is left over stays 0. shapes: (out, in) of every layer. Holds what the newest
    `forward` left for `backward`, as `DenseLayers` does.
    """

    def __init__(
        self, flat: Tensor, shapes: Sequence[tuple[int, int]], activation: str, *, tanh_at_end: bool = False
    ) -> None:
        self._layers: list[tuple[Tensor, Tensor, Tensor]] = []
        place = 0
        for out, inputs in shapes:
            weight = flat[:, place : place + out * inputs].view(-1, out, inputs)
            place += out * inputs
            bias = flat[:, place : place + out].unsqueeze(1)
            place += out
            self._layers.append((weight, weight.transpose(1, 2), bias))
        if place > flat.shape[1]:
            raise ValueError(f"flat has {flat.shape[1]} numbers a row; these layers have {place}.")
        self._left_over = flat.new_zeros(flat.shape[0], flat.shape[1] - place)
        self._bends = bends_of(activation, len(shapes), tanh_at_end=tanh_at_end)
        self._inputs: list[Tensor] = []
        self._kept: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """x [M, N, in] -> [M, N, out]."""
        self._inputs, self._kept = [], []
        for (_, transposed, bias), bend in zip(self._layers, self._bends, strict=True):
            self._inputs.append(x)
            h = torch.baddbmm(bias, x, transposed)
            x = bend.apply(h) if bend else h
            self._kept.append(h if bend and bend.keeps_input else x)
        return x

    def of_weights(self, slope: Tensor) -> Tensor:
        """From the slope of a loss with respect to the output [M, N, out]: of the weights, [M, P] as in `flat`."""
        found = [self._left_over]
        for i in reversed(range(len(self._layers))):
            slope = self._before_bend(i, slope)
            found += [slope.sum(1), _weight_slopes(slope, self._inputs[i]).flatten(1)]
            if i:
                slope = _input_slopes(slope, self._layers[i][0])
        return torch.cat(found[::-1], dim=1)

    def of_input(self, slope: Tensor) -> Tensor:
        """From the slope of a loss with respect to the output [M, N, out]: of the input, [M, N, in]."""
        for i in reversed(range(len(self._layers))):
            slope = _input_slopes(self._before_bend(i, slope), self._layers[i][0])
        return slope

    def _before_bend(self, layer: int, slope: Tensor) -> Tensor:
        bend = self._bends[layer]
        return bend.slope(slope, self._kept[layer]) if bend else slope


def _weight_slopes(slope: Tensor, x: Tensor) -> Tensor:
    """slope^T x of each: [M, N, out], [M, N, in] -> [M, out, in]."""
    if x.shape[2] < min(THIN, slope.shape[2]):
        return torch.bmm(x.transpose(1, 2), slope).transpose(1, 2)
    return torch.bmm(slope.transpose(1, 2), x)


def _input_slopes(slope: Tensor, weight: Tensor) -> Tensor:
    """slope W of each: [M, N, out], [M, out, in] -> [M, N, in]."""
    return slope * weight if slope.shape[2] == 1 else torch.bmm(slope, weight)


@dataclass(frozen=True)
class LossRows:
    """The members that play for one loss; rows None: all of them."""

    loss: Loss
    rows: Tensor | None


def loss_rows(members: Sequence[Loss], device: torch.device) -> list[LossRows]:
    """The members by the loss that each plays for."""
    kinds: dict[Loss, list[int]] = {}
    for i, loss in enumerate(members):
        kinds.setdefault(loss, []).append(i)
    if len(kinds) == 1:
        return [LossRows(members[0], None)]
    return [LossRows(loss, torch.tensor(rows, device=device)) for loss, rows in kinds.items()]


def d_judgement(groups: list[LossRows], real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """D's losses [M], and their slopes with respect to the logits real and fake [M, N]."""
    return _by_group(groups, _d_judge, real, fake)  # type: ignore[return-value]


def g_judgement(groups: list[LossRows], real: Tensor | None, fake: Tensor) -> tuple[Tensor, Tensor]:
    """G's losses [M], and their slopes with respect to the fake logits [M, N].

    real: logits [M, N], wherever a loss is relativistic.
    """
    return _by_group(groups, _g_judge, real, fake)  # type: ignore[return-value]


_Judge = Callable[..., tuple[Tensor, ...]]
"""Logits of both, or None where the loss wants no real ones -> losses and slopes."""


def _by_group(
    groups: list[LossRows], judge_of: Callable[[Loss], _Judge], real: Tensor | None, fake: Tensor
) -> tuple[Tensor, ...]:
    out: tuple[Tensor, ...] | None = None
    for group in groups:
        if group.rows is None:
            return judge_of(group.loss)(real, fake)
        found = judge_of(group.loss)(None if real is None else real[group.rows], fake[group.rows])
        if out is None:
            out = tuple(part.new_empty((len(fake), *part.shape[1:])) for part in found)
        for whole, part in zip(out, found, strict=True):
            whole[group.rows] = part
    assert out is not None
    return out


@functools.lru_cache(maxsize=64)
def _d_judge(loss: Loss) -> _Judge:
    written = WRITTEN_OUT.get(type(loss))
    if written is not None and loss.by_rows:
        return lambda real, fake: (loss.d_loss(real, fake), *written.d(loss, real, fake))
    slopes = grad(loss.d_loss, argnums=(0, 1))
    return vmap(lambda real, fake: (loss.d_loss(real, fake), *slopes(real, fake)))


@functools.lru_cache(maxsize=64)
def _g_judge(loss: Loss) -> _Judge:
    written = WRITTEN_OUT.get(type(loss))
    if written is not None and loss.by_rows:
        return lambda real, fake: (loss.g_loss(real, fake), written.g(loss, real, fake))
    slope = grad(loss.g_loss, argnums=1)
    if loss.relativistic:
        return vmap(lambda real, fake: (loss.g_loss(real, fake), slope(real, fake)))
    alone = vmap(lambda fake: (loss.g_loss(None, fake), slope(None, fake)))
    return lambda real, fake: alone(fake)
