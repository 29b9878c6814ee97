"""What a picture is compared by: its pixels, or what a run's own discriminator sees in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_core.latent.model import Explorable, twin
from gan_core.nets.base import DiscriminatorNet
from gan_core.nets.layers import MinibatchStd

SIGHTS = ("pixels", "discriminator")
"""The features there can be; the second only where the discriminator was kept."""

Features = Callable[[Tensor], Tensor]
"""float [N, C, size, size] in [-1, 1] -> float [N, F]; each image by itself, differentiable."""


Logits = Callable[[Tensor, Tensor | None], Tensor]
"""images float [N, C, size, size] in [-1, 1], labels int64 [N] or None -> float [N]; differentiable."""


class _Bare(nn.Module):
    """In the place of a discriminator's head: gives what the head would have been given."""

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        return features.flatten(1).float()


class _NoSpread(nn.Module):
    """In the place of `MinibatchStd`: what it adds says something of the batch, nothing of the image."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, x.new_zeros(x.shape[0], 1, *x.shape[2:])], dim=1)


def has_discriminator_features(model: Explorable) -> bool:
    return isinstance(getattr(model.discriminator, "head", None), nn.Module)


def pixel_features(images: Tensor) -> Tensor:
    return images.flatten(1).float()


def discriminator_features(model: Explorable) -> Features | None:
    """The activations before the discriminator's head (Larsen et al. 2016, arXiv:1512.09300, section 3).

    None where there is no discriminator, or none with a head. Weights are shared with the model, modules are not,
    so that what is put in here changes nothing elsewhere.
    """
    if model.discriminator is None or not has_discriminator_features(model):
        return None
    net = _of_one_image(model.discriminator)
    net.head = _Bare()
    pack = model.config.pack

    def features(images: Tensor) -> Tensor:
        seen: Tensor = net(images.repeat(1, pack, 1, 1) if pack > 1 else images)  # a pack of one and the same image
        return seen

    return features


def discriminator_logits(model: Explorable) -> Logits | None:
    """What the run's own discriminator says of each image by itself; None where it was not kept."""
    if model.discriminator is None:
        return None
    net, pack = _of_one_image(model.discriminator), model.config.pack

    def logits(images: Tensor, labels: Tensor | None) -> Tensor:
        packed = images.repeat(1, pack, 1, 1) if pack > 1 else images
        said: Tensor = net(packed, None if labels is None else labels.repeat_interleave(pack))
        return said

    return logits


def _of_one_image(net: DiscriminatorNet) -> DiscriminatorNet:
    """A copy, modules of its own on shared weights, for which the other images of a batch do not count."""
    alone = twin(net)
    for module in list(alone.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, MinibatchStd):
                setattr(module, name, _NoSpread())
    return alone


def features_of(model: Explorable, sight: str) -> Features:
    """`sight` is one of SIGHTS. Raises ValueError where it is not, or where this model has no such features."""
    if sight == "pixels":
        return pixel_features
    if sight != "discriminator":
        raise ValueError(f'features is "{sight}"; it must be one of {", ".join(SIGHTS)}.')
    found = discriminator_features(model)
    if found is None:
        raise ValueError("This model came without its discriminator; compare by pixels instead.")
    return found
