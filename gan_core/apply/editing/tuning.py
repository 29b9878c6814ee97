"""Pivotal tuning (Roich et al. 2021, arXiv:2106.05744): a copy of the generator that makes one picture.

The latent that was found stays; the weights of a copy move until its picture is the wanted one. So that the rest of
the latent space stays what it was, pictures between the latent and random ones are held (locality, section 3.3).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from gan_core.latent.model import Explorable
from gan_core.latent.survey import class_labels, survey

_RATE, _LEAST_RATE = 0.03, 1e-3  # of Adam, in root mean squares of a weight; at least
_HELD, _WEIGHT = 4, 1.0  # pictures that are held; their weight
_NEARNESS = 0.3  # how far from the latent toward a random one the held pictures lie
_POOL = 32


def tuned(
    model: Explorable, draw: Callable[[Explorable, Tensor], Tensor], point: Tensor, target: Tensor, *,
    steps: int, seed: int, told: Callable[[float], None] = lambda share: None,
) -> Explorable:  # fmt: skip
    """A model with a generator of its own; `model` is not changed. The same seed gives the same.

    draw(model, points [N, ...]) makes pictures with gradients; point: [...], styles [style_layers, style_dim] or
    z [dim]; target: [C, size, size] in [-1, 1]. told(share) is called at every step and may raise.
    """
    other = replace(model, generator=copy.deepcopy(model.generator))
    samples = survey(model, _POOL, seed, class_labels(model, _POOL, None))
    random = samples.points("ws" if model.has_w else "z")[:_POOL]
    near = point + _NEARNESS * (random - point)
    with torch.no_grad():
        held = draw(model, near)
    weights = list(other.generator.parameters())  # a mapping network's get no gradient from styles, and stay
    for weight in weights:
        weight.requires_grad_(True)
    groups = [{"params": [each], "lr": max(_RATE * _size(each), _LEAST_RATE)} for each in weights]
    optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99))
    with torch.enable_grad():
        for step in range(steps):
            told(step / steps)
            some = torch.arange(step * _HELD, (step + 1) * _HELD) % _POOL
            images = draw(other, torch.cat([point[None], near[some]]))
            loss = (images[0] - target).square().mean() + _WEIGHT * (images[1:] - held[some]).square().mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    other.generator.requires_grad_(False)
    return other


def _size(weight: Tensor) -> float:
    """Root mean square: networks differ by orders of magnitude in how large their weights are."""
    return float(weight.detach().square().mean().sqrt())
