"""Generators to edit clips with."""

from __future__ import annotations

import pytest

from gan_core.latent import Explorable
from gan_core.nets.base import ImageShape
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from gan_core.training import RunConfig
from gan_core.training.configuration.run_config import Latent

from .made_clips import Disc


@pytest.fixture(scope="session")
def disc() -> Explorable:
    return Explorable("disc", "disc", RunConfig(latent=Latent(dim=3)), ImageShape(1, 16), (), Disc())


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Explorable:
    folder = tmp_path_factory.mktemp("catalog")
    manager = RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    found = ModelCatalog(manager).open("asset:shapes")
    manager.close()
    return found
