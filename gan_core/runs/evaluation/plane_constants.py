"""What stays constant during a run of points: real points, the latents, the networks' layers, the floors."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.data.sets.points import Extent, Modes, PointDataset
from gan_core.measure.plane import Floor, PlaneMeasure, PlaneReference
from gan_core.training import RunConfig
from gan_core.training.build import build_networks, sample_shape
from gan_core.training.observe.scene import POINTS, dense_layers
from gan_core.training.observe.stage import fixed_latents

_REFERENCE_SEED = 7
_NOWHERE = Path()  # these data are drawn, not read
_building = threading.Lock()


@dataclass(frozen=True)
class Layer:
    """One dense layer: name as in a scene ("g0", ...), its inputs and units, and what follows it, in order.

    after: class names of torch modules with blanks between ("BatchNorm1d ReLU"), "" where nothing does.
    """

    name: str
    inputs: int
    units: int
    after: str


@dataclass(frozen=True)
class RunStage:
    """real float32 [2000, 2]; latents float32 [2000, dim], of a scene's fakes in the same order.

    threshold: the score above which D takes a point for real, None where it moves with the means. probability:
    scores are probabilities. measures and floors: of what is measured of such a run, as `PlaneReference` has them.
    """

    real: NDArray[np.float32]
    latents: NDArray[np.float32]
    extent: Extent
    modes: Modes | None
    layers: tuple[Layer, ...]
    threshold: float | None
    probability: bool
    latent_distribution: str
    measures: tuple[PlaneMeasure, ...]
    floors: dict[str, Floor]


@functools.lru_cache(maxsize=8)
def plane_reference(data: PointDataset) -> PlaneReference:
    """What fakes of these points are measured against; half a second the first time."""
    with _building:
        points = data.load(1, _NOWHERE)
        return PlaneReference.build(points.held_out, points.images, data.modes(), POINTS, _REFERENCE_SEED)


def run_stage(config: RunConfig, build_lock: Any) -> RunStage | None:
    """None for a run of images. build_lock: held while networks draw their initial weights."""
    if not isinstance(config.data, PointDataset):
        return None
    info = config.data.info(_NOWHERE)
    with build_lock:
        nets = build_networks(config, sample_shape(config, info), 0, torch.device("cpu"))
    layers = tuple(
        Layer(f"{player}{i}", linear.in_features, linear.out_features, after)
        for player, net in (("g", nets.generator), ("d", nets.discriminator))
        for i, (linear, after) in enumerate(dense_layers(net))
    )
    reference = plane_reference(config.data)
    return RunStage(
        config.data.load(1, _NOWHERE).images[:POINTS].reshape(-1, 2).numpy(),
        fixed_latents(config, torch.device("cpu")).numpy(),
        config.data.extent, config.data.modes(), layers, config.loss.fixed_threshold(), config.loss.probability,
        config.latent.distribution, reference.measures, reference.floors,
    )  # fmt: skip
