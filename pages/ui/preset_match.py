"""Settings that suit a dataset: those for pictures do not suit points in the plane, nor the other way round."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from gan_core.config.codec import ConfigError, differences, replace_at, set_at
from gan_core.data import datasets, own_set, point_datasets
from gan_core.training import PRESETS, RunConfig, preset
from gan_core.training.configuration.presets import DEFAULT
from gan_core.training.configuration.run_config import SIZES
from pages.server.preview import shows_points

if TYPE_CHECKING:
    from gan_core.data.base import Dataset
    from gan_core.data.sets.own_images import OwnImages
    from gan_core.runs.snapshot import RunView

QUICK_PIXELS = 32  # what trains in minutes on a processor; more is a choice to make in the panel
PLANE = "ring"
PRESET_FOR = {"shapes": "shapes", "emoji": "emoji", "images": "few-images", "grid25": "grid"}
"""Presets by dataset, where it is not the usual one; `few-images` is for few, colourful pictures."""

CALM_RATE = 5e-4  # of learning, for points whose preset is that of another dataset

OF_THE_KIND = frozenset({"data", "size", "conditional", "generator", "discriminator", "augmentation"})
"""Fields that go with pictures or with points, and are never taken from the one to the other."""

OF_THE_DATA = frozenset({"data", "size", "conditional"})
"""Fields that go with one dataset."""

HIDDEN_FOR_POINTS = frozenset({"size", "conditional", "augmentation", "record.grid_count"})
"""Fields that mean nothing for points in the plane."""


PLANE_DATA = frozenset(entry.name for entry in point_datasets())


def makes_points(view: RunView) -> bool:
    """Whether a run, as a `RunView`, is one of points in the plane."""
    return view.config["data"]["name"] in PLANE_DATA


def hidden_fields(config: RunConfig) -> frozenset[str]:
    """The paths that a panel leaves out, each with all below it."""
    return HIDDEN_FOR_POINTS if shows_points(config.data) else frozenset()


def presets_like(name: str) -> list[str]:
    """The presets for pictures, or those for points in the plane: whichever this one is among."""
    points = shows_points(PRESETS[name].config.data)
    return [n for n, p in PRESETS.items() if shows_points(p.config.data) == points]


def matching_preset(dataset: Dataset, data_dir: Path) -> tuple[str, RunConfig]:
    """A preset's name, and its settings with this dataset in them, in a size that trains in minutes."""
    name = PRESET_FOR.get(datasets.name_of(dataset), PLANE if shows_points(dataset) else DEFAULT)
    config = preset(name).config
    if type(config.data).__qualname__ == type(dataset).__qualname__:
        return name, config
    if shows_points(dataset):
        return name, _calm(dataclasses.replace(config, data=dataset))
    if is_own(dataset):
        side = own_set(data_dir, dataset.slug).side  # small pictures are not blown up
        return name, dataclasses.replace(config, data=dataset, size=max((s for s in SIZES if s <= side), default=28))
    native = dataset.info(data_dir).native_size
    size = max((s for s in SIZES if s <= min(native, QUICK_PIXELS)), default=SIZES[0])
    return name, dataclasses.replace(config, data=dataset, size=size)


def _calm(config: RunConfig) -> RunConfig:
    """At rates by which shapes are learned too: at the ring's a line or one Gaussian is never found (docs/log.md)."""
    for player in ("g_optimizer", "d_optimizer"):
        config = replace_at(config, f"{player}.lr", CALM_RATE)
    return config


def is_own(dataset: Dataset) -> TypeGuard[OwnImages]:
    """Whether it is a set of somebody's own images, which was chosen."""
    return bool(getattr(dataset, "slug", ""))


def as_preset(name: str, config: RunConfig, data_dir: Path) -> RunConfig:
    """The preset's settings as they are, but for one's own images where `config` is about them."""
    if not is_own(config.data):
        return preset(name).config
    of_the_set = matching_preset(config.data, data_dir)
    if of_the_set[0] == name:
        return of_the_set[1]
    return dataclasses.replace(preset(name).config, data=config.data)


def crossed(name: str, config: RunConfig, dataset: Dataset, data_dir: Path) -> tuple[str, RunConfig, str]:
    """To another dataset: a preset that suits it, its settings, and a sentence where they are of the other kind.

    What was set by hand in `config`, the preset `name` changed, is kept wherever it can be.
    """
    found, new = matching_preset(dataset, data_dir)
    same_kind = shows_points(dataset) == shows_points(config.data)
    left = OF_THE_DATA if same_kind else OF_THE_KIND
    base = preset(name).config
    if shows_points(config.data) and (before := matching_preset(config.data, data_dir))[0] == name:
        base = before[1]  # its calmer rates were not set by hand
    own = {p: t for p, t in differences(config, base).items() if p.split(".")[0] not in left}
    kept = 0
    for path in sorted(own, key=lambda p: p.count(".")):  # families first: their members' fields come with them
        with contextlib.suppress(ConfigError):
            new = set_at(new, path, own[path])
            kept += 1
    if same_kind:
        return found, new, ""
    what = "Points need small dense networks" if shows_points(dataset) else "Pictures need other networks than points"
    end = ", with what you had changed" if kept else ""
    return found, new, f"{what}: the settings are now those of “{PRESETS[found].label}”{end}."
