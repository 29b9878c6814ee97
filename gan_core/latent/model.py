"""A trained generator to look into, detached from whatever trained it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gan_core.data.content import Content
from gan_core.nets.base import DiscriminatorNet, GeneratorNet, ImageShape
from gan_core.training.configuration.run_config import RunConfig

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Explorable:
    """Weights of one's own on the CPU, in eval mode, without gradients: no training moves them.

    Several threads may use it at once, so nobody changes the networks; who must, changes a `twin`. classes: () where
    the generator cannot be asked for a class. step, images: how far training had come when the weights were taken.
    trained_on: what its dataset held; None where nobody wrote that down.
    """

    id: str
    label: str
    config: RunConfig
    shape: ImageShape
    classes: tuple[str, ...]
    generator: GeneratorNet
    discriminator: DiscriminatorNet | None = None
    step: int = 0
    images: int = 0
    trained_on: Content | None = None

    def __post_init__(self) -> None:
        for net in (self.generator, self.discriminator):
            if net is not None:
                net.eval().requires_grad_(False)
        # with the channels of a pixel side by side 64 pictures take two thirds of the time, one as long as before
        self.generator.to(memory_format=torch.channels_last)

    def need_pictures(self) -> None:
        """Raises ValueError, one sentence, where it makes points in the plane."""
        if self.shape.is_points:
            raise ValueError("This generator makes points in the plane; choose one that makes pictures.")

    @property
    def dim(self) -> int:
        """Length of z."""
        return self.config.latent.dim

    @property
    def has_w(self) -> bool:
        """Whether there is a mapping network, and so a space W of styles."""
        return "w" in self.generator.latent_spaces

    @property
    def style_layers(self) -> int:
        return int(self.generator.style_layers) if self.has_w else 0

    @property
    def style_dim(self) -> int:
        return int(self.generator.style_dim) if self.has_w else 0

    def length(self, space: str) -> int:
        """How many numbers a point in "z", "w" or "ws" (a style for every layer) has; 0 where there is no such."""
        return {"z": self.dim, "w": self.style_dim, "ws": self.style_layers * self.style_dim}.get(space, 0)

    @property
    def mean_style(self) -> NDArray[np.float64]:
        """[style_dim]; only where there is W."""
        return self.generator.mean_style.detach().double().numpy().reshape(-1)

    @property
    def weights_bytes(self) -> int:
        """What it holds in memory."""
        nets = [net for net in (self.generator, self.discriminator) if net is not None]
        return sum(t.numel() * t.element_size() for net in nets for t in (*net.parameters(), *net.buffers()))


def twin(net: Net) -> Net:
    """A copy with modules (and so hooks) of its own that shares every weight and buffer with `net`."""
    shared = {id(t): t for t in (*net.parameters(), *net.buffers())}
    return copy.deepcopy(net, shared)


def numbers(values: NDArray[Any]) -> torch.Tensor:
    """An array as a tensor; whole numbers as int64, others as float32."""
    kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float32
    return torch.from_numpy(np.ascontiguousarray(values, dtype=kind))
