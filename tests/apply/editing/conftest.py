"""Generators to edit with: one whose places follow from its latent in closed form, and those that come along."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_core.latent import Explorable
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.nets.layers import LatentWithLabel
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.training import RunConfig
from gan_core.training.configuration.run_config import Latent

PIXELS_A_UNIT = 2.0


class Blob(GeneratorNet):
    """A soft blob of 16 x 16 pixels: the first two numbers are its place, linearly, the third its brightness."""

    def __init__(self) -> None:
        super().__init__()
        self.latent = LatentWithLabel(3, 0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        z = self.latent(z, labels)
        middle = 8.0 + PIXELS_A_UNIT * z[:, :2]
        centre = torch.arange(16) + 0.5
        right = (centre[None] - middle[:, :1]).square()
        down = (centre[None] - middle[:, 1:]).square()
        blob = torch.exp(-(down[:, :, None] + right[:, None, :]) / 12.0)
        return (1.4 + 0.5 * torch.tanh(z[:, 2]))[:, None, None, None] * blob[:, None] - 1.0


@pytest.fixture(scope="session")
def blob() -> Explorable:
    return Explorable("blob", "blob", RunConfig(latent=Latent(dim=3)), ImageShape(1, 16), (), Blob())


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> ModelCatalog:
    folder = tmp_path_factory.mktemp("catalog")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    found = ModelCatalog(manager)
    manager.close()
    return found


@pytest.fixture(scope="session")
def shapes(catalog: ModelCatalog) -> Explorable:
    return catalog.open("asset:shapes")


@pytest.fixture(scope="session")
def fashion(catalog: ModelCatalog) -> Explorable:
    """Conditional, and without W."""
    return catalog.open("asset:fashion-classes")


@pytest.fixture(scope="session")
def emoji(catalog: ModelCatalog) -> Explorable:
    return catalog.open("asset:emoji")
