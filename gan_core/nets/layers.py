"""Layers and initial weights that several networks share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

LABEL_FEATURES = 32  # length of the class embedding that a generator puts beside z

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
INITS = ("default", "normal", "xavier", "orthogonal")


def stage_count(size: int, smallest: int) -> int:
    """How often `size` can be halved without falling below `smallest`: 28 with 7 -> 2, 64 with 4 -> 4."""
    stages = 0
    while size % 2 == 0 and size // 2 >= smallest:
        size, stages = size // 2, stages + 1
    return stages


def size_problems(size: int) -> list[str]:
    """Why convolutional networks cannot make or judge images of this size."""
    if stage_count(size, smallest=7) >= 1:
        return []
    return [f"size is {size}; convolutional networks need an even size of at least 14 pixels."]


def full_precision(x: Tensor) -> Tensor:
    """float16 and bfloat16 (as autocast leaves them) to float32; anything else as it is."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def image_norm(kind: str, channels: int) -> nn.Module:
    """Normalisation of [N, C, H, W]: none, batch, layer (over one whole image) or instance (over one channel)."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    return nn.GroupNorm(channels, channels) if kind == "instance" else nn.Identity()


def initialise(module: nn.Module, kind: str) -> None:
    """Draw the weights of every dense and convolutional layer anew and set their biases to 0."""
    if kind == "default":
        return
    weighted = (m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d))
    for layer in weighted:
        if kind == "normal":
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif kind == "xavier":
            nn.init.xavier_uniform_(layer.weight)
        elif kind == "orthogonal":
            nn.init.orthogonal_(layer.weight)
        else:
            raise ValueError(f"init is {kind!r}; it must be one of {', '.join(INITS)}")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def apply_spectral_norm(module: nn.Module) -> None:
    """Divide the weight of every layer by its largest singular value (Miyato et al. 2018), a head's classes too.

    One power iteration runs in every training forward. Its vectors are buffers, so a stopped run resumes exactly;
    in eval mode they stand still. Call it after `initialise`, which must reach the weights themselves.
    """
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            spectral_norm(layer)
        elif isinstance(layer, LogitHead) and layer.projection is not None:
            spectral_norm(layer.projection)


def need_labels(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("labels is None; a class-conditional network needs a class for every image.")
    return labels


def of_class(embedding: nn.Embedding, labels: Tensor | None) -> Tensor:
    """[N, F]: the classes' rows for labels int64 [N]; their weighted sum for float weights [N, class_count]."""
    labels = need_labels(labels)
    if not labels.is_floating_point():
        rows: Tensor = embedding(labels)
        return rows
    return labels.to(embedding.weight.dtype) @ embedding.weight


class LatentWithLabel(nn.Module):
    """z [N, D] and labels -> [N, D + 32]: a learned vector of the class stands beside z; without classes, z.

    labels: int64 [N], or float [N, class_count] for a mixture of classes.
    """

    def __init__(self, latent_dim: int, class_count: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(class_count, LABEL_FEATURES) if class_count else None
        self.features = latent_dim + (LABEL_FEATURES if class_count else 0)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self.embedding is None:
            return z
        return torch.cat([z, of_class(self.embedding, labels).to(z.dtype)], dim=1)


class ClassBatchNorm(nn.Module):
    """BatchNorm of [N, C, H, W] whose scale and shift belong to the class (de Vries et al. 2017).

    forward(x, labels): labels int64 [N], or float [N, class_count] for a mixture of classes; without classes it is
    plain BatchNorm and takes None.
    """

    def __init__(self, channels: int, class_count: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=class_count == 0)
        self.scale = nn.Embedding(class_count, channels) if class_count else None
        self.shift = nn.Embedding(class_count, channels) if class_count else None
        if self.scale is not None and self.shift is not None:
            nn.init.ones_(self.scale.weight)
            nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        normalised: Tensor = self.norm(x)
        if self.scale is None or self.shift is None:
            return normalised
        scale, shift = of_class(self.scale, labels).to(x.dtype), of_class(self.shift, labels).to(x.dtype)  # (N, C)
        return torch.addcmul(shift[:, :, None, None], normalised, scale[:, :, None, None])


class LogitHead(nn.Module):
    """Features phi [N, F] -> logits [N], with projection of the class (Miyato & Koyama 2018, eq. 3).

    logit = w . phi + b + sum_j e_j(y_j) . phi, where y_j is the class of the pack's j-th image. Each place in a
    pack has its own embedding e_j: the places are told apart by their channels, so the sum over places is the
    log-odds of independent classes. labels: [N * pack] in image order, or [N] where a whole pack is of one class.
    """

    offsets: Tensor

    def __init__(self, features: int, class_count: int, pack: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)
        self.projection: nn.Embedding | None = None
        if class_count:
            self.projection = nn.Embedding(class_count * pack, features)
            bound = 1.0 / math.sqrt(features)  # as a dense layer of this many inputs
            nn.init.uniform_(self.projection.weight, -bound, bound)
        self.register_buffer("offsets", torch.arange(pack) * class_count, persistent=False)

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        logits: Tensor = full_precision(self.linear(features)).squeeze(1)
        if self.projection is None:
            return logits
        rows = need_labels(labels).view(features.shape[0], -1) + self.offsets  # (N, pack)
        directions: Tensor = self.projection(rows).sum(1)  # (N, F)
        return logits + (full_precision(features) * directions).sum(1)


class MinibatchStd(nn.Module):
    """Adds one channel that says how much the images of this batch differ (Karras et al. 2018, section 3).

    [N, F, ...] -> [N, F + 1, ...]: the standard deviation of every feature over the batch, averaged to one number.
    """

    def forward(self, x: Tensor) -> Tensor:
        variance = full_precision(x).var(dim=0, unbiased=False)
        spread = (variance + 1e-8).sqrt().mean().to(x.dtype)  # 1e-8: a finite slope where all are alike
        return torch.cat([x, spread.expand(x.shape[0], 1, *x.shape[2:])], dim=1)
