"""A shelf over a folder of its own, with three small untrained generators and their discriminators."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from safetensors.torch import save_file

from gan_core.config.codec import to_dict
from gan_core.export import discriminator_file, generator_file
from gan_core.latent import Explorable
from gan_core.runs import RunManager
from gan_core.runs.catalog.model_catalog import ModelCatalog
from tests.latent.conftest import CLASSES, small_config, small_model

PLAIN, CONDITIONAL, STYLED = "asset:small-plain", "asset:small-conditional", "asset:small-styled"


@cache
def model_of(model_id: str) -> Explorable:
    """What the shelf has under one of the three ids, made afresh."""
    kinds = {PLAIN: ("dcgan", False), CONDITIONAL: ("dcgan", True), STYLED: ("style", False)}
    generator, conditional = kinds[model_id]
    config = small_config(generator, conditional=conditional)
    return small_model(config, channels=1 if model_id == PLAIN else 3, label=model_id.removeprefix("asset:"))


def write_asset(folder: Path, name: str, model: Explorable, **card: object) -> None:
    """NAME.safetensors, NAME-discriminator.safetensors where there is one, and NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"run": name, "step": model.step, "config": to_dict(model.config), "channels": model.shape.channels,
             "classes": CLASSES}  # fmt: skip
    weights = {key: tensor.contiguous() for key, tensor in model.generator.state_dict().items()}
    save_file(weights, folder / "bare")
    (folder / f"{name}.safetensors").write_bytes(generator_file(folder / "bare", **about))  # type: ignore[arg-type]
    (folder / "bare").unlink()
    if model.discriminator is not None:
        data = discriminator_file(model.discriminator.state_dict(), **about)  # type: ignore[arg-type]
        (folder / f"{name}-discriminator.safetensors").write_bytes(data)
    (folder / f"{name}.json").write_text(json.dumps({"label": name, "images": model.images, **card}))


def make_shelf(folder: Path, manager: RunManager | None = None) -> ModelCatalog:
    """PLAIN (1 channel), CONDITIONAL and STYLED (3 channels), in this order; runs are those of `manager`.

    The conditional one has no discriminator.
    """
    for order, model_id in enumerate((PLAIN, CONDITIONAL, STYLED)):
        model = model_of(model_id)
        if model_id == CONDITIONAL:
            model = replace(model, discriminator=None)
        write_asset(folder / "assets", model_id.removeprefix("asset:"), model, order=order)
    manager = manager or RunManager(folder / "runs", folder / "data", device="cpu", threads=1)
    return ModelCatalog(manager, folder / "assets")
