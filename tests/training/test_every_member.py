"""Every member of every family, and every preset, trains two steps; none is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config.codec import replace_at
from gan_core.config.fields import specs
from gan_core.config.registry import Registry
from gan_core.data.base import ImageSet
from gan_core.data.sets.points import PointDataset
from gan_core.nets import MlpDiscriminator, MlpGenerator
from gan_core.training import PRESETS, RunConfig, Trainer, problems
from gan_core.training.observe.scene import Scene
from tests.conftest import shortened
from tests.data import made_files
from tests.training.made_data import random_data_like

FAMILIES: dict[str, Registry[Any]] = {
    name: spec.family for name, spec in specs(RunConfig).items() if spec.family is not None
}
MEMBERS = [(field, name) for field, family in FAMILIES.items() if field != "data" for name in family.names()]


def _two_steps(config: RunConfig, data: ImageSet) -> None:
    trainer = Trainer(shortened(config, steps=2), data, torch.device("cpu"))
    before = [w.detach().clone() for w in (*trainer.g_weights, *trainer.d_weights)]
    for _ in range(2):
        trainer.step()
    point = trainer.point()
    assert trainer.last_examined is None
    assert math.isfinite(point["d_loss"] + point["g_loss"] + point["d_grad_norm"] + point["g_grad_norm"])
    assert math.isfinite(point["penalty"]) == config.penalty.active
    moved = [not torch.equal(a, b) for a, b in zip(before, (*trainer.g_weights, *trainer.d_weights), strict=True)]
    assert sum(moved) >= 0.5 * len(moved)
    grid = trainer.grid()
    drawn = grid.fakes if isinstance(grid, Scene) else grid.pixels
    assert drawn.std() > 0


def test_the_families_are_all_there() -> None:
    assert set(FAMILIES) == {
        "data", "generator", "discriminator", "loss", "penalty", "augmentation", "g_optimizer", "d_optimizer",
        "schedule",
    }  # fmt: skip


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize(("field", "name"), MEMBERS)
def test_member_trains(field: str, name: str, conditional: bool, tiny: RunConfig, random_images: ImageSet) -> None:
    config = replace(replace_at(tiny, field, name), conditional=conditional, schedule=tiny.schedule)
    config = replace_at(config, field, name)
    _two_steps(config, random_images)


@pytest.mark.parametrize("name", FAMILIES["data"].names())
def test_dataset_trains(name: str, tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = FAMILIES["data"].get(name)
    data = made_files.fill(tmp_path, monkeypatch).get(entry.cls, entry.cls())
    config = replace(tiny, data=data, size=32)
    if isinstance(data, PointDataset):
        config = replace(config, generator=MlpGenerator(), discriminator=MlpDiscriminator())
    assert problems(config, data.info(tmp_path)) == []
    _two_steps(config, data.load(32, tmp_path))


@pytest.mark.parametrize("name", list(PRESETS))
def test_preset_trains(name: str, tmp_path: Path) -> None:
    config = replace(PRESETS[name].config, batch_size=8)
    assert problems(config, config.data.info(tmp_path)) == []
    _two_steps(config, random_data_like(config, tmp_path))
