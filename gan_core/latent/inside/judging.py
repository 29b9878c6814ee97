"""What the discriminator says of pictures, and which pixels made it say so.

Three ways to share a score out among the pixels, each against a picture without anything in it (`blank`):
gradient times input, Shrikumar et al. 2016, arXiv:1605.01713; integrated gradients, Sundararajan et al. 2017,
arXiv:1703.01365, whose shares add up to the difference of the two scores; occlusion, Zeiler & Fergus 2014,
arXiv:1311.2901, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.looks.look import Weights
from gan_core.latent.model import Explorable, numbers
from gan_core.nets.layers import MinibatchStd

METHODS = ("integrated", "gradient", "occlusion")
STEPS = 64  # of the integral
BLOCK = 64  # pictures judged at once

Floats = NDArray[np.float32]
Score = Callable[[Tensor], Tensor]
"""Images [N, C, H, W] -> one number each, [N]."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """shares [H, W]: above 0 where the pixels spoke for "real", below 0 where they spoke against; of one picture.

    score: the logit of the picture; blank_score: that of the blank one. Of integrated gradients the shares add up to
    score - blank_score, but for `gap`, which comes of the sum that stands for an integral.
    """

    method: str
    shares: Floats
    score: float
    blank_score: float

    @property
    def gap(self) -> float:
        return self.score - self.blank_score - float(self.shares.sum(dtype=np.float64))


def judge(
    model: Explorable, images: Tensor, weights: Sequence[Weights | None]
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Logits [N] of images [N, C, H, W], and the part of them that speaks for their classes.

    That part is the logit less the mean of the logits as every class; None where there are no classes. A mixture of
    classes has the mixture of their logits. Raises ValueError where the model has no discriminator.
    """
    if not model.classes or weights[0] is None:
        return _logits(model, images, None), None
    share = numbers(np.stack([row for row in weights if row is not None]))  # [N, classes]
    every = torch.stack([_logits(model, images, label) for label in range(len(model.classes))], dim=1)
    logits = (share * every).sum(1)
    return logits, logits - every.mean(1)


def score_of(model: Explorable, weights: Weights | None) -> Score:
    """The discriminator's logit of an image of these classes, differentiable."""
    labels = [None] if weights is None else [int(i) for i in np.flatnonzero(weights)]

    def score(images: Tensor) -> Tensor:
        parts = [
            _logits(model, images, label) * (1.0 if weights is None or label is None else float(weights[label]))
            for label in labels
        ]
        return torch.stack(parts).sum(0)

    return score


def _logits(model: Explorable, images: Tensor, label: int | None) -> Tensor:
    """[N] of images all of one class. Each is judged alone: a pack is the same image again, and statistics over a
    batch, which would make the score depend on the company, are those of one image."""
    net = model.discriminator
    if net is None:
        raise ValueError("This model came without its discriminator, so there is nobody to judge the picture.")
    pack = model.config.pack
    alone = any(isinstance(module, MinibatchStd) for module in net.modules())
    parts = []
    for block in _blocks(images, 1 if alone else BLOCK):
        labels = None if label is None else torch.full((len(block) * pack,), label, dtype=torch.int64)
        parts.append(net(block.repeat(1, pack, 1, 1), labels))
    return torch.cat(parts)


def blank_of(image: Tensor) -> Tensor:
    """A picture [C, H, W] of one colour: the median of the image's outermost pixels, channel by channel."""
    edge = torch.cat([image[:, 0], image[:, -1], image[:, 1:-1, 0], image[:, 1:-1, -1]], dim=1)  # (C, 4 (size - 1))
    return edge.median(dim=1).values[:, None, None].expand_as(image).clone()


def evidence(
    score: Score, image: Tensor, method: str, *, blank: Tensor | None = None, patch: int | None = None
) -> Evidence:  # fmt: skip
    """Share the score of one image [C, H, W] out among its pixels; blank: what it is compared with, see `blank_of`.

    patch: side in pixels of what occlusion covers at once, by default an eighth of the image's. Raises ValueError.
    """
    if method not in METHODS:
        raise ValueError(f"method is {str(method)[:40]!r}; it must be one of {', '.join(METHODS)}.")
    blank = blank_of(image) if blank is None else blank
    with torch.no_grad():
        at_image, at_blank = (float(s) for s in score(torch.stack([image, blank])))
    if method == "occlusion":
        shares = _occlusion(score, image, blank, patch or max(1, image.shape[1] // 8))
    else:
        shares = _gradients(score, image, blank, STEPS if method == "integrated" else 1)
    return Evidence(method, shares.float().numpy(), at_image, at_blank)


def _gradients(score: Score, image: Tensor, blank: Tensor, steps: int) -> Tensor:
    """[H, W]: (x - b) . mean of the gradients at b + a (x - b), a at the middles of `steps` parts of [0, 1]; of one
    step the gradient at x itself."""
    a = (torch.arange(steps) + 0.5) / steps if steps > 1 else torch.ones(1)
    way = (image - blank).double()
    total = torch.zeros_like(way)
    for part in _blocks(a):
        x = (blank + part[:, None, None, None] * way).float().requires_grad_(True)
        (gradient,) = torch.autograd.grad(score(x).sum(), x)
        total += gradient.double().sum(0)
    return (way * total / steps).sum(0)


@torch.no_grad()
def _occlusion(score: Score, image: Tensor, blank: Tensor, patch: int) -> Tensor:
    """[H, W]: by how much the score falls, on average over the covers over a pixel, spread over a cover's pixels."""
    height, width = image.shape[1:]
    stride = max(1, patch // 2)
    corners = [(y, x) for y in _starts(height, patch, stride) for x in _starts(width, patch, stride)]
    covered = image.repeat(len(corners), 1, 1, 1)
    for picture, (y, x) in zip(covered, corners, strict=True):
        picture[:, y : y + patch, x : x + patch] = blank[:, y : y + patch, x : x + patch]
    falls = score(image[None]) - torch.cat([score(some) for some in _blocks(covered)])
    total, times = torch.zeros(height, width), torch.zeros(height, width)
    for fall, (y, x) in zip(falls, corners, strict=True):
        total[y : y + patch, x : x + patch] += fall / patch**2
        times[y : y + patch, x : x + patch] += 1
    return total / times


def _starts(length: int, patch: int, stride: int) -> list[int]:
    return sorted({*range(0, length - patch + 1, stride), length - patch})


def _blocks(rows: Tensor, most: int = BLOCK) -> list[Tensor]:
    return [rows[i : i + most] for i in range(0, len(rows), most)]
